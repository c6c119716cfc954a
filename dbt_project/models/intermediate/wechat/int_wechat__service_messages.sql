{{ config(materialized='table') }}
-- Customer service of the official account and of WeCom as one stream of messages, cut into conversations: one ends
-- when it is closed or after a day of silence. Events are rows without a direction.
with service_events as (
    select
        'kf_records' as object,
        {{ keyed_hash([
            'kf.openid', 'cast(kf.occurred_at as varchar)', 'cast(kf.opercode as varchar)', "coalesce(kf.content, '')"
        ]) }} as native_id,
        kf.openid as conversation_key,
        users.record_id,
        'wechat_service_chat' as touchpoint,
        case kf.opercode when 2003 then true when 2002 then false end as is_inbound,
        -- From memory: 1004 closes a session.
        kf.opercode = 1004 as is_close,
        cast(null as varchar) as event_type,
        cast(null as varchar) as scene,
        nullif(trim(kf.content), '') as body,
        kf.occurred_at
    from {{ ref('stg_wechat__kf_records') }} as kf
    -- The records of the service conversation may lack the appid; an openid never repeats across apps.
    left join (
        select
            openid,
            min(record_id) as record_id
        from {{ ref('int_wechat__mp_users') }}
        group by openid
    ) as users on kf.openid = users.openid
    union all
    select
        'wecom_kf_messages' as object,
        messages.msgid as native_id,
        messages.open_kfid || '|' || coalesce(messages.external_userid, messages.msgid) as conversation_key,
        contacts.record_id,
        'wecom_service_chat' as touchpoint,
        case
            when messages.msg_type = 'event' or messages.origin = 4 then null
            when messages.origin = 3 then true
            else false
        end as is_inbound,
        coalesce(messages.event_type = 'session_status_change' and messages.change_type = 3, false) as is_close,
        case
            when messages.event_type = 'enter_session' then 'chat_entered'
            when messages.event_type = 'session_status_change' and messages.change_type = 3 then 'chat_closed'
            when messages.event_type = 'session_status_change' then 'chat_handed_over'
            when messages.msg_type = 'event' or messages.origin = 4 then 'chat_event'
        end as event_type,
        messages.scene,
        nullif(trim(messages.content), '') as body,
        messages.occurred_at
    from {{ ref('stg_wechat__wecom_kf_messages') }} as messages
    left join {{ ref('int_wechat__wecom_contacts') }} as contacts on messages.external_userid = contacts.external_userid
),

steps as (
    select
        *,
        lag(occurred_at) over (
            partition by object, conversation_key order by occurred_at, is_close, native_id
        ) as previous_at,
        lag(is_close) over (
            partition by object, conversation_key order by occurred_at, is_close, native_id
        ) as previous_is_close
    from service_events
),

numbered as (
    select
        *,
        sum(case when previous_is_close or occurred_at > previous_at + interval '24' hour then 1 else 0 end) over (
            partition by object, conversation_key
            order by occurred_at, is_close, native_id
            rows between unbounded preceding and current row
        ) as conversation_no
    from steps
)

select
    object,
    native_id,
    record_id,
    touchpoint,
    is_inbound,
    is_close,
    event_type,
    scene,
    body,
    occurred_at,
    -- Named after its first entry, so that the id holds while the conversation grows.
    'wechat:' || object || ':' || first_value(native_id) over (
        partition by object, conversation_key, conversation_no
        order by occurred_at, is_close, native_id
        rows between unbounded preceding and unbounded following
    ) as ticket_id
from numbered
