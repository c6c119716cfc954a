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
        -- An account on X comes as its id or as a handle, which can change hands.
        case
            when identities.identity_type = 'twitter' and {{ regexp_like('identities.value', '^[0-9]+$') }} then identities.value
        end as x_user_id,
        case
            when identities.identity_type = 'twitter' and not {{ regexp_like('identities.value', '^[0-9]+$') }}
                then lower(identities.value)
        end as x_handle,
        case
            when identities.identity_type in ('facebook', 'google', 'messaging') then identities.value
        end as account,
        'zendesk_' || identities.identity_type as account_namespace
    from {{ ref('stg_zendesk__user_identities') }} as identities
    inner join {{ ref('int_zendesk__end_users') }} as users on identities.user_id = users.user_id
),

-- Whom a ticket came from: the sender where it is an e-mail, the handle where it is a post. Anything else in that place
-- is a rule, an agent, a telephone line or an older ticket.
senders as (
    select
        users.record_id,
        case
            when lower(tickets.via_channel) = 'email'
                and not {{ is_own_mailbox('tickets.via_from_address') }}
                and lower(tickets.via_from_address) <> lower(coalesce(tickets.recipient, ''))
                and lower(tickets.via_from_address) not in (
                    select lower(email)
                    from {{ ref('stg_zendesk__users') }}
                    where
                        role <> 'end-user'
                        and email is not null
                )
                then tickets.via_from_address
        end as email,
        case when lower(tickets.via_channel) = 'twitter' then lower(tickets.via_from_username) end as x_handle,
        min(tickets.created_at) as created_at,
        max(tickets.created_at) as updated_at
    from {{ ref('stg_zendesk__tickets') }} as tickets
    inner join {{ ref('int_zendesk__end_users') }} as users on tickets.requester_id = users.user_id
    group by 1, 2, 3
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
    {'kind': 'x_user_id', 'namespace': "'x'", 'column': 'x_user_id'},
    {'kind': 'external_id', 'namespace': "'x_handle'", 'column': 'x_handle', 'trusted': 'false', 'reason': "'weak_source'"},
    {'kind': 'external_id', 'namespace': 'account_namespace', 'column': 'account'}
]) }}
union all
{{ identifier_rows('senders', [
    {'kind': 'email', 'column': 'email', 'reason': "'unverified'"},
    {'kind': 'external_id', 'namespace': "'x_handle'", 'column': 'x_handle', 'trusted': 'false', 'reason': "'weak_source'"}
]) }}
