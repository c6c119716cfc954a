"""``<home>/destinations.yml``: which segments go where, in what shape, and with whose consent."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from profiles.exports.choice import FEATURE, Cap, Top, read_cap, read_top, read_variants
from profiles.exports.errors import DeliveryError, DestinationError
from profiles.exports.formats import FORMATS, GOLDEN_FIELDS, Format, format_of
from profiles.secret import SecretError, read_secret

__all__ = ["DeliveryError", "Destination", "DestinationError", "load_destinations", "secret_of"]

FILE = "destinations.yml"
KINDS = ("file", "postgres", "webhook")
# What consent is asked for, and uses of one's own; under another word nobody has said anything.
PURPOSES = ("marketing", "service", "analysis", "profiling")
# Channels of design: consent is given for one of these.
CHANNELS = (
    "website", "mobile_app", "mini_program", "social", "community", "email", "sms", "push", "online_ads", "live_chat",
    "self_service", "video_meeting", "marketplace", "store", "phone", "face_to_face", "event", "postal_mail", "o2o",
    "survey", "review",
)  # fmt: skip
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


@dataclass(frozen=True)
class Destination:
    """One receiver of audiences.

    `channel` is the one over which people will be met, whose consent decides; `purpose` replaces the segments' own;
    `holdout` is the share (0 to 1) of each segment that is never sent, so that effect can be measured; `suppress` a CSV
    (kind, value) of contacts and profile ids that are never sent, besides the home's ``suppression.csv``. `format` and
    `keep` (exports whose files stay) count for files, `url` and `batch` (members in one request) for webhooks,
    `schema` for Postgres; `fields` for the kinds and formats that do not prescribe theirs. `variants` are names with
    shares in percent that those sent are split into, `top` limits a segment to the first of a ranking, `cap` how often
    a person is newly sent.
    """

    name: str
    kind: str
    segments: tuple[str, ...]
    channel: str
    format: str = "csv"
    purpose: str | None = None
    fields: tuple[str, ...] = ()
    holdout: float = 0.0
    suppress: str | None = None
    keep: int = 10
    url: str | None = None
    batch: int = 500
    schema: str = "cdp_audiences"
    variants: tuple[tuple[str, float], ...] = ()
    top: Top | None = None
    cap: Cap | None = None

    @property
    def shape(self) -> str:
        """Name of the row shape: a file's format, else the plain one."""
        return self.format if self.kind == "file" else "csv"

    @property
    def form(self) -> Format:
        """What a row looks like."""
        return format_of(self.shape, self.fields, is_split=bool(self.variants))


@dataclass(frozen=True)
class _Key:
    kind: type
    of: tuple[str, ...] = KINDS
    required: bool = False
    items: type = field(default=str)


_KEYS = {
    "kind": _Key(str, required=True),
    "segments": _Key(list, required=True),
    "channel": _Key(str, required=True),
    "format": _Key(str, ("file",)),
    "purpose": _Key(str),
    "fields": _Key(list),
    "holdout": _Key(float),
    "suppress": _Key(str),
    "keep": _Key(int, ("file",)),
    "url": _Key(str, ("webhook",)),
    "batch": _Key(int, ("webhook",)),
    "schema": _Key(str, ("postgres",)),
    "variants": _Key(dict),
    "top": _Key(dict),
    "cap": _Key(dict),
}
_READERS: dict[str, Callable[[str, dict[Any, Any]], Any]] = {
    "variants": read_variants,
    "top": read_top,
    "cap": read_cap,
}
assert set(_KEYS) == {f.name for f in fields(Destination)} - {"name"}  # noqa: S101


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key given twice: plain YAML would let the last one win, and a destination or a holdout be gone."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"'{key.value}' is given twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def load_destinations(home: Path) -> dict[str, Destination]:
    """The destinations of the installation at `home`, by name; none where there is no file.

    Raises DestinationError with one line for the first thing that cannot be used.
    """
    path = home / FILE
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 (a SafeLoader)
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark, problem = getattr(error, "problem_mark", None), str(getattr(error, "problem", None) or "")
        told = problem if problem.endswith("is given twice") else "not valid YAML"
        raise DestinationError(f"{path}:{f' line {mark.line + 1}:' if mark else ''} {told}") from None
    if not isinstance(document, dict) or list(document) != ["destinations"]:
        raise DestinationError(f"{path}: expected one key, destinations")
    declared = document["destinations"] or {}
    if not isinstance(declared, dict):
        raise DestinationError(f"{path}: destinations must map names to settings")
    found = {str(name): _destination(f"{path}: {name}", str(name), given) for name, given in declared.items()}
    for destination in found.values():
        for other in destination.cap.across if destination.cap else ():
            if other not in found:
                near = difflib.get_close_matches(other, found, 1)
                raise DestinationError(
                    f"{path}: {destination.name}: cap: no destination '{other}'"
                    + (f", did you mean '{near[0]}'?" if near else "")
                )
    return found


