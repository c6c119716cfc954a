-- A true duplicate has the same id and the same fingerprint; the earliest that the collector saw is the event.
with versions as (
    select
        *,
        row_number() over (
            partition by event_id, coalesce(event_fingerprint, '')
            order by collector_tstamp, _dt, _file, _line
        ) as _version_rank
    from {{ source('web_events', 'snowplow') }}
    where {{ delivered() }}
)

select
    trim(event_id) as event_id,
    trim(event_fingerprint) as event_fingerprint,
    app_id,
    lower(trim(platform)) as platform,
    event,
    coalesce(event_name, event) as event_name,
    trim(user_id) as user_id,
    trim(domain_userid) as domain_userid,
    trim(domain_sessionid) as domain_sessionid,
    -- A forged client clock can lie in the future, never the collector's receipt.
    least(coalesce(derived_tstamp, collector_tstamp), collector_tstamp) as occurred_at,
    page_url,
    page_path,
    referrer,
    mkt_medium,
    mkt_source,
    mkt_campaign,
    mkt_clickid,
    mkt_network,
    se_category,
    se_action,
    se_label,
    tr_orderid,
    ti_sku,
    device_type,
    locale,
    user_agent,
    client_session,
    mobile_context,
    coalesce(lower({{ json_text('robots', '$[0].spiderOrRobot') }}) = 'true', false) or {{ is_robot('user_agent') }} as is_robot,
    consent,
    cart_event,
    commerce_action,
    commerce_products,
    site_search,
    _dt as delivered_date
from versions
where _version_rank = 1
