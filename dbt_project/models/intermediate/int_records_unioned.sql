-- Records of every source in one shape.
select * from {{ ref('int_zoho_crm__records') }}
union all
select * from {{ ref('int_square_pos__records') }}
union all
select * from {{ ref('int_shopify__records') }}
union all
select * from {{ ref('int_wechat__records') }}
union all
select * from {{ ref('int_facebook__records') }}
union all
select * from {{ ref('int_zendesk__records') }}
union all
select * from {{ ref('int_delighted__records') }}
union all
select * from {{ ref('int_klaviyo__records') }}
union all
select * from {{ ref('int_web_events__records') }}
