{{ config(materialized='table') }}
-- Returns with the piece they are of. The sequence restarts with each drop: the newest one before the return counts.
with candidates as (
    select
        returns.*,
        pieces.piece_id,
        pieces.record_id,
        row_number() over (
            partition by returns.campaign_code, returns.sequence_no, returns.customer_id, returns.returned_at
            order by pieces.dropped_at desc nulls last, pieces.piece_id desc
        ) as piece_rank
    from {{ ref('stg_mail_house__returns') }} as returns
    left join {{ ref('int_mail_house__pieces') }} as pieces
        on
            returns.campaign_code = pieces.campaign_code
            and returns.sequence_no = pieces.sequence_no
            and pieces.dropped_at <= returns.returned_at
            and pieces.is_sent
            and (returns.customer_id is null or pieces.customer_id is null or returns.customer_id = pieces.customer_id)
)

select
    candidates.campaign_code,
    candidates.sequence_no,
    candidates.piece_id,
    coalesce(
        candidates.record_id,
        case when candidates.customer_id is not null then 'mail_house:recipients:' || candidates.customer_id end
    ) as record_id,
    candidates.returned_at,
    coalesce(codes.meaning, case when candidates.new_street is not null then 'moved' else 'returned' end) as meaning,
    candidates.return_code,
    candidates.move_type,
    candidates.new_street,
    candidates.new_locality,
    candidates.new_region,
    candidates.new_postcode
from candidates
left join {{ ref('postal_return_codes') }} as codes on candidates.return_code = codes.return_code
where candidates.piece_rank = 1
