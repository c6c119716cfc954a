-- Fingerprint of what sources know of a person: records and contacts, answers about marketing, tickets, and in which
-- service desks the person could have one.
{% set query %}
    select
        profile_id,
        {{ row_hash(["'records'", 'n', 'fingerprint']) }} as row_hash
    from {{ ref('int_records_changed') }}
    where n is not null
    union all
    select
        members.profile_id,
        {{ row_hash(["'consents'", 'consents.source', 'consents.channel', 'consents.state', 'consents.occurred_at']) }}
    from {{ ref('consents') }} as consents
    inner join {{ ref('stg_identity__profile_members') }} as members on consents.record_id = members.record_id
    where consents.purpose = 'marketing' and {{ known_by('consents.occurred_at') }}
    union all
    select
        profile_id,
        {{ row_hash(["'tickets'", 'source', 'is_solved']) }}
    from {{ ref('int_tickets_profiled') }}
    where profile_id is not null
    union all
    select
        profile_id,
        {{ row_hash(["'desks'", 'source']) }}
    from {{ ref('int_records_profiled') }}
    where
        source in (
            select tickets.source from {{ ref('int_tickets_profiled') }} as tickets where tickets.profile_id is not null
        )
{% endset %}
{{ fingerprints(query, ['profile_id'], ['row_hash']) }}
