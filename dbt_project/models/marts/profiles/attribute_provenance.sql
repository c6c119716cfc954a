select
    profile_id,
    attribute,
    record_id,
    source,
    rule,
    n_candidates,
    n_agreeing
from {{ ref('int_survivorship_winners') }}
