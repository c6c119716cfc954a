with versions as (
    {{ latest_by_key(source('fxiaoke_crm', 'PaymentObj'), ['id'], updated_at='coalesce(modified_ms, modified_local)') }}
)

select
    id,
    account_id,
    order_id,
    amount,
    coalesce(paid_ms, paid_local, created_ms, created_local) as paid_at,
    coalesce(is_deleted, false) or lower(coalesce(life_status, '')) in ('invalid', '作废') as is_deleted,
    coalesce(created_ms, created_local) as created_at,
    coalesce(modified_ms, modified_local, created_ms, created_local) as updated_at,
    _dt as delivered_date
from versions
