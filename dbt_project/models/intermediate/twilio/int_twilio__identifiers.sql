{{ identifier_rows(ref('int_twilio__numbers'), [
    {'kind': 'phone', 'column': 'customer_number'}
]) }}
