-- Fingerprint of a person's touches in a month. A month and not all of it: the few who act most are touched nearly daily.
{{ fingerprints(
    "select *, date_trunc('month', touched_at) as touched_month from " ~ ref('int_touches'),
    ['profile_id', 'touched_month'],
    ['campaign_id', 'touchpoint', 'channel', 'touched_at']
) }}
