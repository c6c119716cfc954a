"""What stands behind ``cdp steward``: which records an argument names, and the sheet that clerks fill in."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.inputs import InputsError
from cdp_pipeline.judgements import Decision, JudgementStore, NotJudged, Outcome, Recorded
from cdp_pipeline.sql_text import literal

if TYPE_CHECKING:
    from identity.sampling import Estimate

_STRATUM = re.compile(r"[TA]\d+")
# Spreadsheets take a cell that opens with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t")


@dataclass(frozen=True)
class Named:
    """What an argument names: a record, or a profile (`profile_id` living) with its representative record."""

    record_id: str
    profile_id: str
    is_profile: bool


class Directory:
    """Records and profiles of the last run."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con

    def find(self, text: str, which: str) -> Named:
        """The record or profile called `text`. A profile is represented by the record it has held longest, the least
        record id among several. Raises InputsError with the nearest id; `which` names the argument."""
        rows = self._con.execute("select record_id, profile_id from members where record_id = ?", [text]).fetchall()
        if rows:
            return Named(str(rows[0][0]), str(rows[0][1]), False)
        rows = self._con.execute(
            """select record_id, profile_id from members where profile_id =
                coalesce((select max(profile_id) from aliases where alias_profile_id = $id), $id)
            order by since, record_id limit 1""",
            {"id": text},
        ).fetchall()
        if rows:
            return Named(str(rows[0][0]), str(rows[0][1]), True)
        near = self._con.execute(
            """select id from (select record_id as id from members union select profile_id from members)
            order by jaro_winkler_similarity(id, ?) desc, id limit 1""",
            [text],
        ).fetchall()
        # What was typed may be personal, so it is not repeated.
        hint = f"the nearest id is {near[0][0]}" if near else "the last run had no records"
        raise InputsError(f"{which} names no record and no profile of the last run; {hint}")

    def records(self, text: str, which: str) -> set[str]:
        """The record called `text`, or all records of the profile called so."""
        named = self.find(text, which)
        if not named.is_profile:
            return {named.record_id}
        rows = self._con.execute("select record_id from members where profile_id = ?", [named.profile_id]).fetchall()
        return {str(record) for (record,) in rows}

    def unknown(self, records: Sequence[str]) -> set[str]:
        """Those of `records` that the last run did not know."""
        rows = self._con.execute(
            "select record_id from members where record_id in (select unnest(?::varchar[]))", [list(set(records))]
        ).fetchall()
        return set(records) - {str(record) for (record,) in rows}


@contextmanager
def directory(home: Home) -> Iterator[Directory]:
    """Open the members and aliases of the last run. Raises InputsError before the first."""
    if not (home.identity / "profile_members" / "part-0.parquet").exists():
        raise InputsError(f"{home.identity}: nothing has been resolved here yet; run `cdp run` first")
    with duckdb.connect() as con:
        for view, table in (("members", "profile_members"), ("aliases", "profile_aliases")):
            con.execute(
                f"create view {view} as select * from read_parquet({literal(home.identity / table / '*.parquet')})"
            )
        yield Directory(con)


def decide(
    home: Home, record_a: str, record_b: str, judgement: str, author: str, reason: str
) -> tuple[Outcome, list[Recorded]]:
    """Record a judgement on two records or profiles; returns what was done, and what a link leaves apart all the same:
    the ``negative`` judgements between other records of the two profiles.

    Raises InputsError where an argument names nothing, or a choice of records, and Contradicted.
    """
    with directory(home) as known:
        a, b = known.find(record_a, "A"), known.find(record_b, "B")
    if judgement == "negative" and a.profile_id == b.profile_id and (a.is_profile or b.is_profile):
        raise InputsError(
            f"separate needs the two records of profile {a.profile_id} that are to be apart; "
            f"`cdp profile show {a.profile_id}` lists its records"
        )
    if a.profile_id == b.profile_id and a.is_profile and b.is_profile:
        raise InputsError(f"A and B name one profile, {a.profile_id}; its records are together already")
    if a.record_id == b.record_id:
        of = f", which stands for profile {a.profile_id}" if a.is_profile or b.is_profile else ""
        raise InputsError(f"A and B name the same record{of}")
    evidence = None
    if judgement == "unsure":
        from identity.review import pair_evidence

        left, right = sorted((a.record_id, b.record_id))
        evidence = pair_evidence(home.identity, home.models, [(left, right)]).get((left, right))
    with JudgementStore(home.ops_db) as store:
        [outcome] = store.record([Decision(a.record_id, b.record_id, judgement, author, reason, evidence)])
        live = store.judgements()
    between: list[Recorded] = []
    if judgement == "positive" and a.profile_id != b.profile_id:
        with directory(home) as known:
            ours, theirs = known.records(a.profile_id, "A"), known.records(b.profile_id, "B")
        between = [j for j in _between(live, ours, theirs) if j.judgement == "negative"]
    return outcome, between


