with events as (
    select
        events.*,
        -- Mini programs send events too; their users are records of their own.
        coalesce(mini.record_id, 'wechat:mp_users:' || {{ keyed_hash(['events.appid', 'events.openid']) }}) as record_id,
        'wechat:mp_events:' || left({{ hex_digest(
            "concat_ws('|', " ~ hash_key() ~ ", events.appid, events.openid, cast(events.occurred_at as varchar), coalesce(events.event, ''), coalesce(events.event_key, ''), coalesce(events.msg_id, ''))"
        ) }}, 24) as interaction_id
    from {{ ref('stg_wechat__mp_events') }} as events
    left join {{ ref('int_wechat__mini_users') }} as mini
        on
            events.appid = mini.appid
            and events.openid = mini.openid
    where coalesce(events.event, '') not in ('MASSSENDJOBFINISH', 'TEMPLATESENDJOBFINISH')
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
    'wechat:' || object || ':' || native_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': 'touchpoint',
        'direction': "case when is_inbound or event_type = 'chat_entered' then 'inbound' else 'outbound' end",
        'interaction_type': "coalesce(event_type, 'chat_message')",
        'occurred_at': 'occurred_at',
        'campaign_id': "case when event_type = 'chat_entered' then nullif(scene, '') end",
        'properties': json_object({'ticket_id': 'ticket_id'})
    }) }}
from {{ ref('int_wechat__service_messages') }}
where
    is_inbound is not null
    or event_type is not null
union all
select
    'wechat:wecom_groups:' || {{ keyed_hash(['chat_id', 'userid', 'cast(joined_at as varchar)']) }} as interaction_id,
    'wechat:wecom_contacts:' || userid as record_id,
    {{ interaction_columns({
        'touchpoint': "'wecom_group'",
        'interaction_type': "'group_joined'",
        'occurred_at': 'joined_at',
        'properties': json_object({'chat_id': 'chat_id', 'join_scene': 'join_scene'})
    }) }}
from {{ ref('stg_wechat__wecom_groups') }}
where is_external
union all
select
    'wechat:wecom_calls:' || call_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'wecom_call'",
        'direction': "'outbound'",
        'interaction_type': "'call'",
        'occurred_at': 'called_at',
        'properties': json_object({'duration_seconds': 'duration_seconds'})
    }) }}
from {{ ref('int_wechat__wecom_callees') }}
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
where is_contact
