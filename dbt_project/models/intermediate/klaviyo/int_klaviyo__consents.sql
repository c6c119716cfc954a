-- What recipients said about marketing; silence is no grant.
{% for channel in ['email', 'sms', 'push'] %}
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
{{ "union all" if not loop.last }}
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
