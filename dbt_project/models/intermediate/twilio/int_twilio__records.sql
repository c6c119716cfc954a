select
    record_id,
    'twilio' as source,
    'numbers' as object,
    native_id,
    {{ record_columns({'full_name': 'full_name', 'created_at': 'created_at', 'updated_at': 'updated_at'}) }}
from {{ ref('int_twilio__numbers') }}
