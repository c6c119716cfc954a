-- The id stays for life; a handle is unique at one time only and can change hands.
{{ identifier_rows(ref('int_x_twitter__people'), [
    {'kind': 'x_user_id', 'namespace': "'x'", 'column': 'user_id'},
    {'kind': 'external_id', 'namespace': "'x_handle'", 'column': 'username', 'trusted': 'false', 'reason': "'weak_source'"}
]) }}
