-- One row per live profile: on which channel and when to write next. A channel must be allowed for marketing and
-- reachable; silence is no permission. Of these the one with the highest response rate wins: own responses, drawn
-- towards everybody's with the weight of ten messages, so that one click of one mail is no habit.
with stated as (
    select
        profile_id,
        channel,
        state
    from {{ ref('profile_consent') }}
    where purpose = 'marketing'
),

granted as (
    select
        profile_id,
        channel
    from stated
    where channel <> '' and state = 'granted'
    union
    -- A yes to every channel (channel '') is one to each that the person did not refuse, as far as a contact can tell
    -- that it reaches the person.
    select
        stated.profile_id,
        reaching.channel
    from stated
    cross join (values ('email'), ('sms'), ('phone'), ('postal_mail'), ('social')) as reaching (channel)
    left join stated as own on stated.profile_id = own.profile_id and reaching.channel = own.channel
    where
        stated.channel = ''
        and stated.state = 'granted'
        and own.profile_id is null
),

allowed as (
    select
        profile.profile_id,
        granted.channel
    from {{ ref('customer_profile') }} as profile
    inner join granted on profile.profile_id = granted.profile_id
    left join {{ ref('int_features_messaging') }} as messaging on profile.profile_id = messaging.profile_id
    where
        case granted.channel
            when 'email' then profile.has_email and not coalesce(messaging.has_bounced_12m, false)
            when 'sms' then profile.has_phone
            when 'phone' then profile.has_phone
            when 'postal_mail' then profile.has_address
            when 'social' then profile.has_wechat or profile.has_facebook
            else true
        end
),

-- one response in twenty where nobody was ever written to on a channel
everybody as (
    select
        channel,
        (sum(n_responded) + 1.0) / (sum(n_sent) + 20.0) as response_rate
    from {{ ref('int_message_responses') }}
    group by channel
),

channels as (
    select
        allowed.profile_id,
        allowed.channel,
        coalesce(responses.n_sent, 0) > 0 as is_own,
        (coalesce(responses.n_responded, 0) + 10 * coalesce(everybody.response_rate, 0.05))
        / (coalesce(responses.n_sent, 0) + 10) as score
    from allowed
    left join {{ ref('int_message_responses') }} as responses on allowed.profile_id = responses.profile_id and allowed.channel = responses.channel
    left join everybody on allowed.channel = everybody.channel
    qualify row_number() over (partition by allowed.profile_id order by round(score, 9) desc, allowed.channel) = 1
),

habits as (
    select
        zones.profile_id,
        zones.time_zone,
        clock.online_hour_local,
        clock.online_weekday_local,
        coalesce(clock.online_acts, 0) as online_acts
    from {{ ref('int_profile_time_zones') }} as zones
    left join {{ ref('int_features_local_time') }} as clock on zones.profile_id = clock.profile_id
),

of_zone as (
    select
        time_zone,
        mode(online_hour_local order by online_hour_local) as hour_local,
        mode(online_weekday_local order by online_weekday_local) as weekday_local
    from habits
    where online_acts >= 3
    group by time_zone
    having count(*) >= 20
),

of_everybody as (
    select
        mode(online_hour_local order by online_hour_local) as hour_local,
        mode(online_weekday_local order by online_weekday_local) as weekday_local
    from habits
    where online_acts >= 3
)

select
    habits.profile_id,
    case when objections.profile_id is null then channels.channel end as next_best_channel,
    case when objections.profile_id is null then channels.score end as next_best_channel_score,
    case
        when objections.profile_id is not null then 'opted_out'
        when channels.channel is null then 'not_allowed'
        when channels.is_own then 'own'
        else 'everybody'
    end as next_best_channel_basis,
    case
        when objections.profile_id is not null then null
        when habits.online_acts >= 3 then habits.online_hour_local
        else coalesce(of_zone.hour_local, of_everybody.hour_local)
    end as next_best_hour_local,
    case
        when objections.profile_id is not null then null
        when habits.online_acts >= 3 then habits.online_weekday_local
        else coalesce(of_zone.weekday_local, of_everybody.weekday_local)
    end as next_best_weekday_local,
    case
        when objections.profile_id is not null then 'opted_out'
        when habits.online_acts >= 3 then 'own'
        when of_zone.hour_local is not null then 'time_zone'
        when of_everybody.hour_local is not null then 'everybody'
        else 'unknown'
    end as next_best_time_basis
from habits
cross join of_everybody
left join channels on habits.profile_id = channels.profile_id
left join of_zone on habits.time_zone = of_zone.time_zone
left join {{ ref('int_profiling_objections') }} as objections on habits.profile_id = objections.profile_id
