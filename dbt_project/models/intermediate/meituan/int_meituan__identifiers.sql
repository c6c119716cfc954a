{{ identifier_rows(ref('int_meituan__people'), [
    {'kind': 'external_id', 'namespace': "'meituan'", 'column': 'open_uid'},
    {'kind': 'loyalty_id', 'namespace': "'meituan'", 'column': 'member_no'},
    {'kind': 'phone', 'column': 'confirmed_phone'}
]) }}
