-- A phone that the desk marks as shared proves nobody. An unverified e-mail is kept, and said to be so.
with identities as (
    select
        users.record_id,
        coalesce(identities.created_at, identities.updated_at) as created_at,
        identities.updated_at,
        identities.is_verified,
        users.is_phone_shared,
        case when identities.identity_type = 'email' then identities.value end as email,
        case when identities.identity_type in ('phone_number', 'phone') then identities.value end as phone,
        case
            when identities.identity_type in ('twitter', 'facebook', 'google', 'messaging') then identities.value
        end as account,
        'zendesk_' || identities.identity_type as account_namespace
    from {{ ref('stg_zendesk__user_identities') }} as identities
    inner join {{ ref('int_zendesk__end_users') }} as users on identities.user_id = users.user_id
)
{{ identifier_rows(ref('int_zendesk__end_users'), [
    {'kind': 'email', 'column': 'email', 'reason': "case when not is_verified then 'unverified' end"},
    {'kind': 'phone', 'column': 'phone', 'trusted': 'not is_phone_shared', 'reason': "case when is_phone_shared then 'shared_phone' end"},
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'external_id'}
]) }}
union all
{{ identifier_rows('identities', [
    {'kind': 'email', 'column': 'email', 'reason': "case when not is_verified then 'unverified' end"},
    {'kind': 'phone', 'column': 'phone', 'trusted': 'not is_phone_shared', 'reason': "case when is_phone_shared then 'shared_phone' end"},
    {'kind': 'external_id', 'namespace': 'account_namespace', 'column': 'account'}
]) }}
