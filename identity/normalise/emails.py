"""E-mail addresses: one canonical spelling, and which addresses say nothing about a person.

Rules, in this order:
1. The address is taken out of `mailto:…`, `Name <address>`, quotes, and trailing dots, commas or semicolons; lower
   case.
2. No single `@`, a bad local part or a domain without a dot: value NULL, reason `invalid`; a word such as `unknown`
   or `none` in its place: `placeholder`.
3. Provider rules. Gmail and Googlemail ignore dots and everything from `+`; both become `gmail.com`. Outlook,
   Hotmail, Live, MSN (in all countries), iCloud (me.com and mac.com keep their names), Fastmail, Proton and QQ's
   `foxmail.com` ignore everything from `+`. Yahoo's throw-away addresses are `name-word@`: everything from `-` goes.
   qq.com, 163.com, 126.com and yeah.net have neither; `www.`, which people type there, goes. Every other domain keeps
   its local part as it is: a plus may be part of the mailbox there.
4. Not trusted, with the value kept: `placeholder` (a@b.c, test@test.com, anything at example.com, a run or repetition
   of digits such as 123456@ …), `made_up` (`<digits>@facebook.com`), `disposable` (domain list, subdomains too),
   `relay` (a market place's address for one order), `role` (info@, noreply@, kefu@ …; 客服@ has no value).

The lists are short on purpose: a wrong entry takes a person's best identifier away.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from identity.normalise.text import word_set


class Normalised(NamedTuple):
    """A canonical identifier value (None when unusable) and why it is not trusted (None when it is)."""

    value: str | None
    reason: str | None


ROLES = word_set(
    "abuse accounting accounts admin administrator billing bounce bounces careers contact contactus customer "
    "customercare customerservice donotreply enquiries enquiry feedback hello help helpdesk hostmaster hr info "
    "information inquiries invoice invoices jobs mail mailer-daemon marketing news newsletter no-reply no.reply "
    "no_reply noreply notification notifications office order orders postmaster privacy reception receptionist reply "
    "returns root sales security service services shop store support team webmaster kefu service-cn caiwu fuwu "
    "shouhou xiaoshou zhaopin cs presale aftersale"
)
PLACEHOLDER_LOCALS = word_set(
    "test tester testing test1 test123 none null na n/a noemail no-email no.email no_email noemailaddress nomail "
    "unknown undefined anonymous fake dummy dummy-user nobody noone notprovided asdf asdfasdf qwerty abc aaa xxx "
    "example guest customer@customer user email xx foo"
)
PLACEHOLDER_DOMAINS = word_set(
    "b.c example.com example.org example.net test.com test.test none.com noemail.com nomail.com unknown.com "
    "no-email.com email.invalid localhost.localdomain domain.com yourdomain.com fake.com na.com null.com"
)
DISPOSABLE_DOMAINS = word_set(
    "10minutemail.com 20minutemail.com 33mail.com burnermail.io discard.email dispostable.com emailondeck.com "
    "fakeinbox.com getairmail.com getnada.com grr.la guerrillamail.biz guerrillamail.com guerrillamail.de "
    "guerrillamail.info guerrillamail.net guerrillamail.org guerrillamailblock.com linshiyouxiang.net mail-temp.com "
    "mailcatch.com maildrop.cc mailinator.com mailnesia.com mailnull.com minutemail.com mintemail.com moakt.com "
    "mohmal.com mytemp.email sharklasers.com spam4.me spamgourmet.com temp-mail.io temp-mail.org tempail.com "
    "tempmail.com tempmailo.com tempr.email throwawaymail.com trashmail.com trashmail.de yopmail.com yopmail.fr "
    "yopmail.net"
)
DOTLESS_DOMAINS = frozenset({"gmail.com", "googlemail.com"})
PLUS_DOMAINS = word_set(
    "outlook.com hotmail.com live.com msn.com icloud.com me.com mac.com fastmail.com fastmail.fm proton.me "
    "protonmail.com pm.me foxmail.com"
)
_PLUS_PATTERN = r"(outlook|hotmail|live)\.[a-z]{2,3}(\.[a-z]{2})?"
_DASH_PATTERN = r"yahoo\.(com|ca|de|es|fr|it|in|ie|co\.uk|co\.in|co\.id|com\.(au|br|cn|hk|mx|my|sg|tw|vn))"
DASH_DOMAINS = word_set("ymail.com rocketmail.com")
WWW_DOMAINS = word_set("qq.com vip.qq.com 163.com 126.com yeah.net sina.com sohu.com foxmail.com")
_RELAY_PATTERN = r"marketplace\.amazon\.[a-z.]+|members\.ebay\.[a-z.]+|guest\.(booking|airbnb)\.com"
_PLUS, _DASH, _RELAY = (re.compile(pattern) for pattern in (_PLUS_PATTERN, _DASH_PATTERN, _RELAY_PATTERN))
_HAN_ROLE = re.compile("客服|服务|服務|销售|銷售|财务|財務|售后|售後|招聘|订单|訂單")
_DIGIT_RUNS = ("01234567890", "12345678901234567890", "98765432109876543210")
_PLACEHOLDER_WORDS = frozenset(
    {"", "-", "--", ".", "unknown", "none", "null", "n/a", "na", "nil", "undefined", "no", "noemail", "no email", "无",
     "没有", "test", "测试", "x", "xxx", "not provided", "no response", "info requested", "(not set)", "(none)", "0"}
)  # fmt: skip
_BRACKETED = re.compile(r"<\s*([^<>]*)\s*>\s*$")
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{1,63}|xn--[a-z0-9-]+)")
_FACEBOOK = re.compile(r"\d+@(?:[a-z-]+\.)*facebook\.com")


def normalise_email(value: str | None) -> Normalised:
    """The canonical address of one raw value, by the rules above."""
    if value is None:
        return Normalised(None, "missing")
    text = value.strip()
    bracketed = _BRACKETED.search(text)
    if bracketed:
        text = bracketed.group(1)
    text = text.strip().strip("\"'`").strip().lower()
    if text.startswith("mailto:"):
        text = text[7:].partition("?")[0].strip()
    text = text.replace("＠", "@").strip("\"' ").rstrip(".,;: ")
    if not text:
        return Normalised(None, "missing" if not value.strip() else "placeholder")
    if text in _PLACEHOLDER_WORDS:
        return Normalised(None, "placeholder")
    local, at, domain = text.partition("@")
    local, domain = local.strip(), domain.strip()
    if at and _HAN_ROLE.search(local):
        return Normalised(None, "role")
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        # `none@` and `unknown@nowhere` are typed to get past a required field.
        return Normalised(None, "placeholder" if local in PLACEHOLDER_LOCALS else "invalid")
    if domain in DOTLESS_DOMAINS:
        local = local.partition("+")[0].replace(".", "")
        domain = "gmail.com"
    elif domain in PLUS_DOMAINS or _PLUS.fullmatch(domain):
        local = local.partition("+")[0]
    elif domain in DASH_DOMAINS or _DASH.fullmatch(domain):
        local = local.partition("-")[0]
    if domain in WWW_DOMAINS:
        local = local.removeprefix("www.")
    if not local:
        return Normalised(None, "invalid")
    return Normalised(f"{local}@{domain}", distrust(local, domain))


def distrust(local: str, domain: str) -> str | None:
    """Why a well-formed address does not identify a person, or None."""
    if _FACEBOOK.fullmatch(f"{local}@{domain}"):
        return "made_up"
    if domain in PLACEHOLDER_DOMAINS or local in PLACEHOLDER_LOCALS or _is_digit_filler(local):
        return "placeholder"
    if domain in DISPOSABLE_DOMAINS or domain.partition(".")[2] in DISPOSABLE_DOMAINS:
        return "disposable"
    if _RELAY.fullmatch(domain):
        return "relay"
    return "role" if local in ROLES else None


def _is_digit_filler(local: str) -> bool:
    if not local.isdigit() or len(local) < 3:
        return False
    return len(set(local)) == 1 or any(run.startswith(local) for run in _DIGIT_RUNS)


def _any_of(values: frozenset[str]) -> str:
    """A regular expression for any of the values: one pass, where a list of 100 texts is 100 comparisons a row."""
    return "|".join(re.escape(value).replace("'", "''") for value in sorted(values))


def plain_email_sql(column: str) -> str:
    """SQL that gives the canonical address of a plain value, and NULL for every value the Python rules must judge.

    A plain value needs nothing but trimming, lower case and Gmail's dots, and is trusted; `normalise_email` gives the
    same (a property test holds the two together). `column` is a VARCHAR expression.
    """
    text = f"lower(trim({column}))"
    local, domain = f"split_part({text}, '@', 1)", f"split_part({text}, '@', 2)"
    bare = f"(CASE WHEN {domain} = 'gmail.com' THEN replace({local}, '.', '') ELSE {local} END)"
    judged = PLACEHOLDER_LOCALS | ROLES
    domains = PLACEHOLDER_DOMAINS | DISPOSABLE_DOMAINS | {"googlemail.com", "facebook.com"}
    runs = " OR ".join(f"starts_with('{run}', {bare})" for run in _DIGIT_RUNS)
    return (
        f"CASE WHEN regexp_full_match({text}, '[a-z0-9_-]+(\\.[a-z0-9_-]+)*@([a-z0-9]+\\.){{1,3}}[a-z]{{2,20}}') "
        f"AND length({local}) <= 64 AND length({domain}) <= 60 "
        f"AND NOT regexp_full_match({domain}, '([^.]*\\.)?({_any_of(domains)})') "
        f"AND NOT regexp_full_match({bare}, '{_any_of(judged)}') AND NOT starts_with({text}, 'www.') "
        f"AND NOT (contains({local}, '-') AND regexp_full_match({domain}, 'yahoo\\..*|{_any_of(DASH_DOMAINS)}')) "
        f"AND NOT (length({bare}) >= 3 AND ({runs} "
        f"OR {bare} = repeat(left({bare}, 1), length({bare})::INT))) "
        f"AND NOT starts_with({domain}, 'marketplace.amazon.') AND NOT starts_with({domain}, 'members.ebay.') "
        f"AND NOT starts_with({domain}, 'guest.') AND NOT ends_with({domain}, '.facebook.com') "
        f"THEN ({bare}) || '@' || {domain} END"
    )
