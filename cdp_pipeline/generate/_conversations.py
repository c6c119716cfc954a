# ruff: noqa: E501  -- SQL and native records read better unwrapped
"""Telephone calls and text messages, chats that a bot begins, reviews, and a few voices on X."""

from __future__ import annotations

from cdp_pipeline.generate._area import Area
from cdp_pipeline.generate._retail import SHOPIFY_CUSTOMER
from cdp_pipeline.generate._service import ZENDESK_USER
from cdp_pipeline.generate._write import Export

_LINE = "+13125550100"
_BRAND = "2000000000000000001"
_USER = ZENDESK_USER.format(n="n")
_VIA = "pick(['email', 'web', 'voice', 'chat'], rnd(tid, 'via'))"
_RFC = "strftime({0}, '%a, %d %b %Y %H:%M:%S +0000')"

PREPARE = f"""
CREATE TABLE caller AS  -- customers who also use the telephone line; a number that two share is left out
SELECT p, number, culture FROM (
  SELECT s.p, m.mobile AS number, s.culture, count(*) OVER (PARTITION BY m.mobile) AS sharers
  FROM (SELECT DISTINCT p, culture FROM shown WHERE src = 'zendesk' AND v = 1) s JOIN member m USING (p)
) WHERE sharers = 1 AND number[1] = '+' AND rnd(p, 'phones') < .22;
CREATE TABLE phone_call AS
SELECT p, number, culture, p || '-' || q AS c, TIMESTAMP '2017-01-09 14:00:00' + INTERVAL (floor(rnd(p || '-' || q, 'phoned') * 355 * 86400)::BIGINT) SECOND AS ts,
  (40 + floor(pow(rnd(p || '-' || q, 'talk'), 2) * 900))::INT AS seconds, rnd(p || '-' || q, 'answered') < .85 AS is_answered,
  rnd(p || '-' || q, 'calls_out') < .2 AS is_outbound, rnd(p || '-' || q, 'withheld') < .06 AS is_withheld
FROM caller, range(2) t(q) WHERE q = 0 OR rnd(p, 'phones_again') < .3;
CREATE TABLE sms AS
SELECT c, p, number, ts + INTERVAL 1 HOUR AS ts, rnd(c, 'stops') < .08 AS is_stop, rnd(c, 'replies') < .35 AS is_reply FROM phone_call WHERE rnd(c, 'texts') < .5;
CREATE TABLE bot_chat AS  -- a part of the desk's chat tickets began with the bot, and some questions ended there
SELECT tid AS c, t, n, subject, body, ts, reply_minutes, culture, true AS is_handed_over FROM ticket WHERE {_VIA} = 'chat' AND rnd(tid, 'widget') < .3
UNION ALL
SELECT 'bot-' || tid, NULL, n, subject, body, ts - INTERVAL 3 DAY, 0, culture, false FROM ticket WHERE rnd(tid, 'bot_alone') < .04;
CREATE TABLE talker AS
SELECT p, 'ic' || lpad(p::VARCHAR, 10, '0') AS contact_id, email, full_name, culture, CASE WHEN strong_kind = 'own' THEN customer_no END AS customer_no,
  TIMESTAMP '2017-03-01 10:00:00' + INTERVAL (floor(rnd(p, 'widget') * 300 * 86400)::BIGINT) SECOND AS ts, rnd(p, 'bot_fails') < .45 AS is_routed
FROM (SELECT * FROM shown WHERE src = 'shopify' AND obj = 'customers' AND v = 1 AND email_kind = 'own' AND rnd(p, 'talks') < .07
      QUALIFY row_number() OVER (PARTITION BY p ORDER BY aid) = 1);
CREATE TABLE reviewer AS
SELECT s.p, 800000000 + s.n AS reviewer_id, {SHOPIFY_CUSTOMER.format(n="s.n")} AS shop_customer_id, email, full_name, culture, rnd(s.aid, 'stars') AS mood,
  (SELECT max(product_id) FROM line l WHERE l.b = t.b) AS product_id, least(t.ts + INTERVAL 9 DAY, TIMESTAMP '2017-12-31 20:00:00') AS ts
FROM shown s JOIN last_trip t USING (p) WHERE src = 'shopify' AND obj = 'customers' AND v = 1 AND email_kind = 'own' AND rnd(s.aid, 'reviews') < .14;
CREATE TABLE x_voice AS
SELECT p, (1000000000000000000 + p * 1000003) AS user_id, full_name, culture,
  TIMESTAMP '2017-02-01 10:00:00' + INTERVAL (floor(rnd(p, 'posts') * 330 * 86400)::BIGINT) SECOND AS ts
FROM (SELECT * FROM shown WHERE src = 'zendesk' AND v = 1 AND rnd(p, 'on_x') < .02 QUALIFY row_number() OVER (PARTITION BY p ORDER BY aid) = 1);
INSERT INTO extra_record
SELECT DISTINCT 'twilio', 'twilio:numbers:' || number, p FROM phone_call WHERE is_outbound OR NOT is_withheld OR c IN (SELECT c FROM sms) UNION ALL
SELECT 'intercom', 'intercom:contacts:' || contact_id, p FROM talker UNION ALL
SELECT 'judgeme', 'judgeme:reviewers:' || reviewer_id, p FROM reviewer UNION ALL
SELECT 'x_twitter', 'x_twitter:users:' || user_id, p FROM x_voice
"""


