"""Rows that no contract accepts, so that a demo's quarantine holds something real. Not part of the truth."""

from __future__ import annotations

BAD_ROWS: dict[tuple[str, str], tuple[str, ...]] = {
    ("zoho_crm", "contacts"): (
        '{"id":"5400000000000999001","Full_Name":"Cut Off","Email":"cut.off@mail.exa',
        '{"Full_Name":"No Key","Email":"no.key@mail.example","Modified_Time":"2017-12-20T00:00:00Z"}',
    ),
    ("zoho_crm", "calls"): (
        '{"id":"5400000000299999001","Call_Start_Time":"2017-11-02T15:00:00Z","Call_Duration_in_seconds":-35,"Modified_Time":"2017-11-02T15:20:00Z"}',
        '{"id":"5400000000299999002","Call_Start_Time":"2017-02-30T25:61:00Z","Call_Duration_in_seconds":35,"Modified_Time":"2017-11-02T15:20:00Z"}',
    ),
    ("square_pos", "customers"): ('{"id":"CUST99999901","given_name":"Clock","updated_at":"yesterday"}',),
    ("square_pos", "orders"): (
        '{"location_id":"LOC367","state":"COMPLETED","created_at":"2017-05-05T10:00:00Z","updated_at":"2017-05-05T10:00:00Z"}',
        '{"id":"ORD99999999902","location_id":"LOC367","state":"PAID?","created_at":"2017-05-05T10:00:00Z","updated_at":"2017-05-05T10:00:00Z"}',
    ),
    ("shopify", "orders"): (
        '{"id":6000099999901,"name":"#99991","currency":"USD","total_price":"12.5O","processed_at":"2017-06-01T10:00:00-05:00","updated_at":"2017-06-01T10:00:00-05:00"}',
        '{"id":6000099999902,"name":"#99992","currency":"USD","total_price":"18.20","processed_at":"2017-06-01T10:0',
    ),
    ("web_events", "segment"): (
        '{"type":"beacon","messageId":"msg-bad-1","anonymousId":"a","timestamp":"2017-07-01T10:00:00Z"}',
        '{"type":"page","anonymousId":"a","timestamp":"2017-07-01T10:00:00Z"}',
    ),
    ("wechat", "pay_orders"): (
        '{"appid":"wx0000000000000002","openid":"oBbad","trade_state":"SUCCESS","total_fee":"十二元","transaction_id":"4299999901","out_trade_no":"M1","time_end":"20170701101010"}',
        '{"appid":"wx0000000000000002","openid":"oBbad","trade_state":"SUCCESS","total_fee":"880","transaction_id":"4299999902","out_trade_no":"M2","time_end":"20171345996101"}',
    ),
    ("wechat", "mini_phones"): ('{"errcode":40029,"errmsg":"invalid code"}',),
    ("zendesk", "ticket_metrics"): (
        '{"id":939999999901,"ticket_id":99999901,"reply_time_in_minutes":{"calendar":-15,"business":0},"updated_at":"2017-08-01T00:00:00Z"}',
    ),
    ("delighted", "survey_responses"): (
        '{"id":"999999901","person":"800000001","survey_type":"nps","score":11,"created_at":1503000000}',
    ),
    ("klaviyo", "events"): (
        '{"type":"event","id":"EBAD1","attributes":{"timestamp":1503000000},"relationships":{"metric":{"data":{"type":"metric","id":"M2"}}}}',
    ),
}
