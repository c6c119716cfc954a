{{ identifier_rows(ref('int_weibo__people'), [
    {'kind': 'weibo_uid', 'namespace': "'weibo'", 'column': 'user_id'},
    {'kind': 'external_id', 'namespace': "'weibo_domain'", 'column': 'domain'}
]) }}
