{#
    Addresses of telephone systems and mailboxes, and which of them are nobody's.

    public_number(column)     telephone number as delivered, with its plus where a copy lost it; NULL for agents
                              (`client:`, `sip:`), withheld numbers, internal extensions and short codes
    first_answer(column)      text of an answer that is a JSON list of one, or stands there without its list
    is_own_mailbox(column)    true for an address of the company's own domains (variable `own_email_domains`)
#}
{% macro public_number(column) -%}
    case
        when {{ column }} is null then null
        -- Words and their spelling on a keypad: anonymous, restricted, blocked, unknown, unavailable, private.
        when {{ digits_of(column) }} in ('266696687', '7378742833', '2562533', '8656696', '86282452253', '7748283') then null
        when {{ regexp_like("lower(trim(" ~ column ~ "))", "^(client:|sip:)") }} then null
        when {{ regexp_like(column, "[*]") }} then null
        -- A plus-less copy of eleven and more digits holds the country code; fewer may be a national number, which
        -- the source's region completes.
        when {{ regexp_like("regexp_replace(trim(" ~ column ~ "), '[.]0+$', '')", "^[1-9][0-9]{10,14}$") }}
            then '+' || regexp_replace(trim({{ column }}), '[.]0+$', '')
        when length({{ digits_of(column) }}) between 7 and 15
            then regexp_replace(trim({{ column }}), '^[a-z]+:', '')
    end
{%- endmacro %}

{% macro is_own_mailbox(column) -%}
    (
        {%- for domain in var('own_email_domains', []) %}
        lower(trim({{ column }})) like '%@{{ domain | lower }}' or
        {%- endfor %}
        false
    )
{%- endmacro %}

{% macro first_answer(column) -%}
    coalesce(
        {{ json_text(column, '$[0]') }},
        case when {{ column }} not like '[%' then {{ json_text(column, '$') }} end
    )
{%- endmacro %}
