{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id and remade.is_changed', ref('int_records_changed')) }}"
) }}
-- The declared rules are tried in order of position. The best candidate with another value shares the longest prefix
-- of scores with the winner, so the first score in which the two differ is the rule that decided.
-- depends_on: {{ ref('int_records_changed') }}
with rules as (
    select
        attribute,
        max(rule) filter (where position = 1) as rule_1,
        max(rule) filter (where position = 2) as rule_2,
        max(rule) filter (where position = 3) as rule_3,
        max(rule) filter (where position = 4) as rule_4
    from {{ ref('survivorship_rules') }}
    group by attribute
),

candidates as (
    select
        candidates.*,
        -- 999: a source that nobody ranked comes after every ranked one.
        coalesce(own.priority, fallback.priority, 999) as source_rank,
        count(*) over (partition by candidates.profile_id, candidates.attribute, candidates.value_key) as n_agreeing
    from {{ ref('int_survivorship_candidates') }} as candidates
    left join {{ ref('source_priority') }} as own
        on candidates.attribute = own.attribute and candidates.source = own.source
    left join {{ ref('source_priority') }} as fallback
        on fallback.attribute = '*' and candidates.source = fallback.source
    {% if by_change() -%}
    where
        candidates.profile_id in (
            select changed.profile_id from {{ ref('int_records_changed') }} as changed where changed.is_changed
        )
    {%- endif %}
),

scored as (
    select
        candidates.*,
        rules.rule_1,
        rules.rule_2,
        rules.rule_3,
        rules.rule_4,
        [
            cast({{ survivorship_score('rule_1') }} as double),
            cast({{ survivorship_score('rule_2') }} as double),
            cast({{ survivorship_score('rule_3') }} as double),
            cast({{ survivorship_score('rule_4') }} as double)
        ] as scores
    from candidates
    inner join rules on candidates.attribute = rules.attribute
),

ranked as (
    select
        *,
        row_number() over (best_first) as place,
        first_value(value_key) over (best_first) as winning_key
    from scored
    window best_first as (partition by profile_id, attribute order by scores desc, record_id, value_key)
),

decided as (
    select
        profile_id,
        attribute,
        arg_min(record_id, place) as record_id,
        arg_min(source, place) as source,
        arg_min({'text': value}, place).text as value,
        arg_min(n_agreeing, place) as n_agreeing,
        count(*) as n_candidates,
        arg_min(scores, place) as best,
        arg_min(scores, place) filter (where value_key <> winning_key) as rival,
        any_value(rule_1) as rule_1,
        any_value(rule_2) as rule_2,
        any_value(rule_3) as rule_3,
        any_value(rule_4) as rule_4
    from ranked
    group by profile_id, attribute
)

select
    profile_id,
    attribute,
    record_id,
    source,
    value,
    case
        when n_candidates = 1 then 'only_candidate'
        when rival is null then 'unanimous'
        when best[1] > rival[1] then rule_1
        when best[2] > rival[2] then rule_2
        when best[3] > rival[3] then rule_3
        when best[4] > rival[4] then rule_4
        else 'record_id'
    end as rule,
    n_candidates,
    n_agreeing
from decided
