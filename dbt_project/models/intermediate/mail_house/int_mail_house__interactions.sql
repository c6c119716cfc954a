{{ config(meta={'dated_by': 'stg_mail_house__send_list.dropped_at'}) }}
-- A piece sent, a piece come back, and the customers held out on purpose: no contact, but the measure of what the mailing
-- brought, so the assignment of both groups is told as an experiment.
select
    'mail_house:pieces:' || piece_id as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'direct_mail'",
        'direction': "'outbound'",
        'interaction_type': "case when is_held_out then 'mail_withheld' else 'mail_sent' end",
        'occurred_at': 'dropped_at',
        'campaign_id': 'case when not is_held_out then campaign_code end',
        'experiment_id': "case when is_held_out or has_control_group then 'mail:' || campaign_code end",
        'variant': "case when is_held_out then 'control' when has_control_group then 'mailed' end",
        'properties': json_object({'piece_id': 'piece_id', 'segment': 'segment', 'offer_code': 'offer_code'})
    }) }}
from (
    select
        *,
        max(is_held_out) over (partition by campaign_code) as has_control_group
    from {{ ref('int_mail_house__pieces') }}
) as pieces
where
    is_sent
    or (is_held_out and suppress_reason is null and cast(dropped_at as date) <= {{ as_of() }})
union all
select
    'mail_house:returns:' || coalesce(campaign_code, '') || ':' || sequence_no || ':' || cast(cast(returned_at as date) as varchar) as interaction_id,
    record_id,
    {{ interaction_columns({
        'touchpoint': "'direct_mail'",
        'interaction_type': "case when meaning = 'moved' then 'address_changed' else 'mail_returned' end",
        'occurred_at': 'returned_at',
        'campaign_id': 'campaign_code',
        'properties': json_object({'piece_id': 'piece_id', 'reason': 'meaning', 'return_code': 'return_code', 'move_type': 'move_type'})
    }) }}
from {{ ref('int_mail_house__returns') }}
