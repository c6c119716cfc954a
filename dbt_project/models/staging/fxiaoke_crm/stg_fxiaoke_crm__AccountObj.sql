with versions as (
    {{ latest_by_key(source('fxiaoke_crm', 'AccountObj'), ['id'], updated_at='coalesce(modified_ms, modified_local)') }}
)

select
    id,
    {{ clean_text('organisation') }} as organisation,
    {{ real_name('person_name') }} as person_name,
    {{ clean_text('account_no') }} as account_no,
    tel,
    {{ clean_text('email') }} as email,
    {{ area_name('country') }} as country,
    {{ area_name('region') }} as region,
    {{ area_name('locality') }} as locality,
    street,
    account_source,
    account_level,
    deal_status,
    followed_at,
    coalesce(is_deleted, false) or lower(coalesce(life_status, '')) in ('invalid', '作废') as is_deleted,
    coalesce(created_ms, created_local) as created_at,
    coalesce(modified_ms, modified_local, created_ms, created_local) as updated_at,
    _dt as delivered_date
from versions
