{{ config(materialized='table') }}
-- A review that tools and shops of one group pass on to each other counts once, where it was first told: the same text
-- on the same article on the same day at another source. Short texts are alike by chance, and within one source two
-- people may write the same.
{%- set sources = ['judgeme', 'yotpo', 'wechat_reviews', 'google_reviews', 'review_csv'] %}
with answers as (
    {%- for source in sources %}
    select
        feedback_id,
        source,
        record_id,
        survey_type,
        score,
        comment,
        occurred_at,
        order_reference,
        product_id,
        {{ loop.index }} as preference
    from {{ ref('int_' ~ source ~ '__answers') }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

dated as (
    select
        *,
        coalesce(product_id, '') as article,
        cast(occurred_at as date) as told_date,
        {{ hex_digest("lower(trim(comment))") }} as text_hash
    from answers
),

copies as (
    select
        article,
        told_date,
        text_hash,
        min(preference) as preference
    from dated
    where length(comment) >= 20
    group by
        article,
        told_date,
        text_hash
)

select
    dated.feedback_id,
    dated.source,
    dated.record_id,
    dated.survey_type,
    dated.score,
    dated.comment,
    dated.occurred_at,
    dated.order_reference,
    cast(null as varchar) as ticket_id,
    dated.product_id
from dated
left join copies
    on
        dated.article = copies.article
        and dated.told_date = copies.told_date
        and dated.text_hash = copies.text_hash
where
    copies.preference is null
    or copies.preference = dated.preference
