-- The live profiles, and of which the records offer other things: values, the contacts and numbers of all its records, or
-- its household. A profile without a live record is none of the marts' (`n` is NULL in the build in which the last one
-- went). What records and identifiers say was compared row by row; here is counted what else a profile depends on.
{% set query %}
    select
        profile_id,
        {# A birth date in the future of the last build may be past by now. #}
        {{ row_hash([known_by('birth_date')]) }} as row_hash
    from {{ ref('int_records_profiled') }}
    union all
    select
        profile_id,
        {{ row_hash(["'household'", 'household_id']) }}
    from {{ ref('households') }}
{% endset %}
{% set also %}
    select records.profile_id from {{ ref('int_record_rows_changed') }} as records
    union all
    select identifiers.profile_id
    from {{ ref('int_identifiers_changed') }} as identifiers
    where identifiers.is_other and identifiers.kind in ('email', 'phone', 'loyalty_id', 'customer_no')
{% endset %}
{{ fingerprints(query, ['profile_id'], ['row_hash'], also) }}
