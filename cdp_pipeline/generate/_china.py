# ruff: noqa: E501  -- SQL and native records read better unwrapped
"""Weibo, Fxiaoke, Meituan, Dianping, Tmall, Tencent Meeting for the Chinese customers, and Zoom for the others.

Every source shows a small share of the people who shop anyway, with its own faults: rented numbers, masked receivers,
encrypted buyers, ids of a session, guests without an address.
"""

from __future__ import annotations

from cdp_pipeline.generate._area import Area
from cdp_pipeline.generate._service import _chat
from cdp_pipeline.generate._write import Export


def _at(person: str, tag: str, first: str = "2017-03-01", days: int = 300) -> str:
    """SQL for a moment of the year, drawn per `person`."""
    return f"TIMESTAMP '{first} 01:00:00' + INTERVAL (floor(rnd({person}, '{tag}') * {days} * 86400)::BIGINT) SECOND"


_WEIBO_TIME = "strftime({ts} + INTERVAL 8 HOUR, '%a %b %d %H:%M:%S +0800 %Y')"
_LOCAL = "strftime({ts} + INTERVAL 8 HOUR, '%Y-%m-%d %H:%M:%S')"
_MASKED = "left(mobile[4:], 3) || '****' || right(mobile, 4)"

PREPARE = f"""
CREATE TABLE china_person AS
SELECT p, h, gender, mobile, lower(email_1) AS email, family_han || given_han AS name, family_han, birth_date FROM member
WHERE culture = 'zh' AND mobile LIKE '+86%' AND role <> 'child';
CREATE TABLE weibo_fan AS
SELECT *, (5000000000 + p * 7919)::BIGINT AS uid, {_at("p", "weibo_since", "2012-01-01", 1500)} AS since FROM china_person WHERE rnd(p, 'weibo') < .3;
CREATE TABLE weibo_post AS
SELECT f.*, k, p || '-w' || k AS post_key, {_at("p || '-w' || k", "weibo_at")} AS ts, 4900000000000000 + p * 10 + k AS post FROM weibo_fan f, range(2) t(k) WHERE rnd(p || '-w' || k, 'posts') < .6;
CREATE TABLE fx_contact AS
SELECT *, md5('fx' || p)[1:24] AS id, {_at("p", "fx_since", "2016-01-01", 700)} AS ts FROM china_person WHERE rnd(p, 'fx') < .18;
CREATE TABLE takeaway AS
SELECT c.*, k, p || '-m' || k AS o_id, rnd(p, 'open_uid') < .4 AS is_known, {_at("p || '-m' || k", "takeaway_at")} AS ts, 2700000000000000000 + p * 100 + k AS order_id,
  12 + floor(rnd(p || '-m' || k, 'takeaway_sum') * 60)::INT AS yuan
FROM china_person c, range(3) t(k) WHERE rnd(p, 'eats_in') < .35 AND rnd(p || '-m' || k, 'orders_in') < .5;
CREATE TABLE tmall_order AS
SELECT c.*, k, p || '-t' || k AS o_id, 'AAG' || md5('tmall' || p)[1:20] AS buyer, {_at("p || '-t' || k", "tmall_at")} AS ts, 2500000000000000000 + p * 100 + k AS order_id,
  20 + floor(rnd(p || '-t' || k, 'tmall_sum') * 300)::INT AS yuan, rnd(p || '-t' || k, 'tmall_state') AS r_state
FROM china_person c, range(2) t(k) WHERE rnd(p, 'on_tmall') < .3 AND rnd(p || '-t' || k, 'tmall_orders') < .6;
CREATE TABLE tencent_guest AS
SELECT *, 'tm' || md5('tencent' || p)[1:16] AS open_id, rnd(p, 'tm_registers') < .5 AS is_registered FROM china_person WHERE rnd(p, 'webinar') < .15;
CREATE TABLE zoom_guest AS
SELECT p, email, given, family, phone, rnd(p, 'zoom_registers') < .7 AS is_registered, rnd(p, 'zoom_comes') < .75 AS comes, 'reg' || md5('zoom' || p)[1:18] AS registrant_id
FROM (SELECT p, lower(email) AS email, given, family, phone FROM shown WHERE src = 'shopify' AND obj = 'customers' AND v = 1 AND email_kind = 'own' AND culture <> 'zh'
        AND given IS NOT NULL AND rnd(p, 'zoom') < .08
      QUALIFY row_number() OVER (PARTITION BY lower(email) ORDER BY aid) = 1);
INSERT INTO extra_record
SELECT 'weibo', 'weibo:users:' || uid, p FROM weibo_fan UNION ALL
SELECT 'fxiaoke_crm', 'fxiaoke_crm:ContactObj:' || id, p FROM fx_contact UNION ALL
SELECT 'fxiaoke_crm', 'fxiaoke_crm:LeadsObj:' || md5('lead' || id)[1:24], p FROM fx_contact WHERE rnd(p, 'fx_lead') < .4 UNION ALL
SELECT DISTINCT 'meituan', 'meituan:buyers:openUid|ou' || md5('meituan' || p)[1:20], p FROM takeaway WHERE is_known UNION ALL
SELECT DISTINCT 'marketplace', 'marketplace:buyers:tmall|flagship|' || buyer, p FROM tmall_order UNION ALL
SELECT 'tencent_meeting', 'tencent_meeting:participants:' || open_id, p FROM tencent_guest UNION ALL
SELECT 'tencent_meeting', 'tencent_meeting:registrations:' || mobile || '|', p FROM tencent_guest WHERE is_registered UNION ALL
SELECT 'zoom', 'zoom:registrants:' || registrant_id, p FROM zoom_guest WHERE is_registered UNION ALL
SELECT 'zoom', 'zoom:participants:' || email, p FROM zoom_guest WHERE NOT is_registered AND comes
"""