def _said(key: str, kind: str, tone: str) -> str:
    """A text of `kind` for row `x`; `tone` is SQL."""
    return f"(SELECT w.bodies[1 + floor(rnd({key}, 'said') * len(w.bodies))::INT] FROM wording w WHERE w.kind = '{kind}' AND w.tongue = tongue(x.culture) AND w.tone = {tone})"


def _reply(key: str) -> str:
    return f"(SELECT w.bodies[1 + floor(rnd({key}, 'answer') * len(w.bodies))::INT] FROM wording w WHERE w.kind = 'reply' AND w.tongue = tongue(x.culture))"


def _telephone() -> list[Export]:
    leg = f"'USD' AS price_unit, {_RFC.format('ts')} AS date_created, {_RFC.format('ts + INTERVAL (seconds) SECOND')} AS date_updated"
    calls = f"""SELECT late(ts) AS dt, (ts, c, 0) AS o, 'CA' || md5(c) AS sid, NULL::VARCHAR AS parent_call_sid, CASE WHEN is_outbound THEN 'outbound-api' ELSE 'inbound' END AS direction,
      CASE WHEN is_outbound THEN '{_LINE}' WHEN is_withheld THEN 'anonymous' ELSE number END AS "from", CASE WHEN is_outbound THEN number ELSE '{_LINE}' END AS "to",
      CASE WHEN is_answered THEN 'completed' ELSE 'no-answer' END AS status, {_RFC.format("ts")} AS start_time, CASE WHEN is_answered THEN seconds ELSE 0 END::VARCHAR AS duration,
      CASE WHEN is_answered THEN printf('-%.5f', ceil(seconds / 60) * .0085) END AS price, {leg} FROM phone_call
      UNION ALL BY NAME SELECT late(ts) AS dt, (ts, c, 1) AS o, 'CA' || md5('leg' || c) AS sid, 'CA' || md5(c) AS parent_call_sid, 'outbound-dial' AS direction, '{_LINE}' AS "from",
      'client:agent_' || (1 + floor(rnd(c, 'agent') * 5)::INT) AS "to", 'completed' AS status, {_RFC.format("ts + INTERVAL 15 SECOND")} AS start_time, (seconds - 15)::VARCHAR AS duration,
      printf('-%.5f', ceil(seconds / 60) * .004) AS price, {leg} FROM phone_call WHERE is_answered AND NOT is_outbound"""
    texts = f"""SELECT late(ts) AS dt, (ts, c, 0) AS o, 'SM' || md5(c) AS sid, 'outbound-api' AS direction, '{_LINE}' AS "from", number AS "to", 'How was our call? Reply 1 to 5' AS body,
      CASE WHEN rnd(c, 'lost') < .03 THEN 'undelivered' ELSE 'delivered' END AS status, '-0.00750' AS price, 'USD' AS price_unit, {_RFC.format("ts")} AS date_sent, {_RFC.format("ts")} AS date_updated FROM sms
      UNION ALL BY NAME SELECT late(ts + INTERVAL 5 MINUTE) AS dt, (ts, c, 1) AS o, 'SM' || md5('in' || c) AS sid, 'inbound' AS direction, number AS "from", '{_LINE}' AS "to",
      CASE WHEN is_stop THEN 'STOP' ELSE (1 + floor(rnd(c, 'grade') * 5)::INT)::VARCHAR END AS body, 'received' AS status, '-0.00750' AS price, 'USD' AS price_unit,
      {_RFC.format("ts + INTERVAL 5 MINUTE")} AS date_sent, {_RFC.format("ts + INTERVAL 5 MINUTE")} AS date_updated FROM sms WHERE is_stop OR is_reply"""
    talk = f"""SELECT asked_dt AS dt, t AS o, 31000 + t AS id, 50000 + t AS ticket_id, {_USER} AS customer_id, 900000000001 + t % 5 AS agent_id, 'inbound' AS direction,
      CASE WHEN rnd(tid, 'gave_up') < .1 THEN 'abandoned_in_voicemail' ELSE 'completed' END AS completion_status, '+13125550103' AS phone_number,
      CASE WHEN rnd(tid, 'gave_up') < .1 THEN 0 ELSE (60 + floor(rnd(tid, 'talk') * 600))::INT END AS talk_time, floor(rnd(tid, 'hold_on') * 180)::INT AS wait_time,
      rnd(tid, 'gave_up') < .1 AS voicemail, false AS callback, iso(ts - INTERVAL 10 SECOND) AS created_at, iso(ts + INTERVAL 12 MINUTE) AS updated_at FROM ticket WHERE {_VIA} = 'voice'"""
    return [
        Export("twilio", "calls", calls, first="jsonl", later="json", envelope="calls"),
        Export("twilio", "messages", texts, first="jsonl"),
        Export("zendesk_talk", "calls", talk, first="jsonl", later="json", envelope="calls"),
    ]


