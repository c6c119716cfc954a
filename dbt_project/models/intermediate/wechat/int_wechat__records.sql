select
    record_id,
    'wechat' as source,
    'mini_users' as object,
    native_id,
    {{ record_columns({'created_at': 'created_at', 'updated_at': 'updated_at'}) }}
from {{ ref('int_wechat__mini_users') }}
union all
select
    record_id,
    'wechat' as source,
    'mp_users' as object,
    native_id,
    {{ record_columns({
        'full_name': 'full_name',
        'gender': "case sex when '1' then 'male' when '2' then 'female' end",
        'locality': 'locality',
        'region': 'region',
        'country': 'country',
        'language': 'language',
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_wechat__mp_users') }}
union all
select
    record_id,
    'wechat' as source,
    'wecom_contacts' as object,
    external_userid as native_id,
    {{ record_columns({
        'full_name': 'full_name',
        'organisation': 'corp_name',
        'gender': "case gender when '1' then 'male' when '2' then 'female' end",
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_wechat__wecom_contacts') }}
union all
select
    record_id,
    'wechat' as source,
    'wecom_callees' as object,
    native_id,
    {{ record_columns({
        'created_at': 'min(called_at)', 'updated_at': 'max(called_at)', 'delivered_date': 'max(delivered_date)'
    }) }}
from {{ ref('int_wechat__wecom_callees') }}
where record_id is not null
group by record_id, native_id
