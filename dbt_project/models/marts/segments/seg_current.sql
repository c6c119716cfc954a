{{ config(alias='current') }}
select
    evaluations.profile_id,
    member_of.name as segment
from {{ ref('int_segment_evaluations') }} as evaluations
{{ names_in('evaluations.segments', 'member_of') }}
where evaluations.segments <> ''
