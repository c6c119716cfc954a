-- Fingerprint of the campaign touches of each hour up to the as-of, as int_interactions_hours.
{{ fingerprints(
    "select *, date_trunc('hour', occurred_at) as hour from " ~ ref('campaign_touches')
    ~ ' where ' ~ known_by('occurred_at'),
    ['hour'],
    [
        'touch_id', 'source', 'record_id', 'campaign_id', 'campaign_name', 'channel', 'touchpoint', 'touch_type', 'occurred_at'
    ]
) }}