def _chats() -> list[Export]:
    bot = """json_object('author', json_object('display_name', 'Helper', 'type', 'BUSINESS'), 'source', json_object('type', 'zd:answerBot'))::VARCHAR"""
    at = "strftime({0}, '%Y-%m-%d %H:%M:%S.%f')"
    step = f"""SELECT late(ts) AS dt, (ts, c, {{no}}) AS o, '1000001.' || md5(c)[1:12] AS chat_id, {at.format("{when}")} AS created_at, {{actor}} AS actor_id, {{no}} AS chat_index, '{{kind}}' AS type,
      {{text}} AS message, {{original}} AS original_message FROM bot_chat x {{only}}"""
    minute = "ts + INTERVAL {0} SECOND"
    events = " UNION ALL BY NAME ".join(
        step.format(no=no, when=when, actor=actor, kind=kind, text=text, original=original, only=only)
        for no, when, actor, kind, text, original, only in (
            (0, "ts", "'__system'", "ChatMessage", "'How can I help?'", bot, ""),
            (1, minute.format(30), f"({_USER})::VARCHAR", "ChatMessage", "body", "NULL::VARCHAR", ""),
            (
                2,
                minute.format(33),
                "'__system'",
                "ChatMessage",
                "'This page may help'",
                bot,
                "WHERE NOT is_handed_over",
            ),
            (
                2,
                minute.format(40),
                "'__system'",
                "ChatDepartmentTransfer",
                "NULL::VARCHAR",
                "NULL::VARCHAR",
                "WHERE is_handed_over",
            ),
            (
                3,
                minute.format(130),
                "'agent:' || (900000000001 + t % 5)",
                "ChatMessage",
                _reply("c"),
                "NULL::VARCHAR",
                "WHERE is_handed_over",
            ),
            (4, minute.format(600), "'__system'", "ChatEnd", "NULL::VARCHAR", "NULL::VARCHAR", ""),
        )
    )
    chats = f"""SELECT late(ts) AS dt, (ts, c) AS o, '1000001.' || md5(c)[1:12] AS chat_id, 50000 + t AS ticket_id, {_USER} AS user_id, 'web_messenger' AS channel, 'end_user' AS initiator,
      true AS authenticated, md5('conversation' || c)[1:20] AS conversation_id, '[]' AS tags FROM bot_chat"""
    start = "epoch(ts)::BIGINT"
    talks = f"""SELECT late(ts + INTERVAL 15 MINUTE) AS dt, (ts, p) AS o, (8000000 + p)::VARCHAR AS id, {start} AS created_at, {start} + 900 AS updated_at, 'closed' AS state,
      {{'type': 'conversation', 'delivered_as': 'customer_initiated', 'body': '<p>' || {_said("p", "chat", "'neutral'")} || '</p>',
        'author': {{'type': 'user', 'id': contact_id, 'name': full_name, 'email': email}}}} AS source,
      {{'contacts': [{{'type': 'contact', 'id': contact_id, 'external_id': customer_no}}]}} AS contacts, true AS ai_agent_participated,
      {{'resolution_state': CASE WHEN is_routed THEN 'routed_to_team' ELSE 'assumed_resolution' END, 'rating': CASE WHEN rnd(p, 'rates_bot') < .2 THEN 1 + floor(rnd(p, 'bot_stars') * 5)::INT END}} AS ai_agent,
      {{'time_to_admin_reply': CASE WHEN is_routed THEN 90 END, 'first_admin_reply_at': CASE WHEN is_routed THEN {start} + 240 END, 'last_close_at': {start} + 900, 'count_reopens': 0}} AS statistics,
      {{'conversation_parts': list_filter([
        {{'id': 'b' || p, 'part_type': 'comment', 'body': '<p>This page may help</p>', 'created_at': {start} + 5, 'author': {{'type': 'bot'}}}},
        {{'id': 'a' || p, 'part_type': 'comment', 'body': CASE WHEN is_routed THEN '<p>' || {_reply("p")} || '</p>' END, 'created_at': {start} + 240, 'author': {{'type': 'admin'}}}}],
        lambda part: part.body IS NOT NULL)}} AS conversation_parts,
      CASE WHEN is_routed AND rnd(p, 'rates_chat') < .4 THEN {{'rating': 2 + floor(rnd(p, 'chat_stars') * 4)::INT, 'created_at': {start} + 880}} END AS conversation_rating FROM talker x"""
    return [
        Export("zendesk_chat", "messaging_events", events, first="csv", later="csv"),
        Export("zendesk_chat", "messaging_chats", chats, first="csv", later="csv"),
        Export("intercom", "conversations", talks, first="jsonl", later="json", envelope="conversations"),
    ]


