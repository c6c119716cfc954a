-- Consent holds per audience, and each audience's contact is a record. A cleaned address bounces, which is no refusal;
-- pending, transactional and archived members said nothing.
with states as (
    select
        accounts.record_id,
        members.status as state,
        members.opted_in_at,
        members.last_changed_at,
        row_number() over (
            partition by accounts.record_id order by members.last_changed_at desc, members.member_id
        ) as version_rank
    from {{ ref('stg_mailchimp__members') }} as members
    inner join {{ ref('int_mailchimp__accounts') }} as accounts
        on
            members.list_id = accounts.list_id
            and members.member_id = accounts.member_id
    union all
    select
        coalesce(accounts.record_id, 'mailchimp:audience:' || {{ keyed_hash(['audience.member_id']) }}) as record_id,
        audience.state,
        audience.opted_in_at,
        coalesce(audience.unsubscribed_at, audience.last_changed_at) as last_changed_at,
        1 as version_rank
    from {{ ref('stg_mailchimp__audience') }} as audience
    left join {{ ref('stg_mailchimp__members') }} as members on audience.member_id = members.member_id
    left join {{ ref('int_mailchimp__accounts') }} as accounts
        on
            members.list_id = accounts.list_id
            and members.member_id = accounts.member_id
),

permissions as (
    select
        accounts.record_id,
        case lower(trim({{ json_text('permission.item', '$.text') }}))
            when 'email' then 'email'
            when 'direct mail' then 'postal_mail'
            when 'customized online advertising' then 'online_ads'
        end as channel,
        lower({{ json_text('permission.item', '$.enabled') }}) as is_enabled,
        members.last_changed_at
    from {{ ref('stg_mailchimp__members') }} as members
    inner join {{ ref('int_mailchimp__accounts') }} as accounts
        on
            members.list_id = accounts.list_id
            and members.member_id = accounts.member_id
    {{ unnest_json('members.permissions', 'permission') }}
)

select
    record_id,
    'email' as channel,
    case state when 'subscribed' then 'granted' else 'denied' end as state,
    case state when 'subscribed' then coalesce(opted_in_at, last_changed_at) else last_changed_at end as occurred_at,
    'mailchimp' as source
from states
where
    state in ('subscribed', 'unsubscribed')
    and version_rank = 1
union all
select
    record_id,
    channel,
    case is_enabled when 'true' then 'granted' else 'denied' end as state,
    last_changed_at as occurred_at,
    'mailchimp' as source
from permissions
where
    channel is not null
    and is_enabled in ('true', 'false')
union all
select
    record_id,
    'email' as channel,
    'denied' as state,
    occurred_at,
    'mailchimp' as source
from {{ ref('int_mailchimp__events') }}
where
    touch_type = 'unsubscribed'
    and record_id is not null
