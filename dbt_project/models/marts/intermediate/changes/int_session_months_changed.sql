-- Fingerprint of the sessions of a channel that began in a month.
{{ fingerprints(
    "select *, cast(date_trunc('month', started_at) as date) as month from " ~ ref('int_sessions'),
    ['channel', 'month'],
    ['visitor_id', 'profile_id', 'campaign_id', 'started_at', 'ended_at', 'interactions', 'has_purchase']
) }}
