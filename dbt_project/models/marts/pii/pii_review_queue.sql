{{ config(alias='review_queue') }}
select
    queue.record_id_l,
    queue.record_id_r,
    left_members.profile_id as profile_id_l,
    right_members.profile_id as profile_id_r,
    queue.match_weight,
    queue.match_probability,
    queue.reason,
    queue.worth,
    row_number() over (order by queue.worth desc, queue.record_id_l, queue.record_id_r) as place
from {{ ref('stg_identity__review_queue') }} as queue
left join {{ ref('profile_members') }} as left_members on queue.record_id_l = left_members.record_id
left join {{ ref('profile_members') }} as right_members on queue.record_id_r = right_members.record_id
