"""Person names: given, middle and family name, one key for every way of writing them, the Han form, Chinese readings.

Rules:
1. Text is NFKC; titles, quotes, diacritics and generation suffixes go; placeholders (unknown, test, 测试, 匿名,
   guest, `Visitor 123`, `Caller +1…`, '-') and anything without a letter are no name.
2. A remark after a name is cut: `王小明-南京西路店`, `王小明(VIP)`, `Liz (Elizabeth) Smith`, `Robert "Bob" Smith`.
   先生, 女士, 老师 … after a Han name go too.
3. `full_name` is read where given and family name are both absent: `Family, Given`; two tokens are given and family
   name; particles (van, de la …) belong to the family name; pinyin is decided by the surname inventory and, where
   both ends are surnames, by capitals (`WANG Wei`) or the more frequent surname. `WangXiaoming` is parted.
4. Chinese names may stand in either field and either order; Han names are read as pinyin with the surname's own
   reading, traditional script is simplified. A Han given name makes the native name; a Han surname alone (王先生,
   `Kevin 王`) does not. An English given name with a Chinese surname stays (`Kevin Wang`, `Kevin 王`), a Chinese one
   beside it is a middle name (`Kevin Wei WANG`). Names in kana or hangul, and Han names that begin with a Japanese
   surname, are not read as Chinese.
5. `name_key`: sorted distinct tokens of given, middle and family name; a Chinese given name is one token, so the
   order of writing never matters.
6. `given_canonical` is the representative of the given name's first token or of the whole (bob → robert). A
   nickname of several names goes to one of them, always the same.
7. `given_readings` and `family_readings` are the pinyin that a Chinese name may stand for: Wong is wang or huang,
   Chih-ming is zhiming or chiming, 乐 is le or yue. NULL where a name is not Chinese. A first reading `?taiman` says
   that the name may be Cantonese or Hokkien: pinyin that differs from it contradicts nothing.
"""

from __future__ import annotations

from typing import NamedTuple

from identity.normalise.han import (
    compound_readings,
    given_readings_of,
    is_han_surname,
    read_given,
    read_surname,
    split_han,
    surname_ranks,
    surname_readings_of,
    syllables_of,
)
from identity.normalise.latin_order import (
    apart,
    english_first,
    is_english,
    is_surname,
    one_spelling,
    pinyin_full,
    pinyin_pair,
    surname_first,
    words_with,
)
from identity.normalise.name_fields import (
    DEGREES,
    PARTICLES,
    PLACEHOLDERS,
    SUFFIXES,
    TITLES,
    Field,
    read_field,
    words_of,
)
from identity.normalise.nicknames import canonical_given, is_given
from identity.normalise.romanised import (
    ENGLISH_PINYIN,
    are_syllables,
    given_readings,
    is_dialect_surname,
    is_spelt_surname,
    spellings,
    surname_readings,
)


class ParsedName(NamedTuple):
    """One person's name; every text is ASCII lower case but `native_name` (Han, simplified, family name first)."""

    given_name: str | None = None
    middle_name: str | None = None
    family_name: str | None = None
    given_canonical: str | None = None
    given_initial: str | None = None
    name_key: str | None = None
    native_name: str | None = None
    is_chinese: bool = False
    generation_suffix: str | None = None
    given_readings: tuple[str, ...] | None = None
    family_readings: tuple[str, ...] | None = None


class Latin(NamedTuple):
    """A name read from Latin tokens; `words` are those of the given and middle name as they were parted."""

    given: str | None
    middle: str | None
    family: str | None
    is_pinyin: bool
    words: tuple[str, ...]


def western_family(words: tuple[str, ...]) -> str | None:
    """Family name with its particles joined on: `van der berg` → `vanderberg`, `o brien` → `obrien`."""
    parts: list[str] = []
    held = ""
    for place, word in enumerate(words, start=1):
        if word in PARTICLES and place < len(words):
            held += word
        else:
            parts.append(held + word)
            held = ""
    return " ".join(parts) or None


def _western(tokens: tuple[str, ...], family_first: int) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """(given, middle, family) words of a whole Western name."""
    words = words_of(tokens)
    if family_first:
        family = words_of(tokens[:family_first])
        rest = words[len(family) :]
        return rest[:1], rest[1:], family
    if len(words) == 1:
        return ((), (), words) if words[0] in surname_ranks() or is_spelt_surname(words[0]) else (words, (), ())
    if len(words) == 2 and len(words[1]) == 1 and is_surname(words[0]):  # `Wang W.`
        return words[1:], (), words[:1]
    start = len(words) - 1
    while start > 1 and words[start - 1] in PARTICLES:
        start -= 1
    return words[:1], words[1:start], words[start:]


def _is_english_last(words: tuple[str, ...], first: int) -> bool:
    """`Chan Tai Man Vincent` and `Chan Tai Man, Vincent`, as Hong Kong writes a name that has both."""
    return (
        len(words) == 4
        and first in (0, 3)
        and (is_surname(words[0]) or words[0] in spellings())
        and are_syllables(words[1:3])
        and is_english(words[3])
        and is_given(words[3])
    )


