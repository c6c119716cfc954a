select
    record_id,
    'aws_connect' as source,
    'customers' as object,
    native_id,
    {{ record_columns({'full_name': 'full_name', 'created_at': 'created_at', 'updated_at': 'updated_at'}) }}
from {{ ref('int_aws_connect__customers') }}
