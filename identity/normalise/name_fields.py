"""One name field as it was typed: titles, remarks, quotes and placeholders go; Latin tokens and Han text stay."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from identity.normalise.han import is_han_surname, pinyin_text, rank_of, read_given
from identity.normalise.japanese import is_kana_or_hangul, part_korean, split_japanese
from identity.normalise.text import HAN, ascii_lower, clean, phrase_set, simplify, word_set


class Field(NamedTuple):
    """One cleaned name field: Latin tokens (with their capitals), Han text, suffix, whether `Family, Given`."""

    tokens: tuple[str, ...] = ()
    han: str = ""
    suffix: str | None = None
    family_first: int = 0  # number of leading tokens before a comma
    hyphen: int | None = None  # the first of two tokens that a hyphen joins, in a name of three tokens


PLACEHOLDERS = phrase_set(
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
TITLES = word_set(
    "mr mrs ms miss mx dr prof professor sir madam madame dame rev reverend fr capt captain col lt sgt "
    "hon mister herr frau "
    "monsieur mme mlle sr sra srta don dona dott ing dipl"
)
DEGREES = word_set("md phd esq cpa dds dvm rn mba jd ret")
SUFFIXES = {
    "jr": "jr", "junior": "jr", "jnr": "jr", "sr": "sr", "senior": "sr", "snr": "sr", "ii": "ii", "2nd": "ii",
    "iii": "iii",
    "3rd": "iii", "iv": "iv", "4th": "iv",
}  # fmt: skip
PARTICLES = word_set(
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
_GIVEN_FIRST = re.compile(rf"^({HAN.pattern}{{1,2}}) ({HAN.pattern}{{1,2}})$")
_NOT_HAN = re.compile(f"[^{HAN.pattern[1:-1]}]")


# As airlines and hotels write: family name, stroke, given name, title, in capitals.
_LETTERS = r"[^\W\d_](?:[^\W\d_]|[' -])*?"
_TRAVELLER = re.compile(rf"({_LETTERS})/({_LETTERS})( (?:mr|mrs|ms|miss|mstr|chd|inf|dr))?", re.IGNORECASE)
# `王**`, `王*明`, `王某某`: whoever wrote it left out the given name or a part of it.
_MASK = re.compile(r"[*＊某]")


def is_placeholder(text: str) -> bool:
    lowered = ascii_lower(text).strip(" .*-_")
    return lowered in PLACEHOLDERS or _PLACEHOLDER_PATTERN.fullmatch(lowered) is not None


def _turn(match: re.Match[str]) -> str:
    """`小明 王` as `王小明`."""
    given, surname = match[1], match[2]
    return surname + given if is_han_surname(surname) and not is_han_surname(given) else match[0]


def _unmasked(text: str) -> str:
    """What a masked Han name says for sure: the surname before the mask, or the given name after one character."""
    head, tail = _MASK.split(text, maxsplit=1)
    for size in (2, 1):
        if is_han_surname(head[:size]):
            return head[:size]
    return tail if not head and re.fullmatch(rf"{HAN.pattern}{{2}}", tail) and not is_han_surname(tail[0]) else ""


@lru_cache(maxsize=262_144)
def read_field(value: str) -> Field | None:
    """Clean one name field; None when it holds no name."""
    text = clean(value)
    if text is None or is_placeholder(text):
        return None
    foreign = not text.isascii() and is_kana_or_hangul(text)
    if foreign:
        text = pinyin_text(simplify(part_korean(text)))
    elif HAN.search(text):
        text = simplify(text)
        remark = _HAN_REMARK.match(text)
        if remark and not re.fullmatch(rf"{HAN.pattern}{{1,2}}[,，]\s*\S+", text):
            text = remark[1]
        text = _GIVEN_FIRST.sub(_turn, text)
        if _MASK.search(text):
            text = _unmasked(text)
        han = _NOT_HAN.sub("", text)
        latin = re.sub(HAN.pattern, " ", text)
        stripped = _HONORIFICS.sub("", han) if len(han) > 1 else han
        if len(han) == 2 and _SHORT_HONORIFICS.match(han) and han[0] in "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗":
            stripped = han[0]
        # 小王 and 老李 are a surname with a familiar prefix; 小明 is a given name.
        elif len(stripped) == 2 and stripped[0] in "小老" and rank_of(stripped[1]) < 100:
            stripped = stripped[1]
        if is_placeholder(han) or not stripped:
            return None
        japanese = split_japanese(stripped)
        if japanese:
            return Field(tuple(read_given(part) for part in japanese if part), family_first=int(japanese[1] != ""))
        return Field(tokens=_latin_tokens(_BRACKETS.sub(" ", latin))[0], han=stripped)
    plain = _BRACKETS.sub(" ", text)
    plain = _QUOTED.sub(" ", plain)
    if not any(c.isalpha() for c in plain):
        plain = text
    traveller = _TRAVELLER.fullmatch(plain.strip())
    if traveller and (traveller[3] or plain.isupper()):
        plain = f"{traveller[1]},{traveller[2]}"
    head, comma, tail = plain.partition(",")
    tokens, suffix = _latin_tokens(head)
    if len(tokens) == 1 and is_placeholder(tokens[0]):  # `NA0`
        tokens = ()
    if not comma:
        # `Mrs Smith` names the family.
        titled = len(tokens) == 1 and _LATIN_TOKEN.findall(head)[0].lower().strip(".") in TITLES
        first = int(titled or (foreign and len(tokens) > 1))
        return Field(tokens, suffix=suffix, family_first=first, hyphen=_hyphen(head)) if tokens else None
    rest, tail_suffix = _latin_tokens(tail, tail=True)
    if not rest or not tokens:
        both = tokens or rest
        return Field(both, suffix=suffix or tail_suffix) if both else None
    return Field(tokens + rest, suffix=suffix or tail_suffix, family_first=len(tokens))


_HYPHENED = re.compile(r"[^\W\d_]+([ -])[^\W\d_]+([ -])[^\W\d_]+")


def _hyphen(text: str) -> int | None:
    match = _HYPHENED.fullmatch(text.strip()) if "-" in text else None
    return None if match is None or match[1] == match[2] else 0 if match[1] == "-" else 1


def _latin_tokens(text: str, tail: bool = False) -> tuple[tuple[str, ...], str | None]:
    """Tokens with capitals, without titles, degrees and suffix; in the `tail` after a comma a degree may be alone."""
    text = re.sub(r"['’‘`´]", "", text)
    tokens = [t.replace(".", "") for t in _LATIN_TOKEN.findall(text)]
    tokens = [t for t in tokens if t.isascii() or ascii_word(t)]
    tokens = [t for t in tokens if t]
    suffix: str | None = None
    while tokens and ascii_word(tokens[-1]) in DEGREES and (len(tokens) > 1 or tail):
        tokens.pop()
    if (
        tokens
        and ascii_lower(tokens[-1]) in SUFFIXES
        and (len(tokens) > 1 or tokens[0].lower() not in ("junior", "senior"))
    ):
        suffix = SUFFIXES[ascii_lower(tokens.pop())]
    while len(tokens) > 1 and ascii_word(tokens[0]) in TITLES:
        tokens.pop(0)
    if len(tokens) == 1 and ascii_word(tokens[0]) in TITLES - {
        "don",
        "dona",
        "hon",
        "dame",
        "sir",
        "sr",
        "ing",
        "herr",
    }:
        tokens.pop()
    return tuple(tokens), suffix


def ascii_word(token: str) -> str:
    folded = ascii_lower(token)
    return folded if folded.isascii() and folded.isalpha() else "".join(c for c in folded if "a" <= c <= "z")


@lru_cache(maxsize=262_144)
def words_of(tokens: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(w for w in (ascii_word(t) for t in tokens) if w)
