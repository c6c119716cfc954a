{{ config(materialized='table') }}
-- Which record stands behind each member id. A contact keeps its contact id when its e-mail address, and with it the
-- member id, changes. Mailings also name members that no delivery of `members` holds: an audience export or the
-- mailing's own address is then the record.
with members as (
    select
        list_id,
        member_id,
        'mailchimp:members:' || {{ keyed_hash(['list_id', 'coalesce(contact_id, member_id)']) }} as record_id
    from {{ ref('stg_mailchimp__members') }}
),

mentions as (
    select list_id, member_id, email from {{ ref('stg_mailchimp__email_activity') }}
    union
    select list_id, member_id, email from {{ ref('stg_mailchimp__unsubscribes') }}
    union
    select list_id, member_id, cast(null as varchar) as email from {{ ref('stg_mailchimp__campaign_recipients') }}
),

strangers as (
    select
        coalesce(mentions.list_id, '') as list_id,
        mentions.member_id,
        max(mentions.email) as email,
        min(members.record_id) as member_record_id,
        min(audience.member_id) as audience_member_id
    from mentions
    left join members
        on
            mentions.member_id = members.member_id
            and (mentions.list_id = members.list_id or mentions.list_id is null)
    left join {{ ref('stg_mailchimp__audience') }} as audience on mentions.member_id = audience.member_id
    group by coalesce(mentions.list_id, ''), mentions.member_id
)

select
    list_id,
    member_id,
    record_id,
    cast(null as varchar) as mentioned_email
from members
union all
select
    list_id,
    member_id,
    case
        when member_record_id is not null then member_record_id
        when audience_member_id is not null then 'mailchimp:audience:' || {{ keyed_hash(['audience_member_id']) }}
        when email is not null then 'mailchimp:members:' || {{ keyed_hash(['list_id', 'member_id']) }}
    end as record_id,
    case when member_record_id is null and audience_member_id is null then email end as mentioned_email
from strangers
where not exists (
    select 1
    from members
    where
        members.list_id = strangers.list_id
        and members.member_id = strangers.member_id
)
