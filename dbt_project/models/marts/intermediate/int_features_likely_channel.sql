-- One row per live profile: the channel to expect it on, also where it never did anything by itself.
with own as (
    select
        profile.profile_id,
        profile.country,
        profile.region,
        activity.preferred_channel
    from {{ ref('customer_profile') }} as profile
    left join {{ ref('int_features_activity') }} as activity on profile.profile_id = activity.profile_id
),

of_region as (
    select
        country,
        region,
        mode(preferred_channel order by preferred_channel) as channel
    from own
    where preferred_channel is not null and region is not null and country is not null
    group by country, region
    having count(*) >= 20
),

of_everybody as (
    select mode(preferred_channel order by preferred_channel) as channel
    from own
    where preferred_channel is not null
)

select
    own.profile_id,
    coalesce(own.preferred_channel, of_region.channel, of_everybody.channel) as likely_channel,
    case
        when own.preferred_channel is not null then 'own'
        when of_region.channel is not null then 'region'
        when of_everybody.channel is not null then 'everybody'
        else 'unknown'
    end as likely_channel_basis
from own
cross join of_everybody
left join of_region on own.country = of_region.country and own.region = of_region.region
