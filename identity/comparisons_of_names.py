"""Comparisons of people's names: given, family and middle names and suffixes. The others are in `comparisons.py`."""

from __future__ import annotations

from identity.comparison import Comparison, Level, either_null, one_slip

# 0.88 lets one slip in a short name pass, and some different short names with it (mark/mary .883): what the level is
# worth is for training to say.
_GIVEN_CLOSE = (
    "(length(given_l) >= 3 and length(given_r) >= 3 and (starts_with(given_l, given_r) or starts_with(given_r, given_l)"
    f" or (length(given_l) >= 5 and {one_slip('given')})"
    " or (abs(length(given_l) - length(given_r)) <= 3 and jaro_winkler_similarity(given_l, given_r) >= 0.88"
    " and damerau_levenshtein(given_l, given_r) <= 3)))"
)
_FAMILY_CLOSE = (
    "(length(family_l) >= 3 and length(family_r) >= 3 and (jaro_winkler_similarity(family_l, family_r) >= 0.9"
    f" or (length(family_l) >= 5 and {one_slip('family')})"
    " or (contains(family_l, ' ') and contains(' ' || family_l || ' ', ' ' || family_r || ' '))"
    " or (contains(family_r, ' ') and contains(' ' || family_r || ' ', ' ' || family_l || ' '))))"
)
# Both are Chinese, and no spelling of the one can be the other: alike letters are another name, not a slip.
_OTHER_CHINESE_GIVEN = (  # false rather than NULL: what stands after `NULL and` is evaluated
    "(given_readings_l is not null and given_readings_r is not null"
    " and coalesce(starts_with(given_readings_l[1], '?') = starts_with(given_readings_r[1], '?'), false))"
)
_NOT_TWO_SURNAMES = "(family_readings_l is null or family_readings_r is null)"
# `Kevin` or a Cantonese given name beside one in Mandarin, of the same surname: they are not spelt alike anyway.
_FOREIGN_GIVEN = (
    "(((given_readings_l is null and list_contains(given_readings_r, given_r) and length(given_l) > 1)"
    " or (given_readings_r is null and list_contains(given_readings_l, given_l) and length(given_r) > 1)"
    " or starts_with(given_readings_l[1], '?') <> starts_with(given_readings_r[1], '?'))"
    " and list_has_any(family_readings_l, family_readings_r))"
)
# B stands for Robert, too, whom they call Bob.
_INITIAL = (
    "((length(given_l) = 1 and contains(given_initials_r, given_l))"
    " or (length(given_r) = 1 and contains(given_initials_l, given_r)))"
)
# Both are in the list of given names: darla is no slip for darlene, more often her sister.
_TWO_NAMES = "(given_known_l and given_known_r)"
# anna is a name of her own, and more often annabelle's sister than annabelle cut short. Short forms that the list has
# under another name, and names of three letters, are more often the same person: dani and daniela, val and valerie.
LONGER_NAME = (
    f"({_TWO_NAMES} and given_c_l <> given_c_r and abs(length(given_l) - length(given_r)) >= 3"
    " and ((length(given_l) >= 4 and given_l = given_c_l and starts_with(given_r, given_l))"
    " or (length(given_r) >= 4 and given_r = given_c_r and starts_with(given_l, given_r))))"
)
# Two Chinese names of which no reading of the one is one of the other; a dialect's reading (`?`) may be any.
TWO_CHINESE_NAMES = (
    f"({_OTHER_CHINESE_GIVEN} and not starts_with(given_readings_l[1], '?')"
    " and not list_has_any(given_readings_l, given_readings_r))"
)
# Of a Chinese name whose ends are both surnames, whoever typed it may have parted the syllables elsewhere: `Tian
# Yinglin` and `Tianying Lin`.
_SWAPPED = (
    "(given_l = family_r and family_l = given_r"
    " or coalesce(family_readings_l is not null and family_readings_r is not null"
    " and (family_l || given_l = given_r || family_r or given_l || family_l = family_r || given_r), false))"
)
_HALF_SWAPPED = "(given_l = family_r or family_l = given_r)"
# One half moved as it was, the other with a slip, or there is no other. Two slipped halves are more often two people
# ("david roberts", "robert davies"); in "ines vega" and "vega salvador" only the family name moved.
_NEARLY_SWAPPED = (
    "((given_l = family_r and jaro_winkler_similarity(coalesce(family_l, given_r), given_r) >= 0.85)"
    " or (family_l = given_r and jaro_winkler_similarity(given_l, coalesce(family_r, given_l)) >= 0.85))"
)


