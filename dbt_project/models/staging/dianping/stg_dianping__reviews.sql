-- An export without the review's id is told apart by store, nickname, time and text.
with versions as (
    {{ latest_by_key(source('dianping', 'reviews'), [
        'store_name', 'coalesce(review_id, concat_ws(\'|\', nickname, cast(reviewed_at as varchar), content))'
    ]) }}
)

select
    coalesce(
        review_id,
        {{ keyed_hash(['store_name', "coalesce(nickname, '')", 'cast(reviewed_at as varchar)', "coalesce(content, '')"]) }}
    ) as review_id,
    store_id,
    store_name,
    -- Stars from 0.5 to 5 and points from 5 to 50 are both in use: half stars and points alike become points.
    cast(case when score > 5 then score else score * 10 end as bigint) as score,
    spend_yuan as spend_amount,
    nullif(trim(content), '') as content,
    reviewed_at,
    nullif(trim(reply), '') as reply,
    replied_at,
    _dt as delivered_date
from versions