def _between(judgements: Iterable[Recorded], ours: set[str], theirs: set[str]) -> list[Recorded]:
    """Those of `judgements` that lie between two sets of records."""
    return [
        j for j in judgements
        if (j.record_id_l in ours and j.record_id_r in theirs) or (j.record_id_l in theirs and j.record_id_r in ours)
    ]  # fmt: skip


@dataclass(frozen=True)
class Waiting:
    """A judgement between records that the last run did not know of; with `is_taken_back` one that it applied and that
    has been taken back since. The next run follows it."""

    record_id_l: str
    record_id_r: str
    judgement: str
    author: str
    at: str
    is_taken_back: bool


def waiting(home: Home, record_a: str, record_b: str) -> list[Waiting]:
    """Judgements of any two records in the profiles of `record_a` and `record_b` that wait for the next run, the oldest
    first. One that says unsure decides nothing, so it waits for nothing either."""
    applied_file = home.identity / "judgements" / "part-0.parquet"
    if not applied_file.exists():  # resolved by an earlier version
        return []
    with duckdb.connect() as con:
        members = f"read_parquet({literal(home.identity / 'profile_members' / '*.parquet')})"
        about = {
            str(record)
            for (record,) in con.execute(
                f"select record_id from {members} where profile_id in"
                f" (select profile_id from {members} where record_id in (?, ?))",
                [record_a, record_b],
            ).fetchall()
        }
        applied = {
            (str(left), str(right)): str(judgement)
            for left, right, judgement in con.execute(
                f"select record_id_l, record_id_r, judgement from read_parquet({literal(applied_file)})"
                " where judgement <> 'unsure'"
            ).fetchall()
            if {left, right} <= about
        }
    if not home.ops_db.exists():
        return []
    with JudgementStore(home.ops_db) as store:
        rows = [j for j in store.judgements(revoked=True) if {j.record_id_l, j.record_id_r} <= about]
    found: dict[tuple[str, str], Waiting] = {}
    for row in rows:
        pair = (row.record_id_l, row.record_id_r)
        decides = row.revoked_at is None and row.judgement != "unsure"
        if decides and applied.get(pair) != row.judgement:
            found[pair] = Waiting(*pair, row.judgement, row.author, row.created_at, False)
        elif decides:
            found.pop(pair, None)
        elif row.revoked_at is not None and applied.get(pair) == row.judgement:
            found[pair] = Waiting(*pair, row.judgement, row.revoked_by or "", row.revoked_at, True)
    return sorted(found.values(), key=lambda one: one.at)


def take_back(home: Home, record_a: str, record_b: str, author: str, reason: str) -> Recorded:
    """Take back the live judgement between two records or profiles.

    Raises NotJudged where there is none or several (between two profiles), InputsError where an argument names nothing.
    """
    with JudgementStore(home.ops_db) as store:
        live = store.judgements()
        pairs = {(j.record_id_l, j.record_id_r) for j in live}
        if tuple(sorted((record_a, record_b))) not in pairs:  # a judged record may be gone
            with directory(home) as known:
                ours, theirs = known.records(record_a, "A"), known.records(record_b, "B")
            between = _between(live, ours, theirs)
            if not between:
                raise NotJudged("there is no live judgement between A and B; `cdp steward list` shows all")
            if len(between) > 1:
                ids = ", ".join(str(j.judgement_id) for j in between)
                raise NotJudged(f"{len(between)} judgements lie between A and B; choose one with --id: {ids}")
            record_a, record_b = between[0].record_id_l, between[0].record_id_r
        return store.undo(record_a, record_b, author=author, reason=reason)


