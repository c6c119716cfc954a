{{ config(materialized='table') }}
-- Sends carry no time of their own: the mailing's counts, and one that was never sent is none.
with events as (
    select
        left({{ hex_digest("concat_ws('|', recipients.campaign_id, coalesce(recipients.list_id, ''), recipients.member_id, 'sent')") }}, 24)
            as event_key,
        recipients.campaign_id,
        recipients.list_id,
        recipients.member_id,
        'sent' as event_type,
        cast(null as varchar) as url,
        cast(null as varchar) as detail,
        campaigns.sent_at as occurred_at
    from {{ ref('stg_mailchimp__campaign_recipients') }} as recipients
    inner join {{ ref('stg_mailchimp__campaigns') }} as campaigns on recipients.campaign_id = campaigns.campaign_id
    where campaigns.sent_at is not null
    union all
    select
        event_key,
        campaign_id,
        list_id,
        member_id,
        action as event_type,
        url,
        bounce_type as detail,
        occurred_at
    from {{ ref('stg_mailchimp__email_activity') }}
    union all
    select
        left({{ hex_digest("concat_ws('|', campaign_id, member_id, 'unsubscribe')") }}, 24) as event_key,
        campaign_id,
        list_id,
        member_id,
        'unsubscribe' as event_type,
        cast(null as varchar) as url,
        reason as detail,
        occurred_at
    from {{ ref('stg_mailchimp__unsubscribes') }}
)

select
    events.event_key,
    accounts.record_id,
    events.campaign_id,
    campaigns.title as campaign_name,
    types.touch_type,
    coalesce(types.interaction_type, 'email_platform_event') as interaction_type,
    coalesce(types.direction, 'inbound') as direction,
    events.url,
    events.detail,
    events.occurred_at
from events
left join {{ ref('int_mailchimp__accounts') }} as accounts
    on
        coalesce(events.list_id, '') = accounts.list_id
        and events.member_id = accounts.member_id
left join {{ ref('stg_mailchimp__campaigns') }} as campaigns on events.campaign_id = campaigns.campaign_id
left join {{ ref('email_event_types') }} as types
    on
        types.source = 'mailchimp'
        and events.event_type = types.event_type
