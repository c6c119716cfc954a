"""What two records are compared on, as ordered levels of agreement.

Each comparison is a list of levels from most to least agreement; the first whose SQL condition holds is the outcome.
`scope` says what agreement proves. *Personal* evidence (given name, birth date, gender) tells one person from
another. *Shared* evidence (family name, address, phone, e-mail) is also what relatives have in common: between two
members of a household it proves nothing. The model therefore knows three kinds of pairs (same person, same household,
strangers) and each level starts with a default probability under each of them; training moves them (`training.py`).

String similarity is only taken on ASCII-folded or pinyin text, because engines disagree on bytes and characters.
No Splink here: `scoring.py` turns these into Splink settings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Scope = Literal["personal", "shared"]


@dataclass(frozen=True)
class Level:
    """One degree of agreement. `m`, `h`, `u`: its default probability for the same person, for two members of one
    household and for strangers. `tf`: column whose value frequency sharpens `u` (rare values prove more)."""

    name: str
    sql: str
    m: float
    h: float
    u: float
    tf: str | None = None
    rare: bool = False
    """Strangers practically never agree so: what random pairs show of it are matches and households, so that `u` cannot
    be measured there and stays at its default."""


@dataclass(frozen=True)
class Comparison:
    """An ordered list of levels over one aspect of a person; pairs where `null_sql` holds say nothing."""

    name: str
    scope: Scope
    null_sql: str
    levels: tuple[Level, ...]
    needs: tuple[str, ...] = field(default=())

    @property
    def gamma(self) -> str:
        """Name of Splink's outcome column: -1 null, 0 the last level, higher is more agreement."""
        return f"gamma_{self.name}"


def _null(*columns: str) -> str:
    return " or ".join(f"{c}_l is null or {c}_r is null" for c in columns)


# 0.88 lets one slip in a short name pass, and some different short names with it (mark/mary .883): what the level is
# worth is for training to say.
_GIVEN_CLOSE = (
    "(length(given_l) >= 3 and length(given_r) >= 3 and (jaro_winkler_similarity(given_l, given_r) >= 0.88"
    " or (length(given_l) >= 5 and damerau_levenshtein(given_l, given_r) <= 1)"
    " or starts_with(given_l, given_r) or starts_with(given_r, given_l)))"
)
_FAMILY_CLOSE = (
    "(length(family_l) >= 3 and length(family_r) >= 3 and (jaro_winkler_similarity(family_l, family_r) >= 0.9"
    " or (length(family_l) >= 5 and damerau_levenshtein(family_l, family_r) <= 1)"
    " or contains(' ' || family_l || ' ', ' ' || family_r || ' ')"
    " or contains(' ' || family_r || ' ', ' ' || family_l || ' ')))"
)
_SWAPPED = "(given_l = family_r and family_l = given_r)"
_HALF_SWAPPED = "(given_l = family_r or family_l = given_r)"
# Both halves must fit, or one be missing: in "ines vega" and "vega salvador" only the family name moved.
_NEARLY_SWAPPED = (
    "(jaro_winkler_similarity(given_l, coalesce(family_r, given_l)) >= 0.85"
    " and jaro_winkler_similarity(coalesce(family_l, given_r), given_r) >= 0.85"
    " and (family_l is not null or family_r is not null))"
)


def _scrambled(column: str) -> str:
    """The same letters in another order, give or take one: typing at speed, not another name."""
    return (
        f"(length({column}_bag_l) >= 4 and length({column}_bag_r) >= 4 and "
        f"levenshtein({column}_bag_l, {column}_bag_r) <= 1)"
    )


GIVEN = Comparison(
    "given",
    "personal",
    _null("given"),
    (
        Level("same Han name", "native_l = native_r", 0.12, 0.001, 0.0001, rare=True),
        Level("same reading, other characters", "native_l <> native_r and given_l = given_r", 0.01, 0.01, 0.002),
        Level("exact", "given_l = given_r", 0.55, 0.03, 0.006, tf="given"),
        Level("nickname", "given_c_l = given_c_r", 0.08, 0.005, 0.002, tf="given_c"),
        Level("given and family swapped", _SWAPPED, 0.03, 0.0005, 0.0001, tf="name_key", rare=True),
        Level("initial", "given_i_l = given_i_r and (length(given_l) = 1 or length(given_r) = 1)", 0.05, 0.01, 0.003),
        Level("close", _GIVEN_CLOSE, 0.1, 0.03, 0.012),
        Level("nearly swapped", _NEARLY_SWAPPED, 0.01, 0.001, 0.0005),
        Level("scrambled letters", _scrambled("given"), 0.01, 0.01, 0.004),
        Level("different", "else", 0.06, 0.93, 0.97),
    ),
    needs=("given",),
)

