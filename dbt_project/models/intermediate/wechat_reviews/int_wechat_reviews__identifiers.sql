-- Without its appid an openid says nothing.
with known as (
    select *
    from {{ ref('int_wechat_reviews__reviewers') }}
    where appid is not null
)
{{ identifier_rows('known', [
    {'kind': 'wechat_openid', 'namespace': 'appid', 'column': 'openid'}
]) }}
