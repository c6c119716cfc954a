with versions as (
    {{ latest_by_key(source('fxiaoke_crm', 'ContactObj'), ['id'], updated_at='coalesce(modified_ms, modified_local)') }}
)

select
    id,
    {{ real_name('name') }} as name,
    gender,
    job_title,
    department,
    {{ plain_number('mobile1') }} as mobile1,
    {{ plain_number('mobile2') }} as mobile2,
    {{ plain_number('mobile3') }} as mobile3,
    {{ plain_number('mobile4') }} as mobile4,
    {{ plain_number('mobile5') }} as mobile5,
    {{ plain_number('tel1') }} as tel1,
    {{ plain_number('tel2') }} as tel2,
    {{ plain_number('tel3') }} as tel3,
    {{ plain_number('tel4') }} as tel4,
    {{ plain_number('tel5') }} as tel5,
    {{ clean_text('email') }} as email,
    -- Midnight in China; its summer time (1986 to 1991) began the day an hour earlier, so nine hours are added and not eight.
    coalesce(cast(birth_ms + interval '9' hour as date), birth_local) as birth_date,
    account_id,
    account_name,
    street,
    coalesce(is_deleted, false) or lower(coalesce(life_status, '')) in ('invalid', '作废') as is_deleted,
    coalesce(created_ms, created_local) as created_at,
    coalesce(modified_ms, modified_local, created_ms, created_local) as updated_at,
    _dt as delivered_date
from versions
