{{ config(materialized='view') }}
-- What touchpoints cost, of every source in one shape.
{{ union_parts('costs', [
    'cost_id', 'source', 'touchpoint', 'campaign_id', 'campaign_name', 'cost_date', 'amount', 'currency', 'impressions',
    'clicks'
], types={'amount': 'double'}) }}
