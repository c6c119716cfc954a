"""The text of a field to its typed value: the SQL that a field's type and options stand for.

Pure text building. What is not a value of its type becomes NULL; ``extract.py`` refuses the record then. The
connection's TimeZone must be UTC.
"""

from __future__ import annotations

from cdp_pipeline.sources.contract import Field
from cdp_pipeline.sql_text import literal

TRUE, FALSE = ("true", "1", "yes"), ("false", "0", "no")
_BLANKS = r"E' \t\r\n'"
EPOCH_UNITS = {"timestamp_s": 1_000_000, "timestamp_ms": 1_000, "timestamp_us": 1}
# Year 1 to 9999 in microseconds; make_timestamp() raises an error outside its own, wider bounds.
_EPOCH_MIN, _EPOCH_MAX = -62_135_596_800_000_000, 253_402_300_799_999_999
# Every date-time of RFC 2822: day of the week and seconds may be absent, the zone is a name or an offset.
_RFC_2822 = [
    f"{week}%d %b %Y %H:%M{seconds} {zone}" for zone in ("%z", "%Z") for seconds in (":%S", "") for week in ("%a, ", "")
]
_YEAR_LAST = "%a %b %d %H:%M:%S %z %Y"
_CLOCK = r"[T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)? ?([zZ]|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)?"
_CHINESE_DAY = r"^([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日 *"


def trimmed(cell: str) -> str:
    """SQL for a text without blanks around it."""
    # trim() with a set of characters costs as much as the parse (0.17 us a value); most values need none.
    return f"CASE WHEN {cell}[1] <= ' ' OR {cell}[-1] <= ' ' THEN trim({cell}, {_BLANKS}) ELSE {cell} END"


def first_text(f: Field, cells: list[str]) -> str:
    """SQL for the first of `cells` (one per path) that is not empty: trimmed unless free text, decoded, matched
    against the field's pattern, prefix removed."""
    bare = cells if f.type == "text" else [trimmed(c) for c in cells]
    if f.decode == "base64":
        bare = [_from_base64(c) for c in bare]
    if f.pattern is not None:
        bare = [f"regexp_extract({c}, {literal(f.pattern)}, 1)" for c in bare]
    each = [f"nullif({c}, '')" for c in bare]
    text = each[0] if len(each) == 1 else f"coalesce({', '.join(each)})"
    if f.strip_prefix:
        rest = f"{text}[{len(f.strip_prefix) + 1}:]"
        text = f"nullif(CASE WHEN starts_with({text}, {literal(f.strip_prefix)}) THEN {rest} ELSE {text} END, '')"
    return text


def _from_base64(text: str) -> str:
    """SQL for the text inside Base64. What is none, or gives no printable UTF-8, stays: some systems send both."""
    inner = f"TRY(decode(from_base64({text})))"
    readable = f"NOT regexp_matches({inner}, '[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f]')"
    shape = f"length({text}) % 4 = 0 AND regexp_full_match({text}, '[A-Za-z0-9+/]+={{0,2}}')"
    return f"CASE WHEN {shape} THEN CASE WHEN {readable} THEN {inner} ELSE {text} END ELSE {text} END"


def cast(f: Field, text: str, timezone: str) -> str:
    """SQL for the typed value of `text`; NULL where the text is not one."""
    if f.type in ("string", "text", "json"):
        return text
    if f.type == "integer":
        # A bare cast rounds '1.5' and reads '0x1F' and '1_000'.
        number = _plain_number(f, text)
        return f"CASE WHEN regexp_full_match({number}, '[+-]?[0-9]+(\\.0*)?') THEN TRY_CAST({number} AS BIGINT) END"
    if f.type == "decimal":
        number = _plain_number(f, text)
        return (
            f"CASE WHEN regexp_full_match({number}, '[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?')"
            f" THEN TRY_CAST({number} AS DECIMAL(18,4)) END"
        )
    if f.type == "boolean":
        true, false = (", ".join(literal(v) for v in values) for values in (TRUE, FALSE))
        return f"CASE WHEN lower({text}) IN ({true}) THEN true WHEN lower({text}) IN ({false}) THEN false END"
    if f.type in ("date", "timestamp"):
        default = _date(text) if f.type == "date" else _timestamp(text, timezone)
        given = [_strptime(text, one, None if f.type == "date" else timezone) for one in f.format]
        return f"coalesce({', '.join([*given, default])})" if given else default
    return _epoch(text, EPOCH_UNITS[f.type])


