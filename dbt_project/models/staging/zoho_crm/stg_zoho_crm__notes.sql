with versions as (
    {{ latest_by_key(source('zoho_crm', 'notes'), ['note_id'], updated_at='updated_at') }}
)

select
    trim(note_id) as note_id,
    title,
    content,
    trim(parent_id) as parent_id,
    coalesce(created_at, updated_at) as created_at,
    updated_at,
    _dt as delivered_date
from versions
