{{ config(materialized='table') }}
-- What happened to each piece: the dispatch, the carrier's scans, and the scans of the printed code by its reader.
select
    'lob:pieces:' || piece_id as interaction_id,
    piece_id,
    record_id,
    campaign_id,
    'outbound' as direction,
    'mail_sent' as interaction_type,
    'sent' as touch_type,
    sent_at as occurred_at
from {{ ref('int_lob__pieces') }}
union all
select
    'lob:tracking_events:' || coalesce({{ json_text('event.item', '$.id') }}, pieces.piece_id || ':' || cast(event.position as varchar)) as interaction_id,
    pieces.piece_id,
    pieces.record_id,
    pieces.campaign_id,
    'outbound' as direction,
    'mail_' || {{ snake_case(json_text('event.item', '$.name')) }} as interaction_type,
    case
        when lower({{ json_text('event.item', '$.name') }}) in ('processed for delivery', 'delivered') then 'delivered'
        when lower({{ json_text('event.item', '$.name') }}) = 'returned to sender' then 'bounced'
    end as touch_type,
    coalesce(
        {{ iso_to_timestamp(json_text('event.item', '$.time')) }}, {{ iso_to_timestamp(json_text('event.item', '$.date_created')) }}
    ) as occurred_at
from {{ ref('int_lob__pieces') }} as pieces
{{ unnest_json('pieces.tracking_events', 'event') }}
where {{ json_text('event.item', '$.name') }} is not null
union all
select
    'lob:qr_scans:' || pieces.piece_id || ':' || cast(scan.position as varchar) as interaction_id,
    pieces.piece_id,
    pieces.record_id,
    pieces.campaign_id,
    'inbound' as direction,
    'mail_code_scanned' as interaction_type,
    'clicked' as touch_type,
    coalesce(
        {{ iso_to_timestamp(json_text('scan.item', '$.time')) }},
        {{ iso_to_timestamp(json_text('scan.item', '$.date_created')) }},
        scans.created_at
    ) as occurred_at
from {{ ref('stg_lob__qr_scans') }} as scans
inner join {{ ref('int_lob__pieces') }} as pieces on scans.piece_id = pieces.piece_id
{{ unnest_json('scans.scans', 'scan') }}
