-- Fingerprint of what the records of a person said on permissions, and whether it differs from the last build's, or a record
-- was deleted or is back since.
{% set query %}
    select
        members.profile_id,
        {{ row_hash([
            'consents.record_id', 'consents.purpose', 'consents.channel', 'consents.state', 'consents.occurred_at',
            'consents.source'
        ]) }} as row_hash
    from {{ ref('consents') }} as consents
    inner join {{ ref('stg_identity__profile_members') }} as members on consents.record_id = members.record_id
    where {{ known_by('consents.occurred_at') }}
{% endset %}
{% set also %}
    select records.profile_id from {{ ref('int_record_rows_changed') }} as records
{% endset %}
{{ fingerprints(query, ['profile_id'], ['row_hash'], also) }}
