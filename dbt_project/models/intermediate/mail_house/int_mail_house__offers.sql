-- Codes printed on mail, of both print services: an order that brings one back within 120 days answers the mailing.
select
    campaign_id,
    code,
    min(sent_at) as valid_from,
    max(sent_at) + interval 120 day as valid_to
from (
    select
        campaign_code as campaign_id,
        upper(offer_code) as code,
        dropped_at as sent_at
    from {{ ref('int_mail_house__pieces') }}
    where is_sent
    union all
    select
        campaign_code as campaign_id,
        upper(key_code) as code,
        dropped_at as sent_at
    from {{ ref('int_mail_house__pieces') }}
    where is_sent
    union all
    select
        campaign_id,
        upper(offer_code) as code,
        sent_at
    from {{ ref('int_lob__pieces') }}
) as printed
where
    code is not null
    and campaign_id is not null
    and code <> upper(campaign_id)
group by campaign_id, code
