{#
    Marts that remake only what changed. `cdp_pipeline/marts_refresh.py` decides for a whole build and tells it by the
    environment: `CDP_MARTS=changes`, else everything is made again with `--full-refresh`. What changed is found from
    content: a model keeps what it saw in the last complete build and reads it as {{ this }} while it is made again.

    by_change()              true in a build of changes; never in unit tests, nor for a compiled model
    remade(condition, using) for pre_hook: the rows that the model's query then makes again leave before it runs;
                             `using` is a relation, `remade` its alias and `kept` the model's own
    row_hash(columns)        64-bit hash of a row for fingerprints: count and sum of it are free of order
    row_changes(remade, kept)  rows of the first query that the second lacks (`is_added`), and the other way round
#}
{% macro by_change() -%}
    {{ return(
        execute and model.resource_type == 'model' and not flags.FULL_REFRESH and env_var('CDP_MARTS', 'all') == 'changes'
    ) }}
{%- endmacro %}

{% macro remade(condition, using=none) -%}
    {%- if by_change() -%}
        delete from {{ this }} as kept {% if using %}using {{ using }} as remade {% endif %}where {{ condition }}
    {%- elif execute and is_incremental() -%}
        {{ exceptions.raise_compiler_error("[cdp] the marts are built by `cdp run`; by hand, give dbt --full-refresh") }}
    {%- endif -%}
{%- endmacro %}

{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch('row_hash', 'cdp')(columns)) }}
{%- endmacro %}
{% macro duckdb__row_hash(columns) -%} hash({{ columns | join(', ') }}) {%- endmacro %}
{% macro spark__row_hash(columns) -%} cast(xxhash64({{ columns | join(', ') }}) as decimal(20, 0)) {%- endmacro %}

{# Model that tells what changed: fingerprints by `keys` over the rows of `query` beside those of the last build. A key
   of which nothing is left stays for one build, with a NULL `n`. #}
{% macro fingerprints(query, keys, columns) -%}
with counted as (
    select
        {{ keys | join(', ') }},
        count(*) as n,
        sum({{ row_hash(columns) }}) as fingerprint
    from ({{ query }}) as rows_now
    group by {{ keys | join(', ') }}
)

{% if by_change() -%}
select
    {%- for key in keys %}
    coalesce(now_seen.{{ key }}, before.{{ key }}) as {{ key }},
    {%- endfor %}
    now_seen.n,
    now_seen.fingerprint,
    (now_seen.n, now_seen.fingerprint) is distinct from (before.n, before.fingerprint) as is_changed,
    before.n is null as is_new
from counted as now_seen
full join (select * from {{ this }} where n is not null) as before
    on {% for key in keys %}now_seen.{{ key }} is not distinct from before.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
{%- else -%}
select
    *,
    true as is_changed,
    true as is_new
from counted
{%- endif %}
{%- endmacro %}

{# Rows that join and that leave a table; one whose values changed does both. Each of the two is the name of a CTE. #}
{% macro row_changes(remade, kept) -%}
select *, true as is_added from (select * from {{ remade }} except select * from {{ kept }}) as added
union all
select *, false as is_added from (select * from {{ kept }} except select * from {{ remade }}) as removed
{%- endmacro %}
