with versions as (
    {{ latest_by_key(source('fxiaoke_crm', 'LeadsObj'), ['id'], updated_at='coalesce(modified_ms, modified_local)') }}
)

select
    id,
    {{ real_name('name') }} as name,
    {{ plain_number('mobile') }} as mobile,
    tel,
    {{ clean_text('email') }} as email,
    {{ clean_text('company') }} as company,
    lead_source,
    campaign_id,
    stage,
    biz_status,
    assigned_at,
    account_id,
    contact_id,
    is_duplicated,
    coalesce(is_deleted, false) or lower(coalesce(life_status, '')) in ('invalid', '作废') as is_deleted,
    coalesce(created_ms, created_local) as created_at,
    coalesce(modified_ms, modified_local, created_ms, created_local) as updated_at,
    _dt as delivered_date
from versions
