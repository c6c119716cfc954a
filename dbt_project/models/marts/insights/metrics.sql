-- Generated from dbt_project/metrics/*.yml by `python -m cdp_pipeline.metrics`: edit those.
select
    metric,
    title,
    description,
    owner,
    kind,
    formula,
    model,
    dimensions,
    unit,
    direction
from (values
    ('average_order_value', 'Average order value', 'Mean paid less refunds of a sale, reporting currency.', 'e-commerce', 'mean', 'mean(net_amount) where is_purchase', 'int_sales_history', 'channel, touchpoint, segment', 'currency', 'up'),
    ('bot_containment', 'Bot containment', 'Share of ended live chats with a bot that nobody was asked to take over.', 'customer-service', 'share', 'share of (is_contained)', 'int_bot_conversations', 'channel, touchpoint, segment', 'percent', 'up'),
    ('ces', 'Customer effort', 'Share of CES answers in the upper quarter of their scale, which means easy.', 'customer-insights', 'share', 'share of (is_favourable) where score_kind = ''ces''', 'int_feedback_profiled', 'channel, touchpoint, segment', 'percent', 'up'),
    ('conversion_rate', 'Conversion', 'Share of visits followed by a sale to the same person within 7 days. A visit is the first act of a known person at a touchpoint in a calendar month; visits of the last 7 days are left out.', 'e-commerce', 'share', 'share of (is_converted) where is_mature', 'int_touchpoint_visits', 'channel, touchpoint, segment', 'percent', 'up'),
    ('cost_per_acquisition', 'Cost per acquisition', 'Cost of the paid advertising touchpoints by new customer whose first sale the last touch credits to them.', 'marketing', 'ratio', 'sum(cost_amount) / sum(new_customers) where channel in (''online_ads'', ''postal_mail'', ''event'', ''email'')', 'int_touchpoint_economics', 'channel, touchpoint', 'currency', 'down'),
    ('csat', 'Customer satisfaction', 'Share of CSAT answers in the upper quarter of their scale.', 'customer-insights', 'share', 'share of (is_satisfied) where score_kind = ''csat''', 'int_feedback_profiled', 'channel, touchpoint, segment', 'percent', 'up'),
    ('first_reply_breach_rate', 'Late first replies', 'Share of tickets whose first reply took, or takes, longer than the target in business hours.', 'customer-service', 'share', 'share of (is_first_reply_late_business)', 'int_tickets_timed', 'channel, touchpoint, segment', 'percent', 'down'),
    ('first_reply_minutes', 'Time to first reply', 'Median minutes within the team''s business hours to the first reply of a person.', 'customer-service', 'median', 'median(first_reply_business_minutes)', 'int_tickets_timed', 'channel, touchpoint, segment', 'minutes', 'down'),
    ('new_customers', 'New customers', 'Known people with their first sale.', 'e-commerce', 'sum', 'sum(case when is_repeat then 0 else 1 end) where is_purchase and profile_id is not null', 'int_sales_history', 'channel, touchpoint, segment', 'count', 'up'),
    ('nps', 'Net promoter score', 'Share of promoters (9-10) less share of detractors (0-6), in points.', 'customer-insights', 'mean', 'mean(case nps_group when ''promoter'' then 1 when ''detractor'' then -1 else 0 end) where nps_group is not null', 'int_feedback_profiled', 'channel, touchpoint, segment', 'points', 'up'),
    ('reopen_rate', 'Reopened tickets', 'Share of solved tickets that were reopened at least once.', 'customer-service', 'share', 'share of (coalesce(reopens, 0) > 0) where closed_at is not null', 'int_tickets_timed', 'channel, touchpoint, segment', 'percent', 'down'),
    ('repeat_rate', 'Repeat purchases', 'Share of the sales to known customers that are not the customer''s first.', 'e-commerce', 'share', 'share of (is_repeat) where is_purchase and profile_id is not null', 'int_sales_history', 'channel, touchpoint, segment', 'percent', 'up'),
    ('resolution_minutes', 'Time to resolution', 'Median minutes within the team''s business hours to the last solution.', 'customer-service', 'median', 'median(resolution_business_minutes)', 'int_tickets_timed', 'channel, touchpoint, segment', 'minutes', 'down'),
    ('resolution_rate', 'Resolution rate', 'Share of the tickets opened in the period that were solved by the as-of.', 'customer-service', 'share', 'share of (closed_at is not null)', 'int_tickets_timed', 'channel, touchpoint, segment', 'percent', 'up'),
    ('return_on_ad_spend', 'Return on ad spend', 'Revenue that the last touch credits to the paid advertising touchpoints by their cost.', 'marketing', 'ratio', 'sum(revenue_amount) / sum(cost_amount) where channel in (''online_ads'', ''postal_mail'', ''event'', ''email'')', 'int_touchpoint_economics', 'channel, touchpoint', 'ratio', 'up'),
    ('revenue', 'Revenue', 'Paid less refunds of all sales, reporting currency.', 'e-commerce', 'sum', 'sum(net_amount)', 'int_sales_history', 'channel, touchpoint, segment', 'currency', 'up'),
    ('review_score', 'Good reviews', 'Share of reviews in the upper quarter of their scale, of five stars four and five.', 'customer-insights', 'share', 'share of (is_favourable) where score_kind = ''review''', 'int_feedback_profiled', 'channel, touchpoint, segment', 'percent', 'up'),
    ('touchpoint_cost', 'Cost', 'What the touchpoint cost, reporting currency.', 'marketing', 'sum', 'sum(cost_amount)', 'int_touchpoint_economics', 'channel, touchpoint', 'currency', 'down')
) as declared (metric, title, description, owner, kind, formula, model, dimensions, unit, direction)
