-- Fingerprint of the steps of a funnel and scope by the month of entry.
{{ fingerprints(
    "select *, cast(date_trunc('month', entered_at) as date) as month from " ~ ref('int_funnel_steps'),
    ['funnel', 'scope', 'month'],
    ['visitor_id', 'profile_id', 'stage_no', 'occurred_at', 'entered_at']
) }}