_FANS = f"""SELECT late(since) AS dt, uid AS o, uid AS id, uid::VARCHAR AS idstr, '微友' || right(uid::VARCHAR, 5) AS screen_name, '上海' AS location, '' AS domain,
  CASE gender WHEN 'male' THEN 'm' ELSE 'f' END AS gender, floor(rnd(p, 'followers') * 900)::BIGINT AS followers_count, false AS verified, -1 AS verified_type,
  CASE WHEN rnd(p, 'weibo_note') < .3 THEN name ELSE '' END AS remark, {_WEIBO_TIME.format(ts="since")} AS created_at FROM weibo_fan"""
_AUTHOR = "{'id': uid, 'idstr': uid::VARCHAR, 'screen_name': '微友' || right(uid::VARCHAR, 5)}"
_COMMENTS = f"""SELECT late(ts) AS dt, (ts, post_key) AS o, post AS id, post::VARCHAR AS idstr, {_WEIBO_TIME.format(ts="ts")} AS created_at, {_chat("post_key")} AS text, '来自上海' AS source,
  {_AUTHOR} AS "user", {{'idstr': '4800000000000001', 'user': {{'idstr': '2000000000001'}}}} AS status FROM (SELECT *, 'zh' AS culture FROM weibo_post) x WHERE rnd(post_key, 'weibo_kind') < .6"""
_MENTIONS = f"""SELECT late(ts) AS dt, (ts, post_key) AS o, post AS id, post::VARCHAR AS idstr, {_WEIBO_TIME.format(ts="ts")} AS created_at, '@示例品牌 ' || {_chat("post_key")} AS text,
  {_AUTHOR} AS "user", 0 AS reposts_count, floor(rnd(post_key, 'likes') * 20)::BIGINT AS attitudes_count FROM (SELECT *, 'zh' AS culture FROM weibo_post) x WHERE rnd(post_key, 'weibo_kind') BETWEEN .6 AND .8"""
