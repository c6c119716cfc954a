"""Contract YAML to checked objects; every fault is one line that names the file and the place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from cdp_pipeline.sources.contract_types import (
    CHANNELS,
    CONFIDENCES,
    DECIMAL_MARKS,
    DECODINGS,
    DELIVERIES,
    DUCKDB_TYPES,
    ENVELOPE_PREFIX,
    FILE_PATH,
    FORMATS,
    KEYS_PATH,
    RESERVED_KEYS,
    TAGS,
    CarryForward,
    ContractError,
    Field,
    ObjectContract,
    SourceContract,
)
from cdp_pipeline.sources.encodings import text_encoding
from cdp_pipeline.yaml_text import UniqueKeyLoader

_NAME = re.compile(r"[a-z][a-z0-9_]*")
# An object is called what its system calls the landing folder, capitals included (AccountObj).
_OBJECT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PARTS_OF_TIME = re.compile(r"%(-?[dmyHIMSj]|[aAbBhYpfgzZn%])")
_NOT_IN_RE2 = re.compile(r"\(\?(?:[=!]|<[=!]|>)|\\[1-9]")
SOURCE_KEYS = (
    "source",
    "title",
    "owner",
    "description",
    "default_region",
    "timezone",
    "channels",
    "settings",
    "objects",
)
OBJECT_KEYS = (
    "description",
    "delivery",
    "key",
    "updated_at",
    "formats",
    "unwrap",
    "expect",
    "drop",
    "carry_forward",
    "error_budget",
    "max_loss",
    "timezone",
    "delimiter",
    "encoding",
    "skip_after_header",
    "header_contains",
    "confidence",
    "channels",
    "fields",
)
FIELD_KEYS = (
    "from", "type", "required", "one_of", "min", "max", "tag", "kind", "namespace", "namespace_field", "personal",
    "strip_prefix", "format", "decode", "decimal_mark", "pattern", "timezone", "description",
)  # fmt: skip


def read_yaml(path: Path, name: str) -> Any:
    """A YAML file as plain values. Raises ContractError with one line that begins with `name`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{name}: cannot be read ({type(error).__name__})") from None
    return parse_yaml(text, name)


def parse_yaml(text: str, name: str) -> Any:
    """As `read_yaml`, of a text."""
    try:
        return yaml.load(text, Loader=UniqueKeyLoader)  # noqa: S506 (a SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise ContractError(f"{name}{line}: {getattr(error, 'problem', None) or 'not YAML'}") from None


