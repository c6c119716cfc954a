-- Identifiers of every source in one shape.
select * from {{ ref('int_zoho_crm__identifiers') }}
union all
select * from {{ ref('int_square_pos__identifiers') }}
union all
select * from {{ ref('int_shopify__identifiers') }}
union all
select * from {{ ref('int_wechat__identifiers') }}
union all
select * from {{ ref('int_facebook__identifiers') }}
union all
select * from {{ ref('int_zendesk__identifiers') }}
union all
select * from {{ ref('int_delighted__identifiers') }}
union all
select * from {{ ref('int_klaviyo__identifiers') }}
union all
select * from {{ ref('int_web_events__identifiers') }}
