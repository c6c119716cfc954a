-- A scan is told by its own id, else by badge and time. The event's name is the namespace of its badge numbers.
with versions as (
    {{ latest_by_key(source('badge_scan', 'scans'), ['event_name', 'scan_id', 'badge_id', 'scanned_at']) }}
)

select
    replace(lower(regexp_replace(trim(event_name), '[.](csv|jsonl?|txt)([.](gz|zst))?$', '')), ' ', '_') as event_key,
    regexp_replace(trim(event_name), '[.](csv|jsonl?|txt)([.](gz|zst))?$', '') as event_name,
    trim(scan_id) as scan_id,
    {{ clean_text('badge_id') }} as badge_id,
    {{ clean_name('given_name') }} as given_name,
    {{ clean_name('family_name') }} as family_name,
    {{ clean_name('full_name') }} as full_name,
    {{ clean_text('email') }} as email,
    {{ clean_text('mobile') }} as mobile,
    {{ clean_text('phone') }} as phone,
    {{ clean_text('company') }} as company,
    {{ clean_text('job_title') }} as job_title,
    street,
    locality,
    region,
    postcode,
    country,
    scanned_at,
    scanned_on,
    {{ clean_text('rating') }} as rating,
    {{ clean_text('products_of_interest') }} as products_of_interest,
    {{ clean_text('notes') }} as notes,
    {{ yes_or_no('opt_in') }} as is_contact_allowed,
    _dt as delivered_date
from versions
