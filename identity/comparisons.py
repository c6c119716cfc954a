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

from identity.comparison import Comparison, Level, Scope, either_null, one_slip
from identity.comparisons_of_names import FAMILY, GIVEN, LONGER_NAME, MIDDLE, SUFFIX, TWO_PEOPLE

# A birth date is compared as text: one wrong or two exchanged digits is a slip, more is another date.
_DOB_SLIP = one_slip("dob")
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
    f" and email_letters_l <> email_letters_r and {one_slip('email')}"
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
    """A value that no name uses but the two records' own: one name where they agree, else two that may be one person's.

    Judged by the pair, since a value of one person under two names (Wei and Kevin) has two names by that alone. Names
    are counted by their initials, so that a slip is no second name; anna and annabelle are two all the same, and so are
    李涵 and 李林民.
    """
    return (
        f"(list_has_any(own_{kind}_l, own_{kind}_r)"
        f" and not coalesce({LONGER_NAME}, false)"
        f" or (initials_l <> initials_r and not {TWO_PEOPLE}"
        f" and list_has_any(pair_{kind}_l, pair_{kind}_r)))"
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
        Level("same postcode", "postcode_l = postcode_r", 0.1, 0.04, 0.005, tf="postcode", even=True),
        Level("same locality", "locality_l = locality_r", 0.05, 0.02, 0.01, tf="locality", even=True),
        Level("close locality", _CLOSE_LOCALITY, 0.03, 0.005, 0.003, even=True),
        Level("different", "else", 0.12, 0.015, 0.98),
    ),
    needs=("address",),
)

GENDER = Comparison(
    "gender",
    "personal",
    either_null("gender"),
    (Level("same", "gender_l = gender_r", 0.985, 0.45, 0.5), Level("different", "else", 0.015, 0.55, 0.5)),
    needs=("gender",),
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
    f"{either_null('organisation')} or not is_organisation_l or not is_organisation_r",
    (0.65, 0.13, 0.14, 0.08),
    (0.03, 0.03, 0.03, 0.91),
)
EMPLOYER = _organisation(
    "employer",
    "shared",
    f"{either_null('organisation')} or is_organisation_l or is_organisation_r",
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
        either_null(column),
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
