{{ config(materialized='view') }}
-- What people said, per purpose and channel, at every source; channel '' is every channel. Silence, "not subscribed" and "not opted out" are no grants.
-- The part `consents` speaks of marketing; a source that asks for another purpose brings the part `purpose_consents`.
select
    record_id,
    'marketing' as purpose,
    coalesce(channel, '') as channel,
    state,
    occurred_at,
    source
from ({{ union_parts('consents', ['record_id', 'channel', 'state', 'occurred_at', 'source']) }}) as marketing
union all
select
    record_id,
    purpose,
    coalesce(channel, '') as channel,
    state,
    cast(occurred_at as timestamp) as occurred_at,
    source
from ({{ union_parts('purpose_consents', ['record_id', 'purpose', 'channel', 'state', 'occurred_at', 'source']) }}) as other
