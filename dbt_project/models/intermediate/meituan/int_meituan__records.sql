-- A receiver is often a surname alone ("王(女士)"), which is no full name.
select
    record_id,
    'meituan' as source,
    'buyers' as object,
    native_id,
    {{ record_columns({
        'full_name': "case when length(full_name) > 1 then full_name end",
        'family_name': "case when length(full_name) = 1 then full_name end",
        'gender': 'gender',
        'street': 'street',
        'country': "'CN'",
        'created_at': 'created_at',
        'updated_at': 'updated_at'
    }) }}
from {{ ref('int_meituan__people') }}
