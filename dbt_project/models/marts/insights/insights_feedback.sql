{{ config(alias='feedback') }}
with answers as (
    select
        feedback.*,
        texts.sentiment,
        texts.text_id is not null as has_text
    from {{ ref('int_feedback_profiled') }} as feedback
    left join {{ ref('int_texts') }} as texts on texts.text_kind = 'feedback' and feedback.feedback_id = texts.text_id
),

counted as (
    select
        coalesce(touchpoint, 'unknown') as touchpoint,
        coalesce(channel, 'unknown') as channel,
        cast(date_trunc('month', occurred_at) as date) as month,
        count(*) as n,
        count(nps_group) as n_nps,
        count(*) filter (where nps_group = 'promoter') as promoters,
        count(*) filter (where nps_group = 'passive') as passives,
        count(*) filter (where nps_group = 'detractor') as detractors,
        count(is_satisfied) as n_csat,
        count(*) filter (where is_satisfied) as satisfied,
        count(is_favourable) filter (where score_kind = 'ces') as n_ces,
        count(*) filter (where score_kind = 'ces' and is_favourable) as easy,
        count(is_favourable) filter (where score_kind = 'review') as n_reviews,
        count(*) filter (where score_kind = 'review' and is_favourable) as good_reviews,
        count(*) filter (where has_text) as n_texts,
        count(*) filter (where sentiment = 'negative') as negative_texts,
        count(*) filter (where sentiment = 'positive') as positive_texts
    from answers
    group by all
),

shares as (
    select
        *,
        (promoters - detractors) / nullif(cast(n_nps as double), 0) as nps_share,
        -- Spread of a mean of answers worth 1, 0 and -1; one answer has none to judge by.
        case
            when n_nps > 1
                then 1.96 * sqrt(
                    greatest((promoters + detractors) / cast(n_nps as double) - power((promoters - detractors) / cast(n_nps as double), 2), 0)
                    / n_nps
                )
        end as nps_half
    from counted
)

select
    touchpoint,
    channel,
    month,
    n,
    n_nps,
    promoters,
    passives,
    detractors,
    round(100 * nps_share, 2) as nps,
    case when nps_half is not null then round(greatest(100 * (nps_share - nps_half), -100), 2) end as nps_low,
    case when nps_half is not null then round(least(100 * (nps_share + nps_half), 100), 2) end as nps_high,
    {%- for n, hits, name in [['n_csat', 'satisfied', 'csat'], ['n_ces', 'easy', 'ces'], ['n_reviews', 'good_reviews', 'review']] %}
    {{ n }},
    round(100.0 * {{ hits }} / nullif({{ n }}, 0), 2) as {{ name }},
    round(100 * {{ wilson_lower(hits, n) }}, 2) as {{ name }}_low,
    round(100 * {{ wilson_upper(hits, n) }}, 2) as {{ name }}_high,
    {%- endfor %}
    n_texts,
    negative_texts,
    positive_texts
from shares
