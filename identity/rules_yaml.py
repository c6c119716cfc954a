"""Reading the user's rules: YAML in, `Rules` out, or one line that says which key is wrong and what it allows."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from identity.errors import IdentityInputError
from identity.rules import (
    BLOCK_COLUMNS,
    DEFAULT_IDENTIFIERS,
    DEFAULT_SHARED,
    BlockedValue,
    BlockingRules,
    ChangeBounds,
    ComparisonRules,
    ConflictRules,
    HouseholdRules,
    IdentifierRules,
    LevelOverride,
    Rules,
    SharedLimit,
)

T = TypeVar("T")
_USES = ("hard", "evidence", "ignored")


def read_rules(path: Path) -> Rules:
    """Read and check a YAML file of rules; an empty file gives the defaults."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise IdentityInputError(f"{path}: no such file") from error
    except OSError as error:
        raise IdentityInputError(f"{path}: cannot be read as a file") from error
    except UnicodeDecodeError as error:
        raise IdentityInputError(f"{path}: is not UTF-8 text") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise IdentityInputError(f"{path}{line}: is not valid YAML") from error
    return parse_rules({} if content is None else content, str(path), path.parent)


class _Section:
    """One mapping of the file: hands out its keys by type and range, and complains about those it does not know."""

    def __init__(self, content: object, where: str, key: str, known: Iterable[str] | None) -> None:
        self.where, self.key = where, key
        if not isinstance(content, Mapping):
            raise self.error(None, "must be a mapping of keys to values")
        self.content: dict[str, Any] = {}
        known = None if known is None else tuple(known)
        for name, value in content.items():
            # YAML reads off, on, yes and no as booleans; the only such key here is off
            text = "off" if name is False else str(name)
            if known is not None and text not in known:
                raise IdentityInputError(f"{where}: unknown key {self.path(text)}{nearest(text, known)}")
            self.content[text] = value

    def path(self, name: str | None) -> str:
        return ".".join(part for part in (self.key, name) if part) or "rules"

    def error(self, name: str | None, problem: str) -> IdentityInputError:
        return IdentityInputError(f"{self.where}: {self.path(name)} {problem}")

    def section(self, name: str, known: Iterable[str] | None) -> _Section:
        return _Section(self.content.get(name, {}), self.where, self.path(name), known)

    def number(self, name: str, default: T, low: float, high: float, *, null: bool = False) -> float | T:
        value = self.content.get(name, default)
        if value is default or (null and value is None):
            return value  # type: ignore[no-any-return]
        good = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        if not good:
            raise self.error(name, f"must be a number from {low:g} to {high:g}{' or null' if null else ''}")
        return float(value)

    def whole(self, name: str, default: T, low: int, high: int, *, null: bool = False) -> int | T:
        value = self.content.get(name, default)
        if value is default or (null and value is None):
            return value  # type: ignore[no-any-return]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.error(name, f"must be a whole number from {low} to {high}{' or null' if null else ''}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.content.get(name, default)
        if not isinstance(value, bool):
            raise self.error(name, "must be true or false")
        return value

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.content.get(name, default)
        if value not in allowed:
            raise self.error(name, f"must be one of {', '.join(allowed)}")
        return str(value)

    def names(self, name: str, known: Callable[[str], bool], offered: Iterable[str]) -> tuple[str, ...]:
        values = self.content.get(name, [])
        if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            raise self.error(name, "must be a list of names")
        for value in values:
            if not known(value):
                raise self.error(name, f"names {value}, which is none of {', '.join(offered)}{nearest(value, offered)}")
        return tuple(dict.fromkeys(values))


