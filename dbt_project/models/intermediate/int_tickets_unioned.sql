{{ config(materialized='view') }}
-- Requests for help and conversations of every source in one shape.
{{ union_parts('tickets', [
    'ticket_id', 'source', 'record_id', 'touchpoint', 'subject', 'ticket_type', 'priority', 'status', 'created_at',
    'solved_at', 'first_reply_minutes', 'resolution_minutes', 'reopens', 'replies', 'is_deleted'
]) }}