_MESSAGES = f"""SELECT late(ts) AS dt, (ts, post_key) AS o, 'text' AS type, 2000000000001 AS receiver_id, uid AS sender_id, {_WEIBO_TIME.format(ts="ts")} AS created_at, {_chat("post_key")} AS text,
  '{{}}' AS data FROM (SELECT *, 'zh' AS culture FROM weibo_post) x WHERE rnd(post_key, 'weibo_kind') > .8"""

_FX_STAMPS = "['FSUID_0000AAAA'] AS owner, 'normal' AS life_status, false AS is_deleted, epoch_ms(ts) AS create_time, epoch_ms(ts + INTERVAL 3 DAY) AS last_modified_time"
_FX_CONTACTS = f"""SELECT late(ts) AS dt, (ts, id) AS o, id AS _id, name, CASE gender WHEN 'male' THEN '1' ELSE '2' END AS gender,
  CASE WHEN rnd(p, 'fx_damaged') < .05 THEN '1.38E+10' ELSE mobile[4:] END AS mobile1, CASE WHEN rnd(p, 'fx_mail') < .6 OR rnd(p, 'fx_damaged') < .05 THEN email ELSE '' END AS email,
  CASE WHEN rnd(p, 'fx_birth') < .5 THEN epoch_ms(birth_date::TIMESTAMP - INTERVAL 8 HOUR) END AS date_of_birth, {_FX_STAMPS} FROM fx_contact"""
_FX_LEADS = f"""SELECT late(ts) AS dt, (ts, id) AS o, md5('lead' || id)[1:24] AS _id, name, mobile[4:] AS mobile, '1' AS source, 'MQL' AS leads_stage,
  epoch_ms(ts + INTERVAL 2 HOUR) AS assigned_time, CASE WHEN rnd(p, 'fx_converts') < .7 THEN id END AS contact_id, false AS is_duplicated, {_FX_STAMPS}
  FROM fx_contact WHERE rnd(p, 'fx_lead') < .4"""
_FX_RECORDS = """SELECT late(ts + INTERVAL 5 DAY) AS dt, (ts, id) AS o, md5('visit' || id)[1:24] AS _id, '1' AS active_record_type, '回访,客户满意' AS active_record_content,
  [{'describe_api_name': 'ContactObj', 'id': id}] AS related_object_data, ['FSUID_0000AAAA'] AS owner, epoch_ms(ts + INTERVAL 5 DAY) AS create_time,
  epoch_ms(ts + INTERVAL 5 DAY) AS last_modified_time FROM fx_contact WHERE rnd(p, 'fx_visit') < .5"""

_TAKEAWAY = f"""SELECT late(ts) AS dt, (ts, o_id) AS o, order_id, order_id AS wm_order_id_view, 'store_' || lpad((h % 60)::VARCHAR, 3, '0') AS app_poi_code,
  family_han || CASE gender WHEN 'male' THEN '(先生)' ELSE '(女士)' END AS recipient_name,
  CASE WHEN rnd(o_id, 'mt_phone') < .7 THEN '199' || lpad((p % 97)::VARCHAR, 8, '0') || '_' || lpad((p % 9973)::VARCHAR, 4, '0') ELSE {_MASKED} END AS recipient_phone,
  '样例路' || (1 + p % 90) || '号@#上海市' AS recipient_address, CASE WHEN rnd(o_id, 'mt_state') < .93 THEN 8 ELSE 9 END AS status, epoch(ts)::BIGINT AS ctime, epoch(ts)::BIGINT + 2400 AS utime,
  CASE WHEN rnd(o_id, 'mt_state') < .93 THEN 0 ELSE epoch(ts)::BIGINT + 2400 END AS order_cancel_time, 5 AS shipping_fee, yuan AS total, yuan + 5 AS original_price, 50 AS package_bag_money, 0 AS pick_type,
  json_array({{'app_food_code': 'SPU' || (p % 9), 'sku_id': 'MT-' || (p % 9), 'food_name': '样例餐品', 'quantity': 1, 'price': yuan, 'unit': '份'}})::VARCHAR AS detail,
  '[]' AS extras, '{{"is_poi_member":false}}' AS user_member_info, CASE WHEN is_known THEN 'ou' || md5('meituan' || p)[1:20] END AS "openUid", 0 AS incmp_code FROM takeaway"""
