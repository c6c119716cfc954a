{#
    Expressions of the web, e-mail and ad sources.

    clean_campaign(column)         a campaign's name, source or medium; NULL for the words trackers write for "none"
    known_device_id(column)        an advertising or vendor id; NULL where the device refused it (zeros, masked)
    is_robot(user_agent)           true when the browser calls itself a robot
    web_touchpoint(type, is_app)   touchpoint of a web or app event by its interaction type
    device_entry(kind, namespace, column)  entry for identifier_rows of an id that belongs to a device, not to a person
    month_and_day(column)          '04/09' as '0000-04-09', the partial birth date that identity reads; other text as it is
    list_to_json(column, mark)     'a;b' as a JSON array of the trimmed parts, for unnest_json; NULL when empty
    e164(column)                   a phone as E.164 where its form tells the country: +… or ten US digits; eleven that begin
                                   with 1 may be Chinese or American: NULL
    ga4_entries(column)            the list of key and value structs of GA4's event_params, parsed once
    ga4_param(entries, key)        text of one parameter, whichever of its value slots is filled
#}

{% macro clean_campaign(column) -%}
    case
        when lower(trim({{ column }})) in ('', '(not set)', '(none)', '(direct)', '(referral)', '(organic)', 'na', 'null', 'undefined')
            then null
        else trim({{ column }})
    end
{%- endmacro %}

{% macro known_device_id(column) -%}
    case
        when {{ column }} like '%*%' then null
        when translate(lower(trim({{ column }})), '0-x{}', '') = '' then null
        else {{ known_user_id(column) }}
    end
{%- endmacro %}

{% macro is_robot(user_agent) -%}
    coalesce({{ regexp_like('lower(' ~ user_agent ~ ')', '(bot|crawler|spider|headless)[^a-z]|(bot|crawler|spider)$') }}, false)
{%- endmacro %}

{% macro web_touchpoint(type, is_app) -%}
    case
        when {{ is_app }} and {{ type }} = 'login' then 'app_account'
        when {{ is_app }} and {{ type }} like 'order%' then 'app_shop_order'
        when {{ is_app }} then 'app_browsing'
        when {{ type }} in ('login', 'signed_in', 'signed_up', 'logged_in', 'logged_out') then 'web_account'
        when {{ type }} like 'experiment%' then 'web_experiment'
        when {{ type }} like '%search%' then 'web_search'
        when {{ type }} like 'order%' then 'web_shop_order'
        when {{ type }} like 'checkout%' or {{ type }} like 'coupon%' or {{ type }} like 'payment%' then 'web_checkout'
        when {{ type }} like '%cart%' or {{ type }} in ('product_added', 'product_removed') then 'web_cart'
        when {{ type }} like 'product%' then 'web_product_page'
        else 'web_browsing'
    end
{%- endmacro %}

{% macro ga4_entries(column) -%}
    from_json({{ column }}, '[{"key":"VARCHAR","value":{"string_value":"VARCHAR","int_value":"VARCHAR","float_value":"VARCHAR","double_value":"VARCHAR"}}]')
{%- endmacro %}

{% macro ga4_param(entries, key) -%}
    list_transform(
        list_filter({{ entries }}, lambda p : p.key = '{{ key }}'),
        lambda p : coalesce(p.value.string_value, p.value.int_value, p.value.float_value, p.value.double_value)
    )[1]
{%- endmacro %}

{% macro device_entry(kind, namespace, column) -%}
    {{ return({'kind': kind, 'namespace': "'" ~ namespace ~ "'", 'column': column, 'trusted': 'false', 'reason': "'device'"}) }}
{%- endmacro %}

{% macro month_and_day(column) -%}
    case
        when {{ regexp_like('trim(' ~ column ~ ')', '^[0-9]{2}/[0-9]{2}$') }}
            then '0000-' || substr(trim({{ column }}), 1, 2) || '-' || substr(trim({{ column }}), 4, 2)
        else trim({{ column }})
    end
{%- endmacro %}

{% macro list_to_json(column, mark) -%}
    case
        when trim({{ column }}) <> ''
            then '["' || replace(translate({{ column }}, '"\\ ', ''), '{{ mark }}', '","') || '"]'
    end
{%- endmacro %}

{% macro e164(column) -%}
    case
        when trim({{ column }}) like '+%' then '+' || {{ digits_of(column) }}
        when {{ regexp_like(digits_of(column), '^[2-9][0-9]{9}$') }} then '+1' || {{ digits_of(column) }}
    end
{%- endmacro %}
