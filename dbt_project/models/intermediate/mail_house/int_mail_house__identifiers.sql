{{ identifier_rows(ref('int_mail_house__recipients'), [
    {'kind': 'customer_no', 'namespace': "'company'", 'column': 'customer_id'}
]) }}
