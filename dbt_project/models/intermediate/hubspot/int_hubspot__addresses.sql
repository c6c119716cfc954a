{{ config(materialized='table') }}
-- Which record an address is: the contact that lists it, before one that was merged into another or archived, else
-- the address alone.
with absorbed as (
    select distinct {{ json_text('merged.item', '$') }} as contact_id
    from {{ ref('stg_hubspot__contacts') }} as contacts
    {{ unnest_json('contacts.merged_ids', 'merged') }}
),

listed as (
    select
        lower(contacts.email) as address,
        contacts.contact_id,
        contacts.is_archived,
        1 as preference
    from {{ ref('stg_hubspot__contacts') }} as contacts
    where contacts.email is not null
    union all
    select
        lower({{ json_text('address.item', '$') }}) as address,
        contacts.contact_id,
        contacts.is_archived,
        2 as preference
    from {{ ref('stg_hubspot__contacts') }} as contacts
    {{ unnest_json('contacts.additional_emails', 'address') }}
),

ranked as (
    select
        listed.*,
        row_number() over (
            partition by listed.address
            order by
                listed.is_archived,
                case when absorbed.contact_id is not null then 1 else 0 end,
                listed.preference,
                listed.contact_id
        ) as choice
    from listed
    left join absorbed on listed.contact_id = absorbed.contact_id
),

mailed as (
    select
        lower(recipient) as address,
        min(recipient) as email,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at,
        max(delivered_date) as delivered_date
    from {{ ref('stg_hubspot__events') }}
    where recipient like '%@%'
    group by lower(recipient)
)

select
    coalesce(ranked.address, mailed.address) as address,
    coalesce(
        'hubspot:contacts:' || ranked.contact_id,
        'hubspot:recipients:' || {{ keyed_hash(['mailed.address']) }}
    ) as record_id,
    ranked.contact_id,
    mailed.email,
    mailed.created_at,
    mailed.updated_at,
    mailed.delivered_date
from ranked
full outer join mailed on ranked.address = mailed.address
where ranked.choice = 1 or ranked.choice is null
