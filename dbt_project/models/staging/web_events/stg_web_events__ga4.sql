-- GA4 rewrites a day for up to three days: per stream only the newest delivery of a day counts, and a daily table
-- before an intraday one. There is no event id; rows of people who refused cookies have no device either, so
-- equal ones are told apart by their number only.
with deliveries as (
    select
        *,
        dense_rank() over (
            partition by coalesce(event_date, cast(cast(occurred_at as date) as varchar)), coalesce(stream_id, '')
            order by coalesce(file_name like '%intraday%', false), _dt desc
        ) as _delivery_rank
    from {{ source('web_events', 'ga4') }}
    where {{ delivered() }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by user_pseudo_id, occurred_at, event_name, bundle_sequence_id, batch_event_index
            order by _file, _line
        ) as _copy_no
    from deliveries
    where _delivery_rank = 1
),

parsed as (
    select
        *,
        {{ ga4_entries('event_params') }} as entries
    from numbered
    where
        _copy_no = 1
        or user_pseudo_id is null
)

select
    left({{ hex_digest("concat_ws('|', coalesce(user_pseudo_id, ''), cast(occurred_at as varchar), event_name, coalesce(bundle_sequence_id, ''), coalesce(batch_event_index, ''), cast(_copy_no as varchar))") }}, 24)
        as event_key,
    event_date,
    occurred_at,
    event_name,
    nullif(trim(user_pseudo_id), '') as user_pseudo_id,
    trim(user_id) as user_id,
    upper(platform) as platform,
    stream_id,
    device_type,
    locale,
    advertising_id,
    vendor_id,
    analytics_storage,
    ads_storage,
    coalesce(campaign_name, param_campaign, {{ ga4_param('entries', 'campaign') }}) as campaign_name,
    coalesce(campaign_source, param_source, {{ ga4_param('entries', 'source') }}) as campaign_source,
    coalesce(campaign_medium, param_medium, {{ ga4_param('entries', 'medium') }}) as campaign_medium,
    coalesce(gclid, param_gclid, {{ ga4_param('entries', 'gclid') }}) as gclid,
    transaction_id,
    items,
    coalesce(param_session_id, {{ ga4_param('entries', 'ga_session_id') }}) as session_id,
    coalesce(param_page_location, {{ ga4_param('entries', 'page_location') }}) as page_url,
    coalesce(param_page_referrer, {{ ga4_param('entries', 'page_referrer') }}) as referrer,
    coalesce(param_search_term, {{ ga4_param('entries', 'search_term') }}) as search_term,
    coalesce(param_session_engaged, {{ ga4_param('entries', 'session_engaged') }}) as session_engaged,
    {{ ga4_param('entries', 'experiment_id') }} as experiment_id,
    {{ ga4_param('entries', 'variant_id') }} as variant,
    coalesce(lower(coalesce(param_traffic_type, {{ ga4_param('entries', 'traffic_type') }})) = 'internal', false)
    or coalesce(coalesce(param_debug_mode, {{ ga4_param('entries', 'debug_mode') }}) in ('1', 'true'), false) as is_internal,
    event_params,
    _dt as delivered_date
from parsed
