with versions as (
    {{ latest_by_key(source('lob', 'qr_scans'), ['piece_id'], updated_at='created_at') }}
)

select
    trim(piece_id) as piece_id,
    scans,
    created_at,
    _dt as delivered_date
from versions
