-- One row per member that any version of a group chat held: later versions leave out who has gone.
with members as (
    select
        groups.chat_id,
        groups.name,
        groups._dt,
        trim({{ json_text('member.item', '$.userid') }}) as userid,
        {{ json_text('member.item', '$.type') }} as member_type,
        nullif(trim({{ json_text('member.item', '$.unionid') }}), '') as unionid,
        {{ epoch_to_timestamp(json_text('member.item', '$.join_time')) }} as joined_at,
        {{ json_text('member.item', '$.join_scene') }} as join_scene
    from {{ source('wechat', 'wecom_groups') }} as groups
    {{ unnest_json('groups.members', 'member') }}
    where {{ delivered() }}
)

select
    chat_id,
    userid,
    coalesce(joined_at, cast(min(_dt) as timestamp)) as joined_at,
    max(name) as group_name,
    -- 1 is staff, 2 an external contact.
    max(member_type) = '2' as is_external,
    max(unionid) as unionid,
    max(join_scene) as join_scene,
    max(_dt) as delivered_date
from members
where userid is not null
group by chat_id, userid, joined_at
