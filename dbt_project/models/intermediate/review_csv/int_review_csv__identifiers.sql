-- A file of reviews may have been imported from anywhere: its addresses are evidence, no proof.
{{ identifier_rows(ref('int_review_csv__reviewers'), [
    {'kind': 'email', 'column': 'email', 'reason': "'unverified'"}
]) }}
