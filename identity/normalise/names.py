"""Person names: given, middle and family name, one key for every way of writing them, the Han form.

Rules:
1. Text is NFKC; titles, quotes, diacritics and generation suffixes go; placeholders (unknown, test, 测试, 匿名,
   guest, `Visitor 123`, `Caller +1…`, '-') and anything without a letter are no name.
2. A remark after a name is cut: `王小明-南京西路店`, `王小明(VIP)`, `Liz (Elizabeth) Smith`, `Robert "Bob" Smith`.
   先生, 女士, 老师 … after a Han name go too.
3. `full_name` is read where given and family name are both absent: `Family, Given`; two tokens are given and family
   name; particles (van, de la …) belong to the family name; pinyin is decided by the surname inventory and, where
   both ends are surnames, by capitals (`WANG Wei`) or the more frequent surname.
4. Chinese names may stand in either field and either order; Han names are read as pinyin with the surname's own
   reading, traditional script is simplified. A Han given name makes the native name; a Han surname alone (王先生,
   `Kevin 王`) does not. An English given name with a Chinese surname stays (`Kevin Wang`, `Kevin 王`).
5. `name_key`: sorted distinct tokens of given, middle and family name; a Chinese given name is one token, so the
   order of writing never matters.
6. `given_canonical` is the representative of the given name's first token or of the whole (bob → robert). A
   nickname of several names goes to one of them, always the same.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from identity.normalise.han import (
    compound_readings,
    is_han_surname,
    pinyin_text,
    rank_of,
    read_given,
    read_surname,
    split_han,
    surname_ranks,
    syllables_of,
)
from identity.normalise.nicknames import canonical_given
from identity.normalise.text import HAN, ascii_lower, clean, phrase_set, simplify, word_set


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


class Field(NamedTuple):
    """One cleaned name field: Latin tokens (with their capitals), Han text, suffix, whether `Family, Given`."""

    tokens: tuple[str, ...] = ()
    han: str = ""
    suffix: str | None = None
    family_first: int = 0  # number of leading tokens before a comma


_PLACEHOLDERS = phrase_set(
    "(none)|(not set)|anon|anonymous|asdf|cash customer|cash sale|customer|deleted user|dummy|"
    "facebook user|first name|firstname|guest|guest customer|guest user|info requested|last name|lastname|"
    "n.a.|n/a|na|name|nil|no name|no response|noname|none|not available|not given|not provided|null|"
    "private|tbd|test|test test|tester|testing|undefined|unknown|unknown unknown|user|valued customer|"
    "visitor|walk in|walk-in|walkin|wechat user|xx|xxx|会员|保密|先生|匿名|匿名用户|女士|客人|客户|小姐|"
    "微信用户|散客|无|无名|无名氏|暂无|未知|没有|测试|测试用户|游客|用户|空|访客|顾客"
)
_PLACEHOLDER_PATTERN = re.compile(
    r"(?:visitor|guest|user|customer|caller|anonymous|unknown|test|访客|游客|用户|顾客|客户|匿名|测试)"
    r"[ #_:]*(?:caller)?[ #_:]*\+?[\d() -]+"
    r"|(?:测试){2,}|(?:test){2,}|unknown (?:caller|customer|user|name)|caller .*\d.*"
)
_TITLES = word_set(
    "mr mrs ms miss mx dr prof professor sir madam madame dame rev reverend fr capt captain col lt sgt "
    "hon mister herr frau "
    "monsieur mme mlle sr sra srta don dona dott ing dipl"
)
_DEGREES = word_set("md phd esq cpa dds dvm rn mba jd ret")
_SUFFIXES = {
    "jr": "jr", "junior": "jr", "jnr": "jr", "sr": "sr", "senior": "sr", "snr": "sr", "ii": "ii", "2nd": "ii",
    "iii": "iii",
    "3rd": "iii", "iv": "iv", "4th": "iv",
}  # fmt: skip
_PARTICLES = word_set(
    "van von der den de del della di da dos das du la le las los el al bin ibn ten ter te zu mac mc o st"
)
_HONORIFICS = re.compile(
    r"(?:先生|女士|小姐|太太|夫人|老师|老師|同学|同學|师傅|教授|博士|医生|經理|经理|总监|老板|阿姨|叔叔|哥|姐)$"
)
_SHORT_HONORIFICS = re.compile(r"^(?:.)(?:总|總|工|董|生)$")
_HAN_REMARK = re.compile(rf"^({HAN.pattern}[{HAN.pattern[1:-1]}·• ]*?)\s*[-－—_(（\[【/@|,，:：;；、+~].*$")
_BRACKETS = re.compile(r"[(\[（【].*?(?:[)\]）】]|$)|[\"“”«»].*?[\"“”«»]")
_QUOTED = re.compile(r"(?<=\s)['‘’].*?['‘’](?=\s)")
_LATIN_TOKEN = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)*\.?|\d(?:nd|rd|th)\b")
_NOT_HAN = re.compile(f"[^{HAN.pattern[1:-1]}]")


def _no_name(text: str) -> bool:
    lowered = ascii_lower(text).strip(" .*-_")
    return lowered in _PLACEHOLDERS or _PLACEHOLDER_PATTERN.fullmatch(lowered) is not None


@lru_cache(maxsize=262_144)
def read_field(value: str) -> Field | None:
    """Clean one name field; None when it holds no name."""
    text = clean(value)
    if text is None or _no_name(text):
        return None
    if HAN.search(text):
        text = simplify(text)
        remark = _HAN_REMARK.match(text)
        if remark and not re.fullmatch(rf"{HAN.pattern}{{1,2}}[,，]\s*\S+", text):
            text = remark[1]
        han = _NOT_HAN.sub("", text)
        latin = re.sub(HAN.pattern, " ", text)
        stripped = _HONORIFICS.sub("", han) if len(han) > 1 else han
        if len(han) == 2 and _SHORT_HONORIFICS.match(han) and han[0] in "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗":
            stripped = han[0]
        # 小王 and 老李 are a surname with a familiar prefix; 小明 is a given name.
        elif len(stripped) == 2 and stripped[0] in "小老" and rank_of(stripped[1]) < 100:
            stripped = stripped[1]
        if _no_name(han) or not stripped:
            return None
        return Field(tokens=_latin_tokens(_BRACKETS.sub(" ", latin))[0], han=stripped)
    plain = _BRACKETS.sub(" ", text)
    plain = _QUOTED.sub(" ", plain)
    if not any(c.isalpha() for c in plain):
        plain = text
    head, comma, tail = plain.partition(",")
    tokens, suffix = _latin_tokens(head)
    if not comma:
        # `Mrs Smith` names the family.
        titled = len(tokens) == 1 and _LATIN_TOKEN.findall(head)[0].lower().strip(".") in _TITLES
        return Field(tokens, suffix=suffix, family_first=int(titled)) if tokens else None
    rest, tail_suffix = _latin_tokens(tail, tail=True)
    if not rest or not tokens:
        both = tokens or rest
        return Field(both, suffix=suffix or tail_suffix) if both else None
    return Field(tokens + rest, suffix=suffix or tail_suffix, family_first=len(tokens))


def _latin_tokens(text: str, tail: bool = False) -> tuple[tuple[str, ...], str | None]:
    """Tokens with capitals, without titles, degrees and suffix; in the `tail` after a comma a degree may be alone."""
    text = re.sub(r"['’‘`´]", "", text)
    tokens = [t.replace(".", "") for t in _LATIN_TOKEN.findall(text)]
    tokens = [t for t in tokens if t]
    suffix: str | None = None
    while tokens and _ascii(tokens[-1]) in _DEGREES and (len(tokens) > 1 or tail):
        tokens.pop()
    if (
        tokens
        and ascii_lower(tokens[-1]) in _SUFFIXES
        and (len(tokens) > 1 or tokens[0].lower() not in ("junior", "senior"))
    ):
        suffix = _SUFFIXES[ascii_lower(tokens.pop())]
    while len(tokens) > 1 and _ascii(tokens[0]) in _TITLES:
        tokens.pop(0)
    if len(tokens) == 1 and _ascii(tokens[0]) in _TITLES - {"don", "dona", "hon", "dame", "sir", "sr", "ing", "herr"}:
        tokens.pop()
    return tuple(tokens), suffix


def _ascii(token: str) -> str:
    folded = ascii_lower(token)
    return folded if folded.isascii() and folded.isalpha() else "".join(c for c in folded if "a" <= c <= "z")


@lru_cache(maxsize=262_144)
def _words(tokens: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(w for w in (_ascii(t) for t in tokens) if w)


def _family(words: tuple[str, ...]) -> str | None:
    """Family name with its particles joined on: `van der berg` → `vanderberg`, `o brien` → `obrien`."""
    parts: list[str] = []
    held = ""
    for place, word in enumerate(words, start=1):
        if word in _PARTICLES and place < len(words):
            held += word
        else:
            parts.append(held + word)
            held = ""
    return " ".join(parts) or None


@lru_cache(maxsize=262_144)
def _pinyin_given(words: tuple[str, ...]) -> str | None:
    """One joined given name if the words are pinyin of one or two syllables, else None."""
    if not words:
        return None
    found = syllables_of("".join(words)) if len(words) == 1 else None
    if found is None and len(words) == 2:
        first, second = syllables_of(words[0], 1), syllables_of(words[1], 1)
        found = (*first, *second) if first and second else None
    return "".join(found) if found else None


@lru_cache(maxsize=262_144)
def _pinyin_surname(words: tuple[str, ...]) -> str | None:
    if not words or len(words) > 2:
        return None
    found = syllables_of("".join(words))
    if found is None:
        return None
    joined = "".join(found)
    if len(words) == 2 and joined not in compound_readings():
        return None
    return joined if joined in surname_ranks() else None


def _pinyin_pair(given: tuple[str, ...], family: tuple[str, ...]) -> tuple[str, str] | None:
    """(given, family) in pinyin with the fields in their order, or swapped when only that way is possible."""
    for one, other in ((given, family), (family, given)):
        surname, rest = _pinyin_surname(other), _pinyin_given(one)
        if surname and rest:
            return rest, surname
    return None


def _pinyin_full(tokens: tuple[str, ...]) -> tuple[str, str] | None:
    """(given, family) of a whole pinyin name in either order, or None when it is not pinyin."""
    words = _words(tokens)
    if not 2 <= len(words) <= 4:
        return None
    ranks = surname_ranks()
    found: list[tuple[int, int, str, str]] = []
    for size in (1, 2):
        if len(words) <= size:
            continue
        for first in (True, False):
            surname = _pinyin_surname(words[:size] if first else words[-size:])
            rest = _pinyin_given(words[size:] if first else words[:-size])
            if surname and rest:
                shown = tokens[:size] if first else tokens[-size:]
                others = tokens[size:] if first else tokens[:-size]
                capitals = all(t.isupper() and len(t) > 1 for t in shown) and not all(t.isupper() for t in others)
                found.append((0 if capitals else 1, ranks[surname], rest, surname))
    if not found:
        return None
    best = min(found, key=lambda f: f[:2])
    return best[2], best[3]


def _western(tokens: tuple[str, ...], family_first: int) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """(given, middle, family) words of a whole Western name."""
    words = _words(tokens)
    if family_first:
        family = _words(tokens[:family_first])
        rest = words[len(family) :]
        return rest[:1], rest[1:], family
    if len(words) == 1:
        return ((), (), words) if words[0] in surname_ranks() else (words, (), ())
    start = len(words) - 1
    while start > 1 and words[start - 1] in _PARTICLES:
        start -= 1
    return words[:1], words[1:start], words[start:]


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
        parts, chinese = latin if latin else ((None, None, None), False)
        return _finish(*parts, native=None, chinese=chinese, suffix=suffix)
    surname, rest = han
    family_name = read_surname(surname) if surname else None
    given_name = read_given(rest) or None
    # A native name is kept only where it reads back into the same surname and given name.
    name = (surname or "") + rest if rest and split_han((surname or "") + rest) == (surname, rest) else None
    if latin:
        (latin_given, latin_middle, latin_family), pinyin = latin
        if surname and not rest and latin_given is None:  # 陈 in one field, Tina in the other
            latin_given, latin_family = latin_family, None
        if latin_family and surname is None:
            name = None
        # An English given name stays the given name; the Han name keeps its own column.
        english = latin_given and not pinyin and syllables_of(latin_given.replace(" ", "")) is None
        if english and (latin_family or (family_name and not rest)):
            last = latin_family or family_name
            return _finish(latin_given, latin_middle, last, native=name, chinese=True, suffix=suffix)
        if given_name is None and latin_given:
            given_name = "".join(syllables_of(latin_given.replace(" ", "")) or (latin_given,))
        family_name = family_name or latin_family
    return _finish(given_name, None, family_name, native=name, chinese=True, suffix=suffix)


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
        latin = "".join(_words(f.tokens))
        if surname and (read_surname(surname) == latin if rest else latin not in surname_ranks()):
            return surname, rest
        return None, only  # a Han given name and a surname in Latin letters
    return surname, rest


def _latin_name(
    g: Field | None, m: Field | None, f: Field | None, whole: Field | None
) -> tuple[tuple[str | None, str | None, str | None], bool] | None:
    """((given, middle, family), is pinyin) from the Latin tokens, or None when there are none."""
    given, family = (g.tokens if g else ()), (f.tokens if f else ())
    middle = m.tokens if m else ()
    first = 0
    if not given and not family and whole and whole.tokens:
        tokens, first = whole.tokens, whole.family_first
        pair = _pinyin_pair(_words(tokens[first:]), _words(tokens[:first])) if first else _pinyin_full(tokens)
    elif g and f is None and len(given) > 1 and not middle:
        # A whole name typed into the first field.
        tokens, first = given, g.family_first
        pair = _pinyin_pair(_words(tokens[first:]), _words(tokens[:first])) if first else _pinyin_full(tokens)
    elif given or family:
        words, last = _words(given), _words(family)
        if last and len(words) > len(last) and (words[-len(last) :] == last or words[: len(last)] == last):
            words = words[: -len(last)] if words[-len(last) :] == last else words[len(last) :]
        inner = _words(middle)
        pair = _pinyin_pair(words + inner, last) or (_pinyin_pair(inner + last, words) if inner else None)
        if pair:
            return (pair[0], None, pair[1]), True
        pair = _pinyin_pair(words, last)
        if pair:
            return (pair[0], " ".join(inner) or None, pair[1]), True
        # `John A.` in the first field: the initial is a middle name.
        if not inner and len(words) > 1 and len(words[-1]) == 1:
            words, inner = words[:-1], words[-1:]
        return (" ".join(words) or None, " ".join(inner) or None, _family(last)), False
    else:
        return None
    if pair:
        return (pair[0], None, pair[1]), True
    one, inner, last = _western(tokens, first)
    return (" ".join(one) or None, " ".join(inner) or None, _family(last)), False


def _finish(
    given: str | None, middle: str | None, family: str | None, *, native: str | None, chinese: bool, suffix: str | None
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
    )


def judged_words() -> frozenset[str]:
    """Lower-case ASCII words that `parse_name` does more with than to keep them as a given or family name."""
    listed = {w for w in _PLACEHOLDERS if w.isascii()} | _TITLES | _DEGREES | set(_SUFFIXES) | _PARTICLES
    return frozenset(listed) | frozenset(surname_ranks()) | {"lv", "lyu", "nv", "nyu"}


_LEGAL_FORMS = word_set(
    "inc incorporated llc llp lp ltd limited co corp corporation company plc gmbh ag kg ohg ug se sa sas "
    "sarl srl spa bv nv "
    "ab as oy aps pty pte kk the"
)
_HAN_FORMS = re.compile("股份有限公司|有限责任公司|有限公司|集团公司|集团|公司|\\(?(?:个体工商户)\\)?")


def normalise_organisation(value: str | None) -> str | None:
    """Organisation name as ASCII words without legal form (inc, ltd, gmbh, 有限公司 …); None for placeholders."""
    text = clean(value)
    if text is None or _no_name(text):
        return None
    if HAN.search(text):
        text = pinyin_text(_HAN_FORMS.sub(" ", simplify(text)) or text)
    text = re.sub(r"\b(?:[a-zA-Z]\.){2,}", lambda m: m[0].replace(".", ""), text).replace("&", " and ")
    words = re.sub(r"[^a-z0-9]+", " ", re.sub(r"['’]", "", ascii_lower(text))).split()
    kept = [w for w in words if w not in _LEGAL_FORMS]
    return " ".join(kept or words) or None
