-- Fingerprint of what the live records of a profile offer: their values, the contacts and numbers of all its records, and
-- its household. A profile without a live record is none of the marts' (`n` is NULL in the build in which the last one
-- went).
{% set values = [
    'record_id', 'source', 'object', 'entity_type', 'given_name', 'family_name', 'full_name', 'native_name', 'organisation',
    'birth_date', 'gender', 'street', 'unit', 'locality', 'region', 'postcode', 'country', 'language', 'is_guest',
    'created_at', 'updated_at'
] %}
{% set query %}
    select
        profile_id,
        {# A birth date in the future of the last build may be past by now. #}
        {{ row_hash(values + [known_by('birth_date')]) }} as row_hash
    from {{ ref('int_records_profiled') }}
    union all
    select
        members.profile_id,
        {{ row_hash([
            'identifiers.record_id', 'identifiers.kind', 'identifiers.value', 'identifiers.is_trusted',
            'identifiers.last_seen_at'
        ]) }}
    from {{ ref('profile_members') }} as members
    inner join {{ ref('stg_identity__record_identifiers') }} as identifiers on members.record_id = identifiers.record_id
    where identifiers.kind in ('email', 'phone', 'loyalty_id', 'customer_no')
    union all
    select
        profile_id,
        {{ row_hash(["'household'", 'household_id']) }}
    from {{ ref('households') }}
{% endset %}
{{ fingerprints(query, ['profile_id'], ['row_hash']) }}
