with users as (
    select
        record_id,
        case when not is_user_id_email then customer_user_id end as customer_no,
        case when is_user_id_email then customer_user_id end as email,
        appsflyer_id,
        idfa,
        idfv,
        advertising_id,
        android_id,
        oaid,
        min(occurred_at) as created_at,
        max(occurred_at) as updated_at
    from {{ ref('int_appsflyer__events') }}
    where record_id is not null
    group by all
)
{{ identifier_rows('users', [
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'customer_no'},
    {'kind': 'email', 'column': 'email'},
    device_entry('anonymous_id', 'appsflyer', 'appsflyer_id'),
    device_entry('device_id', 'advertising', 'idfa'),
    device_entry('device_id', 'advertising', 'advertising_id'),
    device_entry('device_id', 'vendor', 'idfv'),
    device_entry('device_id', 'android', 'android_id'),
    device_entry('device_id', 'oaid', 'oaid')
]) }}
