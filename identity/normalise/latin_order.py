"""Chinese names in Latin letters: where the surname stands, and what belongs together.

All functions take tokens as typed (capitals may decide) or their ASCII lower-case words.
"""

from __future__ import annotations

import re
from functools import lru_cache

from identity.normalise.han import compound_readings, surname_ranks, syllables_of
from identity.normalise.name_fields import words_of
from identity.normalise.romanised import (
    ENGLISH_PINYIN,
    are_syllables,
    given_readings,
    is_spelt_surname,
    spellings,
    surname_readings,
)


@lru_cache(maxsize=262_144)
def pinyin_given(words: tuple[str, ...]) -> str | None:
    """One joined given name if the words are pinyin of one or two syllables, else None."""
    if not words:
        return None
    found = syllables_of("".join(words)) if len(words) == 1 else None
    if found is None and len(words) == 2:
        first, second = syllables_of(words[0], 1), syllables_of(words[1], 1)
        found = (*first, *second) if first and second else None
    return "".join(found) if found else None


@lru_cache(maxsize=262_144)
def pinyin_surname(words: tuple[str, ...]) -> str | None:
    """The surname that one or two words are in pinyin, else None."""
    if not words or len(words) > 2:
        return None
    found = syllables_of("".join(words))
    if found is None:
        return None
    joined = "".join(found)
    if len(words) == 2 and joined not in compound_readings():
        return None
    return joined if joined in surname_ranks() else None


def pinyin_pair(given: tuple[str, ...], family: tuple[str, ...]) -> tuple[str, str] | None:
    """(given, family) in pinyin with the fields in their order, or swapped when only that way is possible."""
    for one, other in ((given, family), (family, given)):
        surname, rest = pinyin_surname(other), pinyin_given(one)
        if surname and rest:
            return rest, surname
    return None


def pinyin_full(tokens: tuple[str, ...]) -> tuple[str, str] | None:
    """(given, family) of a whole pinyin name in either order, or None when it is not pinyin."""
    words = words_of(tokens)
    if not 2 <= len(words) <= 4:
        return None
    ranks = surname_ranks()
    found: list[tuple[int, int, str, str]] = []
    for size in (1, 2):
        if len(words) <= size:
            continue
        for first in (True, False):
            surname = pinyin_surname(words[:size] if first else words[-size:])
            rest = pinyin_given(words[size:] if first else words[:-size])
            if surname and rest:
                shown = tokens[:size] if first else tokens[-size:]
                others = tokens[size:] if first else tokens[:-size]
                capitals = all(t.isupper() and len(t) > 1 for t in shown) and not all(t.isupper() for t in others)
                found.append((0 if capitals else 1, ranks[surname], rest, surname))
    if not found:
        return None
    best = min(found, key=lambda f: f[:2])
    return best[2], best[3]


def is_surname(word: str) -> bool:
    """Whether a word is a Chinese surname in pinyin or in a spelling that no Western name shares."""
    return word in surname_ranks() or is_spelt_surname(word)


def is_english(word: str) -> bool:
    """Whether a Latin given name cannot be, or usually is not, a Chinese one."""
    return word in ENGLISH_PINYIN or (syllables_of(word) is None and not are_syllables((word,)))


_HUMP = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
# Surnames so frequent that `WangWei` is rather a whole name than a given one; later ones only before two syllables.
_FREQUENT, _USUAL = 20, 100


def apart(tokens: tuple[str, ...], *, by_capitals: bool = False) -> tuple[str, ...]:
    """Surname and given name of a pinyin name written without a blank; other tokens as they are.

    `by_capitals`: only `WangXiaoming` is parted, `wangxiaoming` is not.
    """
    if len(tokens) != 1 or not tokens[0].isascii():
        return tokens
    ranks, last = surname_ranks(), 10_000
    humps = tuple(_HUMP.findall(tokens[0]))
    if len(humps) > 1:
        words = words_of(humps)
        rank = min(ranks.get(words[0], last), ranks.get("".join(words[:2]), last))
        long = len(syllables_of("".join(words), 4) or ()) > 2 and len(humps) == 2
        capitals = humps[0].isupper() and len(humps[0]) > 1
        return humps if pinyin_full(humps) and (long or capitals or len(humps) > 2 or rank < _FREQUENT) else tokens
    found = () if by_capitals else syllables_of(tokens[0].lower(), 3) or ()
    if len(found) == 3 and len(found[0]) > 3 and ranks.get(found[0], last) < _USUAL:
        return tokens[0][: len(found[0])], tokens[0][len(found[0]) :]
    return tokens


def words_with(words: tuple[str, ...], surname: str) -> int:
    """How many of the words a surname takes up at either end."""
    return 2 if surname in ("".join(words[:2]), "".join(words[-2:])) else 1


def one_spelling(words: tuple[str, ...]) -> str:
    """The words as one, ü as u where they are pinyin."""
    return "".join(syllables_of("".join(words), 4) or words)


def surname_first(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], str] | None:
    """(given, middle, family) of `Wong Siu Ming`, `Hsu Chih-ming`, `Au Yeung Wai`; None where the surname is last."""
    if not 2 <= len(words) <= 4:
        return None
    size = 2 if len(words) > 2 and "".join(words[:2]) in spellings() and len("".join(words[:2])) > 5 else 1
    surname, rest = "".join(words[:size]), words[size:]
    if len(rest) > 2 or not (is_surname(surname) or surname in spellings()):
        return None
    last = surname_readings(rest[-1])
    if (
        last
        and _rank(last) <= _rank(surname_readings(surname, parted=len(rest) == 2) or ())
        and are_syllables(words[:-1])
    ):
        return None
    read = given_readings(rest, False)
    if is_spelt_surname(surname):
        named = are_syllables(rest) or (len(rest) == 1 and not last)
    else:  # a surname that Western names have too needs a Chinese given name of two syllables beside it
        two = len(rest) == 2 or len(syllables_of(rest[0]) or ()) == 2
        named = (
            surname in spellings()
            and two
            and are_syllables(rest if len(rest) == 2 else ())
            and (len(rest) == 2 or read is not None)
        )
    spelt = read is not None and not all(syllables_of(w) for w in rest)
    return (rest, (), surname) if named or spelt or size == 2 else None


def _rank(readings: tuple[str, ...]) -> int:
    return min((surname_ranks().get(r, 10_000) for r in readings), default=10_000)


def english_first(tokens: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], str] | None:
    """(given, middle, family) of `Kevin Wei WANG`, `Kevin WANG Wei`, `Kevin Chan Tai Man`."""
    words = words_of(tokens)
    if not 3 <= len(words) <= 4 or len(words) != len(tokens) or len(words[0]) < 3 or not is_english(words[0]):
        return None
    if is_spelt_surname(words[1]) and are_syllables(words[2:]):
        last = surname_readings(words[-1])
        if not last or _rank(surname_readings(words[1]) or ()) < _rank(last):
            return words[:1], ("".join(words[2:]),), words[1]
    pair = pinyin_full(tokens[1:])
    if pair:
        capitals = tokens[1].isupper() and len(tokens[1]) > 1 and not tokens[-1].isupper()
        at_end = words[-1] in surname_ranks() and not capitals
        if at_end and (surname_ranks()[words[-1]] < 30 or words[1] not in surname_ranks()):
            inner = pinyin_given(words[1:-1])
            return (words[:1], (inner,), words[-1]) if inner else None
        return words[:1], (pair[0],), pair[1]
    return None
