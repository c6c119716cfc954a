{{ config(materialized='table') }}
-- The single call delivers follow_user (one entry per member of staff), the batch call follow_info (one entry). Members of
-- group chats and customers who wrote to the service are contacts too, whether or not a member of staff holds them.
with entries as (
    select
        contacts.external_userid,
        follow.item
    from {{ ref('stg_wechat__wecom_contacts') }} as contacts
    {{ unnest_json('contacts.follow_user', 'follow') }}
    union all
    select
        external_userid,
        follow_info as item
    from {{ ref('stg_wechat__wecom_contacts') }}
    where follow_info is not null
),

follows as (
    select
        external_userid,
        min({{ name_in_remark(json_text('item', '$.remark')) }}) as remark_name,
        min({{ epoch_to_timestamp(json_text('item', '$.createtime')) }}) as added_at,
        min({{ json_text('item', '$.state') }}) as channel_code
    from entries
    group by external_userid
),

mentions as (
    select
        userid as external_userid,
        unionid,
        joined_at as seen_at,
        delivered_date
    from {{ ref('stg_wechat__wecom_groups') }}
    where is_external
    union all
    select
        external_userid,
        cast(null as varchar) as unionid,
        occurred_at as seen_at,
        delivered_date
    from {{ ref('stg_wechat__wecom_kf_messages') }}
    where external_userid is not null
),

mentioned as (
    select
        external_userid,
        max(unionid) as unionid,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at,
        max(delivered_date) as delivered_date
    from mentions
    group by external_userid
)

select
    contacts.external_userid,
    coalesce(contacts.unionid, mentioned.unionid) as unionid,
    contacts.corp_name,
    contacts.gender,
    contacts.contact_type,
    coalesce(follows.remark_name, {{ clean_name('contacts.name') }}) as full_name,
    follows.channel_code,
    coalesce(follows.added_at, mentioned.first_seen_at, cast(contacts.delivered_date as timestamp)) as created_at,
    cast(contacts.delivered_date as timestamp) as updated_at,
    contacts.delivered_date,
    true as is_contact,
    'wechat:wecom_contacts:' || contacts.external_userid as record_id
from {{ ref('stg_wechat__wecom_contacts') }} as contacts
left join follows on contacts.external_userid = follows.external_userid
left join mentioned on contacts.external_userid = mentioned.external_userid
union all
select
    mentioned.external_userid,
    mentioned.unionid,
    cast(null as varchar) as corp_name,
    cast(null as varchar) as gender,
    cast(null as bigint) as contact_type,
    cast(null as varchar) as full_name,
    cast(null as varchar) as channel_code,
    mentioned.first_seen_at as created_at,
    mentioned.last_seen_at as updated_at,
    mentioned.delivered_date,
    false as is_contact,
    'wechat:wecom_contacts:' || mentioned.external_userid as record_id
from mentioned
left join {{ ref('stg_wechat__wecom_contacts') }} as contacts on mentioned.external_userid = contacts.external_userid
where contacts.external_userid is null
