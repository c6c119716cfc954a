{{ identifier_rows(ref('int_judgeme__reviewers'), [
    {'kind': 'email', 'column': 'email', 'trusted': 'not is_imported', 'reason': "case when is_imported then 'weak_source' end"},
    {'kind': 'phone', 'column': 'phone', 'trusted': 'not is_imported', 'reason': "case when is_imported then 'weak_source' end"},
    {'kind': 'external_id', 'namespace': "'shopify'", 'column': 'shop_customer_id'}
]) }}
