"""The pass over the names of a table: names whose fields can be read one by one are put together in SQL.

A file has far fewer given names and family names than pairs of them. So each field is read once (`given_part`,
`family_part`) and the pairs are joined, wherever the fields do not change each other's meaning; `parse_name` reads the
rest. A property test holds the two together.
"""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import pyarrow as pa

from identity.normalise.han import (
    COMPOUND,
    SURNAME_CHARS,
    given_readings_of,
    read_given,
    read_surname,
    surname_ranks,
    surname_readings_of,
)
from identity.normalise.latin_order import is_english, pinyin_given, pinyin_surname
from identity.normalise.lookup import TEXT, TEXTS, lookup
from identity.normalise.name_fields import read_field, words_of
from identity.normalise.names import ParsedName, judged_words, parse_name, western_family
from identity.normalise.nicknames import canonical_given, representatives
from identity.normalise.romanised import (
    ENGLISH_PINYIN,
    are_syllables,
    given_readings,
    is_spelt_surname,
    spellings,
    surname_readings,
)

NAME_KEYS = ("k_given", "k_middle", "k_family", "k_whole", "k_native")
NAME_VALUES: list[tuple[str, pa.DataType]] = [
    (field, {"is_chinese": pa.bool_(), "given_readings": TEXTS, "family_readings": TEXTS}.get(field, TEXT))
    for field in ParsedName._fields
]


class GivenPart(NamedTuple):
    """A given-name field read by itself; all None where only the whole name tells what it means."""

    words: list[str] | None = None
    given: str | None = None  # beside a Western family name
    middle: str | None = None
    canonical: str | None = None
    english: bool = False  # may stand beside a Chinese surname as it is
    pinyin: str | None = None
    pinyin_canonical: str | None = None
    readings: tuple[str, ...] | None = None  # beside a surname in pinyin
    is_parted: bool = False
    han: str | None = None
    han_given: str | None = None
    han_canonical: str | None = None
    han_readings: tuple[str, ...] | None = None


class FamilyPart(NamedTuple):
    """A family-name field read by itself; `western`, `pinyin` or `han` says which given parts it can be joined to."""

    words: list[str] | None = None
    western: str | None = None
    pinyin: str | None = None
    is_plain: bool = False  # the pinyin as it is typed
    readings: tuple[str, ...] | None = None
    parted_readings: tuple[str, ...] | None = None
    han: str | None = None
    han_family: str | None = None
    han_readings: tuple[str, ...] | None = None


_GIVEN_TYPES: list[tuple[str, pa.DataType]] = [
    (
        f,
        {"words": TEXTS, "readings": TEXTS, "han_readings": TEXTS, "english": pa.bool_(), "is_parted": pa.bool_()}.get(
            f, TEXT
        ),
    )
    for f in GivenPart._fields
]
_FAMILY_TYPES: list[tuple[str, pa.DataType]] = [
    (
        f,
        {
            "words": TEXTS,
            "readings": TEXTS,
            "parted_readings": TEXTS,
            "han_readings": TEXTS,
            "is_plain": pa.bool_(),
        }.get(f, TEXT),
    )
    for f in FamilyPart._fields
]
# 欧 and 阳 in two fields are one surname.
_BEGINS_COMPOUND = frozenset(compound[0] for compound in COMPOUND)


def given_part(raw: str) -> GivenPart:
    """Read one given-name field."""
    field = read_field(raw)
    if field is None or field.suffix:
        return GivenPart()
    if field.han:
        if field.tokens or len(field.han) > 3:
            return GivenPart()
        read = read_given(field.han)
        if not read:
            return GivenPart()
        return GivenPart(
            han=field.han,
            han_given=read,
            han_canonical=canonical_given(read),
            han_readings=given_readings_of(field.han),
        )
    words = words_of(field.tokens)
    if not words or (len(words) == 1 and is_spelt_surname(words[0])):
        return GivenPart()
    split = len(words) > 1 and len(words[-1]) == 1
    given, middle = (" ".join(words[:-1]), words[-1]) if split else (" ".join(words), None)
    pinyin = pinyin_given(words)
    chinese = words[1:] if len(words) > 1 and is_english(words[0]) else words
    syllabic = len(words) == 2 and are_syllables(words) and not {*words} & ENGLISH_PINYIN
    return GivenPart(
        words=list(words),
        given=given,
        middle=middle,
        canonical=canonical_given(given),
        english=pinyin is None and pinyin_surname(words) is None and not syllabic,
        pinyin=pinyin,
        pinyin_canonical=canonical_given(pinyin) if pinyin else None,
        readings=given_readings(chinese, True),
        is_parted=len(chinese) == 2 or is_english(words[0]),
    )


def family_part(raw: str) -> FamilyPart:
    """Read one family-name field."""
    field = read_field(raw)
    if field is None or field.suffix:
        return FamilyPart()
    if field.han:
        if field.tokens or field.han not in SURNAME_CHARS or field.han in _BEGINS_COMPOUND:
            return FamilyPart()
        return FamilyPart(
            han=field.han, han_family=read_surname(field.han), han_readings=surname_readings_of(field.han)
        )
    words = words_of(field.tokens)
    family = western_family(words)
    if not family:
        return FamilyPart()
    pinyin = pinyin_surname(words)
    if pinyin:
        return FamilyPart(
            words=list(words),
            pinyin=pinyin,
            is_plain=family == pinyin and pinyin in surname_ranks(),
            readings=surname_readings(pinyin),
            parted_readings=surname_readings(pinyin, parted=True),
        )
    joined = "".join(words)
    if pinyin_given(words) or joined in spellings() or surname_readings(family):
        return FamilyPart()
    return FamilyPart(words=list(words), western=family)


