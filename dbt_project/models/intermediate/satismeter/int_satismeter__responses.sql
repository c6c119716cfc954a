{{ config(materialized='table') }}
select
    *,
    case
        when respondent_id is not null then 'satismeter:users:' || respondent_id
        when coalesce(user_id, email) is not null
            then 'satismeter:users:' || {{ keyed_hash(['coalesce(user_id, lower(email))']) }}
    end as record_id,
    case when user_id like '%@%' then user_id end as user_id_email,
    case when user_id not like '%@%' then user_id end as customer_no
from {{ ref('stg_satismeter__responses') }}
