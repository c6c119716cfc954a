{#
    Values of insights.metric_values from the sums that `python -m cdp_pipeline.metrics` counts. By kind: share and mean
    are numerator by denominator, ratio too, sum is the numerator, median what it is. 95 % intervals: Wilson for shares,
    normal for means of two and more (for NPS, the mean of 1, 0 and -1, that is its exact variance); none for the rest.
#}
{% macro metric_values_of(counted) -%}
select
    metric,
    period,
    period_start,
    dimension,
    member,
    round(
        scale * case kind
            when 'median' then middle
            when 'sum' then numerator
            else numerator / nullif(denominator, 0)
        end, 6
    ) as value,
    round(
        scale * case
            when kind = 'share' and n > 0 then {{ wilson_lower('numerator', 'n') }}
            when kind = 'mean' and n > 1 then numerator / denominator - 1.96 * spread / sqrt(n)
        end, 6
    ) as low,
    round(
        scale * case
            when kind = 'share' and n > 0 then {{ wilson_upper('numerator', 'n') }}
            when kind = 'mean' and n > 1 then numerator / denominator + 1.96 * spread / sqrt(n)
        end, 6
    ) as high,
    round(numerator, 6) as numerator,
    round(denominator, 6) as denominator,
    n,
    period_start + case period when 'month' then interval 1 month else interval 3 month end <= {{ as_of_end() }}
        as is_complete
from {{ counted }}
where n > 0
{%- endmacro %}
