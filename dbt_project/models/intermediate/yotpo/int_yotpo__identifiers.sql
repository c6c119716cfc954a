{{ identifier_rows(ref('int_yotpo__reviewers'), [
    {'kind': 'email', 'column': 'email'}
]) }}
