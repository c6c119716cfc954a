{#
    Cents of a sale dealt out by weights.

    dealt_shares(weights)    columns `<name>_share`, for {name: weight expression}: weight by the sum of the sale's weights.
                             Weights are whole numbers or decimals: a sum of these is the same in every order of the rows,
                             so that a sale gets the same cents whatever is dealt out beside it.
    dealt_ctes(names, from)  CTEs `floored` and `ranked` over a relation with `<name>_share`, cents, order_id and step: whole
                             cents by largest remainder and then by the earlier step, as `<name>_base` and `<name>_gets_one`
    dealt_cents(name)        the cents, from `ranked`
#}
{% macro dealt_shares(weights) -%}
    {%- for name, weight in weights.items() %}
    cast({{ weight }} as double) / cast(sum({{ weight }}) over (partition by order_id) as double) as {{ name }}_share{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro dealt_ctes(names, from) -%}
-- A share that is whole but for the last bits of floating point counts as whole.
floored as (
    select
        *,
        {%- for name in names %}
        cast(floor(abs(cents) * {{ name }}_share + 1e-9) as bigint) as {{ name }}_base{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ from }}
),

ranked as (
    select
        *,
        {%- for name in names %}
        row_number() over (
            partition by order_id order by round(abs(cents) * {{ name }}_share - {{ name }}_base, 6) desc, step
        ) <= abs(cents) - sum({{ name }}_base) over (partition by order_id) as {{ name }}_gets_one{{ ',' if not loop.last }}
        {%- endfor %}
    from floored
)
{%- endmacro %}

{% macro dealt_cents(name) -%}
cast(sign(cents) as bigint) * ({{ name }}_base + cast({{ name }}_gets_one as bigint))
{%- endmacro %}
