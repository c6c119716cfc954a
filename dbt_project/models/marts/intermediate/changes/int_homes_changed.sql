-- Fingerprint of the touchpoint of each campaign.
{{ fingerprints('select * from ' ~ ref('int_campaign_homes'), ['campaign_id'], ['touchpoint', 'channel']) }}
