"""Which text encodings a contract may name."""

from __future__ import annotations

import codecs
import difflib
from encodings.aliases import aliases

# Python has these as codecs of text, but no file of records is written in them.
_NOT_OF_FILES = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "mbcs", "oem"})
_COMMON = ("windows-1252", "windows-1250", "windows-1251", "iso-8859-1", "iso-8859-15", "latin-1", "shift_jis")


def text_encoding(name: str) -> str:
    """Python's own name of a text encoding (``windows-1252`` is ``cp1252``).

    Raises ValueError, with what is wrong in one line, when there is none of that name.
    """
    if (found := _found(name)) is not None:
        return found
    names = [*_COMMON, *(alias for alias in aliases if _found(alias))]
    near = difflib.get_close_matches(name.lower(), _COMMON, 1) or difflib.get_close_matches(name.lower(), names, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(_COMMON)} and all others of Python"
    raise ValueError(f"unknown encoding '{name}', {hint}")


def _found(name: str) -> str | None:
    try:
        found = codecs.lookup(name).name
        # A codec of bytes (base64, zip) does not give this text back.
        plain = found not in _NOT_OF_FILES and "a\n".encode(name).decode(name) == "a\n"
    except (LookupError, ValueError):
        return None
    return found if plain else None


__all__ = ["text_encoding"]
