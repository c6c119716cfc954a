select
    interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'direct_mail'",
        'direction': 'direction',
        'interaction_type': 'interaction_type',
        'occurred_at': 'occurred_at',
        'campaign_id': 'campaign_id',
        'properties': json_object({'piece_id': 'piece_id'})
    }) }}
from {{ ref('int_lob__events') }}
where occurred_at is not null
