-- One row per profile with an order line: the strongest of each kind.
select
    profile_id,
    max(item) filter (where kind = 'category' and rank = 1) as affinity_category,
    max(share) filter (where kind = 'category' and rank = 1) as affinity_category_share,
    max(item) filter (where kind = 'category' and rank = 2) as second_affinity_category,
    max(item) filter (where kind = 'brand' and rank = 1) as affinity_brand,
    max(share) filter (where kind = 'brand' and rank = 1) as affinity_brand_share,
    max(item) filter (where kind = 'department' and rank = 1) as affinity_department,
    max(item) filter (where kind = 'product' and rank = 1) as affinity_product_id
from {{ ref('int_affinity') }}
where rank <= 2
group by profile_id
