{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ remade('kept.profile_id = remade.profile_id and remade.is_changed', ref('int_consistency_changed')) }}"
) }}
-- What each source knows of a person, per attribute a list of comparable keys; one row per profile, attribute and source.
-- Two sources agree when their lists share a key, so a second e-mail is no contradiction. Names are compared within their
-- script, by their letters alone: case, blanks, signs and the order of the parts are style. Consent is a source's last word
-- on marketing by channel; one on every channel (channel '') is compared with what others know of each. Every source with a
-- service desk in which the person has a record knows of an open issue or not.
-- depends_on: {{ ref('int_consistency_changed') }}
with names as (
    select
        *,
        regexp_matches(value_key, '[\x{4e00}-\x{9fff}]') as is_han
    from {{ ref('int_survivorship_candidates') }}
    where
        attribute in ('name', 'native_name', 'language', 'email', 'phone', 'birth_date')
        {% if by_change() -%}
        and profile_id in (select changed.profile_id from {{ ref('int_consistency_changed') }} as changed where changed.is_changed)
        {%- endif %}
),

candidates as (
    select
        profile_id,
        case when attribute in ('name', 'native_name') then case when is_han then 'native_name' else 'name' end else attribute end
            as attribute,
        source,
        case
            when attribute in ('name', 'native_name') and is_han
                then array_to_string(list_sort(string_split(regexp_replace(value_key, '[^\x{4e00}-\x{9fff}]', '', 'g'), '')), '')
            when attribute in ('name', 'native_name')
                then array_to_string(
                    list_sort(list_filter(
                        string_split_regex(regexp_replace(value_key, '[^\w\s|]', '', 'g'), '[\s|]+'), lambda part: part <> ''
                    )), ' '
                )
            when attribute = 'language' then split_part(value_key, '-', 1)
            else value_key
        end as value_key
    from names
),

said as (
    select
        members.profile_id,
        consents.source,
        consents.channel,
        consents.state
    from {{ ref('consents') }} as consents
    inner join {{ ref('stg_identity__profile_members') }} as members on consents.record_id = members.record_id
    where
        consents.purpose = 'marketing'
        and {{ known_by('consents.occurred_at') }}
        and {{ of_changed(ref('int_consistency_changed'), 'changed.is_changed', 'members.profile_id') }}
    qualify
        row_number() over (
            partition by members.profile_id, consents.source, consents.channel
            order by consents.occurred_at desc, consents.state = 'denied' desc
        ) = 1
),

consents as (
    select
        profile_id,
        'consent_' || coalesce(nullif(channel, ''), 'every_channel') as attribute,
        source,
        state as value_key
    from said
    union all
    select
        said.profile_id,
        'consent_' || named.channel as attribute,
        said.source,
        said.state as value_key
    from said
    inner join (select distinct profile_id, channel from said where channel <> '') as named
        on said.profile_id = named.profile_id
    left join said as own
        on named.profile_id = own.profile_id and named.channel = own.channel and said.source = own.source
    where said.channel = '' and own.profile_id is null
),

open_tickets as (
    select
        profile_id,
        source,
        bool_or(not is_solved) as is_open
    from {{ ref('int_tickets_profiled') }}
    where profile_id is not null
    group by profile_id, source
),

issues as (
    select distinct
        records.profile_id,
        'open_issue' as attribute,
        records.source,
        case when open_tickets.is_open then 'open' else 'none' end as value_key
    from {{ ref('int_records_profiled') }} as records
    left join open_tickets on records.profile_id = open_tickets.profile_id and records.source = open_tickets.source
    where
        records.source in (select source from open_tickets)
        and {{ of_changed(ref('int_consistency_changed'), 'changed.is_changed', 'records.profile_id') }}
)

select
    profile_id,
    attribute,
    source,
    list(distinct value_key order by value_key) as value_keys
from (
    select * from candidates
    union all
    select * from consents
    union all
    select * from issues
) as known
where value_key is not null and value_key <> ''
    {% if by_change() -%}
    and profile_id in (select changed.profile_id from {{ ref('int_consistency_changed') }} as changed where changed.is_changed)
    {%- endif %}
group by profile_id, attribute, source
