"""Finding people: by an id, by an identifier through its keyed hash, by a name through the index of names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import phonenumbers

from profiles.errors import AmbiguousIdentifier, ProfileErased
from profiles.identifiers import half_width, normalise_value
from profiles.snapshot_provider import OpenSnapshot, Row

MOST_FOUND = 50
_LONGEST = 200
# Letters of one name; the longest one in pinyin has 24.
_LONGEST_NAME = 30
_LAST_CHARACTER = "\U0010ffff"
_HAN = re.compile("[\u3400-\u9fff]")
# 吕 as keyboards and passports have it; the names that identity compares have "lu".
_LU = re.compile(r"\bl(?:v|yu)\b")

Lookup = Callable[[str, str, str], "str | None"]
"""Profile id of a trusted identifier given its kind, value and namespace."""


@dataclass(frozen=True)
class Found:
    """Profiles; `is_exact` where an id or an identifier named them, `has_more` where the list is cut."""

    profile_ids: Sequence[str]
    is_exact: bool
    has_more: bool = False


def search(
    snapshot: OpenSnapshot,
    lookup: Lookup,
    text: str,
    *,
    names: bool,
    namespaces: Callable[[], Sequence[tuple[str, str]]],
    regions: Callable[[], Sequence[str]],
    simplified: Callable[[str], str],
) -> Found:
    """Profiles that `text` names: an id first, then an identifier, then, with `names`, the start of a name.

    `namespaces` gives the kinds and namespaces of identifiers that there are, `regions` the countries by which a phone
    number without a country code is read, `simplified` a text with its traditional Chinese characters as simplified
    ones. Raises ProfileErased.
    """
    text = text.strip()[:_LONGEST]
    if not text:
        return Found((), is_exact=True)
    by_id = _by_id(snapshot, text)
    if by_id:
        return Found((by_id,), is_exact=True)
    candidates = _readings(text, regions) or [
        (kind, namespace, value)
        for value in _spellings(text)
        for kind, namespace in namespaces()
        if kind not in ("email", "phone")
    ]
    found: dict[str, str] = {}
    shared = False
    for kind, namespace, value in candidates:
        try:
            profile_id = lookup(kind, value, namespace)
        except AmbiguousIdentifier:
            shared = True
            continue
        if profile_id is not None:
            found.setdefault(profile_id, value)
    # Where capitals tell two ids apart, it is the one as it was typed.
    found = {one: value for one, value in found.items() if value == text} or found
    if found and not shared:
        return Found(sorted(found), is_exact=True)
    if not names or not snapshot.has_table("pii", "search_index"):
        return Found((), is_exact=False)
    # Identifiers that are shared or not trusted name nobody to a machine; a person may look at all who have them.
    spoken = {normalise_value(kind, value) for kind, _, value in candidates} | {text}
    holders = _holders(snapshot, sorted(spoken))
    listed = holders or _by_name(snapshot, text, simplified)
    return Found(listed[:MOST_FOUND], is_exact=bool(holders), has_more=len(listed) > MOST_FOUND)


def kinds_and_namespaces(snapshot: OpenSnapshot) -> list[tuple[str, str]]:
    """Kinds and namespaces of trusted identifiers in the snapshot."""
    rows = snapshot.query("SELECT DISTINCT kind, namespace FROM pii.identifiers WHERE is_trusted ORDER BY ALL")
    return [(str(row["kind"]), str(row["namespace"] or "")) for row in rows]


def common_regions(snapshot: OpenSnapshot) -> list[str]:
    """Countries of most customers, as two letters."""
    rows = snapshot.query(
        "SELECT country, count(*) AS n FROM marts.profiles.customer_profile"
        " WHERE length(country) = 2 GROUP BY country ORDER BY n DESC, country LIMIT 5"
    )
    return [str(row["country"]) for row in rows]


def cards(snapshot: OpenSnapshot, profile_ids: Sequence[str], *, clear: bool) -> list[Row]:
    """One row per profile to tell people apart by, with the name in clear where `clear`."""
    name = "coalesce(g.full_name, g.native_name, g.organisation)" if clear else "p.initials"
    joined = "LEFT JOIN pii.golden_record g ON g.profile_id = p.profile_id" if clear else ""
    return snapshot.query(
        f"SELECT p.profile_id, {name} AS name, p.email_masked, p.phone_masked, p.birth_year, p.country, p.region,"
        f" p.n_records, p.last_seen_at FROM marts.profiles.customer_profile p {joined}"
        " WHERE p.profile_id IN (SELECT unnest($ids::VARCHAR[])) ORDER BY p.last_seen_at DESC NULLS LAST, p.profile_id",
        {"ids": list(profile_ids)},
    )


def living_id(snapshot: OpenSnapshot, profile_id: str) -> str | None:
    """The profile of an id, a retired one included; None where there is none. Raises ProfileErased."""
    if snapshot.query(
        "SELECT 1 AS found FROM marts.profiles.customer_profile WHERE profile_id = $id", {"id": profile_id}
    ):
        return profile_id
    alias = snapshot.query(
        "SELECT profile_id FROM marts.profiles.profile_aliases WHERE alias_profile_id = $id", {"id": profile_id}
    )
    if alias and alias[0]["profile_id"] is None:
        raise ProfileErased(profile_id)
    return str(alias[0]["profile_id"]) if alias else None


def folded(text: str) -> str:
    """Lower case without accents, one blank between words: the form of a name that everybody types."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(plain.lower().replace(",", " ").split())


