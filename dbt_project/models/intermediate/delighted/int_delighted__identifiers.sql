{{ identifier_rows(ref('int_delighted__people'), [
    {'kind': 'email', 'column': 'email'},
    {'kind': 'phone', 'column': 'phone'}
]) }}
