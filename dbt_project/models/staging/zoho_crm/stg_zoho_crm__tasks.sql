with versions as (
    {{ latest_by_key(source('zoho_crm', 'tasks'), ['task_id'], updated_at='updated_at') }}
)

select
    trim(task_id) as task_id,
    subject,
    lower(trim(status)) in ('completed', '已完成') as is_completed,
    trim(who_id) as who_id,
    trim(what_id) as what_id,
    coalesce(closed_at, updated_at) as closed_at,
    updated_at,
    _dt as delivered_date
from versions
