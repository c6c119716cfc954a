"""Who of those who may be sent is sent, and as what: ranked audiences, frequency caps, named variants.

A destination declares them in ``destinations.yml``. `audience.build_audience` applies the cap before the rank, so that
who is capped leaves room for the next; variants and holdout are drawn among those who would be sent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from profiles.exports import arms, contacted
from profiles.exports.errors import DestinationError
from profiles.rows import literal, quoted

FEATURE = re.compile(r"features\.[a-z][a-z0-9_]*")
# Parts of a whole that a share can be told in: hundredths of a percent.
BUCKETS = 10_000
ORDERS = ("desc", "asc")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
# Words of the readout of a holdout.
_RESERVED = ("holdout", "exported")


@dataclass(frozen=True)
class Top:
    """The `count` people with the greatest (`order` asc: least) value of the feature `by`; who has none is not in."""

    by: str
    count: int
    order: str = "desc"


@dataclass(frozen=True)
class Cap:
    """At most `exports` exports of one person in `days` days, over the destinations `across` (none named: all)."""

    exports: int
    days: int
    across: tuple[str, ...] = ()


def read_variants(where: str, given: dict[Any, Any]) -> tuple[tuple[str, float], ...]:
    """Names and shares (percent), as declared. Raises DestinationError."""
    if len(given) < 2:
        raise DestinationError(f"{where}: variants must name at least two, each with its share in percent")
    found = []
    for name, share in given.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _RESERVED:
            raise DestinationError(
                f"{where}: variants: '{name}' is no name for a variant: lower-case letters, digits and underscores, "
                f"and neither {' nor '.join(_RESERVED)}"
            )
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 100:
            raise DestinationError(f"{where}: variants: the share of {name} must be a percentage between 0 and 100")
        found.append((name, float(share)))
    whole = sum(share for _, share in found)
    if abs(whole - 100) > 0.5 / BUCKETS:
        raise DestinationError(f"{where}: variants: the shares make {whole:g}, not 100")
    return tuple(found)


def read_top(where: str, given: dict[Any, Any]) -> Top:
    """The ranking, as declared. Raises DestinationError."""
    _keys(f"{where}: top", given, ("by", "count"), ("order",))
    by, order = given["by"], given.get("order", "desc")
    if not isinstance(by, str) or not FEATURE.fullmatch(by):
        raise DestinationError(f"{where}: top: by must be features.<column>")
    if order not in ORDERS:
        raise DestinationError(f"{where}: top: order must be one of {', '.join(ORDERS)}")
    return Top(by, _number(f"{where}: top", "count", given["count"], None), order)


def read_cap(where: str, given: dict[Any, Any]) -> Cap:
    """The frequency cap, as declared. Raises DestinationError."""
    _keys(f"{where}: cap", given, ("exports", "days"), ("across",))
    across = given.get("across", [])
    if not isinstance(across, list) or not all(isinstance(name, str) for name in across):
        raise DestinationError(f"{where}: cap: across must be a list of destinations")
    exports = _number(f"{where}: cap", "exports", given["exports"], None)
    return Cap(exports, _number(f"{where}: cap", "days", given["days"], contacted.KEPT_DAYS), tuple(across))


def _keys(where: str, given: dict[Any, Any], required: Sequence[str], optional: Sequence[str]) -> None:
    for key in given:
        if key not in (*required, *optional):
            raise DestinationError(f"{where}: unknown key '{key}': one of {', '.join((*required, *optional))}")
    for key in required:
        if key not in given:
            raise DestinationError(f"{where}: {key} is missing")


def _number(where: str, key: str, value: Any, most: int | None) -> int:
    if type(value) is not int or value < 1 or (most is not None and value > most):
        raise DestinationError(f"{where}: {key} must be a whole number from 1{f' to {most}' if most else ' on'}")
    return value


def bucket_sql(salt: str, profile_id: str) -> str:
    """SQL for a number below `BUCKETS`, the same for a profile for ever; another `salt` draws independently.

    Not DuckDB's own hash, which may change between versions.
    """
    return f"cast('0x' || left(md5({literal(salt + '|')} || {profile_id}), 8) as bigint) % {BUCKETS}"


def draw_variants(
    con: duckdb.DuckDBPyConnection, name: str, variants: Sequence[tuple[str, float]], assigned: Path
) -> None:
    """Fill the column variant of temp table ``audience`` by profile id and shares; `name` is the destination's.

    A variant that the file `assigned` (see `arms`) has of the person stands, also one of a profile that has been merged
    into this one: changed shares move nobody.
    """
    below, cases = 0.0, []
    for variant, share in variants[:-1]:
        below += share
        cases.append(f"when {bucket_sql(name + '|variant', 'profile_id')} < {round(below / 100 * BUCKETS)}")
        cases.append(f"then {literal(variant)}")
    _drawn_before(con, assigned, f"k.variant in ({', '.join(literal(variant) for variant, _ in variants)})")
    con.execute(f"update audience set variant = case {' '.join(cases)} else {literal(variants[-1][0])} end")
    con.execute("update audience a set variant = d.variant from drawn_before d where a.profile_id = d.profile_id")


def draw_holdout(con: duckdb.DuckDBPyConnection, name: str, share: float, assigned: Path) -> None:
    """Give the state holdout to `share` (0 to 1, above 0) of those of temp table ``audience`` who would be sent.

    Drawn by profile id, so the same people whatever the segment's size and the order of rows. The side that the file
    `assigned` (see `arms`) has of the person stands, also that of a profile merged into this one: whoever was held out
    and is sent after all would spoil the comparison.
    """
    _drawn_before(con, assigned, "true")
    con.execute(
        f"""update audience set state = 'holdout' where state = 'sent' and coalesce(
            (select d.variant = '{arms.HELD_OUT}' from drawn_before d where d.profile_id = audience.profile_id),
            {bucket_sql(name, "profile_id")} < {round(share * BUCKETS)})"""
    )


def _drawn_before(con: duckdb.DuckDBPyConnection, assigned: Path, condition: str) -> None:
    """Temp table ``drawn_before`` (profile_id, variant): what the file has of each living profile under `condition`; of
    a merged one its own before that of the other."""
    con.execute("create or replace temp table drawn_before (profile_id varchar, variant varchar)")
    if assigned.exists():
        con.execute(
            f"""insert into drawn_before
            select coalesce(a.profile_id, k.profile_id) as profile_id,
                arg_min(k.variant, (a.profile_id is not null, k.as_of, k.profile_id)) as variant
            from read_parquet({literal(assigned)}) k
            left join marts.profiles.profile_aliases a on a.alias_profile_id = k.profile_id
            where {condition} group by all"""
        )


def apply_cap(
    con: duckdb.DuckDBPyConnection, home: Path, cap: Cap, destinations: Sequence[str], as_of: date, held: Path | None
) -> None:
    """Give the state capped to those of temp table ``audience`` whom exports of the last days reached often enough.

    `destinations` are those over which is counted. A day is one of as-ofs: `as_of` and the days before it. Who is a
    member already (file `held`) stays one: nothing further reaches the person by that.
    """
    files = contacted.files(home, destinations)
    if not files:
        return
    con.execute("create or replace temp table holding (profile_id varchar)")
    if held is not None:
        con.execute(
            f"""insert into holding select coalesce(a.profile_id, h.profile_id) from read_parquet({literal(held)}) h
            left join marts.profiles.profile_aliases a on a.alias_profile_id = h.profile_id"""
        )
    con.execute(
        f"""update audience set state = 'capped' where state = 'sent'
        and profile_id not in (select profile_id from holding) and profile_id in (
            select coalesce(a.profile_id, c.profile_id)
            from read_parquet([{", ".join(literal(path) for path in files)}]) c
            left join marts.profiles.profile_aliases a on a.alias_profile_id = c.profile_id
            where c.as_of > $as_of::date - {cap.days} and c.as_of <= $as_of::date
            group by all having count(*) >= {cap.exports})""",
        {"as_of": as_of},
    )


def apply_top(con: duckdb.DuckDBPyConnection, top: Top) -> None:
    """Give the state below_rank to those of temp table ``audience`` who are not among the first; ties go by profile id.

    The feature must be one of the snapshot.
    """
    value = quoted(top.by.removeprefix("features."))
    con.execute(
        f"""update audience set state = 'below_rank' where state = 'sent' and profile_id not in (
            select profile_id from audience join marts.features.profile_features f using (profile_id)
            where state = 'sent' and f.{value} is not null
            order by f.{value} {top.order}, profile_id limit {top.count})"""
    )
