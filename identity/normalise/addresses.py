"""Postal addresses: one spelling for street lines, places and codes, and a short key.

Rules:
- Street lines are ASCII words; types, directions and unit words are contracted (Street → st, North → n, Apartment →
  apt); spelt ordinals become numbers (Fifth → 5th). The unit (`Apt 4B`, `#4B`, `Unit 12`, `Suite 300`) is cut into
  `unit`. A number at the end (`Calle Mayor 12`) is moved to the front, so that `street` always reads `<no>
  <words>`.
- PO boxes read `po box <no>`.
- Chinese lines are read by `chinese_addresses`; localities, regions, post codes and countries by `address_parts`.
- `address_key`: `<no>|<main street word>|<postcode or locality>`; None unless all three are known.
"""

from __future__ import annotations

import re
from functools import lru_cache

from identity.normalise.address_parts import (
    PLACEHOLDERS,
    Street,
    normalise_country,
    normalise_locality,
    normalise_postcode,
    normalise_region,
)
from identity.normalise.chinese_addresses import chinese_street
from identity.normalise.places import STATES, TYPES_AND_DIRECTIONS
from identity.normalise.text import HAN, clean, fold, simplify

_UNIT = re.compile(
    r"(?:^|[\s,])(?:(?:apartment|apt|unit|suite|ste|room|rm|floor|flat|lot|trlr|bldg|building|fl)\b\.?\s*(?:no\.?\s*|#\s*)?|#\s*)"
    r"([0-9]{1,6}[a-z]?(?:-[0-9a-z]{1,4})?|[a-z]-?[0-9]{0,5})(?=$|[\s,])",
    re.IGNORECASE,
)
_PO_BOX = re.compile(r"\bp\.?\s*o\.?\s*box\s*#?\s*([0-9a-z-]+)|\bpost office box\s*#?\s*([0-9a-z-]+)", re.IGNORECASE)
_US_ZIP = re.compile(r"\d{5}(?:-?\d{4})?")
_CODE = re.compile(
    r"(?<![\w-])(?:\d{4,6}|\d{5}-?\d{4}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d)(?![\w-])"
)
_CODE_AND_CITY = re.compile(r"((?:[A-Z]{1,2}-)?\d{4,6}) ([^\d]+)")
_NUMBERED = re.compile(r"^(?:no\.? ?)?#?\d+[a-z]?(?:-\d+)?\b.*[a-z]|[a-z]{2,}[. ]+\d+[a-z]?$", re.IGNORECASE)
_ONLY_UNIT = re.compile(
    r"(?:#|(?:apartment|apt|appt|unit|suite|ste|room|rm|floor|flat|lot|bldg|bld|building|fl)\b)[\s.#]*[\w-]+"
    r"|\d+(?:st|nd|rd|th) floor",
    re.IGNORECASE,
)
_DIRECTIONS = frozenset({"n", "s", "e", "w", "ne", "nw", "se", "sw"})
_NUMBER = re.compile(r"\d+[a-z]?(?:-\d+[a-z]?)?")
_ORDINALS = {
    "first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th", "sixth": "6th", "seventh": "7th",
    "eighth": "8th", "ninth": "9th", "tenth": "10th",
}  # fmt: skip
_BUILDINGS = frozenset(
    {
        "apartments",
        "aparments",
        "apts",
        "building",
        "bldg",
        "tower",
        "towers",
        "plaza",
        "mall",
        "centre",
        "center",
        "house",
    }
)
_FILL = frozenset({"no", "number", "hao", "unit", "apt", "po", "box", "the", "de", "la", "rue", "calle", "via"})
_KINDS = frozenset(TYPES_AND_DIRECTIONS.values())

_PINYIN_SIDES = {"dong": "e", "nan": "s", "xi": "w", "bei": "n", "zhong": "m", "middle": "m", "central": "m"}
_PINYIN_TYPES = {"lu": "rd", "jie": "st", "dadao": "ave", "dajie": "st", "xiang": "ln"}


def normalise_street(street: str | None, unit: str | None = None) -> Street:
    """Read one street line and its unit field. A whole address typed into the line is read as one."""
    text = clean(street)
    if text is not None and not HAN.search(text) and ("," in text or _state_and_zip(text)[1]):
        found = split_one_line(text)
        return found._replace(unit=normalise_unit(unit) or found.unit)
    return _street_line(text, unit)


