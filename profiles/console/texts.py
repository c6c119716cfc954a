"""The console's words in English and Chinese: one catalogue, read once when the console is mounted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

LANGUAGES = {"en": "English", "zh": "中文"}
DEFAULT = "en"


@dataclass(frozen=True)
class Texts:
    """Texts of one language. Calling it with a key gives the text, `{name}` in it replaced by the keyword."""

    language: str
    entries: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        text = self.entries[key]
        return text.format(**values) if values else text

    def code(self, kind: str, value: object) -> str:
        """A word of the data (a channel, a reason …) in this language, or itself with blanks where nobody knows it."""
        if value is None or value == "":
            return "–"
        known = self.entries.get(f"{kind}.{value}")
        return known if known is not None else str(value).replace("_", " ")

    def happened(self, reason: str | None) -> str:
        """Why something happened to a profile id, in this language; itself where the catalogue does not know it. A
        number that it begins with stays."""
        number, _, rest = (reason or "").partition(" ")
        words = rest if number.isdigit() else reason or ""
        known = self.entries.get("happened." + re.sub(r"[^a-z]+", "_", words.lower()))
        return known.format(n=number) if known is not None else reason or "–"

    def titled(self, kind: str, name: object, title: object) -> str:
        """The name of something that has a title of its own: in this language where the catalogue has it."""
        return self.entries.get(f"{kind}.{name}") or str(title or name)

    def described(self, description: str | None) -> str:
        """A description in this language where it is one that the platform brings, else as it stands."""
        return self.entries.get(f"description.{description}") or description or ""


def load_texts() -> dict[str, Texts]:
    """The catalogue by language, with the Chinese names and descriptions of what the platform brings (``names_zh.yml``,
    ``descriptions_zh.yml``).

    Raises ValueError where a text lacks a language.
    """
    raw = _read("texts.yml")
    chinese = {**_read("names_zh.yml"), "description": _read("descriptions_zh.yml")}
    lacking = sorted(str(key) for key, pair in raw.items() if not isinstance(pair, list) or len(pair) != len(LANGUAGES))
    if lacking:
        raise ValueError(f"texts.yml: {', '.join(lacking)} must have one text for each of {', '.join(LANGUAGES)}")
    return {
        language: Texts(
            language,
            {str(key): str(pair[place]) for key, pair in raw.items()}
            | {f"{kind}.{name}": text for kind, of in chinese.items() for name, text in of.items() if language == "zh"},
        )
        for place, language in enumerate(LANGUAGES)
    }


def _read(name: str) -> Mapping[str, Any]:
    content: Mapping[str, Any] = yaml.safe_load((files("profiles.console") / name).read_text(encoding="utf-8"))
    return content


def choose_language(wanted: str | None, accept: str) -> str:
    """The language that was chosen, else the first of an Accept-Language header that there is, else English."""
    if wanted in LANGUAGES:
        return str(wanted)
    ranked = []
    for place, part in enumerate(accept.split(",")):
        tag, _, quality = part.partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        ranked.append((-weight, place, tag.strip().lower().split("-")[0]))
    return next((tag for weight, _, tag in sorted(ranked) if weight < 0 and tag in LANGUAGES), DEFAULT)
