"""Identifiers as lookup keys: a light normal form and a keyed hash, so that no contact stands in the feature file."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from profiles.errors import LookupKeyMissing

_HASH_BYTES = 16
_BLOCK_BYTES = 64  # of SHA-256, for HMAC (RFC 2104)
_SEPARATOR = "\x1f"
_BLANKS = " \t\r\n"
_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
_TO_LOWER = str.maketrans(_UPPER, _LOWER)
# Letters, digits and signs as an East Asian keyboard writes them in full width, and its blank.
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "}


def normalise_value(kind: str, value: str) -> str:
    """The form in which an identifier is hashed.

    E-mail: trimmed and lower case. Phone: ``+`` and digits, where the value starts with ``+`` or ``00``, in brackets or
    not (E.164 needs the country, so a national number must be completed by the caller). Both may be typed in full
    width. Everything else: trimmed.
    """
    if kind in ("email", "phone") and not value.isascii():
        value = half_width(value)
    value = value.strip(_BLANKS)
    if kind == "email":
        # ASCII only: DuckDB and Python disagree on the lower case of some other letters.
        return value.translate(_TO_LOWER)
    if kind == "phone":
        digits = "".join(character for character in value if character in "0123456789")
        opened = value.lstrip("(")
        if opened.startswith("+"):
            return "+" + digits
        if opened.startswith("00"):
            return "+" + digits.removeprefix("00")
    return value


def half_width(text: str) -> str:
    """The text with what an East Asian keyboard writes in full width as everybody else writes it."""
    return text.translate(_FULL_WIDTH)


def normalised_sql(kind: str, value: str) -> str:
    """`normalise_value` over SQL columns, for building; full width stays, which identity's own form never has."""
    trimmed = f"trim({value}, ' ' || chr(9) || chr(13) || chr(10))"
    # `translate` takes twenty times as long as `lower`, and only where letters beyond ASCII occur do they differ.
    lowered = (
        f"CASE WHEN strlen({value}) = length({value}) THEN lower({trimmed})"
        f" ELSE translate({trimmed}, '{_UPPER}', '{_LOWER}') END"
    )
    digits = f"regexp_replace({trimmed}, '[^0-9]', '', 'g')"
    opened = f"ltrim({trimmed}, '(')"
    return (
        f"CASE WHEN {kind} = 'email' THEN {lowered}"
        f" WHEN {kind} = 'phone' AND starts_with({opened}, '+') THEN '+' || {digits}"
        f" WHEN {kind} = 'phone' AND starts_with({opened}, '00') THEN '+' || substr({digits}, 3)"
        f" ELSE {trimmed} END"
    )


def identifier_hash(key: bytes, kind: str, namespace: str, value: str) -> bytes:
    """First 16 bytes of HMAC-SHA256 over kind, namespace and the normal form of the value."""
    message = _SEPARATOR.join((kind, namespace, normalise_value(kind, value)))
    return hmac.digest(key, message.encode("utf-8", "surrogatepass"), "sha256")[:_HASH_BYTES]


def hash_sql(kind: str, namespace: str, normal_value: str, inner_pad: str, outer_pad: str) -> str:
    """`identifier_hash` as an SQL expression of type BLOB; the pads are bound parameters, see `hash_pads`."""
    message = f"encode({kind} || chr(31) || {namespace} || chr(31) || {normal_value})"
    inner = f"unhex(sha256({inner_pad}::BLOB || {message}))"
    return f"unhex(substr(sha256({outer_pad}::BLOB || {inner}), 1, {2 * _HASH_BYTES}))"


def hash_pads(key: bytes) -> tuple[bytes, bytes]:
    """Inner and outer padded key of HMAC-SHA256 (RFC 2104), so that DuckDB's sha256 can compute it set-based."""
    if len(key) > _BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    padded = key.ljust(_BLOCK_BYTES, b"\x00")
    return bytes(byte ^ 0x36 for byte in padded), bytes(byte ^ 0x5C for byte in padded)


def read_key(path: Path) -> bytes:
    """The lookup key. Raises LookupKeyMissing where the file is absent."""
    try:
        return bytes.fromhex(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise LookupKeyMissing(f"no lookup key at {path.parent.name}/{path.name}") from None


def ensure_key(path: Path) -> bytes:
    """The lookup key, created with mode 0600 (its folder 0700) where it is absent."""
    try:
        return read_key(path)
    except LookupKeyMissing:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(secrets.token_hex(32))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.rename(path)
        return read_key(path)
