-- Following an official account is the permission to be messaged there.
select
    record_id,
    'social' as channel,
    case when is_subscribed then 'granted' else 'denied' end as state,
    case when is_subscribed then created_at else updated_at end as occurred_at,
    'wechat' as source
from {{ ref('int_wechat__mp_users') }}
union all
-- Answers to "may we send you this message?" in a mini program; where one pop-up asks for several templates, one
-- acceptance grants. An account's answers are about single notices and leave the permission of the follow alone.
select
    mini.record_id,
    'mini_program' as channel,
    case when max(case when answers.answer = 'accept' then 1 else 0 end) = 1 then 'granted' else 'denied' end as state,
    answers.occurred_at,
    'wechat' as source
from {{ ref('int_wechat__subscriptions') }} as answers
inner join {{ ref('int_wechat__mini_users') }} as mini
    on
        answers.appid = mini.appid
        and answers.openid = mini.openid
where answers.answer in ('accept', 'reject')
group by mini.record_id, answers.occurred_at
