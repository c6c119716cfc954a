{{ config(materialized='view') }}
-- Devices seen with a person, of every source in one shape.
{{ union_parts('sightings', ['anonymous_id', 'record_id', 'call_type', 'occurred_at', 'message_id']) }}
