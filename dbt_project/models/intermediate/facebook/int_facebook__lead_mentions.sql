{{ config(materialized='table') }}
-- Every lead once, however it came: the fetched answers win over the download, the download over a relay tool, and what
-- only a webhook announced has no answers and no record yet.
with other_ways as (
    select
        lead_id,
        2 as preference,
        submitted_at,
        ad_id,
        campaign_id,
        campaign_name,
        form_id,
        platform,
        is_organic,
        delivered_date,
        email,
        work_email,
        phone,
        work_phone,
        full_name,
        first_name as given_name,
        last_name as family_name,
        company_name as organisation,
        street,
        city as locality,
        state as region,
        postcode,
        country,
        date_of_birth,
        gender
    from {{ ref('stg_facebook__leads_export') }}
    union all
    select
        lead_id,
        case when form = 'relay' then 3 else 4 end as preference,
        submitted_at,
        ad_id,
        cast(null as varchar) as campaign_id,
        cast(null as varchar) as campaign_name,
        form_id,
        cast(null as varchar) as platform,
        cast(null as boolean) as is_organic,
        delivered_date,
        email,
        cast(null as varchar) as work_email,
        phone_number as phone,
        cast(null as varchar) as work_phone,
        {{ clean_name('full_name') }} as full_name,
        {{ clean_name('first_name') }} as given_name,
        {{ clean_name('last_name') }} as family_name,
        company_name as organisation,
        street_address as street,
        city as locality,
        state as region,
        post_code as postcode,
        country,
        date_of_birth,
        cast(null as varchar) as gender
    from {{ ref('stg_facebook__lead_webhooks') }}
    where submitted_at is not null
),

-- The vendor's test leads, whichever way they came.
genuine as (
    select *
    from other_ways
    where
        lead_id not in (select lead_id from {{ ref('stg_facebook__leads') }})
        and lead_id not in (
            select lead_id
            from other_ways
            where
                lower(email) = 'test@fb.com'
                or concat_ws(' ', email, full_name, given_name, family_name, phone, street, locality) like '%<test lead:%'
        )
),

ranked as (
    select
        *,
        row_number() over (partition by lead_id order by preference, delivered_date desc, submitted_at) as way_no
    from genuine
)

select
    lead_id,
    submitted_at,
    ad_id,
    campaign_id,
    campaign_name,
    form_id,
    platform,
    is_organic,
    disclaimers,
    delivered_date,
    created_at,
    updated_at,
    email,
    work_email,
    phone,
    work_phone,
    full_name,
    given_name,
    family_name,
    organisation,
    street,
    locality,
    region,
    postcode,
    country,
    birth_date,
    gender,
    record_id
from {{ ref('int_facebook__leads') }}
union all
select
    lead_id,
    submitted_at,
    ad_id,
    campaign_id,
    campaign_name,
    form_id,
    platform,
    is_organic,
    cast(null as varchar) as disclaimers,
    delivered_date,
    submitted_at as created_at,
    submitted_at as updated_at,
    case when not {{ regexp_like('lower(email)', '^[0-9]+@facebook[.]com$') }} then email end as email,
    work_email,
    phone,
    work_phone,
    full_name,
    given_name,
    family_name,
    organisation,
    street,
    locality,
    region,
    postcode,
    country,
    case
        when {{ regexp_like('date_of_birth', '^[0-9]{2}/[0-9]{2}/[0-9]{4}$') }}
            then substr(date_of_birth, 7, 4) || '-' || substr(date_of_birth, 1, 2) || '-' || substr(date_of_birth, 4, 2)
        else date_of_birth
    end as birth_date,
    case when gender in ('female', 'male') then gender end as gender,
    case when preference < 4 then 'facebook:leads:' || lead_id end as record_id
from ranked
where way_no = 1
