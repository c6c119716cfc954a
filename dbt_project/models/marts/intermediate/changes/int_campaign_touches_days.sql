-- Fingerprint of the campaign touches of each day up to the as-of, as int_interactions_days.
{{ fingerprints(
    'select *, cast(occurred_at as date) as touched_on from ' ~ ref('campaign_touches')
    ~ ' where ' ~ known_by('occurred_at'),
    ['touched_on'],
    [
        'touch_id', 'source', 'record_id', 'campaign_id', 'campaign_name', 'channel', 'touchpoint', 'touch_type', 'occurred_at'
    ]
) }}
