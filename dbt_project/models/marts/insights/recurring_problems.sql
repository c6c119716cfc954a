-- Topics of bad texts of the last 90 days by touchpoint, the most pressing first: profiles hit x mean badness x mean
-- net sales of these profiles in a year (plus 1, so that people who have not bought yet count).
with hits as (
    select
        topics.topic,
        texts.touchpoint,
        texts.channel,
        texts.profile_id,
        texts.text_kind || ':' || texts.text_id as text_key,
        texts.badness,
        texts.occurred_at
    from {{ ref('int_text_topics') }} as topics
    inner join {{ ref('int_texts') }} as texts on topics.text_kind = texts.text_kind and topics.text_id = texts.text_id
    where texts.is_bad and {{ within_days('texts.occurred_at', 90) }}
),

sales as (
    select
        profile_id,
        sum(net_amount) as net_amount
    from {{ ref('int_orders_profiled') }}
    where profile_id is not null and {{ within_days('ordered_at', 365) }}
    group by profile_id
),

people as (
    select
        hits.topic,
        hits.touchpoint,
        hits.profile_id,
        coalesce(any_value(sales.net_amount), 0) as net_amount
    from hits
    left join sales on hits.profile_id = sales.profile_id
    where hits.profile_id is not null
    group by hits.topic, hits.touchpoint, hits.profile_id
),

valued as (
    select
        topic,
        touchpoint,
        count(*) as profiles,
        avg(greatest(net_amount, 0)) as average_net_amount
    from people
    group by topic, touchpoint
),

counted as (
    select
        topic,
        touchpoint,
        any_value(channel) as channel,
        count(*) as texts,
        -- Somebody unknown is somebody: texts without a profile count one person each.
        count(*) filter (where profile_id is null) as texts_of_unknown,
        {{ steady_mean('badness', 'true') }} as severity,
        min(occurred_at) as first_named_at,
        max(occurred_at) as last_named_at
    from hits
    group by topic, touchpoint
),

rated as (
    select
        counted.topic,
        counted.touchpoint,
        counted.channel,
        counted.texts,
        coalesce(valued.profiles, 0) as profiles,
        coalesce(valued.profiles, 0) + counted.texts_of_unknown as frequency,
        round(counted.severity, 4) as severity,
        cast(round(coalesce(valued.average_net_amount, 0), 2) as decimal(18, 2)) as average_net_amount_12m,
        round(
            (coalesce(valued.profiles, 0) + counted.texts_of_unknown) * counted.severity
            * (1 + coalesce(cast(valued.average_net_amount as double), 0)), 2
        ) as priority,
        counted.first_named_at,
        counted.last_named_at
    from counted
    left join valued on counted.topic = valued.topic and counted.touchpoint = valued.touchpoint
)

select
    row_number() over (order by priority desc, topic, touchpoint) as rank,
    *,
    cast('{{ var("reporting_currency") }}' as varchar) as currency
from rated
