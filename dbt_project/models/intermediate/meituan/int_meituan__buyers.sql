{{ config(materialized='table') }}
-- Whom an order can be given to: the platform's user for this app, else the membership card, else a number that the
-- shop has confirmed to be real. Every other order is a fact of its store.
select
    orders.*,
    case
        when open_uid is not null then {{ keyed_hash(["'openUid'", 'open_uid']) }}
        when member_no is not null then {{ keyed_hash(["'card'", 'member_no']) }}
        when confirmed_phone is not null then {{ keyed_hash(["'phone'", 'confirmed_phone']) }}
    end as buyer_id
from {{ ref('stg_meituan__orders') }} as orders
