{{ config(alias='edges') }}
select
    members.profile_id,
    edges.record_id_l,
    edges.record_id_r,
    edges.match_weight,
    edges.match_probability,
    edges.kind,
    edges.rule,
    edges.model_version
from {{ ref('stg_identity__edges') }} as edges
inner join {{ ref('profile_members') }} as members on edges.record_id_l = members.record_id