def _whole(tokens: tuple[str, ...], first: int, hyphen: int | None) -> Latin:
    """A whole name in one field; `first` tokens stood before a comma, `hyphen` joins two of three tokens."""
    tokens = tokens if first else apart(tokens)
    words = words_of(tokens)
    if _is_english_last(words, first):
        return Latin(words[3], "".join(words[1:3]), words[0], False, (words[3], *words[1:3]))
    if hyphen == 1 and len(words) == 3 and surname_readings(words[0]) and are_syllables(words[1:]):
        first = 1  # `Kim Min-su`: the hyphen says what belongs together
    parts = surname_first(words) if not first and is_spelt_surname(words[0]) else None
    if parts:
        return _latin(parts[0], parts[1], (parts[2],))
    pair = pinyin_pair(words_of(tokens[first:]), words_of(tokens[:first])) if first else pinyin_full(tokens)
    if pair:
        size = 2 if pair[1] in compound_readings() and words_with(words, pair[1]) == 2 else 1
        at_start = "".join(words[:size]) == pair[1] or one_spelling(words[:size]) == pair[1]
        rest = words[size:] if at_start else words[:-size]
        return Latin(pair[0], None, pair[1], True, rest)
    if not first:
        parts = surname_first(words) or english_first(tokens)
        if parts:
            given, middle, family = parts
            return _latin(given, middle, (family,))
    return _latin(*_western(tokens, first))


def _latin(given: tuple[str, ...], middle: tuple[str, ...], family: tuple[str, ...]) -> Latin:
    """A name that is not pinyin. Two syllables beside a Chinese surname are one given name, as in pinyin."""
    words = given + middle
    joined = "".join(family)
    chinese = is_surname(joined) or (joined in spellings() and given_readings(words, False) is not None)
    if len(words) == 2 and chinese and are_syllables(words) and not {*words} & ENGLISH_PINYIN:
        return Latin("".join(words), None, joined, False, words)
    return Latin(" ".join(given) or None, " ".join(middle) or None, western_family(family), False, words)


def parse_name(
    given: str | None = None,
    middle: str | None = None,
    family: str | None = None,
    full: str | None = None,
    native: str | None = None,
) -> ParsedName:
    """Read one person's name fields, any of them absent."""
    g, m, f = (read_field(v) if v else None for v in (given, middle, family))
    whole = read_field(full) if full and g is None and f is None else None
    own = read_field(native) if native else None
    suffix = next((x.suffix for x in (f, whole, g, m) if x and x.suffix), None)
    han = _han_name(g, m, f, whole, own)
    latin = _latin_name(g, m, f, whole or (own if own and not own.han else None))
    if han is None:
        if latin is None:
            return _finish(None, None, None, suffix=suffix)
        reads = _readings(latin)
        return _finish(*latin[:3], chinese=latin.is_pinyin, suffix=suffix, readings=reads)
    surname, rest = han
    family_name = read_surname(surname) if surname else None
    given_name = read_given(rest) or None
    # A native name is kept only where it reads back into the same surname and given name.
    name = (surname or "") + rest if rest and split_han((surname or "") + rest) == (surname, rest) else None
    beside = _readings(latin) if latin else (None, None)
    readings = (
        given_readings_of(rest) if rest else beside[0],
        surname_readings_of(surname) if surname else beside[1],
    )
    if latin:
        latin_given, latin_middle, latin_family = latin[:3]
        if surname and not rest and latin_given is None:  # 陈 in one field, Tina in the other
            latin_given, latin_family = latin_family, None
        if latin_family and surname is None:
            name = None
        # An English given name stays the given name; the Han name keeps its own column.
        english = latin_given and (
            (latin_given in ENGLISH_PINYIN and latin_given != given_name)
            if syllables_of(latin_given.replace(" ", ""))
            else not latin.is_pinyin
        )
        known = latin_given is not None and is_given(latin_given)  # `Amy 许爱梅`; not `王小明 VIP`
        if english and (latin_family or (family_name and (known or not rest))):
            last = latin_family or family_name
            return _finish(latin_given, latin_middle, last, native=name, chinese=True, suffix=suffix, readings=readings)
        if given_name is None and latin_given:
            given_name = "".join(syllables_of(latin_given.replace(" ", "")) or (latin_given,))
        family_name = family_name or latin_family
    return _finish(given_name, None, family_name, native=name, chinese=True, suffix=suffix, readings=readings)


