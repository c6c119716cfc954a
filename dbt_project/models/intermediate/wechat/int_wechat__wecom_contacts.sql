-- The single call delivers follow_user (one entry per member of staff), the batch call follow_info (one entry).
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
)

select
    contacts.external_userid,
    contacts.unionid,
    contacts.corp_name,
    contacts.gender,
    contacts.contact_type,
    coalesce(follows.remark_name, {{ clean_name('contacts.name') }}) as full_name,
    follows.channel_code,
    coalesce(follows.added_at, cast(contacts.delivered_date as timestamp)) as created_at,
    cast(contacts.delivered_date as timestamp) as updated_at,
    contacts.delivered_date,
    'wechat:wecom_contacts:' || contacts.external_userid as record_id
from {{ ref('stg_wechat__wecom_contacts') }} as contacts
left join follows on contacts.external_userid = follows.external_userid