FAMILY = Comparison(
    "family",
    "shared",
    # a swapped name is weighed once, under the given name
    f"{_null('family')} or {_SWAPPED}",
    (
        Level("exact", "family_l = family_r", 0.8, 0.8, 0.01, tf="family"),
        Level("close", _FAMILY_CLOSE, 0.09, 0.05, 0.01),
        Level("half swapped", _HALF_SWAPPED, 0.01, 0.01, 0.003),
        Level("nearly swapped", _NEARLY_SWAPPED, 0.005, 0.001, 0.0005),
        Level("scrambled letters", _scrambled("family"), 0.01, 0.01, 0.003),
        Level("different", "else", 0.07, 0.14, 0.97),
    ),
    needs=("family",),
)

# A birth date is compared as text: one wrong or two exchanged digits is a slip, more is another date.
_DOB_SLIP = "damerau_levenshtein(dob_l, dob_r) <= 1"
_DOB_PART = (
    "substr(dob_l, 6) = substr(dob_r, 6) or (substr(dob_l, 1, 7) = substr(dob_r, 1, 7))"
    " or (substr(dob_l, 1, 4) = substr(dob_r, 1, 4) and substr(dob_l, 9) = substr(dob_r, 9))"
    " or damerau_levenshtein(dob_l, dob_r) = 2"
)
BIRTH_DATE = Comparison(
    "birth_date",
    "personal",
    "(dob_l is null and birthday_l is null) or (dob_r is null and birthday_r is null)",
    (
        Level("exact", "dob_l = dob_r", 0.84, 0.003, 0.0001, rare=True),
        Level("day and month exchanged", "dob_l = dob_alt_r or dob_alt_l = dob_r", 0.02, 0.0003, 0.0001),
        Level("one digit off", _DOB_SLIP, 0.06, 0.003, 0.0015),
        Level(
            "same day of the year",
            "(dob_l is null or dob_r is null) and birthday_l = birthday_r",
            0.02,
            0.003,
            0.0027,
        ),
        Level("two parts agree", _DOB_PART, 0.03, 0.03, 0.03),
        Level("different", "else", 0.03, 0.96, 0.968),
    ),
    needs=("birthday",),
)

# The user part is mostly made of the name: beside an equal given name its agreement would count the name twice.
_SAME_USER = "length(email_user_l) >= 6 and email_user_l = email_user_r and coalesce(given_l <> given_r, true)"
# An edit distance costs a hundred times an equality, and one slip leaves the start or the end as it was: without this
# filter the e-mail took 1.8 of the 2.7 seconds that 400,000 random pairs take.
_EMAIL_SLIP = (
    "length(email_l) >= 10 and abs(length(email_l) - length(email_r)) <= 1"
    " and (left(email_l, 3) = left(email_r, 3) or right(email_user_l, 3) = right(email_user_r, 3))"
    " and damerau_levenshtein(email_l, email_r) <= 1"
)
_PHONE_SLIP = (
    "length(phone_l) >= 9 and (left(phone_l, 6) = left(phone_r, 6) or right(phone_l, 4) = right(phone_r, 4))"
    " and damerau_levenshtein(phone_l, phone_r) <= 1"
)
EMAIL = Comparison(
    "email",
    "shared",
    "emails_l is null or emails_r is null",
    (
        Level("same, used under one name", "list_has_any(own_emails_l, own_emails_r)", 0.6, 0.01, 0.000002, rare=True),
        Level("same, used under several names", "list_has_any(emails_l, emails_r)", 0.08, 0.3, 0.000005, rare=True),
        Level("same user part", _SAME_USER, 0.06, 0.005, 0.00005),
        Level(
            "typing slip",
            _EMAIL_SLIP,
            0.02,
            0.005,
            0.00001,
        ),
        Level("different", "else", 0.24, 0.68, 0.9999),
    ),
    needs=("email",),
)

