-- What logged-in people answered about advertising cookies: the permission to address them in ad networks. Analytics
-- cookies say nothing about marketing.
with answers as (
    select
        record_id,
        lower(coalesce(
            {{ json_text('consent', '$.Advertising') }},
            {{ json_text('consent', '$.advertising') }},
            {{ json_text('consent', '$.Marketing') }},
            {{ json_text('consent', '$.marketing') }},
            {{ json_text('consent', '$.categoryPreferences.Advertising') }},
            {{ json_text('consent', '$.categoryPreferences.advertising') }}
        )) as answer,
        occurred_at
    from {{ ref('int_web_events__calls') }}
    where
        record_id is not null
        and consent is not null
    union all
    select
        record_id,
        ads_storage as answer,
        occurred_at
    from {{ ref('int_web_events__ga4') }}
    where record_id is not null
    union all
    select
        record_id,
        case
            when consent_answer = 'allow_all' then 'yes'
            when consent_answer = 'allow_selected' and {{ regexp_like("coalesce(consent_scopes, '')", 'advert|marketing|target') }} then 'yes'
            when consent_answer in ('deny_all', 'withdrawn', 'expired', 'allow_selected') then 'no'
        end as answer,
        occurred_at
    from {{ ref('int_web_events__snowplow') }}
    where record_id is not null
)

-- Every event of GA4 repeats the answer; the last word of each kind is enough.
select
    record_id,
    'online_ads' as channel,
    case when answer in ('yes', 'true') then 'granted' else 'denied' end as state,
    max(occurred_at) as occurred_at,
    'web_events' as source
from answers
where answer in ('yes', 'true', 'no', 'false')
group by all
