-- An instant profile comes from a card swipe; until somebody adds a contact or a number it is no known person. After
-- the API, the directory's export and the buyers that only the transactions report names.
{%- set columns = [
    'customer_id', 'given_name', 'family_name', 'company_name', 'email', 'phone', 'street', 'unit', 'locality', 'region',
    'postcode', 'country', 'birthday', 'reference_id', 'is_email_unsubscribed', 'creation_source', 'created_at', 'updated_at',
    'delivered_date'
] %}
with named as (
    select
        transaction_buyers.customer_id,
        {{ latest_value('transaction_buyers.customer_name', ['transaction_buyers.sold_at_local', 'transaction_buyers.transaction_id']) }} as full_name,
        {{ latest_value('transaction_buyers.reference_id', ['transaction_buyers.sold_at_local', 'transaction_buyers.transaction_id']) }} as reference_id,
        max(transaction_buyers.delivered_date) as delivered_date
    from {{ ref('stg_square_pos__transactions_export') }} as transaction_buyers
    where transaction_buyers.customer_id is not null
    group by transaction_buyers.customer_id
    having coalesce(max(transaction_buyers.customer_name), max(transaction_buyers.reference_id)) is not null
),

exported as (
    select
        *,
        cast(null as varchar) as unit,
        cast(null as varchar) as country,
        cast(null as varchar) as creation_source,
        cast(delivered_date as timestamp) as created_at,
        cast(delivered_date as timestamp) as updated_at
    from {{ ref('stg_square_pos__customers_export') }}
    where customer_id not in (select customer_id from {{ ref('stg_square_pos__customers') }})
),

unioned as (
    select
        {{ columns | join(', ') }},
        cast(null as varchar) as full_name
    from {{ ref('stg_square_pos__customers') }}
    union all
    select
        {{ columns | join(', ') }},
        cast(null as varchar) as full_name
    from exported
    union all
    select
        customer_id,
        {%- for column in columns[1:13] %}
        cast(null as varchar) as {{ column }},
        {%- endfor %}
        reference_id,
        cast(null as boolean) as is_email_unsubscribed,
        cast(null as varchar) as creation_source,
        cast(delivered_date as timestamp) as created_at,
        cast(delivered_date as timestamp) as updated_at,
        delivered_date,
        full_name
    from named
    where
        customer_id not in (select customer_id from {{ ref('stg_square_pos__customers') }})
        and customer_id not in (select customer_id from {{ ref('stg_square_pos__customers_export') }})
)

select
    *,
    'square_pos:customers:' || customer_id as record_id,
    -- year 0000 means "unknown": only the day of the year is left, written as ISO 8601 truncated date.
    case when birthday like '0000-%' then '-' || substr(birthday, 5) else birthday end as birth_date
from unioned
where not (
    coalesce(creation_source, '') = 'INSTANT_PROFILE'
    and coalesce(email, '') = ''
    and coalesce(phone, '') = ''
    and coalesce(reference_id, '') = ''
)
