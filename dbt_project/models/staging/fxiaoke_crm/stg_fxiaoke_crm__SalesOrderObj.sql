with versions as (
    {{ latest_by_key(source('fxiaoke_crm', 'SalesOrderObj'), ['id'], updated_at='coalesce(modified_ms, modified_local)') }}
)

select
    id,
    order_no,
    account_id,
    coalesce(ordered_ms, ordered_local, created_ms, created_local) as ordered_at,
    amount,
    coalesce(currency, 'CNY') as currency,
    order_status,
    coalesce(is_deleted, false) or lower(coalesce(life_status, '')) in ('invalid', '作废') as is_deleted,
    coalesce(created_ms, created_local) as created_at,
    coalesce(modified_ms, modified_local, created_ms, created_local) as updated_at,
    _dt as delivered_date
from versions
