with versions as (
    {{ latest_by_key(source('zendesk', 'user_identities'), ['identity_id'], updated_at='updated_at') }}
)

select
    trim(identity_id) as identity_id,
    trim(user_id) as user_id,
    identity_type,
    value,
    is_verified,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
