{# Lower end of the 95 % Wilson interval of n/total (Wilson 1927): 1 of 1 is less certain than 40 of 50. #}
{% macro wilson_lower_bound(n, total) -%}
(
    (1.0 * {{ n }} / {{ total }} + 1.9208 / {{ total }}
    - 1.96 * sqrt(
        (1.0 * {{ n }} / {{ total }}) * (1 - 1.0 * {{ n }} / {{ total }}) / {{ total }}
        + 0.9604 / ({{ total }} * {{ total }})
    )) / (1 + 3.8416 / {{ total }})
)
{%- endmacro %}

{# Quintile 1-5 of an ordering expression; equal values share one quintile, so a rerun cannot shuffle them. #}
{% macro quintile(order_by) -%}
cast(least(5, 1 + floor(5 * percent_rank() over (order by {{ order_by }}))) as integer)
{%- endmacro %}

{# Decile 1-10 of an ordering expression, as `quintile`. #}
{% macro decile(order_by) -%}
cast(least(10, 1 + floor(10 * percent_rank() over (order by {{ order_by }}))) as integer)
{%- endmacro %}

{# Weight 0-1 of something that happened on `date`: half as much every `half_life_days` before the as-of. #}
{% macro decayed(date, half_life_days) -%}
pow(0.5, date_diff('day', {{ date }}, {{ as_of_date() }}) / {{ half_life_days }}.0)
{%- endmacro %}

{# The usual eleven RFM classes from the recency quintile and the mean of the frequency and monetary quintiles. #}
{% macro rfm_class(recency, value, tenure_days) -%}
case
    when {{ recency }} = 5 and {{ value }} >= 4 then 'champions'
    when {{ recency }} >= 3 and {{ value }} >= 4 then 'loyal'
    when {{ recency }} >= 4 and {{ value }} >= 2 then 'potential_loyalist'
    when {{ recency }} = 5 and {{ tenure_days }} <= 90 then 'new'
    when {{ recency }} >= 4 then 'promising'
    when {{ recency }} = 3 and {{ value }} = 3 then 'needs_attention'
    when {{ recency }} = 3 then 'about_to_sleep'
    when {{ value }} = 5 then 'cannot_lose'
    when {{ value }} >= 3 then 'at_risk'
    when {{ recency }} = 1 and {{ value }} = 1 then 'lost'
    else 'hibernating'
end
{%- endmacro %}

{# Sum and mean of doubles to twelve decimals, the same in every order of the rows: a sum of doubles is not. `steady` is
   one value of such a sum, NULL where it is none (0/0 in a row that a filter leaves out) or beyond all sense. #}
{% macro steady(value) -%}
case when {{ value }} between -1e18 and 1e18 then cast({{ value }} as decimal(38, 12)) end
{%- endmacro %}
{% macro steady_sum(value) -%} cast(sum({{ steady(value) }}) as double) {%- endmacro %}
{% macro steady_mean(value, where) -%}
cast(sum({{ steady(value) }}) filter (where {{ where }}) as double) / count({{ steady(value) }}) filter (where {{ where }})
{%- endmacro %}

{# Ranking score of a coupon: the reason first, then how well it fits, then how many use it; `popularity` is 0 to 1. #}
{% macro coupon_score(strength, fit, popularity) -%}
round({{ strength }} + {{ fit }} / (1 + {{ fit }}) * 0.9 + {{ popularity }} * 0.09, 6)
{%- endmacro %}
