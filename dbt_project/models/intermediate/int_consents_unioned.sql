-- What people said about marketing, per channel. Silence, "not subscribed" and "not opted out" are no grants.
select
    'zoho_crm:contacts:' || contact_id as record_id,
    'email' as channel,
    'denied' as state,
    updated_at as occurred_at,
    'zoho_crm' as source
from {{ ref('stg_zoho_crm__contacts') }}
where is_email_opted_out
union all
select
    'zoho_crm:leads:' || lead_id as record_id,
    'email' as channel,
    'denied' as state,
    updated_at as occurred_at,
    'zoho_crm' as source
from {{ ref('stg_zoho_crm__leads') }}
where is_email_opted_out
union all
select
    record_id,
    'email' as channel,
    'denied' as state,
    updated_at as occurred_at,
    'square_pos' as source
from {{ ref('int_square_pos__customers') }}
where is_email_unsubscribed
{% for channel in ['email', 'sms'] %}
union all
select
    record_id,
    '{{ channel }}' as channel,
    case lower({{ json_text(channel ~ '_consent', '$.state') }}) when 'subscribed' then 'granted' else 'denied' end as state,
    coalesce({{ iso_to_timestamp(json_text(channel ~ '_consent', '$.consent_updated_at')) }}, updated_at) as occurred_at,
    'shopify' as source
from {{ ref('int_shopify__customers') }}
where lower({{ json_text(channel ~ '_consent', '$.state') }}) in ('subscribed', 'unsubscribed', 'redacted')
union all
select
    record_id,
    '{{ channel }}' as channel,
    'granted' as state,
    cast(exported_date as timestamp) as occurred_at,
    'shopify' as source
from {{ ref('int_shopify__customers') }}
where
    is_{{ channel }}_subscribed
    and {{ channel }}_consent is null
union all
-- A suppressed address wins over the recorded consent.
select
    'klaviyo:profiles:' || klaviyo_id as record_id,
    '{{ channel }}' as channel,
    case
        when {{ json_text(channel ~ '_consent', '$.consent') }} = 'SUBSCRIBED'
            and coalesce({{ json_text(channel ~ '_consent', '$.suppressions[0]') }}, '') = ''
            then 'granted'
        else 'denied'
    end as state,
    coalesce(
        {{ iso_to_timestamp(json_text(channel ~ '_consent', '$.last_updated')) }},
        {{ iso_to_timestamp(json_text(channel ~ '_consent', '$.timestamp')) }},
        {{ iso_to_timestamp(json_text(channel ~ '_consent', '$.consent_timestamp')) }},
        updated_at
    ) as occurred_at,
    'klaviyo' as source
from {{ ref('stg_klaviyo__profiles') }}
where
    {{ json_text(channel ~ '_consent', '$.consent') }} in ('SUBSCRIBED', 'UNSUBSCRIBED')
    or coalesce({{ json_text(channel ~ '_consent', '$.suppressions[0]') }}, '') <> ''
{% endfor %}
union all
select
    events.record_id,
    touchpoints.channel,
    'denied' as state,
    events.occurred_at,
    'klaviyo' as source
from {{ ref('int_klaviyo__events') }} as events
inner join {{ ref('touchpoints') }} as touchpoints on events.touchpoint = touchpoints.touchpoint
where events.touch_type = 'unsubscribed'
union all
-- Following an official account is the permission to be messaged there.
select
    record_id,
    'social' as channel,
    case when is_subscribed then 'granted' else 'denied' end as state,
    case when is_subscribed then created_at else updated_at end as occurred_at,
    'wechat' as source
from {{ ref('int_wechat__mp_users') }}
union all
select
    leads.record_id,
    'email' as channel,
    'granted' as state,
    leads.submitted_at as occurred_at,
    'facebook' as source
from {{ ref('int_facebook__leads') }} as leads
{{ unnest_json('leads.disclaimers', 'disclaimer') }}
where lower({{ json_text('disclaimer.item', '$.is_checked') }}) in ('1', 'true')
