with versions as (
    {{ latest_by_key(source('klaviyo', 'metrics'), ['metric_id'], updated_at='updated_at') }}
)

select
    trim(metric_id) as metric_id,
    trim(name) as name,
    updated_at,
    _dt as delivered_date
from versions