def _readings(name: Latin) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """(readings of the given name, readings of the surname), None for what is not Chinese."""
    if name.family is None:
        return None, None
    words = name.words
    has_english = bool(words) and is_english(words[0])
    if has_english and len(words) > 1:  # `Kevin Wei WANG`: the Chinese given name stands second
        words = words[1:]
    is_pinyin = name.family.replace(" ", "") in surname_ranks()
    given = given_readings(words, is_pinyin)
    # `Amy Hui` is rather of Hong Kong than of the mainland, where English given names are rare
    parted = len(words) == 2 or has_english or (given is not None and given != given_readings(words, True))
    family = surname_readings(name.family, parted=parted)
    if given and is_dialect_surname(name.family):
        given = ("?" + "".join(words), *given)
    return (given if family else None), family


def _han_name(
    g: Field | None, m: Field | None, f: Field | None, whole: Field | None, own: Field | None
) -> tuple[str | None, str] | None:
    """(Han surname or None, Han given name or '') from whichever fields hold Han, or None."""
    if own and own.han:
        surname, rest = split_han(own.han)
        if rest or not (g or f):
            return surname, rest
    given, family = (g.han if g else ""), (f.han if f else "")
    if given and m and m.han:
        given += m.han
    if given and family:
        if given != family and given.startswith(family):
            return split_han(given)
        if family != given and family.startswith(given) and is_han_surname(given):
            return split_han(family)
        if is_han_surname(family):
            return family, given
        if is_han_surname(given):
            return given, family
        return split_han(family + given)
    only = given or family or (whole.han if whole else "") or (own.han if own else "")
    if not only:
        return None
    surname, rest = split_han(only)
    if given and f and f.tokens:
        latin = "".join(words_of(f.tokens))
        if surname and (read_surname(surname) == latin if rest else latin not in surname_ranks()):
            return surname, rest
        return None, only  # a Han given name and a surname in Latin letters
    return surname, rest


def _latin_name(g: Field | None, m: Field | None, f: Field | None, whole: Field | None) -> Latin | None:
    """The name in the Latin tokens, or None when there are none."""
    given, family = (g.tokens if g else ()), (f.tokens if f else ())
    middle = m.tokens if m else ()
    if not given and not family:
        return _whole(whole.tokens, whole.family_first, whole.hyphen) if whole and whole.tokens else None
    # A whole name typed into the first or the last field.
    if g and f is None and not middle and (len(given) > 1 or len(apart(given, by_capitals=True)) > 1):
        return _whole(given, g.family_first, g.hyphen)
    if f and g is None and not middle and (len(family) > 1 or len(apart(family, by_capitals=True)) > 1):
        parted = apart(family, by_capitals=True)
        if pinyin_full(parted) or surname_first(words_of(parted)):
            return _whole(family, 0, f.hyphen)
    words, last = words_of(given), words_of(family)
    if last and len(words) > len(last) and (words[-len(last) :] == last or words[: len(last)] == last):
        words = words[: -len(last)] if words[-len(last) :] == last else words[len(last) :]
    inner = words_of(middle)
    pair = None
    # One letter is an initial, not a syllable; `Dan | Mei | Wang` has an English given name.
    if not inner or (all(len(word) > 1 for word in inner) and not (len(words) == 1 and words[0] in ENGLISH_PINYIN)):
        pair = pinyin_pair(words + inner, last) or (pinyin_pair(inner + last, words) if inner else None)
    if pair:
        turned = one_spelling(last) != pair[1]
        return Latin(pair[0], None, pair[1], True, inner + last if turned else words + inner)
    pair = pinyin_pair(words, last)
    if pair:
        return Latin(pair[0], " ".join(inner) or None, pair[1], True, last if one_spelling(last) != pair[1] else words)
    # `John A.` in the first field: the initial is a middle name.
    if not inner and len(words) > 1 and len(words[-1]) == 1:
        words, inner = words[:-1], words[-1:]
    if len(words) == 1 and is_spelt_surname(words[0]) and last and not is_surname("".join(last)) and not inner:
        words, last = last, words  # Chan | Tai Man
    return _latin(words, inner, last)


def _finish(
    given: str | None,
    middle: str | None,
    family: str | None,
    *,
    native: str | None = None,
    chinese: bool = False,
    suffix: str | None = None,
    readings: tuple[tuple[str, ...] | None, tuple[str, ...] | None] = (None, None),
) -> ParsedName:
    if given is None and family is None:
        given, middle = middle, None
    key = sorted({token for part in (given, middle, family) if part for token in part.split()})
    return ParsedName(
        given_name=given,
        middle_name=middle,
        family_name=family,
        given_canonical=canonical_given(given) if given else None,
        given_initial=given[0] if given else None,
        name_key=" ".join(key) or None,
        native_name=native,
        is_chinese=chinese,
        generation_suffix=suffix,
        given_readings=readings[0],
        family_readings=readings[1],
    )


def judged_words() -> frozenset[str]:
    """Lower-case ASCII words that `parse_name` does more with than to keep them as a given or family name."""
    listed = {w for w in PLACEHOLDERS if w.isascii()} | TITLES | DEGREES | set(SUFFIXES) | PARTICLES
    return frozenset(listed) | frozenset(surname_ranks()) | frozenset(spellings()) | {"lv", "lyu", "nv", "nyu"}
