{# Which interaction types count as what: the one place to extend when a source brings a new word. #}
{% macro is_page_view(column) -%}
{{ column }} in ('page_viewed', 'screen_viewed')
{%- endmacro %}

{% macro is_product_view(column) -%}
{{ column }} = 'product_viewed'
{%- endmacro %}

{% macro is_cart_addition(column) -%}
{{ column }} = 'product_added'
{%- endmacro %}

{% macro is_checkout(column) -%}
{{ column }} in ('checkout_started', 'cart_abandoned')
{%- endmacro %}

{# What a person did. Sources also call inbound what mail programs and servers report back by themselves. #}
{% macro is_own_act(direction, interaction_type) -%}
({{ direction }} = 'inbound' and {{ interaction_type }} not in (
    'email_opened', 'email_bounced', 'email_dropped', 'survey_bounced', 'mail_returned', 'event_missed',
    'meeting_missed', 'loyalty_points_changed', 'ad_converted')
    and {{ interaction_type }} not like '%_by_machine')
{%- endmacro %}

{# An act that shows the way to a later order. The order itself, its repetitions and good-byes are none. #}
{% macro is_campaign_visit(direction, interaction_type) -%}
(
    {{ is_own_act(direction, interaction_type) }}
    and {{ interaction_type }} not in ('purchase', 'refund', 'payment_received', 'unfollow')
    and {{ interaction_type }} not like 'order%'
    and {{ interaction_type }} not like '%unsubscribed%'
    and {{ interaction_type }} not like '%spam'
)
{%- endmacro %}

{# Both sides take part, whoever began it. #}
{% macro is_conversation(interaction_type) -%}
{{ interaction_type }} in ('call', 'meeting', 'sales_activity')
{%- endmacro %}

{# A sale, told by the system that made it or by a tracker that watched. #}
{% macro is_purchase(column) -%}
{{ column }} in ('purchase', 'order_completed')
{%- endmacro %}
