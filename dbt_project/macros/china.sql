{#
    What Chinese sources have in common. Contract of each macro:

    replace_pattern(text, pattern, replacement)  every match replaced; no group references in the replacement
    number_list(text)        JSON array of the numbers in a field that holds several, split by , ; / 、 or a blank
    plain_mobile(text)       a mainland mobile in E.164 where the text is nothing but its 11 digits (blanks, dashes, +86
                             and 86 aside); NULL for masked numbers, rented numbers with an extension (199…_1234),
                             numbers that a spreadsheet wrote as 1.37E+10, land lines
    plain_number(text)       the same for any number in full: mobile, or the text itself when it has 7 to 15 digits
    real_name(text)          clean_name without masked names (张**) and the fillers that platforms write for guests
    strip_salutation(text)   a receiver's name without （先生） or (女士)
    salutation_gender(text)  male for 先生, female for 女士 and 小姐
    area_name(text)          clean_text without numeric area codes
    platform_name(platform, order_id)  tmall, jd, douyin, amazon, pinduoduo or other
    platform_touchpoint(platform, what)  tmall_order … for the four big ones, marketplace_order for the rest
    brand_accounts()         the accounts of the variable weibo_brand_ids as a SQL list
    weibo_text(text)         a post without markup: emoticons as [笑], links by their text, no 回复@name: in front
#}

{% macro replace_pattern(text, pattern, replacement) -%} regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g') {%- endmacro %}

{% macro number_list(text) -%}
    case
        -- The digits of one number at most: blanks group them.
        when length({{ digits_of(text) }}) <= 15 and not {{ regexp_like(text, '[,;/，；、|]') }}
            then '["' || {{ replace_pattern(text, '["\\\\ ]', '') }} || '"]'
        else '["' || {{ replace_pattern("trim(" ~ replace_pattern(text, '["\\\\]', '') ~ ")", '[,;/，；、| ]+', '","') }} || '"]'
    end
{%- endmacro %}

{% macro plain_mobile(text) -%}
    '+86' || {{ regexp_group(replace_pattern(text, '[ -]', ''), '^([+]?86)?(1[3-9][0-9]{9})$', 2) }}
{%- endmacro %}

{% macro plain_number(text) -%}
    coalesce(
        {{ plain_mobile(text) }},
        case
            when {{ regexp_like(text, '[*_a-zA-Z#]') }} then null
            when length({{ digits_of(text) }}) between 7 and 15 then trim({{ text }})
        end
    )
{%- endmacro %}

{% macro real_name(text) -%}
    case
        when {{ text }} like '%*%' or {{ text }} like '%＊%' then null
        when {{ regexp_like("trim(" ~ text ~ ")", "^(美团客人|美团用户|点评用户|顾客|客人|匿名|匿名买家|匿名用户|用户|收货人|京东用户|抖音用户|淘宝用户)[0-9]*$") }} then null
        else {{ clean_name(text) }}
    end
{%- endmacro %}

{% macro strip_salutation(text) -%}
    trim({{ replace_pattern(text, ' *[(（](先生|女士|小姐)[)）] *$', '') }})
{%- endmacro %}

{% macro salutation_gender(text) -%}
    case
        when {{ regexp_like(text, '[(（]先生[)）] *$') }} then 'male'
        when {{ regexp_like(text, '[(（](女士|小姐)[)）] *$') }} then 'female'
    end
{%- endmacro %}

{% macro weibo_text(text) -%}
    nullif(trim({{ replace_pattern(
        replace_pattern(
            replace_pattern(
                replace_pattern(text, '<img[^>]* alt="\\[', '['),
                '\\]"[^<>]*>', ']'
            ),
            '<[^>]*>', ''
        ),
        '^ *回复 *@[^:：]{1,60}[:：] *', ''
    ) }}), '')
{%- endmacro %}

{% macro brand_accounts() -%}
    ({% for id in var('weibo_brand_ids') %}'{{ id }}'{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{% macro area_name(text) -%}
    case when not {{ regexp_like("trim(" ~ text ~ ")", "^[0-9]+$") }} then {{ clean_text(text) }} end
{%- endmacro %}

{% macro platform_name(platform, order_id) -%}
    case
        when lower({{ platform }}) in ('tmall', 'taobao', '天猫', '淘宝') then 'tmall'
        when lower({{ platform }}) in ('jd', 'jingdong', '京东') then 'jd'
        when lower({{ platform }}) in ('douyin', '抖音') then 'douyin'
        when lower({{ platform }}) in ('amazon', '亚马逊') then 'amazon'
        when lower({{ platform }}) in ('pinduoduo', 'pdd', '拼多多') then 'pinduoduo'
        when {{ regexp_like(order_id, '^[0-9]{3}-[0-9]{7}-[0-9]{7}$') }} then 'amazon'
        else 'other'
    end
{%- endmacro %}

{% macro platform_touchpoint(platform, what) -%}
    case when {{ platform }} in ('tmall', 'jd', 'douyin', 'amazon') then {{ platform }} || '_{{ what }}' else 'marketplace_{{ what }}' end
{%- endmacro %}
