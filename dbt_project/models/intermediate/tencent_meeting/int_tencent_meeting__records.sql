select
    record_id,
    'tencent_meeting' as source,
    'participants' as object,
    native_id,
    {{ record_columns({'full_name': 'full_name', 'created_at': 'created_at', 'updated_at': 'updated_at'}) }}
from {{ ref('int_tencent_meeting__people') }}
union all
select
    record_id,
    'tencent_meeting' as source,
    'registrations' as object,
    native_id,
    {{ record_columns({
        'full_name': latest_value('name', ['registered_at', 'name']),
        'organisation': latest_value('organisation', ['registered_at', 'organisation']),
        'created_at': 'min(registered_at)',
        'updated_at': 'max(registered_at)',
        'delivered_date': 'max(delivered_date)'
    }) }}
from {{ ref('int_tencent_meeting__registrants') }}
group by record_id, native_id
