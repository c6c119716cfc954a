-- Fingerprint of the owners of each anonymous id.
{{ fingerprints(
    'select * from ' ~ ref('stg_identity__anonymous_links'), ['anonymous_id'], ['profile_id', 'valid_from', 'valid_to']
) }}
