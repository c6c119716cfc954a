-- Profiles whose product views are told again: other views in 30 days, other sales, or another category of what they saw.
-- depends_on: {{ ref('int_products_changed') }} {{ ref('int_interactions_profiled') }}
select profile_id
from {{ ref('int_interaction_windows_changed') }}
where days in (0, 30)

union

select profile_id
from {{ ref('int_order_windows_changed') }}
where days = 0
{% if by_change() %}
union

select views.profile_id
from {{ ref('int_interactions_profiled') }} as views
where
    views.profile_id is not null
    and {{ is_product_view('views.interaction_type') }}
    and views.product_id in (select products.product_id from {{ ref('int_products_changed') }} as products where products.is_changed)
{% endif %}
