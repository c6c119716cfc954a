-- Fingerprint of what sources know of a person: records and contacts, answers about marketing, tickets, and in which
-- service desks the person could have one.
{% set query %}
    select
        profile_id,
        {{ row_hash(["'records'"]) }} as row_hash
    from {{ ref('int_records_changed') }}
    where n is not null
    union all
    select
        profile_id,
        {{ row_hash(["'consents'", 'n', 'fingerprint']) }}
    from {{ ref('int_consents_changed') }}
    where n is not null
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
{% set also %}
    select records.profile_id from {{ ref('int_records_changed') }} as records where records.is_changed
{% endset %}
{{ fingerprints(query, ['profile_id'], ['row_hash'], also) }}
