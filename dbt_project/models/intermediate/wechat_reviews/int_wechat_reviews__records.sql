{{ reviewer_records('wechat_reviews', 'users', ref('int_wechat_reviews__reviewers')) }}