def normalise_names(con: duckdb.DuckDBPyConnection) -> None:
    """Create temp table ``nz_name`` (NAME_KEYS and the fields of ParsedName) of the distinct names in ``nz_record``."""
    # Two ASCII words, neither of them a Chinese surname or a word with a meaning of its own, need no Python at all.
    words = pa.table({"word": sorted(judged_words())})
    con.register("nz_word", words)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE nz_name_key AS
        SELECT *, k_middle = '' AND k_native = '' AND regexp_full_match(k_given, '[A-Za-z]{{2,}}')
            AND regexp_full_match(k_family, '[A-Za-z]{{2,}}')
            AND lower(k_given) NOT IN (SELECT word FROM nz_word) AND lower(k_family) NOT IN (SELECT word FROM nz_word)
            AND lower(k_given) <> lower(k_family) AS is_plain,
            k_middle = '' AND k_native = '' AND k_given <> '' AND k_family <> '' AS has_parts
        FROM (SELECT DISTINCT {", ".join(NAME_KEYS)} FROM nz_record)
    """)
    con.unregister("nz_word")
    for part, types, function in (("given", _GIVEN_TYPES, given_part), ("family", _FAMILY_TYPES, family_part)):
        lookup(
            con,
            f"nz_{part}_part",
            f"SELECT DISTINCT k_{part} FROM nz_name_key WHERE has_parts AND NOT is_plain",
            [f"k_{part}"],
            types,
            function,
        )
    con.execute(f"CREATE OR REPLACE TEMP TABLE nz_joined AS {_JOINED}")
    lookup(
        con,
        "nz_name",
        f"SELECT {', '.join(NAME_KEYS)} FROM nz_name_key ANTI JOIN nz_joined USING ({', '.join(NAME_KEYS)}) "
        "WHERE NOT is_plain",
        NAME_KEYS,
        NAME_VALUES,
        parse_name,
    )
    con.execute("INSERT INTO nz_name BY NAME SELECT * FROM nz_joined")
    forms = pa.table({"form": list(representatives()), "target": list(representatives().values())})
    con.register("nz_form", forms)
    con.execute(f"""
        INSERT INTO nz_name BY NAME
        SELECT {", ".join(NAME_KEYS)}, lower(k_given) AS given_name, lower(k_family) AS family_name,
            coalesce(f.target, lower(k_given)) AS given_canonical, lower(left(k_given, 1)) AS given_initial,
            least(lower(k_given), lower(k_family)) || ' ' || greatest(lower(k_given), lower(k_family)) AS name_key,
            false AS is_chinese
        FROM nz_name_key LEFT JOIN nz_form f ON lower(k_given) = f.form
        WHERE is_plain
    """)
    con.unregister("nz_form")
    for table in ("nz_name_key", "nz_given_part", "nz_family_part", "nz_joined"):
        con.execute(f"DROP TABLE {table}")


_JOINED = f"""
    WITH put AS (
        SELECT {", ".join(f"n.{key}" for key in NAME_KEYS)},
            CASE
                WHEN g.han IS NOT NULL AND f.han IS NOT NULL AND NOT starts_with(g.han, f.han) THEN 'han'
                WHEN list_has_any(g.words, f.words) THEN NULL
                WHEN f.western IS NOT NULL AND g.given IS NOT NULL THEN 'western'
                WHEN f.pinyin IS NOT NULL AND g.pinyin IS NOT NULL THEN 'pinyin'
                WHEN f.is_plain AND g.english THEN 'english'
            END AS way,
            CASE way WHEN 'han' THEN g.han_given WHEN 'pinyin' THEN g.pinyin ELSE g.given END AS given_name,
            CASE WHEN way IN ('western', 'english') THEN g.middle END AS middle_name,
            CASE way WHEN 'han' THEN f.han_family WHEN 'western' THEN f.western ELSE f.pinyin END AS family_name,
            CASE way WHEN 'han' THEN g.han_canonical WHEN 'pinyin' THEN g.pinyin_canonical ELSE g.canonical END
                AS given_canonical,
            CASE WHEN way = 'han' THEN f.han || g.han END AS native_name,
            way IN ('han', 'pinyin') AS is_chinese,
            CASE WHEN way = 'han' THEN g.han_readings WHEN way <> 'western' THEN g.readings END AS given_readings,
            CASE WHEN way = 'han' THEN f.han_readings WHEN way = 'western' THEN NULL
                WHEN g.is_parted THEN f.parted_readings ELSE f.readings END AS family_readings
        FROM nz_name_key n JOIN nz_given_part g USING (k_given) JOIN nz_family_part f USING (k_family)
        WHERE n.has_parts AND NOT n.is_plain
    )
    SELECT * EXCLUDE (way), left(given_name, 1) AS given_initial, NULL::VARCHAR AS generation_suffix,
        array_to_string(
            list_sort(list_distinct(string_split(concat_ws(' ', given_name, middle_name, family_name), ' '))), ' '
        ) AS name_key
    FROM put WHERE way IS NOT NULL
"""