def _plain_number(f: Field, text: str) -> str:
    """SQL for a number as SQL writes it, from one with `decimal_mark`; NULL where the marks do not fit.

    `1.5` under the mark `,` is refused and not read as 15: a group has three digits (two only further left, as in
    India).
    """
    if f.decimal_mark is None:
        return text
    mark = f.decimal_mark
    group = "." if mark == "," else ","
    bare = f"regexp_replace({text}, '[\\s\\x{{a0}}\\x{{2009}}\\x{{202f}}''’]|\\p{{Sc}}|元', '', 'g')"
    bare = f"regexp_replace({bare}, '^([+-]?)[A-Z]{{1,3}}|[A-Z]{{3}}$', '\\1')"
    # 12,50- and (12,50) are what accounting systems write for a negative amount.
    bare = f"regexp_replace({bare}, '^(.*[0-9].*)-$|^\\((.*[0-9].*)\\)$', '-\\1\\2')"
    whole = f"[0-9]{{1,3}}([{group}][0-9]{{2,3}})*[{group}][0-9]{{3}}|[0-9]+"
    shape = f"[+-]?(({whole})([{mark}][0-9]*)?|[{mark}][0-9]+)"
    return f"CASE WHEN regexp_full_match({bare}, '{shape}') THEN replace(replace({bare}, '{group}', ''), ',', '.') END"


def _epoch(number: str, unit: int) -> str:
    micros = f"TRY_CAST({number} AS DECIMAL(25,6)) * {unit}"
    return f"CASE WHEN {micros} BETWEEN {_EPOCH_MIN} AND {_EPOCH_MAX} THEN make_timestamp(({micros})::BIGINT) END"


def _strptime(text: str, pattern: str, timezone: str | None) -> str:
    """SQL for a text by one pattern; without an offset in it, it is local time. `timezone` None gives the day."""
    parsed = f"try_strptime({text}, {literal(pattern)})"
    if timezone is None:
        return f"{parsed}::DATE"
    return f"{parsed}::TIMESTAMP" if "%z" in pattern.lower() else f"timezone({literal(timezone)}, {parsed})::TIMESTAMP"


def _sap(text: str) -> str:
    """SQL for the milliseconds of ``/Date(1741168800000)/``; an offset in it is for display only."""
    return f"regexp_extract({text}, '^/Date\\((-?[0-9]+)([+-][0-9]{{4}})?\\)/$', 1)"


def _date(text: str) -> str:
    """SQL for a day: ISO and with slashes, with or without a time behind it, compact, Chinese, SAP. It is the day that
    the text names, whatever its offset."""
    day = f"'^([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|[0-9]{{4}}/[0-9]{{1,2}}/[0-9]{{1,2}})({_CLOCK})?$'"
    chinese = f"regexp_replace({text}, '{_CHINESE_DAY}.*$', '\\1-\\2-\\3')"
    return (
        f"CASE WHEN regexp_full_match({text}, '[0-9]{{8}}') THEN try_strptime({text}, '%Y%m%d')::DATE"
        f" WHEN {text}[5] = '年' THEN TRY_CAST({chinese} AS DATE)"
        f" WHEN {text}[1] = '/' THEN {_epoch(_sap(text), EPOCH_UNITS['timestamp_ms'])}::DATE"
        f" ELSE TRY_CAST(regexp_extract({text}, {day}, 1) AS DATE) END"
    )


def _timestamp(text: str, timezone: str) -> str:
    """SQL for a UTC timestamp of the textual forms; a text without offset is local time in `timezone`.

    By their first characters, so that the usual ISO form costs no look at the others.
    """
    # keeps out 'epoch' and 'infinity', and years of five digits
    begins = f"{text}[1:4] BETWEEN '0000' AND '9999' AND {text}[5] NOT BETWEEN '0' AND '9'"
    plain = f"TRY_CAST({text} AS TIMESTAMPTZ)"
    if timezone != "UTC":
        offset = f"regexp_matches({text}, ':.*([zZ]|UTC|GMT|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$')"
        plain = f"CASE WHEN {offset} THEN {plain} ELSE timezone({literal(timezone)}, TRY_CAST({text} AS TIMESTAMP)) END"
    spaced = f"TRY_CAST(regexp_replace(upper({text}), ' +([+-][0-9]{{2}}:?[0-9]{{2}})$', '\\1') AS TIMESTAMPTZ)"
    compact = f"timezone({literal(timezone)}, try_strptime({text}, '%Y%m%d%H%M%S'))"
    day_first = f"regexp_replace({text}, '{_CHINESE_DAY}', '\\1-\\2-\\3 ')"
    chinese = f"CASE WHEN {text}[5] = '年' THEN timezone({literal(timezone)}, TRY_CAST({day_first} AS TIMESTAMP)) END"
    patterns = ", ".join(literal(p) for p in _RFC_2822)
    # A comment may follow, as in '+0000 (UTC)'.
    mail = f"try_strptime(regexp_replace({text}, ' *\\([^)]*\\)$', ''), [{patterns}])"
    year_last = f"try_strptime({text}, {literal(_YEAR_LAST)})"
    return (
        f"(CASE WHEN strlen({text}) = 14 AND regexp_full_match({text}, '[0-9]{{14}}') THEN {compact}"
        f" WHEN {begins} THEN coalesce({plain}, {spaced}, {chinese}, {mail})"
        f" WHEN {text}[1] = '/' THEN {_epoch(_sap(text), EPOCH_UNITS['timestamp_ms'])}"
        f" WHEN {text}[1] BETWEEN 'A' AND 'Z' THEN coalesce({mail}, {year_last}) END)::TIMESTAMP"
    )
