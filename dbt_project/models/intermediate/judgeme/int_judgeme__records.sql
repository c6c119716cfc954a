{{ reviewer_records('judgeme', 'reviewers', ref('int_judgeme__reviewers')) }}
