"""What a sample says about its columns and its object: types, key, times, identifiers, personal data.

Every guess carries its reason, in words and counts, never with a value. A name says what a column claims to be, the
values decide; types are tried with the very casts that ingest uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as with_default

import duckdb

from cdp_pipeline.sources import guess_words as words
from cdp_pipeline.sources.casts import cast
from cdp_pipeline.sources.contract import Field
from cdp_pipeline.sources.guess_names import free_name, snake_case
from cdp_pipeline.sources.sample import Sample

_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段钱汤尹黎易常武乔贺赖龚文"
)
_CURRENCIES = (
    "AED|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|IDR|ILS|INR|JPY|KRW|MOP|MXN|MYR|NOK|NZD|PHP|PLN|RM|RMB|RON|RUB|"
    "SAR|SEK|SGD|THB|TRY|TWD|USD|VND|ZAR"
)
# Conditions over the trimmed text `v`.
TESTS: Mapping[str, str] = {
    "email": r"regexp_full_match(lower(v), '[^@\s*]+@[^@\s*]+\.[a-z]{2,}')",
    "cn_mobile": "regexp_full_match(regexp_replace(v, '[ ()+-]', '', 'g'), '(86|0086)?1[3-9][0-9]{9}')",
    "phone": r"regexp_full_match(v, '\+?[0-9(][0-9 ()./-]{5,22}( ?(x|ext\.?) ?[0-9]{1,6})?')"
    " AND length(regexp_replace(v, '[^0-9]', '', 'g')) BETWEEN 7 AND 16",
    "masked": "contains(v, '*')",
    "number": f"regexp_full_match(v, '{_NUMBER}')",
    "whole": "regexp_full_match(v, '[+-]?[0-9]+')",
    "long_whole": "regexp_full_match(v, '[+-]?[0-9]{16,}')",
    "leading_zero": "regexp_full_match(v, '0[0-9]+')",
    "zero_one": "v IN ('0', '1')",
    "epoch_s": r"regexp_full_match(v, '1[0-9]{9}(\.[0-9]+)?')",
    "epoch_ms": r"regexp_full_match(v, '1[0-9]{12}(\.[0-9]+)?')",
    "epoch_us": "regexp_full_match(v, '1[0-9]{15}')",
    "day_only": "regexp_full_match(v, '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}|[0-9]{8}|"
    "[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日')",
    "has_offset": r"regexp_matches(v, '([zZ]|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})\)?$')",
    "slashed": "regexp_full_match(v, '[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}( .*)?')",
    "first_over_12": "TRY_CAST(regexp_extract(v, '^([0-9]{1,2})/', 1) AS INTEGER) > 12",
    "second_over_12": "TRY_CAST(regexp_extract(v, '^[0-9]{1,2}/([0-9]{1,2})/', 1) AS INTEGER) > 12",
    "clock": "contains(v, ':')",
    "clock_seconds": "regexp_matches(v, '[0-9]:[0-9]{2}:[0-9]{2}')",
    "half_day": "regexp_matches(upper(v), '[AP]M$')",
    "json": "v[1] IN ('{', '[') AND json_valid(v)",
    # Letters that are no currency: the cast drops up to three of them, and would read a store S01 as the number 1.
    "coded": rf"regexp_matches(v, '[A-Z]') AND NOT regexp_matches(v, '\p{{Sc}}|(^|[^A-Z])({_CURRENCIES})([^A-Z]|$)')",
    "openid": "regexp_full_match(v, 'o[A-Za-z0-9_-]{27}')",
    "cn_id": "regexp_full_match(v, '[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-3][0-9][0-9]{3}[0-9Xx]')",
    "ip": r"regexp_full_match(v, '[0-9]{1,3}(\.[0-9]{1,3}){3}')",
    "address": "length(v) > 6 AND length(regexp_replace(v, '[^省市区县路街号弄室]', '', 'g')) >= 2",
    "name": rf"regexp_full_match(v, '[{_SURNAMES}]\p{{Han}}{{1,2}}')",
    "han": r"regexp_matches(v, '\p{Han}')",
}
_TEXT_ROLES = {
    "staff",
    "network",
    "card",
    "national_id",
    "email",
    "phone",
    "unionid",
    "openid",
    "appid",
    "anonymous",
    "device",
    "loyalty",
    "customer_no",
    "person_id",
    "birth_date",
    "gender",
    "given_name",
    "family_name",
    "organisation",
    "street",
    "locality",
    "region",
    "postcode",
    "country",
    "language",
    "full_name",
    "product",
    "campaign",
}
# Tag, kind and namespace of roles; `{source}` is filled in.
IDENTIFIERS: Mapping[str, tuple[str, str, str | None]] = {
    "email": ("ID", "email", None),
    "phone": ("ID", "phone", None),
    "unionid": ("ID", "wechat_unionid", None),
    "openid": ("ID-ns", "wechat_openid", "{source}"),
    "anonymous": ("ID-ns", "anonymous_id", "web"),
    "device": ("ID-ns", "anonymous_id", "device"),
    "loyalty": ("ID-ns", "loyalty_id", "{source}"),
    "customer_no": ("ID-ns", "customer_no", "{source}"),
    "person_id": ("ID-ns", "external_id", "{source}"),
}
_WEAK = {"given_name", "family_name", "full_name", "birth_date", "street", "locality", "region", "postcode", "country"}
_NEVER = {
    "staff": "people of the company are no customers",
    "network": "an address of a network or a browser is no person",
    "card": "digits of a payment card are shared by many",
    "national_id": "sensitive: is it needed? Else `drop` it",
}
_PERSONAL = {*_WEAK, *_NEVER, "email", "phone", "unionid", "openid", "free_text", "gender"}
_CONFIRMED_BY = {
    "email": ("email",),
    "phone": ("phone", "cn_mobile"),
    "openid": ("openid",),
    "national_id": ("cn_id", "phone"),
}
_FOUND_BY = (
    ("email", "email", 0.8),
    ("phone", "cn_mobile", 0.9),
    ("national_id", "cn_id", 0.8),
    ("openid", "openid", 0.9),
    ("network", "ip", 0.9),
    ("street", "address", 0.7),
    ("full_name", "name", 0.8),
)


Options = dict[str, str | tuple[str, ...]]


@dataclass(frozen=True)
class Facts:
    """Counts over one column: records, records with a value, distinct values, longest text, hits by test."""

    records: int
    filled: int
    distinct: int
    longest: int
    mean_length: float
    hits: Mapping[str, int]

    def share(self, test: str) -> float:
        """Share of the values that pass a test; 0 without values."""
        return self.hits[test] / self.filled if self.filled else 0.0

    def all(self, test: str) -> bool:
        """Do all values pass, and is there one?"""
        return self.filled > 0 and self.hits[test] == self.filled


@dataclass(frozen=True)
class Column:
    """One column of the sample as a field of the contract, with the reasons for what was guessed."""

    path: str
    name: str
    type: str
    facts: Facts
    role: str | None = None
    required: bool = False
    tag: str | None = None
    kind: str | None = None
    namespace: str | None = None
    namespace_field: str | None = None
    personal: bool = False
    options: Options = with_default(default_factory=dict)
    reasons: tuple[str, ...] = ()

    def field(self) -> Field:
        """The column as a field that reads and checks values."""
        formats, mark = self.options.get("format", ()), self.options.get("decimal_mark")
        return Field(
            self.path,
            (self.path,),
            self.type,
            kind=self.kind,
            personal=self.personal,
            format=tuple(formats),
            decimal_mark=str(mark) if mark else None,
        )

    @property
    def is_time(self) -> bool:
        return self.type.startswith("timestamp") or self.type == "date"


def facts_of(sample: Sample) -> dict[str, Facts]:
    """Counts by column path; one scan per column."""
    found: dict[str, Facts] = {}
    timed = {name: cast(Field("x", ("x",), name), "v", "UTC") for name in ("timestamp", "date")}
    money = {m: cast(Field("x", ("x",), "decimal", decimal_mark=m), "v", "UTC") for m in (".", ",")}
    tests = dict(TESTS)
    tests |= {f"as_{name}": f"({sql}) IS NOT NULL" for name, sql in timed.items()}
    tests |= {f"money_{'point' if m == '.' else 'comma'}": f"({sql}) IS NOT NULL" for m, sql in money.items()}
    boolean = cast(Field("x", ("x",), "boolean"), "v", "UTC")
    tests["as_boolean"] = f"({boolean}) IS NOT NULL"
    counts = ", ".join(f"count(*) FILTER (coalesce({sql}, false))" for sql in tests.values())
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.register("sample", sample.table())
        for i, path in enumerate(sample.columns):
            row = con.execute(f"""
              SELECT count(v), count(DISTINCT v), coalesce(max(length(v)), 0), coalesce(avg(length(v)), 0), {counts}
              FROM (SELECT nullif(trim(c{i}, E' \\t\\r\\n'), '') AS v FROM sample)""").fetchall()[0]
            hits = dict(zip(tests, (int(n) for n in row[4:]), strict=True))
            found[path] = Facts(sample.records, int(row[0]), int(row[1]), int(row[2]), float(row[3]), hits)
    return found


def guess_columns(sample: Sample, source: str, region: str) -> list[Column]:
    """The columns of a sample with name, type, role and reasons, in the order of the sample."""
    facts = facts_of(sample)
    columns: list[Column] = []
    taken: set[str] = set()
    headers = {path.rpartition(".")[2].strip().lower() for path in sample.columns}
    halves = {half: role for pair in words.NAME_PAIRS if headers >= set(pair) for half, role in pair.items()}
    for path in sample.columns:
        seen = facts[path]
        header = path.rpartition(".")[2] if sample.format != "csv" else path
        snake = snake_case(header)
        role, why = _role(snake, header, seen)
        if header.strip().lower() in halves:
            role = halves[header.strip().lower()]
            why = f"named like {_spoken(role)}, beside its other half"
        kind, options, reason = _type(snake, header, role, seen, sample.kinds[path], region)
        name = free_name(path if sample.format != "csv" else header, snake, header, role, taken)
        taken.add(name)
        reasons = [text for text in (why, reason) if text]
        if seen.filled == 0:
            reasons = ["never filled in the sample, so nothing is known of it"]
        column = Column(path, name, kind, seen, role, personal=role in _PERSONAL, options=options)
        columns.append(_identified(column, source, reasons))
    apps = [c.name for c in columns if c.role == "appid"]
    if len(apps) == 1:
        columns = [
            replace(c, namespace=None, namespace_field=apps[0]) if c.kind == "wechat_openid" else c for c in columns
        ]
    return columns


def _identified(column: Column, source: str, reasons: list[str]) -> Column:
    """Tag, kind and namespace of a column by its role."""
    role, seen = column.role, column.facts
    if role is not None and role in IDENTIFIERS and seen.filled:
        tag, kind, namespace = IDENTIFIERS[role]
        if seen.share("masked") > 0.5:
            reasons.append("masked values are nobody's, so it must not become an identifier")
            return replace(column, tag="NEVER", reasons=tuple(reasons))
        if kind in ("customer_no", "loyalty_id", "external_id"):
            reasons.append(f"namespace {source}: `company` joins it with the company's own numbers in other sources")
        namespace = namespace.format(source=source) if namespace else None
        return replace(column, tag=tag, kind=kind, namespace=namespace, reasons=tuple(reasons))
    if role is not None and role in _NEVER:
        return replace(column, tag="NEVER", reasons=(*reasons, _NEVER[role]))
    if role in _WEAK:
        return replace(column, tag="WEAK", reasons=tuple(reasons))
    return replace(column, reasons=tuple(reasons))


def _role(snake: str, header: str, seen: Facts) -> tuple[str | None, str]:
    """Role of a column and why: by its name where the values do not deny it, else by its values."""
    named = words.role_of(snake, header)
    tests = _CONFIRMED_BY.get(named or "")
    if named and (tests is None or not seen.filled):
        return named, f"named like {_spoken(named)}"
    if named and tests:
        good = max(seen.hits[test] for test in tests)
        if good >= 0.5 * seen.filled or seen.share("masked") > 0.5:
            return named, f"named like {_spoken(named)}, and {good} of {seen.filled} values look like it"
        return None, f"named like {_spoken(named)}, but only {good} of {seen.filled} values look like it"
    for role, test, enough in _FOUND_BY:
        if seen.share(test) >= enough and not (role == "full_name" and seen.distinct < 0.5 * seen.filled):
            return role, f"{seen.hits[test]} of {seen.filled} values look like {_spoken(role)}"
    return None, ""


def _type(
    snake: str, header: str, role: str | None, seen: Facts, kinds: frozenset[str], region: str
) -> tuple[str, Options, str]:
    """Contract type, its options and the reason ('' where it is plain text)."""
    if "json" in kinds:
        return "json", {}, "lists and objects with free keys stay JSON"
    if role in _TEXT_ROLES or not seen.filled:
        return "string", {}, ""
    if seen.all("json"):
        return "json", {}, "JSON inside a text"
    if role == "free_text" or (seen.longest > 120 and seen.mean_length > 40):
        return ("text", {}, "free text may name people") if role == "free_text" else ("text", {}, "long text")
    flagged = role == "consent" or re.match(r"(is|has|can|was)_|.*_flag$", snake) is not None
    if kinds == {"boolean"} or (seen.all("as_boolean") and (flagged or not seen.all("zero_one"))):
        return "boolean", {}, "all values are yes or no"
    time = _time_type(snake, header, seen, region)
    if time is not None:
        return time
    return _number_type(snake, header, seen, kinds)


def _time_type(snake: str, header: str, seen: Facts, region: str) -> tuple[str, Options, str] | None:
    hints = (words.UPDATED, words.CREATED, words.JOINED, words.HAPPENED)
    timey = any(words.says(hint, snake, header) for hint in hints) or snake.endswith(("_at", "_on", "_date", "_time"))
    if seen.all("number"):
        for test, kind, unit in (
            ("epoch_s", "timestamp_s", "seconds"),
            ("epoch_ms", "timestamp_ms", "milliseconds"),
            ("epoch_us", "timestamp_us", "microseconds"),
        ):
            if seen.all(test) and timey:
                return kind, {}, f"all values are {unit} since 1970 of this century"
        if not timey or not seen.all("as_timestamp"):
            if timey and seen.all("as_date") and seen.all("day_only"):
                return "date", {}, "all values are days yyyyMMdd"
            return None
        return "timestamp", {}, "all values are times yyyyMMddHHmmss"
    if seen.all("as_date") and seen.all("day_only"):
        return "date", {}, "all values are days"
    if seen.all("as_timestamp"):
        zone = "" if seen.all("has_offset") else "; without offset, so in the source's timezone"
        return "timestamp", {}, f"all values are times{zone}"
    if seen.all("slashed"):
        month_first = not seen.hits["first_over_12"] and (seen.hits["second_over_12"] > 0 or region == "US")
        sure = bool(seen.hits["first_over_12"]) != bool(seen.hits["second_over_12"])
        pattern = "%m/%d/%Y" if month_first else "%d/%m/%Y"
        if seen.hits["clock"]:
            clock = "%I:%M" if seen.hits["half_day"] else "%H:%M"
            pattern += f" {clock}{':%S' if seen.all('clock_seconds') else ''}{' %p' if seen.hits['half_day'] else ''}"
        order = "month before day" if month_first else "day before month"
        doubt = "" if sure else ", by the region alone: no value tells"
        return ("timestamp" if seen.hits["clock"] else "date"), {"format": (pattern,)}, f"{order}{doubt}"
    return None


def _number_type(snake: str, header: str, seen: Facts, kinds: frozenset[str]) -> tuple[str, Options, str]:
    money = words.says(words.MONEY, snake, header)
    if not money and (
        words.says(words.IDENTIFYING, snake, header) or seen.hits["leading_zero"] or seen.hits["long_whole"]
    ):
        return "string", {}, "an id or number that names something is kept as text" if seen.all("number") else ""
    if seen.all("number"):
        minor = "; in the smallest unit of the currency?" if words.says(words.MINOR_UNITS, snake, header) else ""
        if seen.all("whole") and not (money and not minor):
            return "integer", {}, f"all values are whole numbers{minor}"
        return "decimal", {}, "money" if money else "all values are numbers"
    for mark, test in ((".", "money_point"), (",", "money_comma")):
        if seen.all(test) and not seen.hits["coded"]:
            return (
                "decimal",
                {"decimal_mark": mark},
                f"numbers with decimal mark `{mark}`, groups or currency signs",
            )
    share = seen.share("number")
    doubt = f"only {share:.0%} of the values are numbers, so it is text" if share >= 0.5 else ""
    return "string", {}, doubt


def _spoken(role: str) -> str:
    spoken = {
        "email": "an e-mail address",
        "phone": "a phone number",
        "openid": "a WeChat openid",
        "unionid": "a WeChat unionid",
        "national_id": "a national id",
        "network": "a network address",
        "street": "an address",
        "full_name": "a person's name",
        "staff": "somebody of the staff",
        "person_id": "the id of a person",
        "loyalty": "a loyalty card or member number",
        "customer_no": "a customer number",
        "anonymous": "the id of a browser",
        "device": "the id of a device",
        "card": "a payment card",
        "appid": "the id of an app",
    }
    return spoken.get(role, role.replace("_", " "))


def with_role(columns: Iterable[Column], *roles: str) -> list[Column]:
    """Columns of these roles that are filled, in the order of `roles`."""
    listed: Sequence[Column] = list(columns)
    return [c for role in roles for c in listed if c.role == role and c.facts.filled]


__all__ = ["Column", "Facts", "facts_of", "guess_columns", "with_role"]
