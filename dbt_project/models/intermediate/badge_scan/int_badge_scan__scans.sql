{{ config(materialized='table') }}
-- Every scan with the visitor it is of: one per event and badge, without a badge one per scan.
select
    *,
    'badge_scan:visitors:' || case
        when badge_id is not null then event_key || ':' || badge_id
        else event_key || ':scan:' || coalesce(scan_id, {{ keyed_hash(["coalesce(email, '')", "coalesce(mobile, '')", "cast(scanned_at as varchar)"]) }})
    end as record_id
from {{ ref('stg_badge_scan__scans') }}
