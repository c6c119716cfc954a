{#
    Marts that remake only what changed. `cdp_pipeline/marts_refresh.py` decides for a whole build and tells it by the
    environment: `CDP_MARTS=changes`, else everything is made again with `--full-refresh`. What changed is found from
    content: a model keeps what it saw in the last complete build and reads it as {{ this }} while it is made again.

    by_change()              true in a build of changes; never in unit tests, nor for a compiled model
    remade(condition, using) for pre_hook: the rows that the model's query then makes again leave before it runs;
                             `using` is a relation, `remade` its alias and `kept` the model's own
    row_hash(columns)        64-bit hash of a row for fingerprints: count and sum of it are free of order
    rows_of_hours(relation, time, hours)  rows whose `time` lies in one of the hours of the CTE `hours` (column `hour`); no
                             bound on `time` beside it: it lets DuckDB expect few rows and hash these instead of the hours
    content_changes(key, rows_now, rows_before)  `key` of the rows that only one of two queries gives, once each. Whole rows
                             are compared, in the order of their columns; none comes twice in one of the two
    row_changes(remade, kept)  rows of the first query that the second lacks (`is_added`), and the other way round
    window_changes(relation, changed, time, windows)  profiles whose rows in the last so many days are others than in the
                             last build
    visitors_acts(relation, changed, condition)  rows of `relation` of the visitors in `changed` for which `condition` holds
                             between `acts` and `changed`. A visitor is a profile, else a device: each is joined by its own
                             column, so that DuckDB leaves out other rows while it reads
    of_changed(changed, where)  in a build of changes true for the profiles of `changed` alone, else for all
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
   of which nothing is left stays for one build, with a NULL `n`. `also` is a query for values of the one key that are
   known to have changed; it is asked in a build of changes. #}
{% macro fingerprints(query, keys, columns, also=none) -%}
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
    (now_seen.n, now_seen.fingerprint) is distinct from (before.n, before.fingerprint)
    {%- if also %}
    or coalesce(now_seen.{{ keys[0] }}, before.{{ keys[0] }}) in ({{ also }})
    {%- endif %} as is_changed,
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

{# Each row is hashed once, and what is compared are whole numbers. #}
{% macro content_changes(key, rows_now, rows_before) -%}
with rows_now as materialized (
    select
        {{ key }},
        hash(seen) as row_hash
    from ({{ rows_now }}) as seen
),

rows_before as materialized (
    select
        {{ key }},
        hash(seen) as row_hash
    from ({{ rows_before }}) as seen
)

select {{ key }} from rows_now anti join rows_before on rows_now.row_hash = rows_before.row_hash
union
select {{ key }} from rows_before anti join rows_now on rows_before.row_hash = rows_now.row_hash
{%- endmacro %}

{# Rows that join and that leave a table; one whose values changed does both. Each of the two is the name of a CTE. Rows are
   told apart by a hash: to compare them column by column costs several times as much. #}
{% macro row_changes(remade, kept) -%}
select
    made.*,
    true as is_added
from {{ remade }} as made
anti join {{ kept }} as before on hash(made) = hash(before)
union all
select
    before.*,
    false as is_added
from {{ kept }} as before
anti join {{ remade }} as made on hash(before) = hash(made)
{%- endmacro %}

{% macro rows_of_hours(relation, time, hours='hours') -%}
select *
from {{ relation }}
where date_trunc('hour', {{ time }}) in (select listed.hour from {{ hours }} as listed)
{%- endmacro %}

{#
    Model that tells which rows of `table`, by `key`, leave it and join it: `profiled` is the macro that makes them of the
    rows of the core table `core`. Compared are the hours that `hours` found changed, and the rows of records and anonymous
    ids that changed hands.
#}
{% macro fact_changes(core, table, profiled, key, time, hours, has_anonymous=true) -%}
{%- set before = this.incorporate(path={'identifier': table}) -%}
with hours as (
    select hour from {{ ref(hours) }} where is_changed
),

moved_records as (
    select members.record_id
    from {{ ref('int_members_changed') }} as members
    where members.profile_id is distinct from members.profile_id_before
),

-- One pass over all rows, in which nothing but these few columns is read of most.
candidates as (
    select *
    from (
        select
            *,
            date_trunc('hour', {{ time }}) in (select listed.hour from hours as listed) as is_listed,
            coalesce(record_id in (select moved_records.record_id from moved_records), false)
            {%- if has_anonymous %}
            or coalesce(
                anonymous_id in (
                    select links.anonymous_id from {{ ref('int_links_changed') }} as links where links.is_changed
                ), false
            )
            {%- endif %} as is_moved
        from {{ ref(core) }}
    ) as facts
    where is_listed or is_moved
),

remade as (
    {{ profiled('candidates') }}
),

kept as (
    select *
    from {{ before }}
    where
        date_trunc('hour', {{ time }}) in (select listed.hour from hours as listed)
        or {{ key }} in (select moved.{{ key }} from candidates as moved where moved.is_moved)
)

{{ row_changes('remade', 'kept') }}
{%- endmacro %}

{#
    Model that tells of which profiles a window of the last days holds other rows: `days` is the window that a row of
    `relation` left because days passed, 0 where a row left or joined by itself (`changed`). A row that came into view and
    left a window at once is one of those. Empty in a build of everything.
#}
{% macro window_changes(relation, changed, time, windows) -%}
{% if by_change() -%}
select
    profile_id,
    0 as days
from {{ changed }}
where profile_id is not null
{%- for days in windows %}

union

select
    profile_id,
    {{ days }} as days
from {{ relation }}
where
    profile_id is not null
    and {{ time }} >= (
        select cast(passed.as_of_before as timestamp) + interval 1 day - interval {{ days }} day
        from {{ ref('int_as_of_changed') }} as passed
    )
    and {{ time }} < {{ as_of_end() }} - interval {{ days }} day
{%- endfor %}
{%- else -%}
select
    profile_id,
    0 as days
from {{ relation }}
where false
{%- endif %}
{%- endmacro %}

{% macro of_changed(changed, where='true', column='profile_id') -%}
{%- if by_change() -%}
{{ column }} in (select changed.profile_id from {{ changed }} as changed where {{ where }})
{%- else -%}
true
{%- endif -%}
{%- endmacro %}

{% macro visitors_acts(relation, changed, condition) -%}
select acts.*
from {{ relation }} as acts
inner join {{ changed }} as changed on acts.profile_id = changed.visitor_id and {{ condition }}

union all

select acts.*
from {{ relation }} as acts
inner join (
    select
        *,
        substr(visitor_id, length('visitor:') + 1) as anonymous_id
    from {{ changed }}
    where visitor_id like 'visitor:%'
) as changed on acts.anonymous_id = changed.anonymous_id and {{ condition }}
where acts.profile_id is null
{%- endmacro %}
