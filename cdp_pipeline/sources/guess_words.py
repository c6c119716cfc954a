"""What header names say about a column: words in English and Chinese, in the order in which they are tried.

A name says what a column claims to be; the values decide in ``guess.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """A role, the pattern over a name in snake case that speaks for it, and Chinese words of which one does."""

    role: str
    pattern: re.Pattern[str]
    chinese: tuple[str, ...]


def _words(role: str, pattern: str, chinese: str = "") -> Words:
    return Words(role, re.compile(rf"(^|_)({pattern})(_|$)"), tuple(chinese.split()))


# First match wins: what is about someone else, or about a permission, before what it is about.
ROLES = (
    _words(
        "staff",
        r"owner|agent|assignee|staff|employee|cashier|operator|sales_?rep|advisor|clerk|handler|captured_by|"
        r"created_by|modified_by|updated_by",
        "客服 导购 员工 店员 负责人 操作员 销售员 坐席 经办 跟进人",
    ),
    _words(
        "consent", r"opt_?in|opt_?out|consent|subscribed|unsubscribed|do_not_\w+|allow_\w+|gdpr", "同意 订阅 退订 许可"
    ),
    _words("network", r"ip|ip_?addr(ess)?|user_?agent|ua|fingerprint|browser", "浏览器 IP地址"),
    _words("card", r"last_?4|last_?four|card_last\w*|pan|iban|bank_account|cvv", "银行卡 信用卡 银行账号"),
    _words("national_id", r"ssn|national_id|id_?card|passport|tax_id", "身份证 护照 证件号"),
    _words("email", r"e_?mail|e_?mails|mail_?address|email_?addr(ess)?", "邮箱 电子邮件 邮件地址"),
    _words(
        "phone",
        r"phone|phones|mobile|cell|cellphone|tel|telephone|msisdn|phone_?(no|number)|whatsapp|fax",
        "手机 电话 联系方式 联系号码",
    ),
    _words("unionid", r"union_?id", "unionid"),
    _words("openid", r"open_?id|external_?userid", "openid"),
    _words("appid", r"app_?id", "appid"),
    _words(
        "anonymous", r"anonymous_?id|visitor_?(id|key)|cookie_?id|client_?id|user_pseudo_id|domain_userid|fpid", "访客"
    ),
    _words(
        "device", r"device_?id|idfa|idfv|gaid|aaid|adid|android_?id|imei|oaid|caid|advertising_?id", "设备号 设备编号"
    ),
    _words(
        "loyalty",
        r"loyalty(_?(id|no|number|card|account))?|membership(_?(id|no|number))?|member_?(no|number|code|card)|"
        r"vip_?(no|number|code|card)|card_?(no|number)|rewards?_?(id|no|number)",
        "会员号 会员卡 会员编号 会员卡号 卡号",
    ),
    _words(
        "customer_no",
        r"customer_?(no|number|code)|cust_?(no|number|code)|account_?(no|number)|client_?(no|number)",
        "客户编号 客户号 客户编码 客户代码",
    ),
    _words(
        "person_id",
        r"(customer|cust|user|member|contact|person|people|profile|buyer|guest|visitor|subscriber|patient|"
        r"attendee|participant|passenger|lead|shopper)_?(id|uuid|uid|key|guid)|uid",
        "用户编号 用户ID 会员ID 客户ID 买家ID",
    ),
    _words("birth_date", r"birth|birth_?(date|day)|birthday|dob|date_of_birth|born|born_on", "生日 出生"),
    _words("gender", r"gender|sex|salutation", "性别"),
    _words("given_name", r"first_?name|given_?name|fname|forename", ""),
    _words("family_name", r"last_?name|family_?name|surname|lname", "姓氏"),
    _words(
        "organisation", r"company|organisation|organization|employer|account_name|company_name", "公司 单位名称 企业"
    ),
    _words("street", r"street|address|addr|address_?(1|line_?1|line1)|street_?address|line1", "地址 街道 住址"),
    _words("locality", r"city|town|locality|suburb", "城市 市"),
    _words("region", r"state|province|region|county|prefecture", "省 省份"),
    _words("postcode", r"zip|zip_?code|postcode|postal|postal_?code|post_?code", "邮编 邮政编码"),
    _words("country", r"country|country_?code|nation", "国家"),
    _words("language", r"language|locale|lang", "语言"),
    _words(
        "full_name",
        r"full_?name|name|customer_?name|contact_?name|user_?name|display_?name|nick_?name|recipient|"
        r"consignee|guest_?name|buyer_?name|attendee_?name",
        "姓名 客户名称 客户姓名 联系人 收货人 收件人 昵称 称呼 会员姓名",
    ),
    _words(
        "product",
        r"sku|product_?(id|code|no)|item_?(id|code|no)|article_?(id|no)|barcode|ean|upc|goods_?id",
        "商品编号 商品编码 货号 条码",
    ),
    _words("campaign", r"campaign(_?(id|name|code))?|utm_campaign", "活动编号 活动名称 推广计划"),
    _words(
        "event_type", r"event|event_?(type|name)|action|activity_?type|interaction_?type|type|kind", "事件 类型 行为"
    ),
    _words(
        "free_text",
        r"comment|comments|note|notes|message|remark|remarks|description|feedback|body|content|review|reason|"
        r"question|answer|memo|subject",
        "备注 留言 内容 评论 评价 说明 反馈 描述",
    ),
)

# Headers that name halves of a person's name only beside each other: `last` alone may be a last visit.
NAME_PAIRS: tuple[Mapping[str, str], ...] = (
    {"first": "given_name", "last": "family_name"},
    {"given": "given_name", "family": "family_name"},
    {"名": "given_name", "姓": "family_name"},
)
# Names of things that are no person, so that "product_name" is no name of anybody.
OF_A_THING = re.compile(
    r"(^|_)(product|item|goods|sku|store|shop|branch|campaign|event|file|page|brand|category|channel|department|plan|"
    r"list|segment|device|app|site|school|course|hotel|venue|host|domain|screen|form|tag|status|currency|payment)(_|$)"
)
OF_A_THING_CHINESE = ("商品", "门店", "店铺", "活动", "品牌", "分类", "渠道", "部门", "产品", "订单", "网点")
UPDATED = (
    re.compile(r"(^|_)(updated?|modified|changed?|last_?(update|modified|change|edit)\w*|edited|mtime)(_|$)"),
    ("更新", "修改"),
)
CREATED = (re.compile(r"(^|_)(created?|creation|inserted|added|ctime)(_|$)"), ("创建", "建档"))
JOINED = (
    re.compile(r"(^|_)(registered|registration|signup|signed_?up|sign_?up|joined|join|enrol\w*|subscribed_?at)(_|$)"),
    ("注册", "入会", "加入"),
)
HAPPENED = (
    re.compile(
        r"(^|_)(occurr\w*|event_?(time|at|date|ts)|event_timestamp|time|at|ts|timestamp|datetime|visited|scanned|ordered|purchased|"
        r"order_?(date|time)|paid|sent|received|opened|clicked|viewed|called|call_?(time|start)|start(ed)?|started_at|"
        r"submitted|completed|checked_?in|answered|date|day|when)(_|$)"
    ),
    ("时间", "日期", "下单", "到店", "发生"),
)
MONEY = (
    re.compile(
        r"(^|_)(amount|price|total|cost|fee|revenue|paid|spend|spent|discount|tax|balance|value|gmv|subtotal)(_|$)"
    ),
    ("金额", "价格", "单价", "实付", "费用", "总价", "余额", "消费"),
)
MINOR_UNITS = (re.compile(r"(^|_)(cents?|fen|minor|pence)(_|$)"), ("（分）", "(分)"))
IDENTIFYING = (
    re.compile(
        r"(^|_)(id|ids|no|nr|num|number|code|key|uuid|guid|ref|reference|sku|ean|zip|token|serial|barcode)(_|$)|id$"
    ),
    ("编号", "号码", "单号", "编码", "卡号", "代码", "流水号", "号", "ID", "id"),
)
PERSONS = re.compile(
    r"(^|_)(customers?|contacts?|users?|members?|people|persons?|profiles?|subscribers?|leads?|guests?|patients?|"
    r"attendees?|accounts?)(_|$)"
)
# Header names in Chinese that have a usual English column name.
CHINESE_NAMES = {
    "编号": "number",
    "单号": "order_no",
    "订单号": "order_no",
    "订单编号": "order_no",
    "流水号": "serial_no",
    "金额": "amount",
    "实付金额": "paid_amount",
    "价格": "price_amount",
    "单价": "unit_price_amount",
    "数量": "quantity",
    "门店": "store",
    "门店名称": "store_name",
    "门店编号": "store_id",
    "店铺": "shop",
    "商品名称": "product_name",
    "下单时间": "ordered_at",
    "支付时间": "paid_at",
    "创建时间": "created_at",
    "更新时间": "updated_at",
    "修改时间": "updated_at",
    "注册时间": "registered_at",
    "入会时间": "joined_at",
    "入会日期": "joined_at",
    "时间": "occurred_at",
    "日期": "occurred_on",
    "到店时间": "visited_at",
    "状态": "status",
    "渠道": "channel",
    "来源": "origin",
    "积分": "points",
    "等级": "level",
    "会员等级": "member_level",
    "省": "region",
    "市": "locality",
    "区": "district",
    "备注": "remark",
    "类型": "type",
    "币种": "currency",
    "活动": "campaign",
    "活动名称": "campaign_name",
}


def role_of(name: str, header: str) -> str | None:
    """The role that a column's name speaks for: `name` in snake case, `header` as delivered."""
    thing = OF_A_THING.search(name) is not None or any(word in header for word in OF_A_THING_CHINESE)
    for words in ROLES:
        if words.pattern.search(name) or any(word in header for word in words.chinese):
            if thing and words.role in (
                "full_name",
                "organisation",
                "email",
                "phone",
                "person_id",
                "street",
                "locality",
            ):
                continue
            return words.role
    return None


def says(hint: tuple[re.Pattern[str], tuple[str, ...]], name: str, header: str) -> bool:
    """Does a name speak for a hint of this module?"""
    return hint[0].search(name) is not None or any(word in header for word in hint[1])


__all__ = ["CHINESE_NAMES", "NAME_PAIRS", "ROLES", "Words", "role_of", "says"]