class Check:
    """Builds contract objects out of parsed YAML; every fault is a ContractError that names its place."""

    def __init__(self, file: str) -> None:
        self.file = file

    def fail(self, place: str, message: str) -> ContractError:
        return ContractError(f"{self.file}: {place}: {message}" if place else f"{self.file}: {message}")

    def mapping(self, data: object, place: str, known: Sequence[str] | None = None) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise self.fail(place, "must be a mapping")
        for key in data:
            if known is not None and key not in known:
                near = difflib.get_close_matches(str(key), known, 1)
                raise self.fail(place, f"unknown key '{key}'" + (f", did you mean '{near[0]}'?" if near else ""))
        return data

    def choice(self, value: object, place: str, allowed: Sequence[str]) -> str:
        if value not in allowed:
            raise self.fail(place, f"unknown value '{value}', one of: {', '.join(allowed)}")
        return str(value)

    def text(self, data: Mapping[str, Any], key: str, place: str, default: str | None = None) -> str:
        value = data.get(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.fail(place, f"'{key}' must be text" if key in data else f"'{key}' is missing")
        return value

    def texts(self, data: Mapping[str, Any], key: str, place: str, *, needed: bool = False) -> tuple[str, ...]:
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise self.fail(place, f"'{key}' must be a list of texts")
        if needed and not value:
            raise self.fail(place, f"'{key}' is missing")
        if len(set(value)) != len(value):
            raise self.fail(place, f"'{key}' names something twice")
        return tuple(value)

    def number(self, data: Mapping[str, Any], key: str, place: str) -> float | None:
        value = data.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self.fail(place, f"'{key}' must be a number")
        return value

    def flag(self, data: Mapping[str, Any], key: str, place: str) -> bool:
        value = data.get(key, False)
        if not isinstance(value, bool):
            raise self.fail(place, f"'{key}' must be true or false")
        return value

    def name(self, value: object, place: str) -> str:
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            raise self.fail(place, f"name '{value}' must be lower case letters, digits and underscores")
        return value

    def object_name(self, value: object) -> str:
        if not isinstance(value, str) or not _OBJECT_NAME.fullmatch(value):
            raise self.fail("objects", f"name '{value}' must be letters, digits and underscores")
        return value

    def zone(self, value: str, place: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):
            raise self.fail(place, f"unknown timezone '{value}'") from None
        return value

    def source(self, data: object) -> SourceContract:
        top = self.mapping(data, "", SOURCE_KEYS)
        source = self.name(top.get("source"), "source")
        if source != Path(self.file).stem:
            raise self.fail("source", f"'{source}' must equal the file's name")
        zone = self.zone(self.text(top, "timezone", "", "UTC"), "timezone")
        channels = self.channels(top, "source")
        settings = self.mapping(top.get("settings", {}), "settings")
        objects = self.mapping(top.get("objects"), "objects")
        if not objects:
            raise self.fail("objects", "at least one object is needed")
        return SourceContract(
            source=source,
            title=self.text(top, "title", ""),
            owner=self.text(top, "owner", ""),
            default_region=self.text(top, "default_region", ""),
            timezone=zone,
            objects={
                self.object_name(n): self.object_contract(source, n, zone, o, channels) for n, o in objects.items()
            },
            settings={str(k): str(v) for k, v in settings.items()},
            description=self.text(top, "description", "", ""),
        )

    def channels(self, spec: Mapping[str, Any], place: str) -> tuple[str, ...]:
        named = self.texts(spec, "channels", place)
        return tuple(self.choice(one, f"{place}.channels", CHANNELS) for one in named)

    def object_contract(
        self, source: str, name: str, zone: str, data: object, channels: tuple[str, ...] = ()
    ) -> ObjectContract:
        spec = self.mapping(data, name, OBJECT_KEYS)
        raw_fields = self.mapping(spec.get("fields"), f"{name}.fields")
        fields = tuple(self.field(f"{name}.{n}", n, f) for n, f in raw_fields.items())
        names = [f.name for f in fields]
        if not names:
            raise self.fail(f"{name}.fields", "at least one field is needed")
        key = self.texts(spec, "key", name, needed=True)
        for part in key:
            if part not in names and part not in RESERVED_KEYS:
                raise self.fail(f"{name}.key", f"'{part}' is not a field{_near(part, names)}")
        updated_at = spec.get("updated_at")
        if updated_at is not None:
            if updated_at not in names:
                raise self.fail(f"{name}.updated_at", f"'{updated_at}' is not a field{_near(str(updated_at), names)}")
            if not next(f for f in fields if f.name == updated_at).duckdb_type == "TIMESTAMP":
                raise self.fail(f"{name}.updated_at", f"'{updated_at}' is not a timestamp")
        for one in fields:
            if one.namespace_field is not None and one.namespace_field not in names:
                raise self.fail(f"{name}.{one.name}", f"namespace_field '{one.namespace_field}' is not a field")
        formats = self.texts(spec, "formats", name, needed=True)
        for fmt in formats:
            self.choice(fmt, f"{name}.formats", FORMATS)
        budget = self.number(spec, "error_budget", name)
        if budget is not None and not 0 <= budget <= 1:
            raise self.fail(f"{name}.error_budget", "must lie between 0 and 1")
        loss = self.number(spec, "max_loss", name)
        if loss is not None and not 0 <= loss <= 1:
            raise self.fail(f"{name}.max_loss", "must lie between 0 and 1")
        if loss is not None and spec.get("delivery") != "full_snapshot":
            raise self.fail(f"{name}.max_loss", "needs delivery full_snapshot")
        delimiter = spec.get("delimiter")
        if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
            raise self.fail(f"{name}.delimiter", "must be one character")
        skipped = self.number(spec, "skip_after_header", name) or 0
        if skipped < 0 or skipped != int(skipped):
            raise self.fail(f"{name}.skip_after_header", "must be a number of lines")
        header = self.texts(spec, "header_contains", name)
        if (skipped or header) and "csv" not in formats:
            raise self.fail(name, f"'{'header_contains' if header else 'skip_after_header'}' needs the format csv")
        unwrap = self.texts(spec, "unwrap", name)
        for one in fields:
            if not unwrap and any(p.startswith(ENVELOPE_PREFIX) for p in one.paths):
                raise self.fail(f"{name}.{one.name}", f"a path {ENVELOPE_PREFIX}… needs 'unwrap'")
        return ObjectContract(
            source=source,
            name=name,
            description=self.text(spec, "description", name, ""),
            delivery=self.choice(spec.get("delivery"), f"{name}.delivery", DELIVERIES),
            key=key,
            fields=fields,
            formats=formats,
            timezone=self.zone(self.text(spec, "timezone", name, zone), f"{name}.timezone"),
            updated_at=updated_at,
            unwrap=unwrap,
            expect=self.expect(name, spec.get("expect", {})),
            drop=self.texts(spec, "drop", name),
            carry_forward=self.carry(name, spec.get("carry_forward"), names),
            error_budget=0.05 if budget is None else float(budget),
            delimiter=delimiter,
            skip_after_header=int(skipped),
            header_contains=header,
            encoding=self.encoding(spec, name, formats),
            max_loss=loss,
            confidence=self.choice(spec.get("confidence", "documented"), f"{name}.confidence", CONFIDENCES),
            channels=self.channels(spec, name) or channels,
        )

    def encoding(self, spec: Mapping[str, Any], name: str, formats: Sequence[str]) -> str | None:
        if "encoding" not in spec:
            return None
        if set(formats) == {"parquet"}:
            raise self.fail(f"{name}.encoding", "parquet has none")
        named = self.text(spec, "encoding", name)
        try:
            return text_encoding(named)
        except ValueError as fault:
            raise self.fail(f"{name}.encoding", str(fault)) from None

    def expect(self, name: str, data: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
        place = f"{name}.expect"
        return tuple((str(p), self.texts({p: v}, p, place, needed=True)) for p, v in self.mapping(data, place).items())

    def carry(self, name: str, data: object, names: Sequence[str]) -> CarryForward | None:
        if data is None:
            return None
        place = f"{name}.carry_forward"
        spec = self.mapping(data, place, ("by", "columns", "fill_down"))
        columns = self.texts(spec, "columns", place, needed=True)
        carry = CarryForward(self.text(spec, "by", place), columns, self.flag(spec, "fill_down", place))
        for column in (carry.by, *carry.columns):
            if column not in names:
                raise self.fail(place, f"'{column}' is not a field{_near(column, names)}")
        if carry.by in carry.columns:
            raise self.fail(place, f"'{carry.by}' cannot carry itself")
        return carry

    def field(self, place: str, name: str, data: object) -> Field:
        spec = self.mapping(data, place, FIELD_KEYS)
        self.name(name, place)
        tag = spec.get("tag")
        one_of = spec.get("one_of", [])
        if not isinstance(one_of, list) or ("one_of" in spec and not one_of):
            raise self.fail(place, "'one_of' must be a list of values")
        if any(isinstance(v, bool | dict | list) or v is None for v in one_of):
            raise self.fail(place, "'one_of' must hold texts or numbers (quote true, false, yes and no)")
        result = Field(
            name=name,
            paths=self.texts(spec, "from", place, needed=True),
            type=self.choice(spec.get("type"), f"{place}.type", tuple(DUCKDB_TYPES)),
            required=self.flag(spec, "required", place),
            one_of=tuple(str(v) for v in one_of),
            min=self.number(spec, "min", place),
            max=self.number(spec, "max", place),
            tag=None if tag is None else self.choice(tag, f"{place}.tag", TAGS),
            personal=self.flag(spec, "personal", place),
            kind=self.optional(spec, "kind", place),
            namespace=self.optional(spec, "namespace", place),
            namespace_field=self.optional(spec, "namespace_field", place),
            strip_prefix=self.optional(spec, "strip_prefix", place),
            format=self.texts(spec, "format", place),
            decode=None if "decode" not in spec else self.choice(spec["decode"], f"{place}.decode", DECODINGS),
            decimal_mark=self.mark(spec, place),
            timezone=self.zone(self.text(spec, "timezone", place), place) if "timezone" in spec else None,
            pattern=self.optional(spec, "pattern", place),
            description=self.text(spec, "description", place, ""),
        )
        self.identifier(place, result)
        self.reading(place, result)
        if (result.min is not None or result.max is not None) and result.type not in ("integer", "decimal"):
            raise self.fail(place, f"min and max need a number, not {result.type}")
        if result.one_of and result.type not in ("string", "text", "integer"):
            raise self.fail(place, f"one_of cannot be checked on {result.type}")
        return result

    def optional(self, spec: Mapping[str, Any], key: str, place: str) -> str | None:
        return self.text(spec, key, place) if key in spec else None

    def mark(self, spec: Mapping[str, Any], place: str) -> str | None:
        if "decimal_mark" not in spec:
            return None
        return self.choice(spec["decimal_mark"], f"{place}.decimal_mark", DECIMAL_MARKS)

    def reading(self, place: str, f: Field) -> None:
        """The options that say how a value is read out of its text."""
        for path in f.paths:
            known = path in (FILE_PATH, KEYS_PATH) or (
                path.startswith(ENVELOPE_PREFIX) and len(path) > len(ENVELOPE_PREFIX)
            )
            if path.startswith("@") and not known:
                raise self.fail(place, f"'{path}' leads nowhere: {FILE_PATH}, {KEYS_PATH} or {ENVELOPE_PREFIX}<path>")
        if f.type == "json" and (f.decode or f.pattern or f.record_paths != f.paths):
            raise self.fail(place, "decode, pattern and paths with @ give text, not json")
        if f.format and f.type not in ("timestamp", "date"):
            raise self.fail(place, f"format needs a timestamp or date, not {f.type}")
        for text in f.format:
            if "%" not in text or "%" in _PARTS_OF_TIME.sub("", text):
                raise self.fail(f"{place}.format", f"'{text}' is not a strptime pattern")
        if f.timezone and f.type != "timestamp":
            raise self.fail(place, f"timezone needs a timestamp of local time, not {f.type}")
        if f.decimal_mark and f.type not in ("decimal", "integer"):
            raise self.fail(place, f"decimal_mark needs a number, not {f.type}")
        if f.pattern is not None:
            try:
                groups = re.compile(f.pattern).groups
            except re.error as error:
                raise self.fail(f"{place}.pattern", f"no regular expression ({error.msg})") from None
            if not groups or _NOT_IN_RE2.search(f.pattern):
                fault = "looks around or back, which DuckDB cannot" if groups else "has no group to take the value from"
                raise self.fail(f"{place}.pattern", fault)

    def identifier(self, place: str, f: Field) -> None:
        """The identifier rules of the contract: NEVER is never one, ID-ns carries its namespace."""
        if f.tag in ("ID", "ID-ns"):
            if f.kind is None:
                raise self.fail(place, f"tag {f.tag} needs a kind")
            if f.tag == "ID-ns" and (f.namespace is None) == (f.namespace_field is None):
                raise self.fail(place, "tag ID-ns needs either namespace or namespace_field")
            if f.tag == "ID" and (f.namespace or f.namespace_field):
                raise self.fail(place, "a value with a namespace has the tag ID-ns, not ID")
            if f.type not in ("string", "text"):
                raise self.fail(place, f"an identifier is text, not {f.type}")
        elif f.kind or f.namespace or f.namespace_field:
            raise self.fail(place, f"tag {f.tag} cannot be an identifier: no kind or namespace")


def _near(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, 1)
    return f", did you mean '{near[0]}'?" if near else ""
