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
    be measured there and stays at its default, unless it is `covered`."""
    covered: bool = False
    """Every pair that agrees so shares a block key, so that all of them are candidates: `u` is learnt from these."""


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


def _one_slip(column: str, function: str = "damerau_levenshtein") -> str:
    """At most one character wrong, missing, too many or (with the default function) exchanged with its neighbour; for
    texts of four characters or more.

    One slip leaves all but two characters as they were, or the first or the second half where a character is missing.
    Looking at that first costs a fraction of the edit distance, and never decides otherwise.
    """
    left, right = f"{column}_l", f"{column}_r"
    half = f"length({left}) // 2 - 1"
    return (
        f"(abs(strlen({left}) - strlen({right})) <= 1 and ((strlen({left}) = strlen({right})"
        f" and case when strlen({left}) = strlen({right}) then hamming({left}, {right}) else 9 end <= 2)"
        f" or (strlen({left}) <> strlen({right}) and (left({left}, {half}) = left({right}, {half})"
        f" or right({left}, {half}) = right({right}, {half}))))"
        f" and {function}({left}, {right}) <= 1)"
    )


# 0.88 lets one slip in a short name pass, and some different short names with it (mark/mary .883): what the level is
# worth is for training to say.
_GIVEN_CLOSE = (
    "(length(given_l) >= 3 and length(given_r) >= 3 and (starts_with(given_l, given_r) or starts_with(given_r, given_l)"
    f" or (length(given_l) >= 5 and {_one_slip('given')})"
    " or (abs(length(given_l) - length(given_r)) <= 3 and jaro_winkler_similarity(given_l, given_r) >= 0.88"
    " and damerau_levenshtein(given_l, given_r) <= 3)))"
)
_FAMILY_CLOSE = (
    "(length(family_l) >= 3 and length(family_r) >= 3 and (jaro_winkler_similarity(family_l, family_r) >= 0.9"
    f" or (length(family_l) >= 5 and {_one_slip('family')})"
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
_LONGER_NAME = (
    f"({_TWO_NAMES} and given_c_l <> given_c_r and abs(length(given_l) - length(given_r)) >= 3"
    " and ((length(given_l) >= 4 and given_l = given_c_l and starts_with(given_r, given_l))"
    " or (length(given_r) >= 4 and given_r = given_c_r and starts_with(given_l, given_r))))"
)
_SWAPPED = "(given_l = family_r and family_l = given_r)"
_HALF_SWAPPED = "(given_l = family_r or family_l = given_r)"
# One half moved as it was, the other with a slip, or there is no other. Two slipped halves are more often two people
# ("david roberts", "robert davies"); in "ines vega" and "vega salvador" only the family name moved.
_NEARLY_SWAPPED = (
    "((given_l = family_r and jaro_winkler_similarity(coalesce(family_l, given_r), given_r) >= 0.85)"
    " or (family_l = given_r and jaro_winkler_similarity(given_l, coalesce(family_r, given_l)) >= 0.85))"
)


def _scrambled(column: str) -> str:
    """The same letters in another order, give or take one: typing at speed, not another name."""
    return (
        f"(length({column}_bag_l) >= 4 and length({column}_bag_r) >= 4 and {_one_slip(f'{column}_bag', 'levenshtein')})"
    )


GIVEN = Comparison(
    "given",
    "personal",
    _null("given"),
    (
        Level("same Han name", "native_l = native_r", 0.12, 0.001, 0.0001, rare=True),
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
        Level("two names", _TWO_NAMES, 0.01, 0.44, 0.5),
        Level("different", "else", 0.04, 0.2, 0.42),
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
        Level("other spelling", "list_has_any(family_readings_l, family_readings_r)", 0.02, 0.02, 0.003),
        Level("close", f"{_FAMILY_CLOSE} and {_NOT_TWO_SURNAMES}", 0.09, 0.05, 0.01),
        Level("half swapped", _HALF_SWAPPED, 0.01, 0.01, 0.003),
        Level("nearly swapped", _NEARLY_SWAPPED, 0.005, 0.001, 0.0005),
        Level("scrambled letters", f"{_scrambled('family')} and {_NOT_TWO_SURNAMES}", 0.01, 0.01, 0.003),
        Level("different", "else", 0.07, 0.14, 0.97),
    ),
    needs=("family",),
)

# A birth date is compared as text: one wrong or two exchanged digits is a slip, more is another date.
_DOB_SLIP = _one_slip("dob")
# Two slips leave the decade, the month or the day as it was.
_DOB_PART = (
    "substr(dob_l, 6) = substr(dob_r, 6) or (substr(dob_l, 1, 7) = substr(dob_r, 1, 7))"
    " or (substr(dob_l, 1, 4) = substr(dob_r, 1, 4) and substr(dob_l, 9) = substr(dob_r, 9))"
    " or ((left(dob_l, 3) = left(dob_r, 3) or substr(dob_l, 6, 2) = substr(dob_r, 6, 2)"
    " or substr(dob_l, 9) = substr(dob_r, 9)) and damerau_levenshtein(dob_l, dob_r) = 2)"
)
# Where a whole date is missing on one side, what is left is the day of the year or the year (from an age, it is often
# one or two off).
_NO_DATE = "(dob_l is null or dob_r is null)"
BIRTH_DATE = Comparison(
    "birth_date",
    "personal",
    f"{_NO_DATE} and (birthday_l is null or birthday_r is null) and (birth_year_l is null or birth_year_r is null)",
    (
        Level("exact", "dob_l = dob_r", 0.84, 0.015, 0.0001, rare=True),
        Level("day and month exchanged", "dob_l = dob_alt_r or dob_alt_l = dob_r", 0.02, 0.0003, 0.0001),
        Level("one digit off", _DOB_SLIP, 0.06, 0.003, 0.0015),
        Level("same day of the year", f"{_NO_DATE} and birthday_l = birthday_r", 0.02, 0.003, 0.0027),
        Level("two parts agree", _DOB_PART, 0.02, 0.03, 0.03),
        Level("same year", f"{_NO_DATE} and birth_year_l = birth_year_r", 0.01, 0.03, 0.015),
        Level("one or two years apart", f"{_NO_DATE} and abs(birth_year_l - birth_year_r) <= 2", 0.01, 0.15, 0.05),
        Level("different", "else", 0.02, 0.768, 0.903),
    ),
    needs=("birthday",),
)

# A user part that is made of the name says nothing more than the name, and would count it twice.
_SAME_USER = (
    "length(email_user_l) >= 6 and email_user_l = email_user_r"
    " and not coalesce(contains(email_user_l, family_l), contains(email_user_l, given_l), false)"
    " and not coalesce(contains(email_user_l, family_r), contains(email_user_l, given_r), false)"
)
# Where only digits differ, it is another address: anna.price48 and anna.price49 are namesakes. A slip is in the user
# part or in the domain, and many addresses have their domain in common.
_HALF_USER = "greatest(length(email_user_l) // 2 - 1, 0)"
_EMAIL_SLIP = (
    "length(email_l) >= 10 and abs(strlen(email_user_l) - strlen(email_user_r)) <= 1"
    " and (strlen(email_user_l) = strlen(email_user_r)"
    f" or left(email_user_l, {_HALF_USER}) = left(email_user_r, {_HALF_USER})"
    f" or right(email_user_l, {_HALF_USER}) = right(email_user_r, {_HALF_USER}))"
    f" and email_letters_l <> email_letters_r and {_one_slip('email')}"
)
# A number written without its country code was read with the wrong one; else one digit is wrong.
_PHONE_SLIP = (
    "length(phone_l) >= 9 and (right(phone_l, 4) = right(phone_r, 4) or (left(phone_l, 6) = left(phone_r, 6)"
    # many share the start of their area: where it agrees, the slip is in what follows
    " and (length(phone_l) < 10 or left(phone_l, 7) = left(phone_r, 7) or right(phone_l, 2) = right(phone_r, 2))))"
    " and (right(phone_l, 9) = right(phone_r, 9) or (abs(length(phone_l) - length(phone_r)) <= 1"
    " and damerau_levenshtein(phone_l, phone_r) <= 1))"
)


def _only_theirs(kind: str) -> str:
    """A value that no name uses but the two records' own: one name where they agree, else two.

    Judged by the pair, since a value of one person under two names (Wei and Kevin) has two names by that alone. Names
    are counted by their initials, so that a slip is no second name; anna and annabelle are two all the same.
    """
    return (
        f"(list_has_any(own_{kind}_l, own_{kind}_r)"
        f" and not coalesce({_LONGER_NAME}, false)"
        f" or (initials_l <> initials_r and list_has_any(pair_{kind}_l, pair_{kind}_r)))"
    )


EMAIL = Comparison(
    "email",
    "shared",
    "emails_l is null or emails_r is null",
    (
        Level("same, used by no other name", _only_theirs("emails"), 0.6, 0.05, 0.000002, rare=True, covered=True),
        Level("same, others use it", "list_has_any(emails_l, emails_r)", 0.08, 0.3, 0.000005, rare=True, covered=True),
        Level("typing slip", _EMAIL_SLIP, 0.03, 0.005, 0.00001, rare=True),
        Level("same user part", _SAME_USER, 0.04, 0.005, 0.00005),
        Level("different", "else", 0.25, 0.64, 0.9999),
    ),
    needs=("email",),
)

PHONE = Comparison(
    "phone",
    "shared",
    "phones_l is null or phones_r is null",
    (
        Level("same, used by no other name", _only_theirs("phones"), 0.6, 0.05, 0.000002, rare=True, covered=True),
        Level("same, others use it", "list_has_any(phones_l, phones_r)", 0.1, 0.4, 0.000005, rare=True, covered=True),
        Level("typing slip", _PHONE_SLIP, 0.04, 0.01, 0.00002),
        Level("different", "else", 0.26, 0.54, 0.9999),
    ),
    needs=("phone",),
)

# Streets are told apart by number and name; the same street name elsewhere proves nothing, so a place must agree too.
_SAME_PLACE = "(postcode_l = postcode_r or locality_l = locality_r)"
_CLOSE_STREET = (
    f"address_key_l = address_key_r or ({_SAME_PLACE} and coalesce(street_no_l = street_no_r, true)"
    " and jaro_winkler_similarity(street_l, street_r) >= 0.9)"
    " or (street_no_l = street_no_r"
    " and (starts_with(street_l, street_r || ' ') or starts_with(street_r, street_l || ' ')))"
)
_OTHER_NUMBER = f"street_words_l = street_words_r and {_SAME_PLACE}"
_CLOSE_LOCALITY = (
    "length(locality_l) >= 5 and length(locality_r) >= 5"
    " and (left(locality_l, 2) = left(locality_r, 2) or right(locality_l, 3) = right(locality_r, 3))"
    " and (jaro_winkler_similarity(locality_l, locality_r) >= 0.93 or damerau_levenshtein(locality_l, locality_r) <= 1)"
)
ADDRESS = Comparison(
    "address",
    "shared",
    "(street_l is null and postcode_l is null and locality_l is null)"
    " or (street_r is null and postcode_r is null and locality_r is null)",
    (
        Level("same street address", f"street_l = street_r and {_SAME_PLACE}", 0.5, 0.8, 0.00002, rare=True),
        Level("same street address, other place", "street_l = street_r", 0.05, 0.03, 0.0001, rare=True),
        Level("close street address", _CLOSE_STREET, 0.12, 0.1, 0.00005, rare=True),
        Level("same street, other number", _OTHER_NUMBER, 0.03, 0.01, 0.0005),
        Level("same postcode", "postcode_l = postcode_r", 0.1, 0.04, 0.005, tf="postcode"),
        Level("same locality", "locality_l = locality_r", 0.05, 0.02, 0.01, tf="locality"),
        Level("close locality", _CLOSE_LOCALITY, 0.03, 0.005, 0.003),
        Level("different", "else", 0.12, 0.015, 0.98),
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
    "suffix_l is null and suffix_r is null",
    (
        Level("same", "suffix_l = suffix_r", 0.55, 0.1, 0.01),
        Level("only one has one", "suffix_l is null or suffix_r is null", 0.43, 0.5, 0.95),
        Level("different", "else", 0.02, 0.4, 0.04),
    ),
    needs=("suffix",),
)

# Every word of the shorter name is in the longer ("india exports", "universal exports india"), as it
# is or as it sounds.
_ORGANISATION_PART = (
    "(list_has_all(organisation_words_l, organisation_words_r)"
    " or list_has_all(organisation_words_r, organisation_words_l))"
)
_ORGANISATION_CLOSE = (
    "((list_has_all(organisation_sounds_l, organisation_sounds_r)"
    " and length(array_to_string(organisation_sounds_r, '')) >= 5)"
    " or (list_has_all(organisation_sounds_r, organisation_sounds_l)"
    " and length(array_to_string(organisation_sounds_l, '')) >= 5)"
    " or (left(organisation_l, 1) = left(organisation_r, 1)"
    " and (damerau_levenshtein(organisation_l, organisation_r) <= 2"
    " or jaro_winkler_similarity(organisation_l, organisation_r) >= 0.93)))"
)


def _organisation(name: str, scope: Scope, null_sql: str, m: tuple[float, ...], h: tuple[float, ...]) -> Comparison:
    return Comparison(
        name,
        scope,
        null_sql,
        (
            Level("exact", "organisation_l = organisation_r", m[0], h[0], 0.001, tf="organisation"),
            Level("one is part of the other", _ORGANISATION_PART, m[1], h[1], 0.002),
            Level("close", _ORGANISATION_CLOSE, m[2], h[2], 0.002),
            Level("different", "else", m[3], h[3], 0.995),
        ),
        needs=("organisation",),
    )


# What an organisation is called tells it from its neighbours; for whom a person works is shared with others.
ORGANISATION = _organisation(
    "organisation",
    "personal",
    f"{_null('organisation')} or not is_organisation_l or not is_organisation_r",
    (0.65, 0.13, 0.14, 0.08),
    (0.03, 0.03, 0.03, 0.91),
)
EMPLOYER = _organisation(
    "employer",
    "shared",
    f"{_null('organisation')} or is_organisation_l or is_organisation_r",
    (0.6, 0.1, 0.1, 0.2),
    (0.3, 0.05, 0.05, 0.6),
)


def identifier(name: str) -> Comparison:
    """One kind of verified identifier; `name` is ``id_<key>`` with the kind's key in the column ``ids``.

    How much two different numbers say is learnt: a person has one passport, but several customer numbers. Values are
    compared within one namespace only.
    """
    key = name.removeprefix("id_")
    left, right = f"ids_l['{key}']", f"ids_r['{key}']"
    slip = (
        f"length({left}[1]) >= 6 and abs(length({left}[1]) - length({right}[1])) <= 1"
        f" and (left({left}[1], 4) = left({right}[1], 4) or right({left}[1], 3) = right({right}[1], 3))"
        f" and damerau_levenshtein({left}[1], {right}[1]) <= 1"
    )
    return Comparison(
        name,
        "personal",
        f"{left} is null or {right} is null",
        (
            Level("same", f"list_has_any({left}, {right})", 0.9, 0.002, 0.000002, rare=True, covered=True),
            Level("typing slip", slip, 0.05, 0.002, 0.0001),
            Level("different", "else", 0.05, 0.996, 0.9999),
        ),
        needs=(name,),
    )


def attribute(number: int) -> Comparison:
    """A declared weak attribute (column ``attribute_<number>``) such as a birth place or an occupation."""
    column = f"attribute_{number}"
    return Comparison(
        column,
        "shared",  # a birth place is the family's, an occupation is not: what relatives share is learnt
        _null(column),
        (
            Level("exact", f"{column}_l = {column}_r", 0.75, 0.4, 0.05, tf=column),
            Level("close", f"jaro_winkler_similarity({column}_l, {column}_r) >= 0.9", 0.1, 0.05, 0.02),
            Level("different", "else", 0.15, 0.55, 0.93),
        ),
        needs=(column,),
    )


PERSON = (GIVEN, FAMILY, BIRTH_DATE, EMAIL, PHONE, ADDRESS, GENDER, MIDDLE, SUFFIX, ORGANISATION, EMPLOYER)


def choose(filled: Iterable[str], attributes: int = 0) -> tuple[Comparison, ...]:
    """The comparisons for which the data has at least two filled records; `filled` holds such aspects."""
    have = set(filled)
    kinds = sorted(name for name in have if name.startswith("id_"))
    offered = (*PERSON, *(attribute(i) for i in range(attributes)), *(identifier(name) for name in kinds))
    return tuple(c for c in offered if set(c.needs) <= have)


def term_frequency_columns(comparisons: Iterable[Comparison]) -> list[str]:
    """Columns whose value frequencies sharpen a level of `comparisons`, without repeats."""
    return list(dict.fromkeys(level.tf for c in comparisons for level in c.levels if level.tf))
