"""The user's rules: every choice that the data or the platform makes by itself and that a YAML file may override.

Here are the choices, their defaults and what they mean; `rules_yaml.py` reads and checks them. Nothing is applied here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from identity.sql_text import literals
from identity.threshold import TOLERATED_WRONG

Use = Literal["hard", "evidence", "ignored"]

# What an extra blocking rule may be made of: columns of `features` whose equality says something.
BLOCK_COLUMNS = (
    "given", "given_c", "given_i", "middle", "family", "native", "name_key", "suffix", "organisation", "gender", "dob",
    "birthday", "email", "email_user", "phone", "street", "postcode", "locality", "address_key",
)  # fmt: skip


@dataclass(frozen=True)
class LevelOverride:
    """Probabilities of one level of agreement given by the user; None leaves the default.

    `fixed`: training does not move them. Otherwise they replace the defaults as the prior that training starts from.
    """

    m: float | None = None
    h: float | None = None
    u: float | None = None
    fixed: bool = True


@dataclass(frozen=True)
class ComparisonRules:
    """`off`: names of comparisons that are not made. `levels`: comparison → level name → `LevelOverride`."""

    off: tuple[str, ...] = ()
    levels: Mapping[str, Mapping[str, LevelOverride]] = field(default_factory=dict)


@dataclass(frozen=True)
class BlockingRules:
    """`max_block` (records, default 80): a larger block is left out. `pairs_per_record` (pairs, default null = no
    budget): candidate pairs per record on average, beyond which the least specific rules give way. `off`: names of
    blocking rules that are not used. `extra`: name → columns (of `BLOCK_COLUMNS` or ``attribute_<n>``) that must all
    agree."""

    max_block: int = 80
    pairs_per_record: float | None = None
    off: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class SharedLimit:
    """A value under more than `max_names` names or on more than `max_records` records proves nothing; records that say
    the same (`repeats`) count once."""

    max_names: int
    max_records: int


@dataclass(frozen=True)
class IdentifierRules:
    """How one kind of identifier is used.

    `use`: ``hard`` (an edge by itself), ``evidence`` (candidate pairs and scores only) or ``ignored``.
    `unique_per_profile`: a person has one value per namespace; two trusted values in one profile break the rule.
    `typed`: people type it, so that a value one slip away (of 6 characters or more) is the same value to that rule.
    `max_values` (values, null = no cap): distinct trusted values that one profile may hold.
    """

    use: Use = "hard"
    unique_per_profile: bool = False
    typed: bool = False
    max_values: int | None = None


@dataclass(frozen=True)
class BlockedValue:
    """A value that is never trusted, as the user wrote it; it is normalised like data. Personal: never printed."""

    kind: str
    value: str = field(repr=False)


@dataclass(frozen=True)
class ConflictRules:
    """Which differences mean that two records cannot be one person (all on by default).

    `given_name`: other given names without one birth date. `birth_date`: two complete birth dates unlike in every part,
    beside other e-mails and other phones. `generation`: birth years `generation_years` (years, default 12) or more
    apart. `suffix`: jr beside sr, or any two that differ but for jr and ii. `gender`: other gender and another given
    name in one family or at one address. `twins`: one birth date, family name and address, other given names, other
    e-mails or phones; or, beside `given_name`, two listed given names with nothing else in common than birth date and
    family name. `entity_type`: a person beside an organisation. `namesakes`: two groups of records that share no
    contact and no birth date and differ in two of e-mail, phone and birth date. A given name is another one if no short
    form, initial, slip or swap explains it.
    """

    given_name: bool = True
    birth_date: bool = True
    generation: bool = True
    generation_years: int = 12
    suffix: bool = True
    gender: bool = True
    twins: bool = True
    entity_type: bool = True
    namesakes: bool = True


@dataclass(frozen=True)
class HouseholdRules:
    """`max_size` (profiles, default 12): an address with more is a house of flats or an office."""

    max_size: int = 12


@dataclass(frozen=True)
class ChangeBounds:
    """What an unattended run may change: shares of the published profiles (0 to 1, default .05 each). Beyond them the
    run stops before publishing and says so. `min_profiles` (default 100): below so many profiles nothing is held back.
    """

    max_merged_share: float = 0.05
    max_split_share: float = 0.05
    min_profiles: int = 100


DEFAULT_SHARED: Mapping[str, SharedLimit] = MappingProxyType(
    {
        # A family has a handful of members; a value under more names than this is a shop's number or a filler. One
        # person's duplicates in a dozen systems stay below 60 records.
        "email": SharedLimit(8, 60),
        "phone": SharedLimit(8, 60),
        # More people than this behind one door is a house of flats or an office.
        "address": SharedLimit(12, 100),
        # An identifier that only one person can have is over-shared far earlier. Stands for every other kind.
        "other": SharedLimit(3, 60),
    }
)
DEFAULT_IDENTIFIERS: Mapping[str, IdentifierRules] = MappingProxyType(
    {
        "email": IdentifierRules("evidence", max_values=25),
        "phone": IdentifierRules("evidence", max_values=25),
        # valid for one device or browser, not for one person
        "anonymous_id": IdentifierRules("ignored"),
        "device_id": IdentifierRules("ignored"),
        # loyalty_id is not unique by default: on the committed sample 9 of 279 people hold two cards
        "national_id": IdentifierRules(unique_per_profile=True, typed=True),
        "ssn": IdentifierRules(unique_per_profile=True, typed=True),
    }
)


@dataclass(frozen=True)
class Rules:
    """Every choice a user can override; the defaults are what the platform does by itself.

    `threshold` (probability, null = calibrated): from it up a pair is linked. `review_from` (probability, default .2):
    from it up a pair is a question for a person. `tolerated_wrong` (share, default .006): accepted pairs that the model
    itself may expect to be wrong when the threshold is calibrated. `over_shared`: kind → `SharedLimit`, ``other`` for
    the kinds not named. `identifiers`: kind → `IdentifierRules`; a kind not named is hard. `max_records` (records,
    default 400): one profile holds no more, those not counted that only repeat others (`repeats`). `blocklist`: values
    that are never trusted (reason ``blocklisted``). The other sections are described by their classes.
    """

    threshold: float | None = None
    review_from: float = 0.2
    tolerated_wrong: float = TOLERATED_WRONG
    comparisons: ComparisonRules = ComparisonRules()
    blocking: BlockingRules = BlockingRules()
    over_shared: Mapping[str, SharedLimit] = field(default_factory=lambda: dict(DEFAULT_SHARED))
    identifiers: Mapping[str, IdentifierRules] = field(default_factory=lambda: dict(DEFAULT_IDENTIFIERS))
    max_records: int = 400
    blocklist: tuple[BlockedValue, ...] = ()
    conflicts: ConflictRules = ConflictRules()
    households: HouseholdRules = HouseholdRules()
    change_bounds: ChangeBounds = ChangeBounds()

    def identifier(self, kind: str) -> IdentifierRules:
        """The rules of one kind."""
        return self.identifiers.get(kind, IdentifierRules())

    def shared_limit(self, kind: str) -> SharedLimit:
        """The over-shared limits of one kind."""
        return self.over_shared.get(kind, self.over_shared["other"])

    def use_sql(self, kind: str, *uses: Use) -> str:
        """SQL condition: the identifier kind in expression `kind` has one of `uses`. Kinds not named are hard."""
        listed = [k for k, rule in self.identifiers.items() if rule.use in uses]
        if "hard" in uses:
            others = [k for k, rule in self.identifiers.items() if rule.use not in uses]
            return f"({kind} not in ({literals(others)}))" if others else "true"
        return f"({kind} in ({literals(listed)}))" if listed else "false"

    def shared_limit_sql(self, kind: str, limit: Literal["max_names", "max_records"]) -> str:
        """SQL expression: the over-shared limit of the identifier kind in expression `kind`."""
        arms = " ".join(
            f"when {literals([k])} then {getattr(v, limit)}"
            for k, v in sorted(self.over_shared.items())
            if k != "other"
        )
        other = getattr(self.over_shared["other"], limit)
        return f"(case {kind} {arms} else {other} end)" if arms else str(other)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, for a report: the blocklist is only counted."""
        return self._plain() | {"blocklist": len(self.blocklist)}

    def fingerprint(self) -> str:
        """Sixteen hex digits that change when any rule does; the order in a file plays no part."""
        text = json.dumps(self._plain(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def as_json(self) -> str:
        """One line for `rules_from_json`. Without the blocklist, whose values are personal."""
        return json.dumps(asdict(replace(self, blocklist=())))

    def _plain(self) -> dict[str, Any]:
        plain = asdict(self)
        plain["comparisons"]["off"] = sorted(self.comparisons.off)
        plain["blocking"]["off"] = sorted(self.blocking.off)
        plain["blocklist"] = sorted([b.kind, b.value] for b in self.blocklist)
        return plain


def load_rules(path: Path) -> Rules:
    """Read and check a YAML file of rules; an empty file gives the defaults.

    Raises `IdentityInputError` with one line that names the file, the key and what it allows.
    """
    from identity.rules_yaml import read_rules

    return read_rules(path)


def rules_from(content: Mapping[str, Any], where: str, folder: Path | None = None) -> Rules:
    """Check a mapping as YAML gives it. `where` names it in errors; a blocklist file is sought under `folder`."""
    from identity.rules_yaml import parse_rules

    return parse_rules(content, where, folder or Path())


def rules_from_json(text: str) -> Rules:
    """The rules that `Rules.as_json` wrote. Raises TypeError, KeyError or ValueError on anything else."""
    c = json.loads(text)
    compared, blocking = c["comparisons"], c["blocking"]
    levels = {name: {level: LevelOverride(**o) for level, o in of.items()} for name, of in compared["levels"].items()}
    extra = {name: tuple(columns) for name, columns in blocking["extra"].items()}
    return Rules(
        **{name: c[name] for name in ("threshold", "review_from", "tolerated_wrong", "max_records")},
        comparisons=ComparisonRules(tuple(compared["off"]), levels),
        blocking=BlockingRules(**(blocking | {"off": tuple(blocking["off"]), "extra": extra})),
        over_shared={kind: SharedLimit(**limit) for kind, limit in c["over_shared"].items()},
        identifiers={kind: IdentifierRules(**rule) for kind, rule in c["identifiers"].items()},
        conflicts=ConflictRules(**c["conflicts"]),
        households=HouseholdRules(**c["households"]),
        change_bounds=ChangeBounds(**c["change_bounds"]),
    )
