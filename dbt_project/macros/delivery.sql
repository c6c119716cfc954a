{#
    Which raw rows count, by the delivery mode of the object's contract. Every macro is a complete query that
    returns the raw columns and ignores rows delivered after the run's as-of. (replace_partition needs no macro:
    ingest has already replaced the day's file.)
#}

{% macro as_of() -%}
    {{ as_of_date() }}
{%- endmacro %}

{% macro delivered() -%}
    _dt <= {{ as_of() }}
{%- endmacro %}

{#
    upsert: the newest version per key. Newest is by `updated_at` where the object has one, then by delivery day,
    file and line, so that a redelivered older version never wins.
    `keep`: columns that also come as `_kept_<column>`: the last non-null value of any version. For formats that
    lack columns, and for states in which a system leaves its fields out.
    `changed_since`: in a model that is kept by key (see by_key.sql), its last_appended(): then only keys that came since,
    each by all of its versions.
#}
{% macro latest_by_key(relation, key, updated_at=none, keep=[], changed_since=none) -%}
    {%- set window -%}
        partition by {{ key | join(', ') }}
        order by {% if updated_at %}{{ updated_at }} desc nulls last, {% endif -%} _dt desc, _file desc, _line desc
    {%- endset -%}
    select *
    from (
        select
            *,
            {%- for column in keep %}
            first_value({{ column }} ignore nulls) over (
                {{ window }} rows between unbounded preceding and unbounded following
            ) as _kept_{{ column }},
            {%- endfor %}
            row_number() over ({{ window }}) as _version_rank
        from {{ relation }} {{ "as version" if changed_since }}
        where {{ delivered() }}
            {%- if changed_since %}
            and {{ came_since(relation, key, changed_since, 'version') }}
            {%- endif %}
    ) as versions
    where _version_rank = 1
{%- endmacro %}

{# Did the key of a row, by its alias, come in a file of a later day? Keys are compared as staging writes them. #}
{% macro came_since(relation, key, day, row) -%}
    exists (
        select 1
        from {{ relation }} as later
        where
            later._dt > date '{{ day }}'
            and {{ delivered() }}
            {%- for column in key %}
            and trim(later.{{ column }}) is not distinct from trim({{ row }}.{{ column }})
            {%- endfor %}
    )
{%- endmacro %}

{#
    append: the first delivery of each key; retries and repeated exports bring the same event again.
    `appended_to`: in a model that is appended to (see appending.sql), its last_appended(): then only what was delivered
    since, of keys that no earlier delivery held.
#}
{% macro first_by_key(relation, key, appended_to=none) -%}
    select *
    from (
        select
            *,
            row_number() over (partition by {{ key | join(', ') }} order by _dt, _file, _line) as _version_rank
        from {{ relation }} {{ "as delivery" if appended_to }}
        where {{ delivered() }}
            {%- if appended_to %}
            and delivery._dt > date '{{ appended_to }}'
            and not exists (
                select 1
                from {{ relation }} as earlier
                where
                    earlier._dt <= date '{{ appended_to }}'
                    {%- for column in key %}
                    and earlier.{{ column }} = delivery.{{ column }}
                    {%- endfor %}
            )
            {%- endif %}
    ) as deliveries
    where _version_rank = 1
{%- endmacro %}

{# full_snapshot: the rows of the last delivery day; a key that is absent from it is deleted. #}
{% macro last_snapshot(relation, key) -%}
    select *
    from (
        select
            *,
            row_number() over (partition by {{ key | join(', ') }} order by _file desc, _line desc) as _version_rank
        from {{ relation }}
        where
            {{ delivered() }}
            and _dt = (select max(_dt) from {{ relation }} where {{ delivered() }})
    ) as snapshot_rows
    where _version_rank = 1
{%- endmacro %}
