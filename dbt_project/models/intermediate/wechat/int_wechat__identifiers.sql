with callees as (
    select
        record_id,
        phone,
        min(called_at) as created_at,
        max(called_at) as updated_at
    from {{ ref('int_wechat__wecom_callees') }}
    group by record_id, phone
)
{{ identifier_rows(ref('int_wechat__mini_users'), [
    {'kind': 'wechat_openid', 'namespace': 'appid', 'column': 'openid'},
    {'kind': 'wechat_unionid', 'column': 'unionid'},
    {'kind': 'phone', 'column': 'phone'}
]) }}
union all
{{ identifier_rows(ref('int_wechat__mp_users'), [
    {'kind': 'wechat_openid', 'namespace': 'appid', 'column': 'openid'},
    {'kind': 'wechat_unionid', 'column': 'unionid'}
]) }}
union all
{{ identifier_rows(ref('int_wechat__wecom_contacts'), [
    {'kind': 'external_id', 'namespace': "'wecom'", 'column': 'external_userid'},
    {'kind': 'wechat_unionid', 'column': 'unionid'}
]) }}
union all
{{ identifier_rows(ref('int_wechat__wecom_phones'), [
    {'kind': 'phone', 'column': 'phone', 'reason': "'typed_by_staff'"}
]) }}
union all
{{ identifier_rows('callees', [
    {'kind': 'phone', 'column': 'phone', 'reason': "'typed_by_staff'"}
]) }}
