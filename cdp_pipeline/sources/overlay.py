"""What a home's own exports change in the delivered contracts: ``<home>/contracts/<source>.yml``.

Pages that describe a system from memory give a mapping that an installation must be able to correct without touching
the package. An overlay changes how a file is read; what a column is and means stays, because dbt, the identity rules
and the docs are built on it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from cdp_pipeline.home import Home
from cdp_pipeline.sources import contract_check as check
from cdp_pipeline.sources.contract import CONTRACTS, load_contract
from cdp_pipeline.sources.contract_check import Check, read_yaml
from cdp_pipeline.sources.contract_types import META_COLUMNS, ContractError, SourceContract

SOURCE_KEYS = ("source", "timezone", "objects")
OBJECT_KEYS = (
    "formats",
    "unwrap",
    "expect",
    "drop",
    "error_budget",
    "timezone",
    "delimiter",
    "encoding",
    "max_loss",
    "skip_after_header",
    "header_contains",
    "fields",
)
FIELD_KEYS = (
    "from",
    "type",
    "one_of",
    "min",
    "max",
    "strip_prefix",
    "format",
    "decode",
    "decimal_mark",
    "pattern",
    "timezone",
)
NEW_FIELD_KEYS = (*FIELD_KEYS, "personal", "description")
# What a column is and means: everything else that a contract may say.
_FIXED = {*check.SOURCE_KEYS, *check.OBJECT_KEYS, *check.FIELD_KEYS}
# A type may become one that gives the same column.
_ALIKE = ({"string", "text"}, {"timestamp", "timestamp_s", "timestamp_ms", "timestamp_us"})


def contracts_of(home: Home, folder: Path | None = None) -> dict[str, SourceContract]:
    """The contracts that hold in a home: the delivered ones (or those of `folder`) under the home's overlays.

    Raises ContractError with one line that names the file, below the home for an overlay, and the place.
    """
    folder = CONTRACTS if folder is None else folder
    overlays = {path.stem: path for path in overlay_files(home)}
    contracts: dict[str, SourceContract] = {}
    for path in sorted(folder.glob("*.yml")):
        overlay = overlays.pop(path.stem, None)
        status = path.stat()
        contract = _delivered(path, status.st_size, status.st_mtime_ns)
        if overlay is not None:
            name = f"{overlay.parent.name}/{overlay.name}"
            merged = _Overlay(name, contract).over(read_yaml(path, path.name), read_yaml(overlay, name))
            contract = Check(name).source(merged)
        contracts[contract.source] = contract
    for stem, path in overlays.items():
        raise ContractError(f"{path.parent.name}/{path.name}: no source '{stem}' to change{_near(stem, contracts)}")
    return dict(sorted(contracts.items()))


@lru_cache(maxsize=256)
def _delivered(path: Path, size: int, modified: int) -> SourceContract:
    """The contract of a file as it is now. A run asks for all of them several times."""
    return load_contract(path)


def overlay_files(home: Home) -> list[Path]:
    """The overlay files of a home, sorted; nothing when it has none."""
    return sorted(home.contracts.glob("*.yml")) if home.contracts.is_dir() else []


class _Overlay:
    """Checks an overlay against the contract it changes, and merges the two as plain YAML."""

    def __init__(self, file: str, contract: SourceContract) -> None:
        self.check, self.contract = Check(file), contract

    def over(self, delivered: Mapping[str, Any], overlay: object) -> dict[str, Any]:
        """`delivered` with what `overlay` says: lists are replaced, a null takes an option away."""
        top = self._known(overlay, "", SOURCE_KEYS)
        if top.get("source", self.contract.source) != self.contract.source:
            raise self.check.fail("source", f"'{top['source']}' must equal the file's name")
        objects = dict(delivered["objects"])
        for name, change in self.check.mapping(top.get("objects", {}), "objects").items():
            if name not in objects:
                raise self.check.fail("objects", f"no object '{name}' to change{_near(str(name), objects)}")
            objects[name] = self._object(name, objects[name], change)
        return {**delivered, **_options(delivered, top, "objects"), "objects": objects}

    def _object(self, name: str, delivered: Mapping[str, Any], overlay: object) -> dict[str, Any]:
        change = self._known(overlay, name, OBJECT_KEYS)
        fields = dict(delivered["fields"])
        for field, options in self.check.mapping(change.get("fields", {}), f"{name}.fields").items():
            place = f"{name}.{field}"
            if field in fields:
                spec = self._known(options, place, FIELD_KEYS)
                merged = _options(fields[field], spec)
                before, after = fields[field]["type"], merged.get("type")
                if after != before and not any({before, after} <= alike for alike in _ALIKE):
                    raise self.check.fail(place, f"type {before} cannot become {after}: the column stays what it is")
                fields[field] = merged
            else:
                if field in dict(META_COLUMNS):
                    raise self.check.fail(place, "the name is the reader's own")
                fields[field] = self._known(options, place, NEW_FIELD_KEYS)
        return {**_options(delivered, change, "fields"), "fields": fields}

    def _known(self, data: object, place: str, known: Sequence[str]) -> dict[str, Any]:
        spec = self.check.mapping(data, place)
        for key in spec:
            if key in known:
                continue
            if key in _FIXED:
                raise self.check.fail(place, f"an overlay cannot change '{key}', only: {', '.join(known)}")
            raise self.check.fail(place, f"unknown key '{key}'{_near(str(key), known)}")
        return spec


def _options(base: Mapping[str, Any], change: Mapping[str, Any], *apart: str) -> dict[str, Any]:
    """`base` with the options of `change`, without those that it sets to null."""
    merged = {**base, **{k: v for k, v in change.items() if k not in apart}}
    return {k: v for k, v in merged.items() if v is not None or k not in change}


def _near(name: str, names: Mapping[str, Any] | Sequence[str]) -> str:
    near = difflib.get_close_matches(name, list(names), 1)
    return f", did you mean '{near[0]}'?" if near else ""


__all__ = ["contracts_of", "overlay_files"]
