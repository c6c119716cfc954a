{{ config(materialized='table') }}
-- Messages with the customer's side. Words that carriers treat as an opt-out are consent.
with sided as (
    select
        *,
        direction = 'inbound' as is_inbound,
        {{ public_number("case when direction = 'inbound' then from_number else to_number end") }} as number
    from {{ ref('stg_twilio__messages') }}
)

select
    sided.message_id,
    sided.sent_at,
    sided.delivered_date,
    sided.is_inbound,
    sided.status,
    sided.error_code,
    case when sided.is_whatsapp then 'support_social' else 'support_sms' end as touchpoint,
    case when sided.is_whatsapp then 'social' else 'sms' end as channel,
    sided.is_inbound
    and upper(trim(sided.body)) in ('STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'OPTOUT', 'REVOKE') as is_opt_out,
    sided.is_inbound and upper(trim(sided.body)) in ('START', 'UNSTOP') as is_opt_in,
    case when own.line is null then sided.number end as customer_number
from sided
left join {{ ref('int_own_phone_lines') }} as own on sided.number = own.line
