-- Generated from dbt_project/metrics/*.yml by `python -m cdp_pipeline.metrics`: edit those.
{% set query %}
    select
        date_trunc('quarter', ordered_at) as quarter,
        {{ row_hash([
            "'int_sales_history'",
            "coalesce(channel, 'unknown')",
            "coalesce(touchpoint, 'unknown')",
            "cast(net_amount as double)",
            "(is_purchase)",
            "case when is_repeat then 0 else 1 end",
            "(is_purchase and profile_id is not null)",
            "cast(is_repeat as integer)",
            "net_amount",
            "date_trunc('month', ordered_at) + interval 1 month <= " ~ as_of_end(),
            "date_trunc('quarter', ordered_at) + interval 3 month <= " ~ as_of_end()
        ]) }} as row_hash
    from {{ ref('int_sales_history') }}
    union all
    select
        date_trunc('quarter', ended_at) as quarter,
        {{ row_hash([
            "'int_bot_conversations'",
            "coalesce(channel, 'unknown')",
            "coalesce(queue, 'unknown')",
            "cast(is_contained as integer)",
            "date_trunc('month', ended_at) + interval 1 month <= " ~ as_of_end(),
            "date_trunc('quarter', ended_at) + interval 3 month <= " ~ as_of_end()
        ]) }} as row_hash
    from {{ ref('int_bot_conversations') }}
    union all
    select
        date_trunc('quarter', occurred_at) as quarter,
        {{ row_hash([
            "'int_feedback_profiled'",
            "coalesce(channel, 'unknown')",
            "coalesce(touchpoint, 'unknown')",
            "cast(is_favourable as integer)",
            "(score_kind = 'ces')",
            "cast(is_satisfied as integer)",
            "(score_kind = 'csat')",
            "case nps_group when 'promoter' then 1 when 'detractor' then -1 else 0 end",
            "(nps_group is not null)",
            "(score_kind = 'review')",
            "date_trunc('month', occurred_at) + interval 1 month <= " ~ as_of_end(),
            "date_trunc('quarter', occurred_at) + interval 3 month <= " ~ as_of_end()
        ]) }} as row_hash
    from {{ ref('int_feedback_profiled') }}
    union all
    select
        date_trunc('quarter', visited_at) as quarter,
        {{ row_hash([
            "'int_touchpoint_visits'",
            "coalesce(channel, 'unknown')",
            "coalesce(touchpoint, 'unknown')",
            "cast(is_converted as integer)",
            "(is_mature)",
            "date_trunc('month', visited_at) + interval 1 month <= " ~ as_of_end(),
            "date_trunc('quarter', visited_at) + interval 3 month <= " ~ as_of_end()
        ]) }} as row_hash
    from {{ ref('int_touchpoint_visits') }}
    union all
    select
        date_trunc('quarter', occurred_at) as quarter,
        {{ row_hash([
            "'int_touchpoint_economics'",
            "coalesce(channel, 'unknown')",
            "coalesce(touchpoint, 'unknown')",
            "cost_amount",
            "new_customers",
            "(channel in ('online_ads', 'postal_mail', 'event', 'email'))",
            "revenue_amount",
            "date_trunc('month', occurred_at) + interval 1 month <= " ~ as_of_end(),
            "date_trunc('quarter', occurred_at) + interval 3 month <= " ~ as_of_end()
        ]) }} as row_hash
    from {{ ref('int_touchpoint_economics') }}
    union all
    select
        date_trunc('quarter', created_at) as quarter,
        {{ row_hash([
            "'int_tickets_timed'",
            "coalesce(channel, 'unknown')",
            "coalesce(queue, 'unknown')",
            "cast(is_first_reply_late_business as integer)",
            "first_reply_business_minutes",
            "cast(coalesce(reopens, 0) > 0 as integer)",
            "(closed_at is not null)",
            "resolution_business_minutes",
            "cast(closed_at is not null as integer)",
            "date_trunc('month', created_at) + interval 1 month <= " ~ as_of_end(),
            "date_trunc('quarter', created_at) + interval 3 month <= " ~ as_of_end()
        ]) }} as row_hash
    from {{ ref('int_tickets_timed') }}
{% endset %}
{{ fingerprints(query, ['quarter'], ['row_hash']) }}