def write_sheet(home: Home, out: Path, size: int, seed: int) -> int:
    """Draw a sample for clerks into the CSV `out` (mode 0600, never over an existing file); returns its rows.

    Raises InputsError where `out` exists or is no .csv, IdentityInputError before the first run.
    """
    from identity.sampling import sample_rows

    if out.suffix != ".csv":
        raise InputsError(f"{out.name}: the ending must be .csv")
    if out.exists():
        raise InputsError(f"{out} exists already, perhaps with someone's answers: name another file")
    columns, rows = sample_rows(home.core, home.identity, size, seed)
    if not rows:
        raise InputsError("there is no pair to label: no record shares a profile or was compared with another")
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    part.unlink(missing_ok=True)
    keep = {columns.index(name) for name in ("record_id_l", "record_id_r")}
    with os.fdopen(
        os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8-sig", newline=""
    ) as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([cell if i in keep else _plain(cell) for i, cell in enumerate(row)])
    part.replace(out)
    return len(rows)


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


@dataclass(frozen=True)
class Imported:
    """What an import did, in rows; `estimate` where the file is a sample with ``stratum`` and ``weight``."""

    rows: int
    open: int
    recorded: int
    superseded: int
    unchanged: int
    taken_back: int
    estimate: Estimate | None


def import_sheet(home: Home, path: Path, author: str, reason: str) -> Imported:
    """Record the filled-in judgements of a sheet, all or none; importing it again changes nothing.

    Needs record_id_l, record_id_r, judgement; author and reason per row take the place of the arguments. Raises
    IdentityInputError and InputsError naming the line, and Contradicted.
    """
    from identity.judgements import read_judgement_rows
    from identity.review import pair_evidence
    from identity.sampling import Label, estimate

    rows = read_judgement_rows(path)
    filled = [row for row in rows if row.judgement]
    pairs = {row.line: _pair(row.cells) for row in rows}
    for row in rows:
        if pairs[row.line][0] == pairs[row.line][1]:
            raise InputsError(f"{path} line {row.line}: names one record twice")
    with directory(home) as known:
        unknown = known.unknown([record for row in filled for record in pairs[row.line]])
    for row in filled:
        if unknown & set(pairs[row.line]):
            raise InputsError(f"{path} line {row.line}: names a record that the last run did not know")
    labels = None
    if rows and {"stratum", "weight"} <= rows[0].cells.keys():
        labels = [Label(*_stratum(row.cells, f"{path} line {row.line}"), row.judgement) for row in rows]
    unsure = {pairs[row.line] for row in filled if row.judgement == "unsure"}
    evidence = pair_evidence(home.identity, home.models, unsure) if unsure else {}
    decisions = [
        Decision(
            *pairs[row.line], row.judgement, row.cells.get("author") or author, row.cells.get("reason") or reason,
            evidence.get(pairs[row.line]) if row.judgement == "unsure" else None, row.line,
        )
        for row in filled
    ]  # fmt: skip
    with JudgementStore(home.ops_db) as store:
        outcomes = [o.status for o in store.record(decisions, where=str(path), once=True)]
    return Imported(
        len(rows), len(rows) - len(filled), outcomes.count("recorded"), outcomes.count("superseded"),
        outcomes.count("unchanged"), outcomes.count("taken_back"), estimate(labels) if labels is not None else None,
    )  # fmt: skip


def _pair(cells: Mapping[str, str]) -> tuple[str, str]:
    left, right = sorted((cells["record_id_l"], cells["record_id_r"]))
    return left, right


def _stratum(cells: Mapping[str, str], where: str) -> tuple[str, float]:
    try:
        weight = float(cells["weight"].replace(",", "."))  # a spreadsheet writes its own decimal mark
    except ValueError:
        weight = 0.0
    if not _STRATUM.fullmatch(cells["stratum"]) or not 0 < weight < float("inf"):
        raise InputsError(f"{where}: stratum and weight must be as `cdp steward sample` wrote them")
    return cells["stratum"], weight
