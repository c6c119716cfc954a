"""What a contract is once it is read: immutable objects, and the words they may use.

Not here: YAML and its checks (``contract_check.py``), which contracts a home has (``contract.py``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

DELIVERIES = ("append", "upsert", "replace_partition", "full_snapshot")
FORMATS = ("jsonl", "json", "csv", "parquet")
DECODINGS = ("base64",)
DECIMAL_MARKS = (",", ".")
# Where company and customer meet; the last three are on line and off it.
CHANNELS = (
    "website", "mobile_app", "mini_program", "social", "community", "email", "sms", "push", "online_ads", "live_chat",
    "self_service", "video_meeting", "marketplace", "store", "phone", "face_to_face", "event", "postal_mail", "o2o",
    "survey", "review",
)  # fmt: skip
CONFIDENCES = ("documented", "fixture", "from_memory")
# Paths that do not lead into the record.
FILE_PATH, KEYS_PATH, ENVELOPE_PREFIX = "@file", "@keys", "@envelope."
TAGS = ("PK", "UPD", "EVT", "ID", "ID-ns", "WEAK", "NEVER", "FK")
DUCKDB_TYPES: Mapping[str, str] = {
    "string": "VARCHAR",
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,4)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp_s": "TIMESTAMP",
    "timestamp_ms": "TIMESTAMP",
    "timestamp_us": "TIMESTAMP",
    "json": "VARCHAR",
}
META_COLUMNS: tuple[tuple[str, str], ...] = (
    ("_file", "VARCHAR"),
    ("_line", "BIGINT"),
    ("_batch_id", "VARCHAR"),
    ("_extra", "VARCHAR"),
    ("_dt", "DATE"),
)
RESERVED_KEYS = ("_line", "_file", "_dt")


class ContractError(ValueError):
    """A contract that cannot be used; the text is one line that names the file and the place."""


@dataclass(frozen=True)
class Field:
    """One column of a raw table and where its value comes from."""

    name: str
    paths: tuple[str, ...]
    type: str
    required: bool = False
    one_of: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None
    tag: str | None = None
    kind: str | None = None
    namespace: str | None = None
    namespace_field: str | None = None
    personal: bool = False
    strip_prefix: str | None = None
    description: str = ""
    format: tuple[str, ...] = ()
    decode: str | None = None
    decimal_mark: str | None = None
    pattern: str | None = None
    timezone: str | None = None

    @property
    def record_paths(self) -> tuple[str, ...]:
        """`paths` without those that do not lead into the record."""
        return tuple(p for p in self.paths if not p.startswith("@"))

    @property
    def duckdb_type(self) -> str:
        return DUCKDB_TYPES[self.type]


_LATER = frozenset({"format", "decode", "decimal_mark", "pattern", "skip_after_header", "header_contains", "encoding"})


@dataclass(frozen=True)
class CarryForward:
    """CSV only: cells of `columns` that are empty take the value of the first line with the same `by`.

    `fill_down`: an empty cell of `by` itself takes the value above it, as merged cells are written; not across a line
    that could not be read.
    """

    by: str
    columns: tuple[str, ...]
    fill_down: bool = False


@dataclass(frozen=True)
class ObjectContract:
    """What one object of one source delivers; everything that reading a file of it needs."""

    source: str
    name: str
    delivery: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    formats: tuple[str, ...]
    timezone: str = "UTC"
    updated_at: str | None = None
    unwrap: tuple[str, ...] = ()
    expect: tuple[tuple[str, tuple[str, ...]], ...] = ()
    drop: tuple[str, ...] = ()
    carry_forward: CarryForward | None = None
    error_budget: float = 0.05
    delimiter: str | None = None
    description: str = ""
    skip_after_header: int = 0
    header_contains: tuple[str, ...] = ()
    confidence: str = "documented"
    channels: tuple[str, ...] = ()
    encoding: str | None = None
    max_loss: float | None = None

    def field(self, name: str) -> Field:
        """The field called `name`; KeyError when there is none."""
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        raise KeyError(name)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields if f.required)

    @property
    def envelope_paths(self) -> tuple[str, ...]:
        """Paths of values beside the records, without their prefix, in the order of the feed's list ``e``."""
        found = (p.removeprefix(ENVELOPE_PREFIX) for f in self.fields for p in f.paths if p.startswith(ENVELOPE_PREFIX))
        return tuple(dict.fromkeys(found))

    @cached_property
    def fingerprint(self) -> str:
        """Hash of everything that decides how a file is read; a change makes landed files pending again.

        An option of `_LATER` counts only where it is used, so that its arrival read no file again.
        """
        facts = {k: v for k, v in asdict(self).items() if k not in ("description", "confidence", "channels")}
        for entry in facts["fields"]:
            entry.pop("description")
            if entry["timezone"] is None:
                del entry["timezone"]
        for entry in (facts, *facts["fields"]):
            for name in _LATER & entry.keys():
                if not entry[name]:
                    del entry[name]
        if facts["max_loss"] is None:
            del facts["max_loss"]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class SourceContract:
    """One source system."""

    source: str
    title: str
    owner: str
    default_region: str
    timezone: str
    objects: Mapping[str, ObjectContract]
    settings: Mapping[str, str] = field(default_factory=dict)
    description: str = ""


def raw_schema(obj: ObjectContract) -> list[tuple[str, str]]:
    """Columns of the raw table as ``(name, DuckDB type)``: the contract's fields, then the meta columns."""
    return [(f.name, f.duckdb_type) for f in obj.fields] + list(META_COLUMNS)
