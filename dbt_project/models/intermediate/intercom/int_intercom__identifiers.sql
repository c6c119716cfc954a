{{ identifier_rows(ref('int_intercom__contacts'), [
    {'kind': 'email', 'column': 'email', 'reason': "'unverified'"},
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'external_id'},
    {'kind': 'external_id', 'namespace': "'intercom'", 'column': 'contact_id'}
]) }}
