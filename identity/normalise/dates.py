"""Birth dates: any common spelling to a date, its other reading, or the parts that are known.

Rules:
- ISO (`1987-04-09`, with or without a time), `19870409`, `1987/4/9`, `1987.4.9`, `1987年4月9日`, `9 Apr 1987`,
  `April 9, 1987`; day first with dots (`09.04.1987`); slashes and hyphens by region: the US writes the month first,
  everyone else the day. Where both readings exist and differ, the other one is `alternative`.
- Two-digit years from 20 on are 19xx, earlier ones 20xx: a customer is rarely younger than six or older than 106.
- `--04-09` and `04-09` (Square, WeChat) give month and day only; `1987` and `1987-04` give the year. An eight-digit
  or ISO value with an impossible month or day still gives its year.
- 1900-01-01, 1901-01-01, 0001-01-01, 1111-11-11, the first days of what programs count from (1601, 1753, 1899-12-30 and
  -31), 1 January of 1600, 1700, 1800, the year 1900 alone, and years before 1500 or after 2099 are fillers and give
  nothing. 1970-01-01 and 2000-01-01 are kept: they are birthdays too. Dates after the record's creation or more than
  120 years before it are taken out by `normalise`, which knows the record; historic records have no such time.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import NamedTuple

from identity.normalise.text import clean


class BirthDate(NamedTuple):
    """What is known of a birth date; `month_day` is `MM-DD`."""

    value: date | None = None
    alternative: date | None = None
    year: int | None = None
    month_day: str | None = None


_FILLERS = frozenset(
    {date(year, 1, 1) for year in (1600, 1601, 1700, 1753, 1800, 1900, 1901)} | {date(1899, 12, 30), date(1899, 12, 31)}
)
_EARLIEST, _LATEST = 1500, 2099
_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ],
        start=1,
    )
    for name in names.split()
}
_YMD = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[t ].*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_HAN = re.compile(r"(\d{2}|\d{4})年(\d{1,2})月(\d{1,2})[日号]?")
_HAN_PART = re.compile(r"(\d{1,2})月(\d{1,2})[日号]?")
_PARTIAL = re.compile(r"(?:--|0000-)?(\d{1,2})-(\d{1,2})")
_YEAR = re.compile(r"(\d{4})(?:年|[-/.]\d{1,2})?")
_NUMERIC = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4}|\d{2})(?: .*)?")
_NAMED_DAY_FIRST = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ .-]*([a-z]{3,9})\.?[ ,.-]*(\d{4}|\d{2})")
_NAMED_MONTH_FIRST = re.compile(r"([a-z]{3,9})\.?[ -]*(\d{1,2})(?:st|nd|rd|th)?[ ,-]+(\d{4}|\d{2})")
_NAMED_YEAR_FIRST = re.compile(r"(\d{4})[ -]([a-z]{3,9})[ -](\d{1,2})")


def _date(year: int, month: int, day: int) -> date | None:
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return None if found in _FILLERS or not _EARLIEST <= year <= _LATEST else found


def _full_year(text: str) -> int:
    year = int(text)
    return year if len(text) == 4 else year + (1900 if year >= 20 else 2000)


def _known(first: date | None, second: date | None = None) -> BirthDate:
    value = first or second
    if value is None:
        return BirthDate()
    other = second if first and second != first else None
    return BirthDate(value, other, value.year, value.strftime("%m-%d"))


def _year_first(year: str, month: str, day: str) -> BirthDate:
    number = _full_year(year)
    found = _date(number, int(month), int(day))
    if found is not None:
        return _known(found)
    try:
        date(number, int(month), int(day))
    except ValueError:
        # An impossible day is a slip of the hand; the year is still evidence.
        if number == 0:
            return _partial(month, day)
        return _year_only(number)
    return BirthDate()


def _year_only(year: int) -> BirthDate:
    return BirthDate(year=year) if _EARLIEST <= year <= _LATEST and year != 1900 else BirthDate()


def _partial(month: str, day: str) -> BirthDate:
    try:
        # A leap year, so that 29 February is a day.
        return BirthDate(month_day=date(2000, int(month), int(day)).strftime("%m-%d"))
    except ValueError:
        return BirthDate()


def parse_birth_date(value: str | date | None, region: str | None = None) -> BirthDate:
    """Read one value; `region` is the ISO country that decides between month-first and day-first, or None."""
    if value is None:
        return BirthDate()
    if isinstance(value, datetime):
        value = value.date()
    text = clean(str(value))
    if text is None:
        return BirthDate()
    text = text.lower().strip("., ")
    if match := _YMD.fullmatch(text) or _COMPACT.fullmatch(text) or _HAN.fullmatch(text.replace(" ", "")):
        return _year_first(match[1], match[2], match[3])
    if match := _HAN_PART.fullmatch(text.replace(" ", "")) or _PARTIAL.fullmatch(text):
        return _partial(match[1], match[2])
    if match := _YEAR.fullmatch(text):
        year = int(match[1])
        return _year_only(year)
    if match := _NUMERIC.fullmatch(text):
        first, second, year = int(match[1]), int(match[3]), _full_year(match[4])
        day_first, month_first = _date(year, second, first), _date(year, first, second)
        if match[2] == ".":
            return _known(day_first) if day_first else _known(month_first)
        return _known(month_first, day_first) if region == "US" else _known(day_first, month_first)
    if match := _NAMED_DAY_FIRST.fullmatch(text):
        day, month, written_year = match[1], match[2], match[3]
    elif match := _NAMED_MONTH_FIRST.fullmatch(text):
        month, day, written_year = match[1], match[2], match[3]
    elif match := _NAMED_YEAR_FIRST.fullmatch(text):
        written_year, month, day = match[1], match[2], match[3]
    else:
        return BirthDate()
    if month not in _MONTHS:
        return BirthDate()
    return _known(_date(_full_year(written_year), _MONTHS[month], int(day)))
