with versions as (
    {{ latest_by_key(source('square_pos', 'loyalty_accounts'), ['loyalty_id'], updated_at='updated_at') }}
)

select
    trim(loyalty_id) as loyalty_id,
    trim(program_id) as program_id,
    trim(customer_id) as customer_id,
    trim(phone) as phone,
    balance,
    lifetime_points,
    created_at,
    updated_at,
    _dt as delivered_date
from versions