_MT_REVIEWS = """SELECT late(ts + INTERVAL 1 DAY) AS dt, (ts, o_id) AS o, 'store_' || lpad((h % 60)::VARCHAR, 3, '0') AS app_poi_code, 6000000000000 + order_id % 100000000 AS comment_id,
  pick(['味道不错', '送得很快', '有点凉了', '分量足'], rnd(o_id, 'mt_text')) AS comment_content, strftime(ts + INTERVAL 32 HOUR, '%Y-%m-%d') AS comment_time, '' AS add_comment, '' AS add_comment_time,
  1 + floor(pow(rnd(o_id, 'mt_score'), .4) * 5)::INT AS food_comment_score, 0 AS order_comment_score, 0 AS packing_score, 0 AS delivery_comment_score, 30 AS ship_time FROM takeaway WHERE rnd(o_id, 'mt_reviews') < .25"""
_DP_VOUCHERS = f"""SELECT late(ts) AS dt, (ts, o_id) AS o, '00' || lpad((order_id % 10000000000)::VARCHAR, 10, '0') AS 券码, '双人套餐' AS 团购名称, yuan || '.00' AS 售价, round(yuan * .9, 2)::VARCHAR AS 结算价,
  {_LOCAL.format(ts="ts")} AS 验券时间, '示例餐厅(静安店)' AS 验券门店, {_MASKED} AS 手机号 FROM takeaway WHERE rnd(o_id, 'dp') < .3"""
_DP_REVIEWS = f"""SELECT late(ts) AS dt, (ts, o_id) AS o, 'R' || order_id % 10000000000 AS 评价ID, '示例餐厅(静安店)' AS 门店名称, '匿名用户' AS 用户昵称,
  CASE WHEN rnd(o_id, 'dp_scale') < .5 THEN pick(['3.5', '4.0', '4.5', '5.0'], rnd(o_id, 'dp_score')) ELSE pick(['35', '40', '45', '50'], rnd(o_id, 'dp_score')) END AS 星级,
  pick(['服务热情', '环境不错', '等位太久'], rnd(o_id, 'dp_text')) AS 评价内容, {_LOCAL.format(ts="ts")} AS 评价时间 FROM takeaway WHERE rnd(o_id, 'dp') > .85"""

_TMALL = f"""SELECT late(ts) AS dt, (ts, o_id) AS o, 'tmall' AS 平台, 'flagship' AS 店铺ID, order_id::VARCHAR AS 订单编号, buyer AS 买家会员名, yuan || '.00' AS 买家实际支付金额, (yuan + 10) || '.00' AS 总金额,
  CASE WHEN r_state < .9 THEN '交易成功' ELSE '交易关闭' END AS 订单状态, CASE WHEN rnd(p, 'tmall_name') < .7 THEN family_han || '**' ELSE name END AS 收货人姓名,
  CASE WHEN rnd(p, 'tmall_phone') < .75 THEN {_MASKED} WHEN rnd(p, 'tmall_phone') < .85 THEN '1700000' || lpad((p % 9973)::VARCHAR, 4, '0') || '-' || lpad((p % 997)::VARCHAR, 4, '0') ELSE mobile[4:] END AS 联系手机,
  {_LOCAL.format(ts="ts")} AS 订单创建时间, {_LOCAL.format(ts="ts + INTERVAL 2 MINUTE")} AS 订单付款时间, '样例商品' AS 标题, 'TM-' || (order_id % 7) AS 商家编码, 1 AS 购买数量, (yuan + 10) || '.00' AS 价格 FROM tmall_order"""