PHONE = Comparison(
    "phone",
    "shared",
    "phones_l is null or phones_r is null",
    (
        Level("same, used under one name", "list_has_any(own_phones_l, own_phones_r)", 0.6, 0.01, 0.000002, rare=True),
        Level("same, used under several names", "list_has_any(phones_l, phones_r)", 0.1, 0.4, 0.000005, rare=True),
        Level("typing slip", _PHONE_SLIP, 0.04, 0.01, 0.00002),
        Level("different", "else", 0.26, 0.58, 0.9999),
    ),
    needs=("phone",),
)

# Streets are told apart by number and name; the same street name elsewhere proves nothing, so a place must agree too.
_SAME_PLACE = "(postcode_l = postcode_r or locality_l = locality_r)"
ADDRESS = Comparison(
    "address",
    "shared",
    "(street_l is null and postcode_l is null and locality_l is null)"
    " or (street_r is null and postcode_r is null and locality_r is null)",
    (
        Level("same street address", f"street_l = street_r and {_SAME_PLACE}", 0.5, 0.8, 0.00002, rare=True),
        Level("same street address, other place", "street_l = street_r", 0.05, 0.01, 0.0001, rare=True),
        Level(
            "close street address",
            f"address_key_l = address_key_r or ({_SAME_PLACE} and jaro_winkler_similarity(street_l, street_r) >= 0.9)",
            0.15,
            0.1,
            0.00005,
            rare=True,
        ),
        Level("same postcode", "postcode_l = postcode_r", 0.1, 0.04, 0.005, tf="postcode"),
        Level("same locality", "locality_l = locality_r", 0.05, 0.02, 0.01, tf="locality"),
        Level("different", "else", 0.15, 0.03, 0.985),
    ),
    needs=("address",),
)

GENDER = Comparison(
    "gender",
    "personal",
    _null("gender"),
    (Level("same", "gender_l = gender_r", 0.985, 0.45, 0.5), Level("different", "else", 0.015, 0.55, 0.5)),
    needs=("gender",),
)

MIDDLE = Comparison(
    "middle",
    "personal",
    _null("middle"),
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
    _null("suffix"),
    (Level("same", "suffix_l = suffix_r", 0.97, 0.1, 0.3), Level("different", "else", 0.03, 0.9, 0.7)),
    needs=("suffix",),
)

ORGANISATION = Comparison(
    "organisation",
    "shared",
    _null("organisation"),
    (
        Level("exact", "organisation_l = organisation_r", 0.75, 0.6, 0.001, tf="organisation"),
        Level("close", "jaro_winkler_similarity(organisation_l, organisation_r) >= 0.9", 0.15, 0.1, 0.003),
        Level("different", "else", 0.1, 0.3, 0.996),
    ),
    needs=("organisation",),
)


def attribute(number: int) -> Comparison:
    """A declared weak attribute (column ``attribute_<number>``) such as a birth place or an occupation."""
    column = f"attribute_{number}"
    return Comparison(
        column,
        "personal",
        _null(column),
        (
            Level("exact", f"{column}_l = {column}_r", 0.75, 0.3, 0.05, tf=column),
            Level("close", f"jaro_winkler_similarity({column}_l, {column}_r) >= 0.9", 0.1, 0.05, 0.02),
            Level("different", "else", 0.15, 0.65, 0.93),
        ),
        needs=(column,),
    )


PERSON = (GIVEN, FAMILY, BIRTH_DATE, EMAIL, PHONE, ADDRESS, GENDER, MIDDLE, SUFFIX, ORGANISATION)


def choose(filled: Iterable[str], attributes: int = 0) -> tuple[Comparison, ...]:
    """The comparisons for which the data has at least two filled records; `filled` holds such aspects."""
    have = set(filled)
    offered = (*PERSON, *(attribute(i) for i in range(attributes)))
    return tuple(c for c in offered if set(c.needs) <= have)


def term_frequency_columns(comparisons: Iterable[Comparison]) -> list[str]:
    """Columns whose value frequencies sharpen a level of `comparisons`, without repeats."""
    return list(dict.fromkeys(level.tf for c in comparisons for level in c.levels if level.tf))