def nearest(word: str, known: Iterable[str]) -> str:
    """The end of an error line: which known word may have been meant, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known)}"


def parse_rules(content: object, where: str, folder: Path) -> Rules:
    """Check what YAML gave and return the rules. `folder`: where a blocklist file is sought."""
    keys = Rules.__dataclass_fields__
    top = _Section(content, where, "", keys)
    shared = _over_shared(top.section("over_shared", None))
    conflicts = top.section("conflicts", ConflictRules.__dataclass_fields__)
    households = top.section("households", HouseholdRules.__dataclass_fields__)
    change = top.section("change_bounds", ChangeBounds.__dataclass_fields__)
    default = Rules()
    threshold = top.number("threshold", default.threshold, 0.5, 1, null=True)
    review_from = top.number("review_from", default.review_from, 0, 1)
    if threshold is not None and review_from > threshold:
        raise top.error("review_from", "must not be above threshold")
    flags = {name: conflicts.flag(name, True) for name in conflicts.content if name != "generation_years"}
    return Rules(
        threshold=threshold,
        review_from=review_from,
        tolerated_wrong=top.number("tolerated_wrong", default.tolerated_wrong, 0.00001, 0.5),
        comparisons=_comparisons(top.section("comparisons", ComparisonRules.__dataclass_fields__)),
        blocking=_blocking(top.section("blocking", BlockingRules.__dataclass_fields__)),
        over_shared=shared,
        identifiers=_identifiers(top.section("identifiers", None)),
        max_records=top.whole("max_records", default.max_records, 2, 5000),
        blocklist=_blocklist(top, folder),
        conflicts=ConflictRules(
            **flags, generation_years=conflicts.whole("generation_years", ConflictRules.generation_years, 1, 100)
        ),
        households=HouseholdRules(households.whole("max_size", HouseholdRules.max_size, 2, 1000)),
        change_bounds=ChangeBounds(
            change.number("max_merged_share", ChangeBounds.max_merged_share, 0, 1),
            change.number("max_split_share", ChangeBounds.max_split_share, 0, 1),
            change.whole("min_profiles", ChangeBounds.min_profiles, 0, 1_000_000_000),
        ),
    )


def _is_attribute(name: str) -> bool:
    return re.fullmatch(r"attribute_\d{1,3}", name) is not None


def _comparisons(section: _Section) -> ComparisonRules:
    from identity.comparisons import PERSON, attribute

    known = {c.name: c for c in PERSON}
    off = section.names("off", lambda n: n in known or _is_attribute(n), known)
    levels: dict[str, dict[str, LevelOverride]] = {}
    overrides = section.section("levels", None)
    for name in overrides.content:
        if name not in known and not _is_attribute(name):
            raise IdentityInputError(f"{section.where}: unknown key {overrides.path(name)}{nearest(name, known)}")
        comparison = known[name] if name in known else attribute(int(name.removeprefix("attribute_")))
        of_comparison = overrides.section(name, [level.name for level in comparison.levels])
        levels[name] = {}
        for level in of_comparison.content:
            values = of_comparison.section(level, LevelOverride.__dataclass_fields__)
            m, h, u = (values.number(p, None, 1e-9, 1) for p in ("m", "h", "u"))
            levels[name][level] = LevelOverride(m, h, u, values.flag("fixed", True))
    return ComparisonRules(off, levels)


def _blocking(section: _Section) -> BlockingRules:
    from identity.blocking import RULES

    names = (*RULES, "emails", "phones")
    extra: dict[str, tuple[str, ...]] = {}
    rules = section.section("extra", None)
    for name in rules.content:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) or name in names or name == "id":
            raise rules.error(name, "must be a new name of small letters, digits and underscores")
        columns = rules.names(name, lambda c: c in BLOCK_COLUMNS or _is_attribute(c), (*BLOCK_COLUMNS, "attribute_0"))
        if not columns:
            raise rules.error(name, "must be a list of at least one column")
        extra[name] = columns
    return BlockingRules(
        section.whole("max_block", BlockingRules.max_block, 2, 10_000),
        section.number("pairs_per_record", BlockingRules.pairs_per_record, 0.1, 100_000, null=True),
        section.names("off", lambda n: n in names, names),
        extra,
    )


def _over_shared(section: _Section) -> dict[str, SharedLimit]:
    limits = dict(DEFAULT_SHARED)
    for kind in section.content:
        given = section.section(kind, SharedLimit.__dataclass_fields__)
        default = limits.get(kind, limits["other"])
        limits[kind] = SharedLimit(
            given.whole("max_names", default.max_names, 1, 1_000_000),
            given.whole("max_records", default.max_records, 1, 1_000_000),
        )
    return limits


def _identifiers(section: _Section) -> dict[str, IdentifierRules]:
    rules = dict(DEFAULT_IDENTIFIERS)
    for kind in section.content:
        given = section.section(kind, IdentifierRules.__dataclass_fields__)
        default = rules.get(kind, IdentifierRules())
        use: Any = given.choice("use", default.use, _USES)
        if kind in ("email", "phone") and use == "hard":
            # families share them; an edge by itself would make one person of each household
            raise given.error("use", f"must be evidence or ignored: {kind} is shared by families")
        rules[kind] = IdentifierRules(
            use,
            given.flag("unique_per_profile", default.unique_per_profile),
            given.flag("typed", default.typed),
            given.whole("max_values", default.max_values, 1, 100_000, null=True),
        )
    return rules


def _blocklist(top: _Section, folder: Path) -> tuple[BlockedValue, ...]:
    """The list in the file itself, or that of the CSV file it names. Values never reach an error message."""
    content = top.content.get("blocklist", [])
    if isinstance(content, str):
        return _blocklist_file(top, folder / content)
    if not isinstance(content, list):
        raise top.error("blocklist", "must be a list of kind and value, or the path of a CSV file")
    blocked = []
    for number, entry in enumerate(content, start=1):
        if (
            not isinstance(entry, dict)
            or set(entry) != {"kind", "value"}
            or not _is_text(entry["kind"], entry["value"])
        ):
            raise top.error("blocklist", f"entry {number} must hold kind and value as texts (put numbers in quotes)")
        blocked.append(BlockedValue(entry["kind"].strip(), entry["value"].strip()))
    return tuple(dict.fromkeys(blocked))


def _blocklist_file(top: _Section, path: Path) -> tuple[BlockedValue, ...]:
    blocked = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"kind", "value"} <= set(rows.fieldnames or ()):
                raise IdentityInputError(f"{path}: must have the columns kind and value")
            for row in rows:
                if not _is_text(row["kind"], row["value"]):
                    raise IdentityInputError(f"{path} line {rows.line_num}: kind and value must both be filled")
                blocked.append(BlockedValue(row["kind"].strip(), row["value"].strip()))
    except FileNotFoundError as error:
        raise top.error("blocklist", f"names {path}, which does not exist") from error
    except OSError as error:
        raise top.error("blocklist", f"names {path}, which cannot be read") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise IdentityInputError(f"{path}: cannot be read as a UTF-8 CSV file") from error
    return tuple(dict.fromkeys(blocked))


def _is_text(*values: object) -> bool:
    return all(isinstance(v, str) and v.strip() for v in values)
