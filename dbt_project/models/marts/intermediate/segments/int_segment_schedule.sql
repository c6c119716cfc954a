-- One row per declared segment: what the published snapshot held of it, and whether it has to be evaluated now. A weekly
-- segment is due at the first run of a week (weeks begin on Monday), at every run that repeats the day it was evaluated
-- on, and at once when its definition is new.
select
    definitions.segment,
    definitions.definition_version,
    definitions.refresh,
    past.definition_version as previous_version,
    past.members as previous_members,
    past.definition_version is distinct from definitions.definition_version as is_changed,
    coalesce(
        definitions.refresh = 'daily'
        or past.definition_version is distinct from definitions.definition_version
        or past.evaluated_at >= {{ as_of_date() }}
        or {{ week_of('past.evaluated_at') }} < {{ week_of(as_of_date()) }},
        true
    ) as is_due,
    past.evaluated_at as previously_evaluated_at
from {{ ref('seg_definition') }} as definitions
left join {{ ref('stg_history__segment_versions') }} as past
    on definitions.segment = past.segment and past.valid_to is null
