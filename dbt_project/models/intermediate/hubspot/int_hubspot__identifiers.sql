-- A contact that absorbed others carries their ids: what was delivered under them is the same person.
with contacts as (
    select
        *,
        'hubspot:contacts:' || contact_id as record_id
    from {{ ref('stg_hubspot__contacts') }}
),

listed as (
    select
        contacts.record_id,
        {{ json_text('address.item', '$') }} as email,
        cast(null as varchar) as merged_id,
        contacts.created_at,
        contacts.updated_at
    from contacts
    {{ unnest_json('contacts.additional_emails', 'address') }}
    union all
    select
        contacts.record_id,
        cast(null as varchar) as email,
        {{ json_text('absorbed.item', '$') }} as merged_id,
        contacts.created_at,
        contacts.updated_at
    from contacts
    {{ unnest_json('contacts.merged_ids', 'absorbed') }}
),

recipients as (
    select *
    from {{ ref('int_hubspot__addresses') }}
    where contact_id is null
)
{{ identifier_rows('contacts', [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'phone', 'column': 'mobile'},
    {'kind': 'phone', 'column': 'phone', 'trusted': 'company is null', 'reason': "case when company is not null then 'weak_source' end"},
    {'kind': 'external_id', 'namespace': "'hubspot'", 'column': 'contact_id'}
]) }}
union all
{{ identifier_rows('listed', [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'external_id', 'namespace': "'hubspot'", 'column': 'merged_id'}
]) }}
union all
{{ identifier_rows('recipients', [{'kind': 'email', 'column': 'email'}]) }}
