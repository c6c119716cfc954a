{{ config(materialized='view') }}
-- Marketing contacts of known people, of every source in one shape.
{{ union_parts('touches', [
    'touch_id', 'source', 'record_id', 'campaign_id', 'campaign_name', 'touchpoint', 'touch_type', 'occurred_at'
]) }}
