{#
    reporting_rates()          query of the declared rates into the reporting currency: currency, rate (reporting currency
                               per unit), valid_from and valid_to (TIMESTAMP; without an end where it is the last one). What
                               was paid at `at` has the rate of its currency with valid_from <= at < valid_to
#}
{% macro reporting_rates() -%}
select
    currency,
    rate,
    cast(valid_from as timestamp) as valid_from,
    lead(cast(valid_from as timestamp)) over (partition by currency order by valid_from) as valid_to
from {{ ref('exchange_rates') }}
where reporting_currency = '{{ var("reporting_currency") }}'
{%- endmacro %}
