select
    'facebook:messages:' || messages.message_id as interaction_id,
    people.record_id,
    {{ interaction_columns({
        'touchpoint': "'facebook_inbox'",
        'direction': "case when messages.is_inbound then 'inbound' else 'outbound' end",
        'interaction_type': "'message'",
        'occurred_at': 'messages.occurred_at'
    }) }}
from {{ ref('int_facebook__inbox') }} as messages
left join {{ ref('int_facebook__psids') }} as people
    on
        messages.psid = people.psid
        and messages.page_id = people.page_id
union all
select
    'facebook:comments:' || comments.comment_id as interaction_id,
    people.record_id,
    {{ interaction_columns({
        'touchpoint': "'facebook_comment'",
        'direction': "case when comments.from_id = '" ~ var('facebook_page_id') ~ "' then 'outbound' else 'inbound' end",
        'interaction_type': "'comment'",
        'occurred_at': 'comments.occurred_at',
        'properties': json_object({'like_count': 'comments.like_count'})
    }) }}
from {{ ref('stg_facebook__comments') }} as comments
left join {{ ref('int_facebook__psids') }} as people
    on
        comments.from_id = people.psid
        and people.page_id = '{{ var("facebook_page_id") }}'
union all
select
    'facebook:leads:' || lead_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'facebook_lead_ad'",
        'interaction_type': "'lead_submitted'",
        'occurred_at': 'submitted_at',
        'campaign_id': 'campaign_id',
        'properties': json_object({'form_id': 'form_id', 'platform': 'platform', 'is_organic': 'is_organic'})
    }) }}
from {{ ref('int_facebook__lead_mentions') }}
union all
-- A thread stands for its messages only where none of them was delivered.
select
    'facebook:conversations:' || threads.conversation_id || ':' || people.native_id as interaction_id,
    people.record_id,
    {{ interaction_columns({
        'touchpoint': "'facebook_inbox'",
        'interaction_type': "'conversation'",
        'occurred_at': 'threads.updated_at',
        'properties': json_object({'message_count': 'threads.message_count'})
    }) }}
from {{ ref('int_facebook__participants') }} as threads
inner join {{ ref('int_facebook__psids') }} as people
    on
        threads.psid = people.psid
        and threads.page_id = people.page_id
where
    threads.message_count > 0
    and threads.psid not in (select psid from {{ ref('int_facebook__inbox') }} where psid is not null)
