"""Statements of `experiments`: who was exposed to what, what they bought, and its sums by arm and day."""

from __future__ import annotations

EXPOSED = """
CREATE OR REPLACE TEMP TABLE exposed AS
WITH named AS (
    SELECT i.interaction_id, i.experiment_id, i.variant, i.campaign_id, i.occurred_at,
      coalesce(m.profile_id, l.profile_id, 'record:' || i.record_id, 'visitor:' || i.anonymous_id) AS person_id
    FROM (FROM interactions WHERE experiment_id IS NOT NULL AND variant IS NOT NULL AND occurred_at < $end) i
    LEFT JOIN profile_members m ON i.record_id = m.record_id
    LEFT JOIN anonymous_links l ON m.profile_id IS NULL AND i.anonymous_id = l.anonymous_id
      AND i.occurred_at >= l.valid_from AND (l.valid_to IS NULL OR i.occurred_at < l.valid_to)
    WHERE i.record_id IS NOT NULL OR i.anonymous_id IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY i.interaction_id ORDER BY l.valid_from DESC, l.profile_id) = 1
    UNION ALL
    SELECT NULL, 'export:' || x.destination || '/' || x.segment, x.variant, NULL, CAST(x.as_of + 1 AS TIMESTAMP),
      if(a.alias_profile_id IS NULL, x.profile_id, a.profile_id)
    FROM audience_arms x LEFT JOIN profile_aliases a ON x.profile_id = a.alias_profile_id
    WHERE x.as_of + 1 < $end AND (a.alias_profile_id IS NULL OR a.profile_id IS NOT NULL)
)
SELECT n.experiment_id, n.person_id, min(n.variant) AS variant, count(DISTINCT n.variant) > 1 AS is_excluded,
  min(n.campaign_id) AS campaign_id, min(n.occurred_at) AS exposed_at,
  coalesce(any_value(p.window_days), $window) AS window_days, coalesce(any_value(p.pre_days), $pre) AS pre_days
FROM named n LEFT JOIN plan p USING (experiment_id)
GROUP BY n.experiment_id, n.person_id
"""

# What was declared at the assignments of each export, and how many people were assigned by it. `drawn` holds the shares
# of those variants alone that somebody was drawn into: all that older rows tell.
EXPORT_SHARES = """
WITH each AS (
    SELECT 'export:' || destination || '/' || segment AS experiment_id, as_of, holdout_share, planned_shares, variant,
      count(*) AS people, avg(planned_share) AS share
    FROM audience_arms WHERE as_of + 1 < $end GROUP BY ALL
)
SELECT experiment_id, holdout_share, planned_shares, map_from_entries(list((variant, share) ORDER BY variant)) AS drawn,
  sum(people) AS people
FROM each GROUP BY experiment_id, as_of, holdout_share, planned_shares
ORDER BY experiment_id, as_of, holdout_share, planned_shares::VARCHAR
"""

# As `is_sale` of the marts: an order of a negative amount is money that went back. It lowers the revenue, no purchase.
BOUGHT = """
CREATE OR REPLACE TEMP TABLE bought AS
SELECT o.order_id,
  coalesce(m.profile_id, l.profile_id, 'record:' || o.record_id, 'visitor:' || o.anonymous_id) AS person_id,
  o.ordered_at, CAST(coalesce(o.net_amount_reporting, 0) AS DECIMAL(18, 2)) AS amount,
  o.status = 'refunded' OR coalesce(o.net_amount_reporting, 0) >= 0 AS is_purchase
FROM (FROM orders WHERE status IN ('completed', 'refunded') AND ordered_at < $end) o
LEFT JOIN profile_members m ON o.record_id = m.record_id
LEFT JOIN anonymous_links l ON m.profile_id IS NULL AND o.anonymous_id = l.anonymous_id
  AND o.ordered_at >= l.valid_from AND (l.valid_to IS NULL OR o.ordered_at < l.valid_to)
WHERE o.record_id IS NOT NULL OR o.anonymous_id IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY o.order_id ORDER BY l.valid_from DESC, l.profile_id) = 1
"""

OUTCOME = """
CREATE OR REPLACE TEMP TABLE outcome AS
SELECT e.experiment_id, e.variant, e.person_id,
  CAST(e.exposed_at + to_days(e.window_days) AS DATE) AS day,
  count(b.order_id) FILTER (WHERE b.ordered_at >= e.exposed_at AND b.is_purchase) AS orders,
  coalesce(sum(b.amount) FILTER (WHERE b.ordered_at >= e.exposed_at), 0) AS revenue,
  coalesce(sum(b.amount) FILTER (WHERE b.ordered_at < e.exposed_at), 0) AS before
FROM exposed e
LEFT JOIN bought b ON e.person_id = b.person_id
  AND b.ordered_at >= e.exposed_at - to_days(e.pre_days) AND b.ordered_at < e.exposed_at + to_days(e.window_days)
WHERE NOT e.is_excluded AND e.exposed_at + to_days(e.window_days) <= $end
GROUP BY e.experiment_id, e.variant, e.person_id, e.exposed_at, e.window_days
"""

ARMS = """
SELECT e.experiment_id, e.variant, any_value(x.excluded_people) AS excluded_people,
  mode(e.campaign_id ORDER BY e.campaign_id) AS campaign_id, count(*) AS exposed_people, count(o.person_id) AS people,
  count(*) FILTER (WHERE o.orders > 0) AS converted_people, coalesce(sum(o.orders), 0)::BIGINT AS orders,
  coalesce(sum(o.revenue), 0) AS revenue_amount, min(e.exposed_at) AS first_exposed_at,
  max(e.exposed_at) AS last_exposed_at
FROM exposed e
JOIN (
  SELECT experiment_id, count(*) FILTER (WHERE is_excluded) AS excluded_people FROM exposed GROUP BY experiment_id
) x USING (experiment_id)
LEFT JOIN outcome o ON e.experiment_id = o.experiment_id AND e.person_id = o.person_id
WHERE NOT e.is_excluded
GROUP BY e.experiment_id, e.variant
ORDER BY ALL
"""

DAYS = """
SELECT experiment_id, variant, day, count(*) AS people, count(*) FILTER (WHERE orders > 0) AS converted,
  sum(orders) AS orders, sum(orders * orders) AS orders2, sum(revenue::DOUBLE) AS revenue,
  sum(revenue::DOUBLE * revenue::DOUBLE) AS revenue2, sum(revenue::DOUBLE * orders) AS revenue_orders,
  sum(before::DOUBLE) AS before, sum(before::DOUBLE * before::DOUBLE) AS before2,
  coalesce(sum(before::DOUBLE) FILTER (WHERE orders > 0), 0) AS converted_before,
  sum(revenue::DOUBLE * before::DOUBLE) AS revenue_before
FROM outcome
GROUP BY experiment_id, variant, day
ORDER BY ALL
"""
