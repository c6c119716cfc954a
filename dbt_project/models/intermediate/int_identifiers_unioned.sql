{{ config(materialized='view') }}
-- Identifiers of every source in one shape.
{{ union_parts('identifiers', [
    'record_id', 'kind', 'namespace', 'value_raw', 'is_trusted', 'reason', 'first_seen_at', 'last_seen_at'
]) }}
