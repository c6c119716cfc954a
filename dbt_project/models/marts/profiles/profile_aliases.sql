select
    alias_profile_id,
    profile_id
from {{ ref('stg_identity__profile_aliases') }}
