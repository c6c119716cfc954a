{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table', incremental_strategy='append', meta={'by_key': ['user_id']},
    pre_hook="{{ leave_changed_keys() }}"
) }}
with versions as (
    {{ latest_by_key(source('zendesk', 'users'), ['user_id'], updated_at='updated_at', changed_since=last_appended()) }}
)

select
    trim(user_id) as user_id,
    role,
    {{ clean_name('name') }} as name,
    trim(email) as email,
    is_verified,
    trim(phone) as phone,
    is_phone_shared,
    trim(external_id) as external_id,
    trim(organization_id) as organization_id,
    user_fields,
    locale,
    is_active,
    is_suspended,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
