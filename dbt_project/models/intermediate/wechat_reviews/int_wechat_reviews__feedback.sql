select *
from {{ ref('int_reviews_told_once') }}
where source = 'wechat_reviews'
