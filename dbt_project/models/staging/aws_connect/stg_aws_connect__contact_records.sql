with versions as (
    {{ latest_by_key(source('aws_connect', 'contact_records'), ['contact_id'], updated_at='updated_at') }}
)

select
    contact_id,
    coalesce(initial_contact_id, contact_id) as root_contact_id,
    upper(channel) as channel,
    upper(initiation_method) as initiation_method,
    case
        when coalesce(upper(customer_address_type), 'TELEPHONE_NUMBER') = 'TELEPHONE_NUMBER'
            then {{ clean_text('customer_address') }}
    end as customer_number,
    {{ clean_text('system_address') }} as system_number,
    {{ known_user_id('customer_no') }} as customer_no,
    {{ clean_text('email') }} as email,
    {{ clean_name('customer_name') }} as customer_name,
    initiated_at,
    disconnected_at,
    updated_at,
    queue_name,
    enqueued_at,
    queue_seconds,
    agent_name,
    agent_connected_at,
    talk_seconds,
    hold_seconds,
    after_work_seconds,
    disconnect_reason,
    _dt as delivered_date
from versions
