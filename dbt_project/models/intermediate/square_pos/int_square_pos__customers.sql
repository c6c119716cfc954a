-- An instant profile comes from a card swipe; until somebody adds a contact or a number it is no known person.
select
    *,
    'square_pos:customers:' || customer_id as record_id,
    -- year 0000 means "unknown": only the day of the year is left, written as ISO 8601 truncated date.
    case when birthday like '0000-%' then '-' || substr(birthday, 5) else birthday end as birth_date
from {{ ref('stg_square_pos__customers') }}
where not (
    coalesce(creation_source, '') = 'INSTANT_PROFILE'
    and coalesce(email, '') = ''
    and coalesce(phone, '') = ''
    and coalesce(reference_id, '') = ''
)
