-- Pieces by campaign and drop, control addresses included in no count, at the declared rate.
with pieces as (
    select
        campaign_code as campaign_id,
        cast(dropped_at as date) as cost_date,
        '*' as mail_class,
        count(*) as sent
    from {{ ref('int_mail_house__pieces') }}
    where is_sent
    group by campaign_code, cast(dropped_at as date)
)

{{ postal_costs('mail_house', 'pieces') }}
