{{ reviewer_records('review_csv', 'reviewers', ref('int_review_csv__reviewers')) }}
