-- Fingerprint of the interactions of each hour up to the as-of: a late, corrected or deleted one shows in its hour, and an
-- hour that was in the future of the last build is a new one. Hours and not days, as records that change scatter a few
-- changed interactions over years: nearly every day has one, and few hours.
{{ fingerprints(
    "select *, date_trunc('hour', occurred_at) as hour from " ~ ref('interactions')
    ~ ' where ' ~ known_by('occurred_at'),
    ['hour'],
    [
        'interaction_id', 'record_id', 'anonymous_id', 'source', 'channel', 'touchpoint', 'direction', 'interaction_type',
        'occurred_at', 'amount', 'currency', 'product_id', 'campaign_id', 'experiment_id', 'variant', 'properties'
    ]
) }}