_TM_REFUNDS = f"""SELECT late(ts + INTERVAL 4 DAY) AS dt, (ts, o_id) AS o, 'tmall' AS 平台, 'flagship' AS 店铺ID, (7000000000 + order_id % 100000000)::VARCHAR AS 退款编号, order_id::VARCHAR AS 订单编号,
  yuan || '.00' AS 买家退款金额, CASE WHEN rnd(o_id, 'tm_granted') < .7 THEN '退款成功' ELSE '退款关闭' END AS 退款状态, {_LOCAL.format(ts="ts + INTERVAL 3 DAY")} AS 退款申请时间,
  {_LOCAL.format(ts="ts + INTERVAL 4 DAY")} AS 退款完结时间 FROM tmall_order WHERE r_state < .08"""
_TM_REVIEWS = f"""SELECT late(ts + INTERVAL 8 DAY) AS dt, (ts, o_id) AS o, 'tmall' AS 平台, 'flagship' AS 店铺ID, order_id::VARCHAR AS 订单编号, 'TM-' || (order_id % 7) AS 商家编码,
  1 + floor(pow(rnd(o_id, 'tm_score'), .3) * 5)::INT AS 评分, pick(['质量很好', '物流快', '与描述不符', '还会再来'], rnd(o_id, 'tm_text')) AS 评价内容, {_LOCAL.format(ts="ts + INTERVAL 8 DAY")} AS 评价时间
  FROM tmall_order WHERE r_state BETWEEN .08 AND .9 AND rnd(o_id, 'tm_reviews') < .3"""

_TENCENT = """SELECT DATE '2017-12-29' AS dt, (p, k) AS o, '7000000000000000001' AS meeting_id, '900000001' AS meeting_code, '' AS userid, open_id, 'ms' || md5(open_id || k)[1:12] AS ms_open_id, md5(open_id || k)[1:16] AS uuid,
  base64(encode(name)) AS user_name, sha256(mobile || '/secret') AS phone, (1514455200 + k * 900)::VARCHAR AS join_time, (1514455200 + k * 900 + 1200)::VARCHAR AS left_time, 4 AS user_role, 4 AS webinar_member_role, '' AS customer_data
  FROM tencent_guest, range(2) t(k) WHERE k = 0 OR rnd(p, 'second_device') < .3
  UNION ALL SELECT DATE '2017-12-29', (0, 0), '7000000000000000001', '900000001', 'host01', 'tmhost', 'mshost', 'uuidhost', base64(encode('主持人')), '', '1514455000', '1514459000', 2, 0, ''"""
_TENCENT_REGISTRATIONS = f"""SELECT late(ts) AS dt, (ts, p) AS o, '900000001' AS 会议号, name AS 姓名, mobile[4:] AS 手机号, '' AS 公司, CASE WHEN rnd(p, 'tm_mail') < .5 THEN email ELSE '' END AS 邮箱,
  {_LOCAL.format(ts="ts")} AS 报名时间, '已通过' AS 审批状态 FROM (SELECT *, {_at("p", "tm_registered", "2017-12-10", 17)} AS ts FROM tencent_guest WHERE is_registered)"""

_ZOOM_REGISTRANTS = f"""SELECT late(ts) AS dt, (ts, p) AS o, registrant_id AS id, '90000000001' AS webinar_id, email, given AS first_name, family AS last_name, coalesce(phone, '') AS phone,
  [{{'title': 'May we contact you?', 'value': CASE WHEN rnd(p, 'zoom_consent') < .6 THEN 'Yes' ELSE 'No' END}}] AS custom_questions, 'approved' AS status, iso(ts) AS create_time
  FROM (SELECT *, {_at("p", "zoom_registered", "2017-12-05", 22)} AS ts FROM zoom_guest WHERE is_registered)"""
