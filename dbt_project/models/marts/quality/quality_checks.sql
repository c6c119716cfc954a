{{ config(alias='checks') }}
-- The invariants that a reader may rely on, counted over this very build; each count of failures should be 0. An `error`
-- fails the build, a `gate` holds back the publishing with a line of its own, a `warn` is for people to look at.
with checks as (
    select
        'files_reconcile' as check_name,
        'Files whose delivered rows are not those in raw, in quarantine or erased' as description,
        count(*) as failures
    from {{ ref('quality_ingest') }}
    where not is_reconciled

    union all

    select
        'record_in_one_profile',
        'Records that are members of more than one profile',
        count(*)
    from (select record_id from {{ ref('profile_members') }} group by record_id having count(*) > 1) as shared

    union all

    select
        'live_record_has_profile',
        'Records that are not deleted and are in no profile',
        count(*)
    from {{ ref('customer_records') }} as records
    left join {{ ref('stg_identity__profile_members') }} as members on records.record_id = members.record_id
    where members.record_id is null and not coalesce(records.is_deleted, false)

    union all

    select
        'profile_has_features',
        'Profiles without exactly one row of features',
        count(*)
    from (
        select golden.profile_id
        from {{ ref('golden_record') }} as golden
        left join {{ ref('profile_features') }} as features on golden.profile_id = features.profile_id
        group by golden.profile_id
        having count(features.profile_id) <> 1
    ) as uneven

    union all

    select
        'alias_resolves_in_one_hop',
        'Aliases that point to another alias',
        count(*)
    from {{ ref('profile_aliases') }} as aliases
    inner join {{ ref('profile_aliases') }} as further on aliases.profile_id = further.alias_profile_id

    union all

    select
        'attribution_equals_revenue',
        'Attribution models whose credits differ from the revenue by a cent or more',
        count(*)
    from (
        select
            model,
            sum(revenue_amount) as credited
        from {{ ref('attribution') }}
        group by model
    ) as models
    cross join (select coalesce(sum(net_amount), 0) as revenue from {{ ref('int_orders_profiled') }}) as total
    where models.credited <> total.revenue

    union all

    select
        'membership_open_equals_current',
        'Segment members without an open interval, or the other way round',
        count(*)
    from (
        select profile_id, segment
        from {{ ref('seg_membership') }}
        where exited_at is null
    ) as open_intervals
    full join {{ ref('seg_current') }} as members
        on open_intervals.profile_id = members.profile_id and open_intervals.segment = members.segment
    where open_intervals.profile_id is null or members.profile_id is null

    union all

    select
        'segment_sizes_within_bounds',
        'Segments beyond a bound that holds back the publishing (segments.summary says which)',
        count(*)
    from {{ ref('seg_summary') }} as sizes
    inner join {{ ref('seg_definition') }} as definitions on sizes.segment = definitions.segment
    where sizes.breach is not null and definitions.on_breach = 'block'

    union all

    select
        'segment_sizes_as_expected',
        'Segments beyond a bound that their owner should look at (segments.summary says which)',
        count(*)
    from {{ ref('seg_summary') }} as sizes
    inner join {{ ref('seg_definition') }} as definitions on sizes.segment = definitions.segment
    where sizes.breach is not null and definitions.on_breach = 'warn'

    union all

    select
        'matching_model_fits',
        'Measures on which records and links are far from those that the matching model was trained on (quality.model_drift says which)',
        count(*)
    from {{ ref('quality_model_drift') }}
    where verdict = 'retrain'

    union all

    select
        'timeline_before_as_of_end',
        'Interactions in the timeline after the as-of day',
        count(*)
    from {{ ref('pii_timeline') }}
    where occurred_at >= {{ as_of_end() }}
)

select
    check_name,
    description,
    {{ as_of_date() }} as as_of,
    failures,
    failures = 0 as is_passed,
    case check_name
        when 'segment_sizes_within_bounds' then 'gate'
        when 'segment_sizes_as_expected' then 'warn'
        when 'matching_model_fits' then 'warn'
        else 'error'
    end as severity
from checks

union all

-- Input that a declared rule deals with.
select
    check_name,
    description,
    {{ as_of_date() }},
    failures,
    failures = 0,
    'warn'
from {{ ref('int_input_checks') }}
