-- One row per message of a webhook entry; deliveries and read receipts are none.
with entries as (
    select *
    from {{ source('facebook', 'message_webhooks') }}
    where {{ delivered() }}
),

messages as (
    select
        {{ json_text('message.item', '$.message.mid') }} as message_id,
        entries.page_id,
        coalesce(
            {{ epoch_to_timestamp("floor(try_cast(" ~ json_text('message.item', '$.timestamp') ~ " as bigint) / 1000)") }},
            entries.sent_at
        ) as occurred_at,
        coalesce(lower({{ json_text('message.item', '$.message.is_echo') }}) = 'true', false) as is_echo,
        {{ json_text('message.item', '$.sender.id') }} as sender_id,
        {{ json_text('message.item', '$.recipient.id') }} as recipient_id,
        {{ json_text('message.item', '$.message.text') }} as content,
        {{ json_text('message.item', '$.referral.ad_id') }} as ad_id,
        entries._dt as delivered_date,
        entries._file as file,
        entries._line as line
    from entries
    {{ unnest_json('entries.messaging', 'message') }}
)

select
    message_id,
    page_id,
    occurred_at,
    is_echo,
    sender_id,
    recipient_id,
    content,
    ad_id,
    delivered_date
from (
    select
        *,
        row_number() over (partition by message_id order by delivered_date, file, line) as delivery_no
    from messages
    where
        message_id is not null
        and occurred_at is not null
) as numbered
where delivery_no = 1
