-- Time zone of each live profile, and whether it differs from the last build's.
{{ fingerprints('select * from ' ~ ref('int_profile_time_zones'), ['profile_id'], ['time_zone']) }}