def secret_of(destination: Destination, home: Path, what: str) -> str:
    """A secret of `destination`: the variable ``CDP_DESTINATION_<NAME>_<WHAT>``, else the file
    ``secrets/destination_<name>``. Raises DestinationError that names both where neither can be used."""
    variable = f"CDP_DESTINATION_{destination.name.upper()}_{what}"
    try:
        return read_secret(variable, home / "secrets" / f"destination_{destination.name}")
    except SecretError as error:
        raise DestinationError(f"{destination.name}: {error}") from None


def _destination(where: str, name: str, given: Any) -> Destination:
    if not _NAME.fullmatch(name):
        raise DestinationError(f"{where}: a name is lower-case letters, digits and underscores, at most 41")
    if not isinstance(given, dict):
        raise DestinationError(f"{where}: expected settings")
    for key in given:
        if key not in _KEYS:
            near = difflib.get_close_matches(str(key), _KEYS, 1)
            raise DestinationError(f"{where}: unknown key '{key}'" + (f", did you mean '{near[0]}'?" if near else ""))
    values: dict[str, Any] = {}
    kind = given.get("kind")
    if kind not in KINDS:
        raise DestinationError(f"{where}: kind must be one of {', '.join(KINDS)}")
    for key, rule in _KEYS.items():
        if key not in given:
            if rule.required:
                raise DestinationError(f"{where}: {key} is missing")
            continue
        value = given[key]
        if kind not in rule.of:
            raise DestinationError(f"{where}: {key} is not for kind {kind}")
        if rule.kind is float and type(value) is int:
            value = float(value)
        of_texts = rule.kind is not list or (isinstance(value, list) and all(type(item) is str for item in value))
        if type(value) is not rule.kind or not of_texts:
            expected = {
                str: "a text", list: "a list of texts", float: "a number", int: "a whole number", dict: "settings",
            }[rule.kind]  # fmt: skip
            raise DestinationError(f"{where}: {key} must be {expected}")
        values[key] = _READERS[key](where, value) if isinstance(value, dict) else value
    lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    destination = Destination(name, **(values | lists))
    _check(where, destination)
    return destination


def _check(where: str, destination: Destination) -> None:
    if not destination.segments:
        raise DestinationError(f"{where}: segments is empty")
    if destination.channel not in CHANNELS:
        near = difflib.get_close_matches(destination.channel, CHANNELS, 1)
        raise DestinationError(
            f"{where}: unknown channel '{destination.channel}'" + (f", did you mean '{near[0]}'?" if near else "")
        )
    if destination.purpose is not None and destination.purpose not in PURPOSES:
        near = difflib.get_close_matches(destination.purpose, PURPOSES, 1)
        raise DestinationError(
            f"{where}: unknown purpose '{destination.purpose}'"
            + (f", did you mean '{near[0]}'?" if near else f": one of {', '.join(PURPOSES)}")
        )
    if destination.format not in FORMATS:
        raise DestinationError(f"{where}: format must be one of {', '.join(FORMATS)}")
    if not 0 <= destination.holdout < 1:
        raise DestinationError(f"{where}: holdout must lie between 0 and 1")
    if destination.keep < 1 or destination.batch < 1:
        raise DestinationError(f"{where}: keep and batch must be at least 1")
    if destination.fields and FORMATS[destination.shape].fixed:
        raise DestinationError(f"{where}: format {destination.format} prescribes its fields")
    for name in destination.fields:
        if name not in GOLDEN_FIELDS and not FEATURE.fullmatch(name):
            raise DestinationError(
                f"{where}: unknown field '{name}': one of {', '.join(GOLDEN_FIELDS)}, or features.<column>"
            )
    columns = ["profile_id", "entered_at", *(name.removeprefix("features.") for name in destination.fields)]
    for name in columns:
        if columns.count(name) > 1:
            raise DestinationError(f"{where}: fields give the column '{name}' twice")
    if destination.kind == "webhook":
        _check_url(where, destination.url)
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,40}", destination.schema):
        raise DestinationError(f"{where}: schema is not a plain name")


def _check_url(where: str, url: str | None) -> None:
    parts = urlsplit(url or "")
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1"):
        return
    raise DestinationError(f"{where}: url must begin with https:// (http:// only for this machine)")
