"""Text folding shared by the field rules: Unicode to plain ASCII letters, digits and blanks.

Belongs here: rules that hold for any field. What only names, streets or dates need stands in their modules.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_NON_WORD = re.compile(r"[^a-z0-9]+")

# Letters that NFKD leaves whole.
_LETTERS = {
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "n",
    "ə": "a", "ƒ": "f",
}  # fmt: skip
_CYRILLIC = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "e",
            "zh",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "shch",
            "",
            "y",
            "",
            "e",
            "yu",
            "ya",
            "i",
            "i",
            "e",
            "g",
        ],
        strict=True,
    )
)
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        [
            "a",
            "v",
            "g",
            "d",
            "e",
            "z",
            "i",
            "th",
            "i",
            "k",
            "l",
            "m",
            "n",
            "x",
            "o",
            "p",
            "r",
            "s",
            "s",
            "t",
            "y",
            "f",
            "ch",
            "ps",
            "o",
        ],
        strict=True,
    )
)
# Kana by rows, katakana as hiragana: the plain sounds of the table, without the contractions (きょ is kiyo).
_KANA = {
    kana: consonant + vowel
    for row, consonants in {
        "あいうえお": "", "かきくけこ": "k", "がぎぐげご": "g", "さしすせそ": "s", "ざじずぜぞ": "z", "たちつてと": "t",
        "だぢづでど": "d", "なにぬねの": "n", "はひふへほ": "h", "ばびぶべぼ": "b", "ぱぴぷぺぽ": "p",
        "まみむめも": "m", "らりるれろ": "r", "ぁぃぅぇぉ": "",
    }.items()
    for kana, vowel, consonant in zip(row, "aiueo", [consonants] * 5, strict=True)
} | {"や": "ya", "ゆ": "yu", "よ": "yo", "ゃ": "ya", "ゅ": "yu", "ょ": "yo", "わ": "wa", "を": "o", "ん": "n", "っ": "",
     "し": "shi", "ち": "chi", "つ": "tsu", "ふ": "fu", "じ": "ji", "ー": ""}  # fmt: skip
_KANA |= {chr(ord(k) + 0x60): v for k, v in _KANA.items() if "ぁ" <= k <= "ん"}
# Hangul letters as NFKD parts them: initials, vowels, finals (Revised Romanisation, letter by letter).
_HANGUL = {
    chr(base + i): letters
    for base, table in (
        (0x1100, "g kk n d tt r m b pp s ss - j jj ch k t p h"),
        (0x1161, "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i"),
        (0x11A8, "k k k n n n t l k m l l l p l m p p t t ng t t k t p t"),
    )
    for i, letters in enumerate(t.strip("-") for t in table.split())
}
_TABLE = str.maketrans({**_LETTERS, **_CYRILLIC, **_GREEK, **_KANA, **_HANGUL})


def word_set(words: str) -> frozenset[str]:
    """The words of a text, as word lists are written in these modules."""
    return frozenset(words.split())


def phrase_set(phrases: str) -> frozenset[str]:
    """The phrases of a text, parted by `|`."""
    return frozenset(phrases.split("|"))


def clean(value: str | None) -> str | None:
    """NFKC text with single blanks and no zero-width characters, control characters or outer quotes; '' gives None."""
    if value is None:
        return None
    if value.isascii() and value.isprintable():
        return " ".join(value.split()).strip("\"'` ") or None
    text = unicodedata.normalize("NFKC", value)
    text = "".join(" " if c in "\t\r\n\u00a0" else c for c in text if c not in "\u200b\u200c\u200d\ufeff\u2060")
    text = " ".join(text.split()).strip("\"'`“”‘’«»„ ")
    return text or None


def ascii_lower(text: str) -> str:
    """Lower-case text without diacritics; Cyrillic and Greek are transliterated, Han and other scripts are kept."""
    if text.isascii():
        return text.lower()
    # The table comes first: й decomposes into и and a breve, and would lose its own sound.
    lowered = text.lower().translate(_TABLE)
    decomposed = unicodedata.normalize("NFKD", lowered).translate(_TABLE)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def fold(value: str | None) -> str | None:
    """ASCII words `[a-z0-9]+` joined by one blank; Han becomes pinyin without blanks; None when nothing is left."""
    text = clean(value)
    if text is None:
        return None
    if HAN.search(text):
        from identity.normalise.han import pinyin_text

        text = pinyin_text(text)
    return " ".join(_NON_WORD.sub(" ", ascii_lower(text).replace("'", "").replace("’", "")).split()) or None


@lru_cache(maxsize=1)
def _simplifier() -> object:
    import opencc

    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Traditional Han characters as simplified ones (OpenCC `t2s`); other text is unchanged."""
    return str(_simplifier().convert(text))  # type: ignore[attr-defined]
