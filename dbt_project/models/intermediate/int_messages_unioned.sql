{{ config(materialized='view') }}
-- Messages of tickets and conversations of every source in one shape.
{{ union_parts('messages', ['message_id', 'ticket_id', 'record_id', 'is_inbound', 'body', 'occurred_at']) }}
