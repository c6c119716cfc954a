{#
    What counts as a sale where people and orders are counted. Money adds up over all orders and lines: what went back
    lowers it.

    is_sale(orders)   of completed and refunded orders (the columns net_amount and refunded_amount): not those of a negative
                      amount, a return or correction that is booked as an order of its own. Who got back all of what was
                      paid, or more, had bought all the same. `analytics/_experiments_sql.py` counts alike.
    is_sold(lines)    of their lines (quantity and net_amount): not a piece that went back; one of no quantity counts
#}
{% macro is_sale(orders) -%}
(coalesce({{ orders }}.net_amount, 0) >= 0 or coalesce({{ orders }}.refunded_amount, 0) > 0)
{%- endmacro %}

{% macro is_sold(lines) -%}
(coalesce({{ lines }}.quantity, 0) >= 0 and coalesce({{ lines }}.net_amount, 0) >= 0)
{%- endmacro %}
