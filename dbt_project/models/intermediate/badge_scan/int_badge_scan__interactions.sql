-- Several devices at a stand scan the same badge: one visit per badge, event and day, with the notes of each.
with visits as (
    select
        record_id,
        event_name,
        scanned_on,
        min(scanned_at) as scanned_at,
        count(*) as scans,
        max(rating) as rating,
        {{ joined_texts("replace(replace(products_of_interest, ';', ' | '), ' |  | ', ' | ')") }} as products_of_interest,
        {{ joined_texts('notes') }} as notes
    from {{ ref('int_badge_scan__scans') }}
    group by record_id, event_name, scanned_on
)

select
    'badge_scan:visits:' || substr(record_id, length('badge_scan:visitors:') + 1) || ':' || cast(scanned_on as varchar) as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'trade_fair_lead'",
        'interaction_type': "'badge_scanned'",
        'occurred_at': 'scanned_at',
        'properties': json_object({
            'event_name': 'event_name',
            'scans': 'scans',
            'lead_rating': 'rating',
            'products_of_interest': 'products_of_interest',
            'notes': 'notes'
        })
    }) }}
from visits
