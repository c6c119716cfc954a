# ruff: noqa: E501  -- SQL and native records read better unwrapped
"""Native exports of the WeChat official account, mini program, payment and WeCom."""

from __future__ import annotations

from cdp_pipeline.generate._base import CNY_PER_USD, MINI_APPID, MP_APPID
from cdp_pipeline.generate._service import _chat, _reply
from cdp_pipeline.generate._write import Export

OPENID = {"mp_users": "'oM' || md5('mp' || p)[1:26]", "mini_users": "'oB' || md5('mini' || p)[1:26]"}
WECOM_CONTACT = "'wm' || md5(aid)[1:28]"
_MP, _MINI = OPENID["mp_users"], OPENID["mini_users"]
_UNION = "CASE WHEN has_union THEN unionid END"


def wechat_exports() -> list[Export]:
    """Objects of `wechat`. Payments are in fen at a fixed rate of the dollar, so that the cents can be had back exactly."""
    users = f"""SELECT dt, (n, 0) AS o, '{MP_APPID}' AS appid, 1 AS subscribe, {_MP} AS openid, '' AS nickname, CASE gender WHEN 'male' THEN 1 ELSE 2 END AS sex,
      'zh_CN' AS language, '' AS city, '' AS province, '' AS country, epoch(created_at)::BIGINT AS subscribe_time, {_UNION} AS unionid, '' AS remark,
      pick(['ADD_SCENE_QR_CODE', 'ADD_SCENE_SEARCH', 'ADD_SCENE_PROFILE_CARD'], rnd(aid, 'scene')) AS subscribe_scene, 'store_' || lpad((h % 60)::VARCHAR, 3, '0') AS qr_scene_str
      FROM shown WHERE obj = 'mp_users'
      UNION ALL BY NAME SELECT DATE '2017-12-30' AS dt, (n, 1) AS o, '{MP_APPID}' AS appid, 0 AS subscribe, {_MP} AS openid, {_UNION} AS unionid
      FROM shown WHERE obj = 'mp_users' AND first_dt = DATE '2017-12-27' AND rnd(aid, 'unfollows') < .02"""
    spoken = """SELECT *, aid || '-' || q AS mid, greatest(created_at, TIMESTAMP '2017-01-06 03:00:00' + INTERVAL (floor(rnd(aid || '-' || q, 'says_at') * 358 * 86400)::BIGINT) SECOND) AS ts
      FROM shown, range(3) t(q) WHERE obj = 'mp_users' AND v = 1"""
    head = f"'{MP_APPID}' AS appid, 'gh_000000000001' AS \"ToUserName\", {_MP} AS \"FromUserName\""
    events = f"""SELECT first_dt AS dt, (created_at, aid, 0) AS o, {head}, epoch(created_at)::BIGINT AS "CreateTime", 'event' AS "MsgType", 'subscribe' AS "Event",
      'qrscene_store_' || lpad((h % 60)::VARCHAR, 3, '0') AS "EventKey" FROM shown WHERE obj = 'mp_users' AND v = 1
      UNION ALL BY NAME SELECT late(ts) AS dt, (ts, mid, 1) AS o, {head}, epoch(ts)::BIGINT AS "CreateTime", 'text' AS "MsgType", 'MID' || md5(mid)[1:12] AS "MsgId", {_chat("mid")} AS "Content"
      FROM ({spoken}) x WHERE rnd(mid, 'texts') < .22
      UNION ALL BY NAME SELECT late(ts) AS dt, (ts, mid, 2) AS o, {head}, epoch(ts)::BIGINT AS "CreateTime", 'event' AS "MsgType", 'CLICK' AS "Event", pick(['OFFERS', 'POINTS', 'STORES'], rnd(mid, 'menu')) AS "EventKey"
      FROM ({spoken}) x WHERE rnd(mid, 'texts') > .5"""
    served = f"""SELECT late(ts) AS dt, (ts, mid, 0) AS o, '{MP_APPID}' AS appid, 'agent01' AS worker, {_MP} AS openid, 2003 AS opercode, epoch(ts)::BIGINT AS time, {_chat("mid || 'kf'")} AS text
      FROM ({spoken}) x WHERE rnd(mid, 'served') < .12
      UNION ALL BY NAME SELECT late(ts) AS dt, (ts, mid, 1) AS o, '{MP_APPID}' AS appid, 'agent01' AS worker, {_MP} AS openid, 2002 AS opercode,
      epoch(ts)::BIGINT + 30 + floor(rnd(mid, 'wait') * 600)::BIGINT AS time, {_reply("mid")} AS text FROM ({spoken}) x WHERE rnd(mid, 'served') < .12"""
    sessions = f"""SELECT dt, n AS o, '{MINI_APPID}' AS appid, {_MINI} AS openid, {_UNION} AS unionid, 7200 AS expires_in, 0 AS errcode, epoch(created_at)::BIGINT AS login_time
      FROM shown WHERE obj = 'mini_users'"""
    phones = f"""SELECT dt, n AS o, '{MINI_APPID}' AS appid, {_MINI} AS openid, {_UNION} AS unionid, 0 AS errcode,
      {{'phoneNumber': CASE WHEN phone[1:3] = '+86' THEN phone[4:] ELSE phone[2:] END, 'purePhoneNumber': CASE WHEN phone[1:3] = '+86' THEN phone[4:] ELSE phone[3:] END,
        'countryCode': CASE WHEN phone[1:3] = '+86' THEN '86' ELSE '1' END, 'watermark': {{'timestamp': epoch(created_at)::BIGINT + 60, 'appid': '{MINI_APPID}'}}}} AS phone_info
      FROM shown WHERE obj = 'mini_users' AND phone IS NOT NULL"""
    orders = f"""SELECT dt, n AS o, '{MINI_APPID}' AS appid, '1900000001' AS mch_id, {_MINI} AS openid, 'N' AS is_subscribe, 'JSAPI' AS trade_type, 'SUCCESS' AS trade_state, 'OTHERS' AS bank_type,
      round(net_cents * {CNY_PER_USD})::BIGINT::VARCHAR AS total_fee, 'CNY' AS fee_type, '42' || strftime(ts, '%Y%m%d') || lpad(n::VARCHAR, 12, '0') AS transaction_id, 'M' || b AS out_trade_no,
      '' AS attach, strftime(ts + INTERVAL 8 HOUR, '%Y%m%d%H%M%S') AS time_end FROM basket WHERE way = 'mini'"""
    wecom = f"""SELECT dt, n AS o, 0 AS errcode, {{'external_userid': {WECOM_CONTACT}, 'name': coalesce(given, ''), 'type': 1, 'gender': CASE gender WHEN 'male' THEN 1 ELSE 2 END, 'unionid': {_UNION}}} AS external_contact,
      [{{'userid': 'staff0' || (1 + h % 8), 'remark': full_name || CASE WHEN rnd(aid, 'note') < .2 THEN '-' || (1 + h % 60) || '店' ELSE '' END, 'description': '', 'createtime': epoch(created_at)::BIGINT,
        'remark_mobiles': CASE WHEN phone IS NULL THEN []::BIGINT[] ELSE [ltrim(CASE WHEN phone[1:3] = '+86' THEN phone[4:] ELSE phone[2:] END, '+')::BIGINT] END, 'state': 'store_' || lpad((h % 60)::VARCHAR, 3, '0'), 'add_way': 1}}] AS follow_user
      FROM shown WHERE obj = 'wecom_contacts'"""
    return [
        Export("wechat", "mp_users", users),
        Export("wechat", "mp_events", events),
        Export("wechat", "kf_records", served, later="json", envelope="recordlist"),
        Export("wechat", "mini_sessions", sessions),
        Export("wechat", "mini_phones", phones, first="jsonl.gz"),
        Export("wechat", "pay_orders", orders),
        Export("wechat", "wecom_contacts", wecom),
    ]
