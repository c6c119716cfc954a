{{ config(materialized='view') }}
-- What people said about marketing, per channel, at every source. Silence, "not subscribed" and "not opted out" are no
-- grants.
{{ union_parts('consents', ['record_id', 'channel', 'state', 'occurred_at', 'source']) }}
