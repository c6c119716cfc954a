{{ reviewer_records('yotpo', 'reviewers', ref('int_yotpo__reviewers')) }}
