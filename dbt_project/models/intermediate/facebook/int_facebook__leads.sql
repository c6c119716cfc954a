{{ config(materialized='view') }}
-- Lead-ad answers as columns; the forms' test leads are left out.
with answers as (
    select
        leads.lead_id,
        lower({{ json_text('answer.item', '$.name') }}) as question,
        trim({{ json_text('answer.item', '$.values[0]') }}) as value
    from {{ ref('stg_facebook__leads') }} as leads
    {{ unnest_json('leads.answers', 'answer') }}
),

test_leads as (
    select distinct lead_id
    from answers
    where
        value like '<test lead:%'
        or lower(value) = 'test@fb.com'
),

pivoted as (
    select
        lead_id,
        max(case when question = 'email' then value end) as email,
        max(case when question = 'work_email' then value end) as work_email,
        max(case when question in ('phone_number', 'phone') then value end) as phone,
        max(case when question = 'work_phone_number' then value end) as work_phone,
        max(case when question = 'full_name' then value end) as full_name,
        max(case when question = 'first_name' then value end) as given_name,
        max(case when question = 'last_name' then value end) as family_name,
        max(case when question = 'company_name' then value end) as organisation,
        max(case when question = 'street_address' then value end) as street,
        max(case when question = 'city' then value end) as locality,
        max(case when question in ('state', 'province') then value end) as region,
        max(case when question in ('post_code', 'zip_code', 'zip') then value end) as postcode,
        max(case when question = 'country' then value end) as country,
        max(case when question = 'date_of_birth' then value end) as date_of_birth,
        max(case when question = 'gender' then lower(value) end) as gender
    from answers
    group by lead_id
)

select
    leads.lead_id,
    leads.submitted_at,
    leads.ad_id,
    leads.campaign_id,
    leads.campaign_name,
    leads.form_id,
    leads.platform,
    leads.is_organic,
    leads.disclaimers,
    leads.delivered_date,
    leads.submitted_at as created_at,
    leads.submitted_at as updated_at,
    -- <PSID>@facebook.com is made up by the platform.
    case when not {{ regexp_like('lower(pivoted.email)', '^[0-9]+@facebook[.]com$') }} then pivoted.email end as email,
    pivoted.work_email,
    pivoted.phone,
    pivoted.work_phone,
    {{ clean_name('pivoted.full_name') }} as full_name,
    {{ clean_name('pivoted.given_name') }} as given_name,
    {{ clean_name('pivoted.family_name') }} as family_name,
    pivoted.organisation,
    pivoted.street,
    pivoted.locality,
    pivoted.region,
    pivoted.postcode,
    pivoted.country,
    -- The form writes MM/DD/YYYY.
    case
        when {{ regexp_like('pivoted.date_of_birth', '^[0-9]{2}/[0-9]{2}/[0-9]{4}$') }}
            then substr(pivoted.date_of_birth, 7, 4) || '-' || substr(pivoted.date_of_birth, 1, 2)
                || '-' || substr(pivoted.date_of_birth, 4, 2)
        else pivoted.date_of_birth
    end as birth_date,
    case when pivoted.gender in ('female', 'male') then pivoted.gender end as gender,
    'facebook:leads:' || leads.lead_id as record_id
from {{ ref('stg_facebook__leads') }} as leads
left join pivoted on leads.lead_id = pivoted.lead_id
where leads.lead_id not in (select lead_id from test_leads)
