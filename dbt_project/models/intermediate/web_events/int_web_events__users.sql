-- One row per user id: the newest value of each trait.
select
    record_id,
    substr(record_id, length('web_events:users:') + 1) as native_id,
    {{ latest_value('given_name', ['occurred_at', 'message_id']) }} as given_name,
    {{ latest_value('family_name', ['occurred_at', 'message_id']) }} as family_name,
    {{ latest_value('birthday', ['occurred_at', 'message_id']) }} as birth_date,
    {{ latest_value('locale', ['occurred_at', 'message_id']) }} as language,
    min(occurred_at) as created_at,
    max(occurred_at) as updated_at,
    max(delivered_date) as delivered_date
from {{ ref('int_web_events__calls') }}
where record_id is not null
group by record_id
