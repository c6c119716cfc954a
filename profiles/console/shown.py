"""How values are written on a page: numbers, shares, money, times, and the differences of two texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from difflib import SequenceMatcher

from markupsafe import Markup, escape

from profiles.console.texts import Texts

NOTHING = "–"


def num(value: object) -> str:
    """A number with thousands separated; whole where it is whole."""
    number = _number(value)
    if number is None:
        return NOTHING
    # Plus zero, because a negative zero would keep its sign.
    return f"{number + 0:,.0f}" if number == int(number) else f"{number:,.2f}"


def pct(value: object, digits: int = 1) -> str:
    """A share of 0 to 1 as percent."""
    number = _number(value)
    return NOTHING if number is None else f"{number * 100:.{digits}f}%"


def decimal(value: object, digits: int = 2) -> str:
    """A number with a fixed number of digits."""
    number = _number(value)
    return NOTHING if number is None else f"{number:,.{digits}f}"


def signed(value: object) -> str:
    """A weight in bits with its sign."""
    number = _number(value)
    return NOTHING if number is None else f"{number:+.2f}"


def money(value: object, currency: object = None) -> str:
    """An amount with two digits and its currency."""
    number = _number(value)
    if number is None:
        return NOTHING
    return f"{number:,.2f} {currency}" if currency else f"{number:,.2f}"


def minutes(value: object) -> str:
    """A length in minutes as hours or days where it is long."""
    number = _number(value)
    if number is None:
        return NOTHING
    if number < 120:
        return f"{number:.0f} min"
    return f"{number / 60:.1f} h" if number < 48 * 60 else f"{number / 1440:.1f} d"


def measured(value: object, unit: object) -> str:
    """A measure in its unit: per cent with its sign, a long time in hours or days, anything else as a number."""
    if unit == "percent":
        return NOTHING if _number(value) is None else f"{decimal(value, 1)}%"
    return minutes(value) if unit == "minutes" else num(value)


def day(value: object) -> str:
    """The day of a date or time."""
    return NOTHING if value is None else str(value)[:10]


def when(value: object) -> str:
    """A time to the minute, in UTC."""
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else day(value)


def fact(value: object, name: str = "") -> str:
    """The value of the feature `name` as text."""
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, datetime):
        return when(value)
    if isinstance(value, date | str):
        return str(value)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or NOTHING
    return str(value) if name.endswith("_year") else num(value)


def age(seconds: float, t: Texts) -> str:
    """How long ago, in the largest fitting unit."""
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= size:
            return t(f"age.{unit}", n=int(seconds // size))
    return t("age.now")


def differences(text: str, others: Sequence[str]) -> Markup:
    """The text with what differs from the nearest of `others` marked; nothing is marked where there is no other."""
    if not others or text.casefold() in {other.casefold() for other in others}:
        return escape(text)
    matchers = [SequenceMatcher(None, text.casefold(), other.casefold(), autojunk=False) for other in others[:5]]
    nearest = max(matchers, key=lambda matcher: matcher.ratio())
    if nearest.ratio() < 0.5 or len(text.casefold()) != len(text):
        return Markup("<mark>{}</mark>").format(text)
    parts = []
    for operation, start, end, _, _ in nearest.get_opcodes():
        if operation == "equal":
            parts.append(escape(text[start:end]))
        elif end > start:
            parts.append(Markup("<mark>{}</mark>").format(text[start:end]))
    return Markup("").join(parts)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = float(value)
    return None if number != number else number


FILTERS: dict[str, Callable[..., object]] = {
    "age": age,
    "day": day,
    "decimal": decimal,
    "differences": differences,
    "fact": fact,
    "measured": measured,
    "minutes": minutes,
    "money": money,
    "num": num,
    "pct": pct,
    "signed": signed,
    "when": when,
}
