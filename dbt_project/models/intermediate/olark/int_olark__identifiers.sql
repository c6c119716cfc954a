{{ identifier_rows(ref('int_olark__contacts'), [
    {'kind': 'email', 'column': 'email', 'reason': "'unverified'"},
    {'kind': 'phone', 'column': 'phone', 'reason': "'unverified'"},
    {'kind': 'anonymous_id', 'namespace': "'olark'", 'column': 'visitor_id', 'trusted': 'false', 'reason': "'device'"}
]) }}