def _street_line(text: str | None, unit: str | None) -> Street:
    extra = normalise_unit(unit)
    if text is None:
        return Street(unit=extra)
    if HAN.search(text):
        found = chinese_street(simplify(text))
        return found._replace(unit=extra or found.unit)
    box = _PO_BOX.search(text)
    if box:
        number = (box[1] or box[2]).lower()
        return Street(f"po box {number}", number, extra, main_word="pobox")
    cut = _UNIT.search(text)
    # `Unit 5` alone, or `#12 Main Street`, is no unit of anything.
    if cut and cut.start() > 0 and text[: cut.start()].strip(" ,"):
        text = text[: cut.start()] + " " + text[cut.end() :]
        extra = extra or normalise_unit(cut[1])
    folded = fold(re.sub(r"(?<=\d)\s*-\s*(?=\d)", "", text))
    if folded is None or folded in PLACEHOLDERS:
        return Street(unit=extra)
    words = _behind_building([_ORDINALS.get(w, w) for w in folded.split()])
    number, words = _take_number(words)
    if len(words) >= 2 and words[-1] in _PINYIN_TYPES:
        words[-1] = _PINYIN_TYPES[words[-1]]
        if len(words) >= 3 and words[-2] in _PINYIN_SIDES:
            words[-2] = _PINYIN_SIDES[words[-2]]
    words = [
        _PINYIN_SIDES[w] if w in ("middle", "central") and i else TYPES_AND_DIRECTIONS.get(w, w)
        for i, w in enumerate(words)
    ]
    line = " ".join(([number] if number else []) + words)
    return Street(line or None, number, extra, main_word=_main_word(words))


def _behind_building(words: list[str]) -> list[str]:
    """`skyline apartments 638 downey st` without the building's name."""
    place = next((i for i, w in enumerate(words) if w.isdigit()), 0)
    named = [w for w in words[:place] if w in _BUILDINGS]
    typed = any(TYPES_AND_DIRECTIONS.get(w) for w in words[place + 2 :])
    return words[place:] if named and typed else words


def _take_number(words: list[str]) -> tuple[str | None, list[str]]:
    if words and words[0] in ("no", "number", "nr") and len(words) > 1 and _NUMBER.fullmatch(words[1]):
        words = words[1:]
    if len(words) > 1 and _NUMBER.fullmatch(words[0]):
        return words[0], words[1:]
    if len(words) > 2 and words[-1] == "hao" and _NUMBER.fullmatch(words[-2]):
        words = words[:-1]
    if len(words) > 1 and _NUMBER.fullmatch(words[-1]):
        rest = words[:-1]
        return words[-1], rest[:-1] if len(rest) > 1 and rest[-1] in ("no", "nr") else rest
    return None, words


def _main_word(words: list[str]) -> str | None:
    named = [w for w in words if w not in _KINDS and w not in _FILL and not w.isdigit()]
    return named[0] if named else next((w for w in words if w not in _FILL), None)


@lru_cache(maxsize=65_536)
def normalise_unit(value: str | None) -> str | None:
    """Unit without its word: `Apt. 4-B` → `4b`, `3栋1201室` → `3-1201`."""
    text = clean(value)
    if text is None:
        return None
    if HAN.search(text):
        numbers = re.findall(r"\d+|[A-Za-z]\d*", text)
        return "-".join(numbers).lower() or None
    text = re.sub(r"(?i)\b(?:apartment|apt|unit|suite|ste|room|rm|floor|flat|lot|building|bldg|fl|no)\b\.?", " ", text)
    if re.fullmatch(r"\s*\d+(?:\s*-\s*\d+)+\s*", text):
        return re.sub(r"\s", "", text)
    folded = fold(text)
    return None if folded is None or folded in PLACEHOLDERS else folded.replace(" ", "")


def _state_and_zip(text: str) -> tuple[str, str | None, str | None]:
    """(what stands before, state code, zip5) of `Springfield IL 62701`; (text, None, None) without both."""
    words = text.split()
    if len(words) > 1 and _US_ZIP.fullmatch(words[-1]):
        for size in (1, 2, 3):
            state = normalise_region(" ".join(words[-1 - size : -1]), "US")
            if state in STATES.values():
                return " ".join(words[: -1 - size]), state, words[-1][:5]
    return text, None, None


