{{ config(alias='feedback') }}
select
    coalesce(touchpoint, 'unknown') as touchpoint,
    coalesce(channel, 'unknown') as channel,
    cast(date_trunc('month', occurred_at) as date) as month,
    count(*) as n,
    count(nps_group) as n_nps,
    count(*) filter (where nps_group = 'promoter') as promoters,
    count(*) filter (where nps_group = 'passive') as passives,
    count(*) filter (where nps_group = 'detractor') as detractors,
    round(
        100.0
        * (count(*) filter (where nps_group = 'promoter') - count(*) filter (where nps_group = 'detractor'))
        / nullif(cast(count(nps_group) as double), 0), 2
    ) as nps,
    count(is_satisfied) as n_csat,
    round(100.0 * count(*) filter (where is_satisfied) / nullif(cast(count(is_satisfied) as double), 0), 2) as csat
from {{ ref('int_feedback_profiled') }}
group by all
