{#
    Numbers of customers and orders in an ERP: ten digits with leading zeros, which some exports strip. Only bare
    digits are padded, anything else is compared as it stands.
#}
{% macro erp_number(column) -%}
    case
        when {{ regexp_like("trim(" ~ column ~ ")", "^[0-9]{1,9}$") }} then lpad(trim({{ column }}), 10, '0')
        else trim({{ column }})
    end
{%- endmacro %}

{# Does a sheet's cell only say that the line is a total? #}
{% macro is_total_label(column) -%}
    coalesce({{ regexp_like("lower(trim(" ~ column ~ "))", "^(合计|总计|小计|total|grand total|sum)[:：]?$") }}, false)
{%- endmacro %}

{# Yes and no as forms write them; NULL for anything else, which is no answer. #}
{% macro yes_or_no(column) -%}
    case
        when lower(trim({{ column }})) in ('y', 'yes', 'true', '1', 'x', '是', '同意', '已签到') then true
        when lower(trim({{ column }})) in ('n', 'no', 'false', '0', '否', '不同意', '未签到') then false
    end
{%- endmacro %}

{# Mailboxes of departments, which several people read. #}
{% macro is_role_mailbox(column) -%}
    coalesce({{ regexp_like("lower(trim(" ~ column ~ "))", "^(invoices?|ap|ar|accounts?|accounting|billing|buchhaltung|finance|caiwu|einkauf|purchasing|office|info)[-_.+]?[a-z0-9]*@") }}, false)
{%- endmacro %}

{# Aggregate: the distinct texts of a group, in alphabetical order, joined by ` | `. #}
{% macro joined_texts(column) -%} string_agg(distinct {{ column }}, ' | ' order by {{ column }}) {%- endmacro %}

{# Does a name carry a legal form or the words that firms are called by? #}
{% macro is_company_name(column) -%}
    coalesce(
        {{ regexp_like("lower(" ~ column ~ ")", "(公司|集团|工厂|事务所|合作社|(^|[ ,])(inc|llc|ltd|limited|corp|gmbh|ag|kg|plc|co|company|sarl|bv|trading|works)[.]?($|[ ,]))") }}, false
    )
{%- endmacro %}

{# A postcode as its country writes it: US codes that a spreadsheet robbed of zeros get them back, +4 is left out. #}
{% macro postal_code(postcode, country) -%}
    case
        when
            upper(trim({{ country }})) in ('US', 'USA', 'UNITED STATES', 'UNITED STATES OF AMERICA')
            and {{ regexp_like("trim(" ~ postcode ~ ")", "^[0-9]{3,5}(-[0-9]{4})?$") }}
            then lpad({{ regexp_group("trim(" ~ postcode ~ ")", "^([0-9]+)", 1) }}, 5, '0')
        else nullif(trim({{ postcode }}), '')
    end
{%- endmacro %}

{# Is a piece addressed to a household or whoever lives there? #}
{% macro is_household_name(column) -%}
    coalesce({{ regexp_like("lower(" ~ column ~ ")", "(current resident|current occupant|household|^the .* family$|^our neighbou?r|住户|业主)") }}, false)
{%- endmacro %}

{# The costs part of a postal source from `relation` (campaign_id, cost_date, mail_class, sent) and postal_rates. #}
{% macro postal_costs(source, relation) -%}
select
    '{{ source }}:' || coalesce(pieces.campaign_id, '') || ':' || cast(pieces.cost_date as varchar) || ':' || pieces.mail_class as cost_id,
    '{{ source }}' as source,
    'direct_mail' as touchpoint,
    pieces.campaign_id,
    pieces.campaign_id as campaign_name,
    pieces.cost_date,
    cast(pieces.sent * rates.amount as decimal(18, 4)) as amount,
    rates.currency,
    pieces.sent as impressions,
    cast(null as bigint) as clicks
from {{ relation }} as pieces
inner join (
    select
        *,
        lead(valid_from) over (partition by source, mail_class order by valid_from) as valid_to
    from {{ ref('postal_rates') }}
) as rates
    on
        rates.source = '{{ source }}'
        and pieces.mail_class = rates.mail_class
        and pieces.cost_date >= rates.valid_from
        and (rates.valid_to is null or pieces.cost_date < rates.valid_to)
{%- endmacro %}
