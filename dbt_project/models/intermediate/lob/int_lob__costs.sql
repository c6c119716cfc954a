-- Pieces by campaign and day at the declared rate of their mail class.
with pieces as (
    select
        campaign_id,
        cast(sent_at as date) as cost_date,
        coalesce(classes.mail_class, '*') as mail_class,
        count(*) as sent
    from {{ ref('int_lob__pieces') }} as sent_pieces
    left join (select distinct mail_class from {{ ref('postal_rates') }} where source = 'lob') as classes
        on sent_pieces.mail_type = classes.mail_class
    group by campaign_id, cast(sent_at as date), coalesce(classes.mail_class, '*')
)

{{ postal_costs('lob', 'pieces') }}
