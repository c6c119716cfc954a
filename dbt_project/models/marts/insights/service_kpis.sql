-- Periods are UTC; a week starts on Monday. 'all' in a dimension means that it is not told apart: medians and rates do
-- not add up, so each view is counted by itself. Segments overlap and are those of the as-of; they are told by month.
{%- set views = [] %}
{%- for period in var('service_kpi_periods') %}
    {%- for dimensions in [[], ['channel'], ['team'], ['channel', 'team', 'queue']] + ([['segment'], ['channel', 'segment']] if period == 'month' else []) %}
        {%- do views.append([period, dimensions]) %}
    {%- endfor %}
{%- endfor %}
with tickets as (
    select * from {{ ref('int_tickets_timed') }}
),

conversations as (
    select * from {{ ref('int_bot_conversations') }}
),

opened as (
    {%- for view in views %}
    select
        {{- service_view_columns(view) }}
        cast(date_trunc('{{ view[0] }}', tickets.created_at) as date) as period_start,
        count(*) as tickets,
        count(distinct tickets.profile_id) as profiles,
        count(first_reply_minutes) as tickets_replied,
        count(closed_at) as tickets_solved,
        round(median(first_reply_minutes), 1) as median_first_reply_minutes,
        round(avg(first_reply_minutes), 1) as average_first_reply_minutes,
        round(median(first_reply_business_minutes), 1) as median_first_reply_business_minutes,
        round(median(resolution_minutes), 1) as median_resolution_minutes,
        round(median(resolution_business_minutes), 1) as median_resolution_business_minutes,
        count(*) filter (where reopens > 0) as tickets_reopened,
        count(*) filter (where replies = 1 and closed_at is not null) as tickets_one_touch,
        count(*) filter (where is_first_reply_late) as first_reply_breaches,
        count(*) filter (where is_first_reply_late_business) as first_reply_breaches_business,
        count(*) filter (where is_resolution_late) as resolution_breaches,
        count(*) filter (where is_resolution_late_business) as resolution_breaches_business
    {{- service_in_view('tickets', view) }}
    group by all
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

-- One event per ticket opened and one per ticket closed: their sum up to the end of a period is what was open then.
moves as (
    {%- for view in views %}
    {%- for move in [['created_at', 1], ['closed_at', -1]] %}
    select
        {{- service_view_columns(view) }}
        cast(date_trunc('{{ view[0] }}', {{ move[0] }}) as date) as period_start,
        count(*) * {{ move[1] }} as change,
        {{ 'count(*)' if move[1] < 0 else 'cast(0 as bigint)' }} as closed
    {{- service_in_view('tickets', view) }}
    where {{ move[0] }} is not null
    group by all
    union all
    {%- endfor %}
    {%- endfor %}
    -- A period without a ticket still has a backlog.
    {%- for view in views %}
    select
        period,
        channel,
        team,
        queue,
        segment,
        unnest(generate_series(
            first_start, date_trunc('{{ view[0] }}', cast({{ as_of_date() }} as timestamp)), interval 1 {{ view[0] }}
        )) as period_start,
        0 as change,
        0 as closed
    from (
        select
            {{- service_view_columns(view) }}
            date_trunc('{{ view[0] }}', min(created_at)) as first_start
        {{- service_in_view('tickets', view) }}
        {%- if view[1] %}
        group by {{ view[1] | join(', ') }}
        {%- endif %}
    ) as firsts
    where first_start is not null
    {{ "union all" if not loop.last }}
    {%- endfor %}
),

flows as (
    select
        period,
        channel,
        team,
        queue,
        segment,
        cast(period_start as date) as period_start,
        sum(change) as change,
        cast(sum(closed) as bigint) as closed_in_period
    from moves
    group by all
),

backlogs as (
    select
        * exclude (change),
        cast(sum(change) over (
            partition by period, channel, team, queue, segment order by period_start
        ) as bigint) as backlog
    from flows
),

bots as (
    {%- for view in views %}
    select
        {{- service_view_columns(view) }}
        cast(date_trunc('{{ view[0] }}', ended_at) as date) as period_start,
        count(*) as bot_conversations,
        count(*) filter (where is_contained) as bot_contained,
        count(*) filter (where is_handed_over) as bot_handovers,
        round(median(handover_seconds), 1) as median_handover_seconds
    {{- service_in_view('conversations', view) }}
    group by all
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select
    period,
    period_start,
    channel,
    team,
    queue,
    segment,
    coalesce(opened.tickets, 0) as tickets,
    coalesce(opened.tickets_replied, 0) as tickets_replied,
    coalesce(opened.tickets_solved, 0) as tickets_solved,
    coalesce(opened.tickets, 0) - coalesce(opened.tickets_solved, 0) as tickets_open,
    coalesce(backlogs.closed_in_period, 0) as closed_in_period,
    coalesce(backlogs.backlog, 0) as backlog,
    coalesce(opened.profiles, 0) as profiles,
    opened.median_first_reply_minutes,
    opened.average_first_reply_minutes,
    opened.median_first_reply_business_minutes,
    opened.median_resolution_minutes,
    opened.median_resolution_business_minutes,
    coalesce(opened.tickets_reopened, 0) as tickets_reopened,
    round(opened.tickets_reopened / cast(opened.tickets as double), 6) as reopened_share,
    round(opened.tickets_one_touch / nullif(cast(opened.tickets_solved as double), 0), 6) as one_touch_share,
    coalesce(opened.first_reply_breaches, 0) as first_reply_breaches,
    coalesce(opened.first_reply_breaches_business, 0) as first_reply_breaches_business,
    coalesce(opened.resolution_breaches, 0) as resolution_breaches,
    coalesce(opened.resolution_breaches_business, 0) as resolution_breaches_business,
    round(opened.first_reply_breaches_business / cast(opened.tickets as double), 6) as first_reply_breach_share_business,
    round(opened.resolution_breaches_business / cast(opened.tickets as double), 6) as resolution_breach_share_business,
    coalesce(bots.bot_conversations, 0) as bot_conversations,
    coalesce(bots.bot_contained, 0) as bot_contained,
    coalesce(bots.bot_handovers, 0) as bot_handovers,
    round(bots.bot_contained / cast(bots.bot_conversations as double), 6) as bot_containment_share,
    bots.median_handover_seconds
from opened
full join backlogs using (period, period_start, channel, team, queue, segment)
full join bots using (period, period_start, channel, team, queue, segment)
where opened.tickets > 0 or backlogs.closed_in_period > 0 or backlogs.backlog > 0 or bots.bot_conversations > 0
