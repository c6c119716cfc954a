with answered as (
    select *
    from {{ ref('int_facebook__lead_mentions') }}
    where record_id is not null
)
{{ identifier_rows('answered', [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'email', 'column': 'work_email'},
    {'kind': 'phone', 'column': 'phone'},
    {'kind': 'phone', 'column': 'work_phone', 'trusted': 'false', 'reason': "'weak_source'"}
]) }}
union all
{{ identifier_rows(ref('int_facebook__psids'), [
    {'kind': 'facebook_psid', 'namespace': 'page_id', 'column': 'psid'}
]) }}