def _code_alone(part: str, region: str | None) -> str | None:
    """Post code of a part that is nothing else: `89117`, `M1S 1T4`."""
    return normalise_postcode(part, region) if _CODE.fullmatch(part) else None


def _state_at_end(part: str) -> tuple[str, str | None]:
    """(what stands before, state code) of `OR`, `Ohio` or `Salem OR`; a code at the end is in capitals."""
    if part.upper() == part or part.lower() in STATES:
        state = normalise_region(part, "US")
        if state in STATES.values():
            return "", state
    words = part.split()
    if len(words) > 1 and words[-1] in STATES.values():
        return " ".join(words[:-1]), words[-1]
    return part, None


def _city_behind_street(line: str) -> tuple[str, str | None]:
    """(street, city) of `9304 W 15th St La Blanca`: what follows the last street word, unless that is a direction."""
    words = line.split()
    if not words or not words[0][0].isdigit():
        return line, None
    for place in range(len(words) - 1, 1, -1):
        kind = TYPES_AND_DIRECTIONS.get(words[place].lower().strip("."))
        if kind is None or kind in _DIRECTIONS:
            continue
        while place + 1 < len(words) and TYPES_AND_DIRECTIONS.get(words[place + 1].lower().strip(".")) in _DIRECTIONS:
            place += 1
        rest = words[place + 1 :]
        if rest and all(w.replace("'", "").replace(".", "").isalpha() for w in rest):
            return " ".join(words[: place + 1]), " ".join(rest)
        break
    return line, None


def _street_part(parts: list[str]) -> int:
    """Number of the part that is the street line: the first with a house number or box, before it stand buildings."""
    for number, part in enumerate(parts):
        if _PO_BOX.search(part) or (_NUMBERED.search(part) and not _ONLY_UNIT.fullmatch(part)):
            return number
    return 0


def split_one_line(address: str, region: str | None = None) -> Street:
    """Read a whole address in one line: `[building,] street, [unit,] city, ST zip [, country]` in the orders in use, or
    a Chinese line. The parts that a line does not name stay None."""
    text = clean(address)
    if text is None:
        return Street()
    if HAN.search(text):
        code = re.search(r"(?<!\d)\d{6}(?!\d)", text)
        found = normalise_street(re.sub(r"(?<!\d)\d{6}(?!\d)", "", text))
        return found._replace(postcode=code[0] if code else None)
    parts = [p.strip() for p in text.split(",") if p.strip()]
    if len(parts) > 1 and normalise_country(parts[-1]) and not _state_at_end(parts[-1])[1]:
        parts.pop()
    postcode = state = locality = unit = None
    # the end, read backwards: code, state, both
    while parts and not (postcode and state):
        before, found_state, found_code = _state_and_zip(parts[-1])
        if found_state is None and len(parts) > 1:
            found_code = None if postcode else _code_alone(parts[-1], region)
            before, found_state = ("", None) if found_code else _state_at_end(parts[-1])
        if found_state is None and found_code is None:
            break
        postcode, state = postcode or found_code, state or found_state
        parts[-1:] = [before] if before else []
        if before:
            break
    if not parts:
        return Street(region=state, postcode=postcode)
    place = _street_part(parts)
    units = [p for p in parts if _ONLY_UNIT.fullmatch(p)]
    unit = normalise_unit(units[0]) if units else None
    rest = [p for p in parts[place + 1 :] if not _ONLY_UNIT.fullmatch(p)]
    line = parts[place]
    for part in rest:
        coded = _CODE_AND_CITY.fullmatch(part)
        if coded and postcode is None:
            postcode, part = normalise_postcode(coded[1], region), coded[2]
        elif postcode is None and (inner := _CODE.search(part)):
            postcode = normalise_postcode(inner[0], region)
        if locality is None and not _NUMBERED.match(part):
            locality = normalise_locality(re.sub(r"\d[\w-]*", "", part).strip() or None)
    if not rest and (postcode or state):
        line, city = _city_behind_street(line)
        locality = normalise_locality(city)
    street = _street_line(line, None)
    return street._replace(
        locality=locality or street.locality, region=state, postcode=postcode, unit=street.unit or unit
    )
