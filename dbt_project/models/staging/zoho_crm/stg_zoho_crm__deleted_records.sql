with versions as (
    {{ first_by_key(source('zoho_crm', 'deleted_records'), ['record_id', 'deleted_at']) }}
)

select
    trim(record_id) as record_id,
    deleted_at,
    deletion_type,
    _dt as delivered_date
from versions
