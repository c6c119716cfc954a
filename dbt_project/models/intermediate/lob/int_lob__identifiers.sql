{{ identifier_rows(ref('int_lob__recipients'), [
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'customer_id'},
    {'kind': 'email', 'column': 'recipient_email'},
    {'kind': 'phone', 'column': 'recipient_phone'}
]) }}