def _opinions() -> list[Export]:
    tone = "CASE WHEN mood < .65 THEN 'positive' WHEN mood < .85 THEN 'neutral' ELSE 'negative' END"
    reviews = f"""SELECT late(ts) AS dt, (ts, p) AS o, 900000000 + p AS id, NULL::VARCHAR AS title, {_said("p", "survey", tone)} AS body,
      CASE WHEN mood < .65 THEN 5 WHEN mood < .75 THEN 4 WHEN mood < .85 THEN 3 WHEN mood < .93 THEN 2 ELSE 1 END AS rating,
      CASE WHEN rnd(p, 'the_shop') < .15 THEN -1 ELSE 5000000000000 + product_id END AS product_external_id,
      {{'id': reviewer_id, 'external_id': shop_customer_id, 'email': email, 'name': full_name, 'phone': NULL::VARCHAR, 'unsubscribed_at': CASE WHEN rnd(p, 'no_mails') < .04 THEN iso(ts) END}} AS reviewer,
      'email' AS source, rnd(p, 'hidden') < .05 AS hidden, 'verified-purchase' AS verified, strftime(ts, '%Y-%m-%dT%H:%M:%S+00:00') AS created_at, strftime(ts, '%Y-%m-%dT%H:%M:%S+00:00') AS updated_at FROM reviewer x"""
    places = f"""SELECT late(ts) AS dt, store_id AS o, 'accounts/1/locations/' || store_id || '/reviews/gr' || store_id AS name, 'gr' || store_id AS "reviewId",
      {{'displayName': 'Guest ' || store_id, 'isAnonymous': rnd(store_id, 'shy') < .3}} AS reviewer, pick(['FIVE', 'FOUR', 'THREE', 'TWO'], mood) AS "starRating", {_said("store_id", "survey", tone)} AS comment,
      iso(ts) AS "createTime", iso(ts) AS "updateTime"
      FROM (SELECT *, 'en' AS culture, rnd(store_id, 'place') AS mood, TIMESTAMP '2017-05-01 12:00:00' + INTERVAL (floor(rnd(store_id, 'told') * 230)::INT) DAY AS ts
            FROM (SELECT DISTINCT store_id FROM basket WHERE way = 'till') WHERE rnd(store_id, 'reviewed') < .3) x"""
    users = """SELECT late(ts) AS dt, p AS o, user_id::VARCHAR AS id, 'user_' || p AS username, full_name AS name, false AS verified, '2014-05-01T10:00:00.000Z' AS created_at FROM x_voice"""
    number = "((epoch_ms(ts) - 1288834974657) * 4194304 + {0})::VARCHAR"
    posts = f"""SELECT late(ts) AS dt, (ts, p, 0) AS o, {number.format("p % 4096")} AS id, user_id::VARCHAR AS author_id, iso(ts) AS created_at, '@sample_grocery ' || {_said("p", "chat", "'negative'")} AS text,
      '{_BRAND}' AS in_reply_to_user_id, tongue(culture) AS lang FROM x_voice x
      UNION ALL BY NAME SELECT late(ts) AS dt, (ts, p, 1) AS o, {number.format("4096 + p % 4096")} AS id, '{_BRAND}' AS author_id, iso(ts + INTERVAL 9 MINUTE) AS created_at, {_reply("p")} AS text,
      user_id::VARCHAR AS in_reply_to_user_id, tongue(culture) AS lang FROM x_voice x WHERE rnd(p, 'brand_answers') < .7"""
    return [
        Export("judgeme", "reviews", reviews, first="jsonl.gz", later="json", envelope="reviews"),
        Export("google_reviews", "reviews", places, first="jsonl"),
        Export("x_twitter", "users", users, first="jsonl"),
        Export("x_twitter", "posts", posts, first="jsonl", later="json", envelope="data"),
    ]


def _exports() -> list[Export]:
    return [*_telephone(), *_chats(), *_opinions()]


CONVERSATIONS = Area(prepare=PREPARE, exports=_exports, hashed_objects=("twilio:numbers:", "x_twitter:users:"))
