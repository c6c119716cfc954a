select
    coalesce(channel, 'unknown') as channel,
    cast(date_trunc('month', created_at) as date) as month,
    count(*) as tickets,
    count(*) filter (where is_solved) as tickets_solved,
    count(*) filter (where not is_solved) as tickets_open,
    count(distinct profile_id) as profiles,
    round(median(first_reply_minutes), 1) as median_first_reply_minutes,
    round(avg(first_reply_minutes), 1) as average_first_reply_minutes,
    round(median(resolution_minutes), 1) as median_resolution_minutes,
    round(count(*) filter (where reopens > 0) / cast(count(*) as double), 6) as reopened_share,
    round(count(*) filter (where replies = 1 and is_solved) / nullif(cast(count(*) filter (where is_solved) as double), 0), 6)
        as one_touch_share
from {{ ref('int_tickets_profiled') }}
group by all
