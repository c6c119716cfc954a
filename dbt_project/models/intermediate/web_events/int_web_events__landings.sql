{{ config(materialized='table') }}
-- Where each ad click landed: the first event whose address or traffic source names the click. Click ids keep their
-- case; gbraid and wbraid stand for many clicks and are none.
with events as (
    select
        coalesce(gclid, {{ url_parameter('page_url', 'gclid') }}) as gclid,
        anonymous_id,
        record_id,
        occurred_at,
        event_key
    from {{ ref('int_web_events__events') }}
),

ranked as (
    select
        *,
        row_number() over (partition by gclid order by occurred_at, event_key) as visit_no
    from events
    where gclid is not null
)

select
    gclid,
    anonymous_id,
    record_id,
    occurred_at
from ranked
where visit_no = 1
