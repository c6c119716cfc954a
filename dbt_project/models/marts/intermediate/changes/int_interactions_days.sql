-- Fingerprint of the interactions of each day up to the as-of: a late, corrected or deleted one shows in its day, and a
-- day that was in the future of the last build is a new one.
{{ fingerprints(
    'select *, cast(occurred_at as date) as occurred_on from ' ~ ref('interactions')
    ~ ' where ' ~ known_by('occurred_at'),
    ['occurred_on'],
    [
        'interaction_id', 'record_id', 'anonymous_id', 'source', 'channel', 'touchpoint', 'direction', 'interaction_type',
        'occurred_at', 'amount', 'currency', 'product_id', 'campaign_id', 'experiment_id', 'variant', 'properties'
    ]
) }}
