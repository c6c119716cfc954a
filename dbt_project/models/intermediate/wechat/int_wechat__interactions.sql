with events as (
    select
        *,
        'wechat:mp_users:' || {{ keyed_hash(['appid', 'openid']) }} as record_id,
        'wechat:mp_events:' || left({{ hex_digest(
            "concat_ws('|', " ~ hash_key() ~ ", appid, openid, cast(occurred_at as varchar), coalesce(event, ''), coalesce(event_key, ''), coalesce(msg_id, ''))"
        ) }}, 24) as interaction_id
    from {{ ref('stg_wechat__mp_events') }}
    where coalesce(event, '') not in ('MASSSENDJOBFINISH', 'TEMPLATESENDJOBFINISH')
),

-- Follows that the event stream did not bring (it began later than the account).
silent_follows as (
    select users.*
    from {{ ref('int_wechat__mp_users') }} as users
    left join events
        on
            users.appid = events.appid
            and users.openid = events.openid
            and events.event = 'subscribe'
    where
        users.subscribed_at is not null
        and events.openid is null
),

-- The records of the service conversation may lack the appid; an openid never repeats across apps.
service as (
    select
        kf.*,
        users.record_id
    from {{ ref('stg_wechat__kf_records') }} as kf
    left join (
        select
            openid,
            min(record_id) as record_id
        from {{ ref('int_wechat__mp_users') }}
        group by openid
    ) as users on kf.openid = users.openid
    where kf.opercode in (2002, 2003)
)

select
    interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "case when coalesce(event_key, '') like '%store%' and event in ('subscribe', 'SCAN') then 'store_qr_code'"
            ~ " when msg_type = 'event' then 'wechat_account' else 'wechat_message' end",
        'interaction_type': "case when msg_type <> 'event' then 'message' when event = 'subscribe' then 'follow'"
            ~ " when event = 'unsubscribe' then 'unfollow' when event = 'SCAN' then 'qr_scan'"
            ~ " when event in ('CLICK', 'VIEW') then 'menu_click' else " ~ snake_case("'wechat_' || coalesce(event, 'event')") ~ " end",
        'occurred_at': 'occurred_at',
        'campaign_id': "case when event in ('subscribe', 'SCAN') then nullif(regexp_replace(event_key, '^qrscene_', ''), '') end",
        'properties': json_object({'msg_type': 'msg_type', 'event_key': 'event_key'})
    }) }}
from events
union all
select
    'wechat:mp_users:' || native_id || ':follow' as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "case when qr_scene_str like '%store%' then 'store_qr_code' else 'wechat_account' end",
        'interaction_type': "'follow'",
        'occurred_at': 'subscribed_at',
        'campaign_id': "nullif(qr_scene_str, '')",
        'properties': json_object({'subscribe_scene': 'subscribe_scene'})
    }) }}
from silent_follows
union all
select
    'wechat:kf_records:' || left({{ hex_digest(
        "concat_ws('|', " ~ hash_key() ~ ", openid, cast(occurred_at as varchar), cast(opercode as varchar), coalesce(content, ''))"
    ) }}, 24) as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'wechat_service_chat'",
        'direction': "case when opercode = 2002 then 'outbound' else 'inbound' end",
        'interaction_type': "'chat_message'",
        'occurred_at': 'occurred_at'
    }) }}
from service
union all
select
    'wechat:mini_sessions:' || {{ keyed_hash(['appid', 'openid', 'cast(logged_in_at as varchar)']) }} as interaction_id,
    'wechat:mini_users:' || {{ keyed_hash(['appid', 'openid']) }} as record_id,
    {{ interaction_columns({
        'touchpoint': "'mini_program_login'",
        'interaction_type': "'login'",
        'occurred_at': 'logged_in_at'
    }) }}
from {{ ref('stg_wechat__mini_logins') }}
union all
select
    'wechat:mini_phones:' || {{ keyed_hash(['appid', 'openid']) }} as interaction_id,
    'wechat:mini_users:' || {{ keyed_hash(['appid', 'openid']) }} as record_id,
    {{ interaction_columns({
        'touchpoint': "'mini_program_binding'",
        'interaction_type': "'phone_bound'",
        'occurred_at': 'bound_at'
    }) }}
from {{ ref('stg_wechat__mini_phones') }}
union all
select
    'wechat:wecom_contacts:' || external_userid as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'wecom_contact'",
        'interaction_type': "'contact_added'",
        'occurred_at': 'created_at',
        'campaign_id': 'channel_code'
    }) }}
from {{ ref('int_wechat__wecom_contacts') }}