_ZOOM_PARTICIPANTS = """WITH stay AS (
  SELECT p, k, registrant_id, email, given, family, is_registered, TIMESTAMP '2017-12-28 20:00:00' + INTERVAL (floor(rnd(p || '|' || k, 'zoom_join') * 1200)::BIGINT) SECOND AS ts FROM zoom_guest, range(2) t(k)
  WHERE comes AND (k = 0 OR rnd(p, 'zoom_again') < .2)
)
SELECT DATE '2017-12-29' AS dt, (ts, p, k) AS o, '90000000001' AS webinar_id, 'SAMPLEuuid+/==' AS webinar_uuid, '' AS id, (16778000 + p * 2 + k)::VARCHAR AS user_id,
  CASE WHEN rnd(p, 'zoom_device') < .2 THEN 'iPhone' ELSE given || ' ' || coalesce(family, '') END AS name, CASE WHEN is_registered THEN '' ELSE email END AS user_email, CASE WHEN is_registered THEN registrant_id ELSE '' END AS registrant_id,
  iso(ts) AS join_time, iso(ts + INTERVAL 25 MINUTE) AS leave_time, 1500 AS duration, 'in_meeting' AS status FROM stay
UNION ALL SELECT DATE '2017-12-29', (ts + INTERVAL 1 DAY, i, 0), '90000000001', 'SAMPLEuuid+/==', '', (16990000 + i)::VARCHAR, 'Guest ' || i, '', '', iso(ts), iso(ts + INTERVAL 10 MINUTE), 600, 'in_meeting'
FROM (SELECT i, TIMESTAMP '2017-12-28 20:01:00' AS ts FROM range(3) t(i))"""
_ZOOM_POLLS = """SELECT DATE '2017-12-29' AS dt, p AS o, 'SAMPLEuuid+/==' AS webinar_uuid, email, given AS name, [{'question': 'How useful was this session?', 'answer': (1 + floor(pow(rnd(p, 'zoom_poll'), .4) * 5)::INT)::VARCHAR,
  'polling_id': 'poll1', 'date_time': '2017-12-28T20:40:00Z'}] AS question_details FROM zoom_guest WHERE is_registered AND comes AND rnd(p, 'zoom_votes') < .6"""


def _exports() -> list[Export]:
    return [
        Export("weibo", "users", _FANS, first="jsonl"),
        Export("weibo", "comments", _COMMENTS, first="jsonl", later="json", envelope="comments"),
        Export("weibo", "mentions", _MENTIONS, first="jsonl", later="json", envelope="statuses"),
        Export("weibo", "messages", _MESSAGES, first="jsonl"),
        Export("fxiaoke_crm", "ContactObj", _FX_CONTACTS, first="jsonl"),
        Export("fxiaoke_crm", "LeadsObj", _FX_LEADS, first="jsonl"),
        Export("fxiaoke_crm", "ActiveRecordObj", _FX_RECORDS, first="jsonl"),
        Export("meituan", "orders", _TAKEAWAY, first="jsonl", later="json", envelope="data"),
        Export("meituan", "reviews", _MT_REVIEWS, first="jsonl", later="json", envelope="data"),
        Export("dianping", "vouchers", _DP_VOUCHERS, first="csv", later="csv"),
        Export("dianping", "reviews", _DP_REVIEWS, first="csv", later="csv"),
        Export("marketplace", "orders", _TMALL, first="csv", later="csv"),
        Export("marketplace", "refunds", _TM_REFUNDS, first="csv", later="csv"),
        Export("marketplace", "reviews", _TM_REVIEWS, first="csv", later="csv"),
        Export("tencent_meeting", "participants", _TENCENT, first="jsonl"),
        Export("tencent_meeting", "registrations", _TENCENT_REGISTRATIONS, first="csv", later="csv"),
        Export("zoom", "registrants", _ZOOM_REGISTRANTS, first="jsonl"),
        Export("zoom", "participants", _ZOOM_PARTICIPANTS, first="jsonl"),
        Export("zoom", "polls", _ZOOM_POLLS, first="jsonl"),
    ]


CHINA = Area(
    prepare=PREPARE,
    exports=_exports,
    hashed_objects=(
        "marketplace:buyers:",
        "meituan:buyers:",
        "tencent_meeting:participants:",
        "tencent_meeting:registrations:",
        "weibo:users:",
        "zoom:participants:",
    ),
)
