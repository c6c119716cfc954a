{{ identifier_rows(ref('int_square_pos__customers'), [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'phone', 'column': 'phone'},
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'reference_id'}
]) }}
union all
{{ identifier_rows(ref('int_square_pos__loyalty_accounts'), [
    {'kind': 'phone', 'column': 'phone'},
    {'kind': 'loyalty_id', 'namespace': "'square_pos'", 'column': 'loyalty_id'}
]) }}