# Two names of one kind that do not even sound alike and are no short form or exchange of each other: two people's, as
# far as names tell. A contact that both use is shared. Michelle beside 欣 may be one woman.
_NOT_ALIKE = 0.65
TWO_PEOPLE = (
    f"({TWO_CHINESE_NAMES} or coalesce(given_readings_l is null and given_readings_r is null"
    " and length(given_l) > 2 and length(given_r) > 2 and given_c_l <> given_c_r"
    f" and not coalesce({_SWAPPED} or {_HALF_SWAPPED}, false)"
    f" and jaro_winkler_similarity(given_l, given_r) < {_NOT_ALIKE}, false))"
)
# Of the pairs that are one person, at most so many go by two names of one kind. Where relatives share a phone, an
# address and a family name, nothing but this tells them from one person, and left free it learns that it does not.
MOST_TWO_NAMES = 0.04


def _scrambled(column: str) -> str:
    """The same letters in another order, give or take one: typing at speed, not another name."""
    return (
        f"(length({column}_bag_l) >= 4 and length({column}_bag_r) >= 4 and {one_slip(f'{column}_bag', 'levenshtein')})"
    )


GIVEN = Comparison(
    "given",
    "personal",
    either_null("given"),
    (
        Level("same Han name", "native_l = native_r", 0.12, 0.001, 0.0001, tf="given", rare=True),
        Level(
            "same reading, other characters",
            "native_l <> native_r and (given_l = given_r or list_has_any(given_readings_l, given_readings_r))",
            0.01,
            0.03,
            0.01,
        ),
        Level("exact", "given_l = given_r", 0.48, 0.03, 0.006, tf="given"),
        Level("nickname", "given_c_l = given_c_r", 0.08, 0.005, 0.002, tf="given_c"),
        Level("other spelling", "list_has_any(given_readings_l, given_readings_r)", 0.05, 0.003, 0.002),
        Level("given and family swapped", _SWAPPED, 0.03, 0.0005, 0.0001, tf="name_key", rare=True),
        Level("initial", _INITIAL, 0.05, 0.01, 0.003),
        Level(
            "another Chinese name, alike",
            f"{_OTHER_CHINESE_GIVEN} and ({_GIVEN_CLOSE} or {_scrambled('given')})",
            0.01,
            0.15,
            0.01,
        ),
        Level("two names, alike", f"{_TWO_NAMES} and {_GIVEN_CLOSE}", 0.015, 0.04, 0.006),
        Level("close", f"not coalesce({_TWO_NAMES}, false) and {_GIVEN_CLOSE}", 0.1, 0.03, 0.012),
        Level("nearly swapped", _NEARLY_SWAPPED, 0.01, 0.001, 0.0005),
        Level("scrambled letters", _scrambled("given"), 0.01, 0.01, 0.004),
        Level("foreign beside Chinese", _FOREIGN_GIVEN, 0.03, 0.07, 0.03),
        Level("two Chinese names", TWO_CHINESE_NAMES, 0.01, 0.44, 0.5, most=MOST_TWO_NAMES, part_of="different"),
        Level("two names", _TWO_NAMES, 0.01, 0.44, 0.5, most=MOST_TWO_NAMES),
        Level("different", "else", 0.04, 0.2, 0.42),
    ),
    needs=("given",),
)

FAMILY = Comparison(
    "family",
    "shared",
    # a swapped name is weighed once, under the given name
    f"{either_null('family')} or {_SWAPPED}",
    (
        Level("exact", "family_l = family_r", 0.8, 0.8, 0.01, tf="family"),
        Level("other spelling", "list_has_any(family_readings_l, family_readings_r)", 0.02, 0.02, 0.003),
        Level("close", f"{_FAMILY_CLOSE} and {_NOT_TWO_SURNAMES}", 0.09, 0.05, 0.01),
        Level("half swapped", _HALF_SWAPPED, 0.01, 0.01, 0.003),
        Level("nearly swapped", _NEARLY_SWAPPED, 0.005, 0.001, 0.0005),
        Level("scrambled letters", f"{_scrambled('family')} and {_NOT_TWO_SURNAMES}", 0.01, 0.01, 0.003),
        Level("different", "else", 0.07, 0.14, 0.97),
    ),
    needs=("family",),
)

MIDDLE = Comparison(
    "middle",
    "personal",
    either_null("middle"),
    (
        Level("exact", "middle_l = middle_r", 0.7, 0.03, 0.01),
        Level("initial", "substr(middle_l, 1, 1) = substr(middle_r, 1, 1)", 0.22, 0.07, 0.06),
        Level("different", "else", 0.08, 0.9, 0.93),
    ),
    needs=("middle",),
)

SUFFIX = Comparison(
    "suffix",
    "personal",
    "suffix_l is null and suffix_r is null",
    (
        Level("same", "suffix_l = suffix_r", 0.55, 0.1, 0.01),
        Level("only one has one", "suffix_l is null or suffix_r is null", 0.43, 0.5, 0.95),
        Level("different", "else", 0.02, 0.4, 0.04),
    ),
    needs=("suffix",),
)