def _by_id(snapshot: OpenSnapshot, text: str) -> str | None:
    if " " in text or "@" in text:
        return None
    found = living_id(snapshot, text)
    if found is None and text.count(":") >= 2:
        rows = snapshot.query(
            "SELECT profile_id FROM marts.profiles.profile_members WHERE record_id = $id", {"id": text}
        )
        return str(rows[0]["profile_id"]) if rows else None
    return found


def _spellings(text: str) -> list[str]:
    """The text, and as a clerk reads it from a card: letters and digits in full width, or in small letters."""
    plain = half_width(text)
    return list(dict.fromkeys((text, plain, plain.upper())))


def _readings(text: str, regions: Callable[[], Sequence[str]]) -> list[tuple[str, str, str]]:
    """The text as e-mail or phone: (kind, namespace, value) for each way to read it; empty where it is neither."""
    if "@" in text:
        return [("email", "", text)]
    digits = sum(c.isdigit() for c in text)
    if digits < 7 or any(c.isalpha() for c in text):
        return []
    values = []
    for region in (None,) if text.startswith(("+", "00")) else regions():
        number = "+" + text[2:] if text.startswith("00") else text
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(parsed):
            values.append(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    return [("phone", "", value) for value in dict.fromkeys(values)]


def _holders(snapshot: OpenSnapshot, values: Sequence[str]) -> list[str]:
    found: dict[str, None] = {}
    for value in values:  # one value at a time: only then are the blocks that cannot hold it skipped
        rows = snapshot.query(
            "SELECT DISTINCT profile_id FROM pii.search_index WHERE term = $value AND kind <> 'name'"
            " ORDER BY profile_id LIMIT $most",
            {"value": value, "most": MOST_FOUND + 1},
        )
        found |= dict.fromkeys(str(row["profile_id"]) for row in rows)
    return list(found)


def _by_name(snapshot: OpenSnapshot, text: str, simplified: Callable[[str], str]) -> list[str]:
    """Profiles one of whose names starts with the text, as typed or folded, or is the text with other blanks.

    Chinese names are also found with blanks in them and by traditional characters.
    """
    name = folded(text)
    terms = [name, _LU.sub("lu", name), " ".join(text.lower().split())]
    if _HAN.search(text):
        native = "".join(text.split())
        terms += [native, simplified(native)]
    ranges = [(term, term + _LAST_CHARACTER) for term in dict.fromkeys(terms)]
    # A whole name and not the start of one, or Ann Abelard would be found by "anna".
    ranges += [(name, name) for name in _two_words(name)]
    found: dict[str, None] = {}
    for low, high in ranges:  # one at a time: only then are the blocks that cannot hold it skipped
        rows = snapshot.query(
            "SELECT profile_id FROM pii.search_index WHERE term BETWEEN $low AND $high AND kind = 'name'"
            " ORDER BY term, profile_id LIMIT $most",
            {"low": low, "high": high, "most": 4 * (MOST_FOUND + 1)},
        )
        found |= dict.fromkeys(str(row["profile_id"]) for row in rows)
    return list(found)[: MOST_FOUND + 1]


def _two_words(name: str) -> list[str]:
    """A folded name in Latin letters as family and given name, wherever the two meet: pinyin is written with blanks
    between all syllables, between the names, and without any."""
    letters = "".join(c for c in name if c.isalpha())
    if not letters.isascii() or len(letters) != sum(not c.isspace() and c not in "-'" for c in name):
        return []
    parted = [f"{letters[:at]} {letters[at:]}" for at in range(1, min(len(letters), _LONGEST_NAME))]
    return list(dict.fromkeys(spelt for one in parted for spelt in (one, _LU.sub("lu", one))))
