{{ config(materialized='table') }}
-- One row per contact of an audience, per address of an audience export that no member has, and per address that only
-- mailings name.
with newest as (
    select
        accounts.record_id,
        members.*,
        row_number() over (
            partition by accounts.record_id order by members.last_changed_at desc, members.member_id
        ) as version_rank
    from {{ ref('stg_mailchimp__members') }} as members
    inner join {{ ref('int_mailchimp__accounts') }} as accounts
        on
            members.list_id = accounts.list_id
            and members.member_id = accounts.member_id
),

mailed as (
    select
        coalesce(list_id, '') as list_id,
        member_id,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at,
        max(delivered_date) as delivered_date
    from (
        select list_id, member_id, occurred_at, delivered_date from {{ ref('stg_mailchimp__email_activity') }}
        union all
        select list_id, member_id, occurred_at, delivered_date from {{ ref('stg_mailchimp__unsubscribes') }}
    ) as acts
    group by coalesce(list_id, ''), member_id
)

select
    record_id,
    'members' as object,
    email,
    phone,
    customer_no,
    full_name,
    given_name,
    family_name,
    birthday,
    street,
    unit,
    locality,
    region,
    postcode,
    country,
    language,
    signed_up_at as created_at,
    last_changed_at as updated_at,
    delivered_date
from newest
where version_rank = 1
union all
select
    'mailchimp:audience:' || {{ keyed_hash(['audience.member_id']) }} as record_id,
    'audience' as object,
    audience.email,
    audience.phone,
    cast(null as varchar) as customer_no,
    cast(null as varchar) as full_name,
    audience.given_name,
    audience.family_name,
    audience.birthday,
    audience.street,
    cast(null as varchar) as unit,
    cast(null as varchar) as locality,
    cast(null as varchar) as region,
    cast(null as varchar) as postcode,
    cast(null as varchar) as country,
    cast(null as varchar) as language,
    audience.opted_in_at as created_at,
    audience.last_changed_at as updated_at,
    audience.delivered_date
from {{ ref('stg_mailchimp__audience') }} as audience
where audience.member_id not in (select members.member_id from {{ ref('stg_mailchimp__members') }} as members)
union all
select
    accounts.record_id,
    'members' as object,
    accounts.mentioned_email as email,
    cast(null as varchar) as phone,
    cast(null as varchar) as customer_no,
    {% for column in ['full_name', 'given_name', 'family_name', 'birthday', 'street', 'unit', 'locality', 'region', 'postcode', 'country', 'language'] -%}
    cast(null as varchar) as {{ column }},
    {% endfor -%}
    mailed.created_at,
    mailed.updated_at,
    mailed.delivered_date
from {{ ref('int_mailchimp__accounts') }} as accounts
inner join mailed
    on
        accounts.list_id = mailed.list_id
        and accounts.member_id = mailed.member_id
where accounts.mentioned_email is not null
