{#
    Conversations of every chat system in one shape. A model `int_<source>__conversations` has one row per conversation:

    conversation_id ('<source>:<native id>'), interaction_key ('<source>:<object>:<native id>'), record_id, anonymous_id,
    touchpoint, opening_type, is_outbound, ticket_id (the support desk's, where it holds the same conversation), subject,
    department, has_bot, is_handed_over, started_at, first_request_at (first message of the customer), handover_at,
    first_human_reply_at (after it), ended_at, is_missed, customer_messages, human_messages, bot_messages, reopens, is_closed

    Bot containment: a bot took part, nobody was asked to take over and no person answered.
#}
{% macro conversation_interactions(relation) -%}
select
    interaction_key as interaction_id,
    record_id,
    {{ interaction_columns({
        'anonymous_id': 'anonymous_id',
        'touchpoint': 'touchpoint',
        'direction': "case when is_outbound then 'outbound' else 'inbound' end",
        'interaction_type': 'opening_type',
        'occurred_at': 'started_at',
        'properties': json_object({'conversation_id': 'conversation_id', 'ticket_id': 'ticket_id', 'has_bot': 'has_bot', 'department': 'department'})
    }) }}
from {{ relation }}
union all
select
    interaction_key || ':handover' as interaction_id,
    record_id,
    {{ interaction_columns({
        'anonymous_id': 'anonymous_id',
        'touchpoint': 'touchpoint',
        'direction': "'outbound'",
        'interaction_type': "'bot_handover'",
        'occurred_at': 'handover_at',
        'properties': json_object({
            'conversation_id': 'conversation_id',
            'ticket_id': 'ticket_id',
            'department': 'department',
            'handover_seconds': seconds_between('first_request_at', 'first_human_reply_at')
        })
    }) }}
from {{ relation }}
where
    has_bot
    and is_handed_over
    and handover_at is not null
union all
select
    interaction_key || ':ended' as interaction_id,
    record_id,
    {{ interaction_columns({
        'anonymous_id': 'anonymous_id',
        'touchpoint': 'touchpoint',
        'interaction_type': "'chat_ended'",
        'occurred_at': 'ended_at',
        'properties': json_object({
            'conversation_id': 'conversation_id',
            'ticket_id': 'ticket_id',
            'duration_seconds': seconds_between('started_at', 'ended_at'),
            'has_bot': 'has_bot',
            'is_bot_contained': 'has_bot and not is_handed_over and human_messages = 0 and first_human_reply_at is null',
            'is_missed': 'is_missed',
            'first_reply_seconds': seconds_between('first_request_at', 'first_human_reply_at'),
            'customer_messages': 'customer_messages',
            'human_messages': 'human_messages',
            'bot_messages': 'bot_messages'
        })
    }) }}
from {{ relation }}
where
    ended_at is not null
    and opening_type = 'chat_started'
{%- endmacro %}

{#
    Conversations in which a customer asked something as tickets, but those that the support desk delivered as a ticket
    of its own.
#}
{% macro conversation_tickets(relation) -%}
select
    conversation_id as ticket_id,
    record_id,
    touchpoint,
    subject,
    cast(null as varchar) as ticket_type,
    cast(null as varchar) as priority,
    case when is_closed then 'closed' else 'open' end as status,
    started_at as created_at,
    case when is_closed then ended_at end as solved_at,
    cast(floor({{ seconds_between('first_request_at', 'first_human_reply_at') }} / 60) as bigint) as first_reply_minutes,
    cast(floor(case when is_closed then {{ seconds_between('started_at', 'ended_at') }} end / 60) as bigint) as resolution_minutes,
    coalesce(cast(reopens as bigint), 0) as reopens,
    cast(human_messages as bigint) as replies,
    false as is_deleted
from {{ relation }}
where
    ticket_id is null
    and first_request_at is not null
{%- endmacro %}

{# Whole seconds from one timestamp to a later one. #}
{% macro seconds_between(earlier, later) -%} date_diff('second', {{ earlier }}, {{ later }}) {%- endmacro %}

{# Text of an HTML fragment: tags out, the five entities of XML and the blank back. #}
{% macro html_text(column) -%} {{ unescaped("regexp_replace(" ~ column ~ ", '<[^>]*>', ' ', 'g')") }} {%- endmacro %}

{# Character references of HTML back to characters; the ampersand last, so that `&amp;lt;` stays `&lt;`. #}
{% macro unescaped(text) -%}
    trim(replace(replace(replace(replace(replace(replace({{ text }}, '&nbsp;', ' '), '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#39;', chr(39)), '&amp;', '&'))
{%- endmacro %}
