"""Schema drift: declared fields that went missing or changed their type, and fields that nobody declared.

Drift never stops a load: good rows are in raw and refused ones in quarantine. It is told, with the field's name, so
that a column does not turn into NULL in silence. Every rule compares counts; no value leaves this module.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from cdp_pipeline.ops import LOADED, Receipt
from cdp_pipeline.sources.casts import EPOCH_UNITS
from cdp_pipeline.sources.contract import ObjectContract
from cdp_pipeline.sources.feeds import file_format
from cdp_pipeline.sql_text import literal

MISSING, RETYPED, NEW = "missing", "retyped", "new"
# Fewer records than this prove nothing about a field that is merely empty in them.
MIN_ROWS = 10
# As with the error budget: a few bad values are bad values, whatever their share.
MIN_VALUES = 6
RETYPED_SHARE = 0.5
# A field that nearly every record had is missed after one delivery; a rarer one only if no file of sensible size was
# ever without it, and if its absence by chance is as likely as this.
ALWAYS = 0.95
ENOUGH_FILES = 3
CHANCE = 1e-6
# The rows looked at for values that became JSON; a changed field changes in all records, not in late ones.
_SAMPLE_ROWS = 1000
_NOTHING = (0, "", "")
_BEFORE_EPOCHS_MAKE_SENSE = "1980-01-01"
# Unknown names come out of the data, where keys can be addresses or numbers of people.
_PLAIN_NAME = re.compile(r"(?!.*\d{6})[\w .:/$()?#'-]{1,60}")


@dataclass(frozen=True)
class FieldCounts:
    """How the fields of one file came out.

    `filled`: records with a value by field, refused casts included; in formats with columns only the fields whose
    column there is. `misread`: values that were not of their type. `lacking`: records refused because a required
    field was empty. `nested`: values of text fields that are JSON objects or lists, as (found, looked at). `early`:
    epoch fields of which every value lies before 1980.
    """

    filled: Mapping[str, int]
    misread: Mapping[str, int]
    lacking: Mapping[str, int]
    nested: Mapping[str, tuple[int, int]]
    early: tuple[str, ...]


# What the platform itself adds to rows that it exports for correction; no news of a source.
OWN_FIELDS = ("_quarantine",)
UNKNOWN = FieldCounts({}, {}, {}, {}, ())


@dataclass(frozen=True)
class Drift:
    """One field of one file that is not as declared. `kind` is missing, retyped or new; `message` is one line."""

    kind: str
    field: str
    message: str

    @property
    def is_error(self) -> bool:
        return self.kind != NEW


def count_fields(
    con: duckdb.DuckDBPyConnection,
    obj: ObjectContract,
    raw: Path,
    quarantine: Path | None,
    present: Collection[str] | None,
) -> FieldCounts:
    """Counts of a loaded file from its raw Parquet (footer and first rows) and the reasons of its refused rows.

    `present` are the paths that a file with columns has, None for formats without.
    """
    reasons = _field_reasons(con, quarantine) if quarantine is not None else {}
    misread = {f.name: n for f in obj.fields if (n := reasons.get(f"field {f.name}: not a", 0))}
    lacking = {f.name: n for f in obj.fields if f.required and (n := reasons.get(f"missing {f.name}", 0))}
    footer = {
        str(name): (int(values), lowest, highest)
        for name, values, lowest, highest in con.execute(
            "SELECT path_in_schema, sum(num_values - coalesce(stats_null_count, 0)),"
            f" min(stats_min_value), max(stats_max_value) FROM parquet_metadata({literal(raw)}) GROUP BY 1"
        ).fetchall()
    }
    filled: dict[str, int] = {}
    for f in obj.fields:
        if present is None or f.record_paths != f.paths or set(f.paths) & set(present):
            filled[f.name] = footer.get(f.name, _NOTHING)[0] + misread.get(f.name, 0)
    early = tuple(
        f.name
        for f in obj.fields
        if f.type in EPOCH_UNITS
        and footer.get(f.name, _NOTHING)[0] >= MIN_VALUES
        and str(footer[f.name][2]) < _BEFORE_EPOCHS_MAKE_SENSE
    )
    # Only columns whose lowest or highest value can be JSON (or is too long for the footer) are looked into.
    suspects = [
        f.name
        for f in obj.fields
        if f.type == "string"
        and footer.get(f.name, _NOTHING)[0] >= MIN_VALUES
        and any(value is None or value[:1] in ("{", "[") for value in footer[f.name][1:])
    ]
    return FieldCounts(filled, misread, lacking, _nested(con, suspects, raw), early)


def _field_reasons(con: duckdb.DuckDBPyConnection, quarantine: Path) -> dict[str, int]:
    """Refused rows by ``field <name>: not a`` and ``missing <name>``; a row counts for each of its reasons."""
    rows = con.execute(f"""
      SELECT regexp_replace(regexp_replace(reason, ': not an? .*$', ': not a'), '^missing (key|required) ', 'missing '),
        count(*)
      FROM (SELECT unnest(string_split(reasons, '; ')) AS reason FROM read_parquet({literal(quarantine)}))
      GROUP BY 1""").fetchall()
    return {str(name): int(count) for name, count in rows}


def _nested(con: duckdb.DuckDBPyConnection, names: Sequence[str], raw: Path) -> dict[str, tuple[int, int]]:
    if not names:
        return {}
    is_json = "left({c}, 1) IN ('{{', '[') AND right({c}, 1) IN ('}}', ']') AND json_valid({c})"
    quoted = [f'"{n}"' for n in names]
    found = "count(*) FILTER (CASE WHEN {c} IS NOT NULL THEN " + is_json + " END), count({c})"
    counts = ", ".join(found.format(c=c) for c in quoted)
    columns = ", ".join(quoted)
    (row,) = con.execute(
        f"SELECT {counts} FROM (SELECT {columns} FROM read_parquet({literal(raw)}) LIMIT {_SAMPLE_ROWS})"
    ).fetchall()
    return {n: (int(row[2 * i]), int(row[2 * i + 1])) for i, n in enumerate(names) if row[2 * i]}


def of_file(obj: ObjectContract, receipt: Receipt, counts: FieldCounts, history: Sequence[Receipt]) -> list[Drift]:
    """Drift that one file shows by itself, or against the earlier files of `history` (see `comparable`)."""
    found: list[Drift] = []
    for f in obj.fields:
        filled, misread = counts.filled.get(f.name), counts.misread.get(f.name, 0)
        lacking = counts.lacking.get(f.name, 0)
        json_values, looked = counts.nested.get(f.name, (0, 0))
        if misread >= MIN_VALUES and misread >= RETYPED_SHARE * (filled or 0):
            text = f"{misread} of {filled} values are not of type {f.type}"
            found.append(Drift(RETYPED, f.name, f"field {f.name} has another type: {text}"))
        elif json_values >= MIN_VALUES and json_values >= RETYPED_SHARE * looked:
            text = f"{json_values} of the first {looked} values are JSON objects or lists, not text"
            found.append(Drift(RETYPED, f.name, f"field {f.name} has another type: {text}"))
        elif f.name in counts.early:
            text = f"all {filled} values lie before 1980, so they are no {f.type}"
            found.append(Drift(RETYPED, f.name, f"field {f.name} has another unit: {text}"))
        elif lacking >= MIN_VALUES and lacking >= RETYPED_SHARE * receipt.delivered:
            text = f"{lacking} of {receipt.delivered} records lack it and were refused"
            found.append(Drift(MISSING, f.name, f"field {f.name} is missing: {text}"))
        elif filled is None:
            earlier = [r for r in history if f.name not in r.missing]
            if earlier and all(f.name in r.filled for r in earlier):
                text = f"no column '{f.paths[0]}', which every earlier file had"
                found.append(Drift(MISSING, f.name, f"field {f.name} is missing: {text}"))
    return found + _new_fields(receipt, history)


def with_drift(receipt: Receipt, found: Sequence[Drift]) -> Receipt:
    """The receipt with what was found; missing and retyped fields are told in its message."""
    told = [receipt.message, *(d.message for d in found if d.is_error)]
    noted = [{"kind": d.kind, "field": d.field, "message": d.message} for d in found]
    return replace(receipt, message="; ".join(t for t in told if t), drift=[*receipt.drift, *noted])


def drift_of_delivery(obj: ObjectContract, batch: Sequence[Receipt], earlier: Sequence[Receipt]) -> list[Receipt]:
    """The receipts of files loaded together of which a field went missing against `earlier` deliveries: each file of
    sensible size by itself, the small ones of a format as one."""
    loaded = [r for r in batch if r.status in LOADED and r.loaded]
    groups = [[r] for r in loaded if r.loaded >= MIN_ROWS]
    for fmt in dict.fromkeys(file_format(r.file) for r in loaded):
        groups.append([r for r in loaded if r.loaded < MIN_ROWS and file_format(r.file) == fmt])
    changed: list[Receipt] = []
    for group in groups:
        found = of_delivery(obj, group, comparable(group[0], earlier)) if group else []
        if found:
            changed += [with_drift(r, found) for r in group]
    return changed


def of_delivery(obj: ObjectContract, batch: Sequence[Receipt], history: Sequence[Receipt]) -> list[Drift]:
    """Declared fields that no record of `batch` has although earlier deliveries had them.

    `batch`: files that came together. `history`: files of earlier deliveries that compare with them, oldest first. The
    rule counts records: MIN_ROWS of them on both sides, and absence must not be chance. Small deliveries just before,
    which had none either, count with this one: else a field could leave a trickle of records unseen.
    """
    found: list[Drift] = []
    for f in obj.fields:
        if any(f.name not in r.filled or r.filled[f.name] for r in batch) or f.name in _told(batch):
            continue
        earlier = [r for r in history if f.name in r.filled and f.name not in r.missing]
        rows = sum(r.loaded for r in batch)
        while earlier and earlier[-1].loaded < MIN_ROWS and not earlier[-1].filled[f.name]:
            rows += earlier.pop().loaded
        before = sum(r.loaded for r in earlier)
        if rows < MIN_ROWS or before < MIN_ROWS:
            continue
        share = min(1.0, sum(r.filled[f.name] for r in earlier) / before)
        sizeable = [r for r in earlier if r.loaded >= MIN_ROWS]
        usual = len(sizeable) >= ENOUGH_FILES and all(r.filled[f.name] for r in sizeable)
        if (share >= ALWAYS or usual) and (1 - share) ** rows < CHANCE:
            text = f"none of {rows} records has it, {share:.0%} of those delivered before had"
            found.append(Drift(MISSING, f.name, f"field {f.name} is missing: {text}"))
    return found


def comparable(receipt: Receipt, seen: Iterable[Receipt]) -> list[Receipt]:
    """Receipts that `receipt` may be held against: loaded by the same contract from the same format, not delivered
    later, and with their fields counted; oldest first."""
    found = [
        r
        for r in seen
        if r.file != receipt.file
        and r.status in LOADED
        and r.contract == receipt.contract
        and r.dt <= receipt.dt
        and r.filled
        and file_format(r.file) == file_format(receipt.file)
    ]
    return sorted(found, key=lambda r: (r.dt, r.file))


def shown_name(name: str) -> str:
    """The name of an undeclared field, unless it looks like data: a map may have addresses or numbers for keys."""
    return name if _PLAIN_NAME.fullmatch(name) else "(a name that may be personal)"


def _told(batch: Sequence[Receipt]) -> set[str]:
    return {str(d["field"]) for r in batch for d in r.drift if d["kind"] != NEW}


def _new_fields(receipt: Receipt, history: Sequence[Receipt]) -> list[Drift]:
    """Unknown fields that no earlier file had; in a first delivery nothing is new."""
    if not history:
        return []
    known = {name for r in history for name in r.extra_fields}
    found = []
    for name, rows in receipt.extra_fields.items():
        if name not in known and name not in OWN_FIELDS:
            shown = shown_name(name)
            found.append(Drift(NEW, shown, f"new field '{shown}' kept in _extra ({rows} records)"))
    return found
