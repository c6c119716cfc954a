{{ config(materialized='table') }}
-- What visitors typed about themselves: the pre-chat form of a chat, and forms or changed e-mails of a messaging
-- conversation (the place of the form fields is from memory). Staff who test the chat are marked.
with form_fields as (
    select
        events.chat_id,
        events.occurred_at,
        events.delivered_date,
        {{ json_text('field.item', '$.name') }} as field_name,
        coalesce(
            {{ json_text('field.item', '$.email') }},
            {{ json_text('field.item', '$.text') }},
            {{ json_text('field.item', '$.value') }}
        ) as field_value
    from (
        select
            *,
            coalesce(
                {{ json_text('original_message', '$.content.fields') }},
                {{ json_text('original_message', '$.content.form.fields') }}
            ) as fields
        from {{ ref('stg_zendesk_chat__messaging_events') }}
    ) as events
    {{ unnest_json('events.fields', 'field') }}
),

typed as (
    select
        chat_id,
        'chats' as object,
        visitor_id,
        visitor_email as email,
        visitor_phone as phone,
        visitor_name as name,
        country_code as country,
        started_at as occurred_at,
        delivered_date
    from {{ ref('stg_zendesk_chat__chats') }}
    union all
    select
        forms.chat_id,
        'messaging_events' as object,
        max(chats.visitor_id) as visitor_id,
        {{ latest_value("case when forms.field_name like '%requester.email' then nullif(trim(forms.field_value), '') end", ['forms.occurred_at']) }} as email,
        cast(null as varchar) as phone,
        {{ latest_value("case when forms.field_name like '%requester.name' then nullif(trim(forms.field_value), '') end", ['forms.occurred_at']) }} as name,
        cast(null as varchar) as country,
        min(forms.occurred_at) as occurred_at,
        max(forms.delivered_date) as delivered_date
    from (
        select * from form_fields
        union all
        select
            chat_id,
            occurred_at,
            delivered_date,
            'requester.email' as field_name,
            body as field_value
        from {{ ref('stg_zendesk_chat__messaging_events') }}
        where
            event_type = 'ChatEmailChanged'
            and body like '%@%'
        union all
        select
            chat_id,
            occurred_at,
            delivered_date,
            'requester.name' as field_name,
            body as field_value
        from {{ ref('stg_zendesk_chat__messaging_events') }}
        where event_type = 'ChatNameChanged'
    ) as forms
    left join {{ ref('stg_zendesk_chat__messaging_chats') }} as chats on forms.chat_id = chats.chat_id
    group by forms.chat_id
),

keyed as (
    select
        *,
        case
            when email is not null then 'email:' || lower(email)
            when phone is not null then 'phone:' || {{ digits_of('phone') }}
        end as contact_key
    from typed
)

select
    chat_id,
    object,
    visitor_id,
    email,
    phone,
    {{ clean_name('name') }} as name,
    country,
    occurred_at,
    delivered_date,
    contact_key,
    {{ keyed_hash(['contact_key']) }} as native_id,
    'zendesk_chat:visitors:' || {{ keyed_hash(['contact_key']) }} as record_id,
    coalesce({{ is_own_mailbox('email') }}, false)
    or lower(coalesce(email, '')) in (
        select lower(email)
        from {{ ref('stg_zendesk__users') }}
        where
            role <> 'end-user'
            and email is not null
    ) as is_staff
from keyed
where contact_key is not null
