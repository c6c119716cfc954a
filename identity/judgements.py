"""What people decided about pairs of records: checked against each other, and handed to linking.

Where judgements are kept is the caller's matter; here they are compared, read from a file, or written as two tables.

``positive`` says one person, ``negative`` two people, ``unsure`` that the question was looked at and stays open. A
later judgement on the same pair takes the place of the earlier one. ``positive`` judgements chain: A = C and C = B say
A = B, also when C's record is gone; so a chain of them must not close a ``negative`` one.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from identity.errors import IdentityInputError

JUDGEMENTS = ("positive", "negative", "unsure")


@dataclass(frozen=True)
class Judgement:
    """A person's decision about two records: ``positive``, ``negative`` or ``unsure``.

    `created_at` is ISO 8601 in UTC, `line` the line of the file it came from (0 = none). `evidence` is what
    `review.evidence_sql` said of the pair when it was judged ``unsure``; None holds whatever the evidence.
    """

    record_id_l: str
    record_id_r: str
    judgement: str
    author: str = ""
    reason: str = ""
    created_at: str = ""
    evidence: str | None = None
    line: int = 0

    @property
    def pair(self) -> tuple[str, str]:
        """The two records, the lesser id first: the order in which they were named means nothing."""
        return min(self.record_id_l, self.record_id_r), max(self.record_id_l, self.record_id_r)


@dataclass(frozen=True)
class Contradiction:
    """A ``negative`` judgement whose records a chain of ``positive`` ones joins; `path` runs from its left record."""

    negative: Judgement
    path: tuple[Judgement, ...]

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """All of them: the negative one first."""
        return (self.negative, *self.path)

    def text(self, new: Judgement | None = None) -> str:
        """One line with the path; `new` is shown as the one that is being recorded."""
        steps = []
        at = self.negative.record_id_l
        for judgement in self.path:
            to = judgement.record_id_r if judgement.record_id_l == at else judgement.record_id_l
            steps.append(f"{at} = {to}{_source(judgement, new)}")
            at = to
        apart = f"{self.negative.record_id_l} ≠ {self.negative.record_id_r}{_source(self.negative, new)}"
        return f"contradicts: {apart} but {', '.join(steps)}; undo one of these first"


def _source(judgement: Judgement, new: Judgement | None) -> str:
    if new is not None and judgement == new:
        return " (this one)"
    told = [f"line {judgement.line}" if judgement.line else "", judgement.author, judgement.created_at[:10]]
    named = ", ".join(part for part in told if part)
    return f" ({named})" if named else ""


def latest(judgements: Iterable[Judgement]) -> list[Judgement]:
    """One judgement per pair of records: the last one given."""
    by_pair: dict[tuple[str, str], Judgement] = {}
    for judgement in judgements:
        by_pair.pop(judgement.pair, None)
        by_pair[judgement.pair] = judgement
    return list(by_pair.values())


def contradictions(judgements: Iterable[Judgement]) -> Iterator[Contradiction]:
    """Each ``negative`` judgement that a chain of ``positive`` ones contradicts, with a shortest such chain.

    Only the last judgement per pair counts. Linear in the number of judgements while there is no contradiction.
    """
    current = latest(judgements)
    positive = [j for j in current if j.judgement == "positive"]
    group = _groups(positive)
    for judgement in current:
        if judgement.judgement != "negative":
            continue
        left, right = judgement.record_id_l, judgement.record_id_r
        if left in group and group[left] == group.get(right):
            yield Contradiction(judgement, _shortest_chain(positive, left, right))


def check(judgements: Iterable[Judgement], where: str = "") -> None:
    """Raise `IdentityInputError` naming the first contradiction and its path; `where` opens the line."""
    for found in contradictions(judgements):
        last = max(j.line for j in found.judgements)
        place = f"{where} line {last}: " if where and last else f"{where}: " if where else ""
        raise IdentityInputError(f"{place}{found.text()}")


def _groups(positive: Iterable[Judgement]) -> dict[str, str]:
    """Record → a name of the group that positive judgements chain it to; records without one are left out."""
    root: dict[str, str] = {}

    def find(node: str) -> str:
        while root.setdefault(node, node) != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for judgement in positive:
        left, right = find(judgement.record_id_l), find(judgement.record_id_r)
        root[max(left, right)] = min(left, right)
    return {node: find(node) for node in list(root)}


def _shortest_chain(positive: Sequence[Judgement], start: str, goal: str) -> tuple[Judgement, ...]:
    """Breadth-first; among chains of one length the one through the lesser record ids."""
    neighbours: dict[str, list[tuple[str, Judgement]]] = {}
    for judgement in positive:
        left, right = judgement.pair
        neighbours.setdefault(left, []).append((right, judgement))
        neighbours.setdefault(right, []).append((left, judgement))
    came: dict[str, tuple[str, Judgement] | None] = {start: None}
    waiting = deque([start])
    while waiting and goal not in came:
        node = waiting.popleft()
        for other, judgement in sorted(neighbours.get(node, ()), key=lambda step: step[0]):
            if other not in came:
                came[other] = (node, judgement)
                waiting.append(other)
    chain = []
    step = came.get(goal)
    while step is not None:
        chain.append(step[1])
        step = came[step[0]]
    return tuple(reversed(chain))


def load_judgements(
    con: duckdb.DuckDBPyConnection, judgements: Sequence[Judgement], features: str = "features"
) -> None:
    """Write temp tables ``judged`` (unique_id_l < unique_id_r, judgement, evidence; one row per pair) and ``forbidden``
    (unique_id_l, unique_id_r: the negative ones), over the records of table `features` (unique_id, record_id).

    A judged record that is gone is stood in for by the least record that positive judgements chain it to; without one,
    its judgements rest until it comes back. Raises `IdentityInputError` if the judgements contradict each other.
    """
    current = latest(judgements)
    check(current)
    named = sorted({record for j in current for record in j.pair})
    con.register("judged_names", pa.table({"record_id": pa.array(named, pa.string())}))
    present = {
        record
        for (record,) in con.execute(
            f"select record_id from judged_names semi join {features} using (record_id)"
        ).fetchall()
    }
    con.unregister("judged_names")
    standing = [j for j in _stand_in(current, present) if j.record_id_l != j.record_id_r]
    columns = {
        name: pa.array([getattr(j, name) for j in standing], pa.string())
        for name in ("record_id_l", "record_id_r", "judgement", "evidence")
    }
    con.register("judgement_input", pa.table(columns))
    con.execute(
        f"""create or replace temp table judged as
        select least(l.unique_id, r.unique_id) as unique_id_l, greatest(l.unique_id, r.unique_id) as unique_id_r,
            j.judgement, j.evidence
        from judgement_input j
        join {features} l on l.record_id = j.record_id_l
        join {features} r on r.record_id = j.record_id_r
        -- a stand-in can meet a pair that was judged unsure itself
        qualify row_number() over (
            partition by least(l.unique_id, r.unique_id), greatest(l.unique_id, r.unique_id)
            order by j.judgement = 'unsure', j.judgement, j.evidence) = 1"""
    )
    con.unregister("judgement_input")
    con.execute(
        "create or replace temp table forbidden as "
        "select unique_id_l, unique_id_r from judged where judgement = 'negative'"
    )


def _stand_in(current: Sequence[Judgement], present: set[str]) -> Iterator[Judgement]:
    """The judgements over present records only; see `load_judgements`."""
    group = _groups(j for j in current if j.judgement == "positive")
    stands: dict[str, str] = {}
    for record in sorted(present & group.keys()):
        stands.setdefault(group[record], record)
    for judgement in current:
        ends = [judgement.record_id_l, judgement.record_id_r]
        if judgement.judgement != "unsure":
            ends = [r if r in present else stands.get(group.get(r, ""), r) for r in ends]
        if ends[0] in present and ends[1] in present:
            yield replace(judgement, record_id_l=ends[0], record_id_r=ends[1])


@dataclass(frozen=True)
class JudgedRow:
    """One row of a judgement file: its line, its cells by column, and the judgement ('' where none was filled in)."""

    line: int
    cells: Mapping[str, str]
    judgement: str


def read_judgement_rows(path: Path) -> list[JudgedRow]:
    """Rows of a CSV with the columns record_id_l, record_id_r, judgement and any others; comma or semicolon.

    Raises `IdentityInputError` naming the file and the line (the last one, where a row runs over several).
    """
    if not path.exists():
        raise IdentityInputError(f"{path}: no such file")
    rows: list[JudgedRow] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=";" if head.count(";") > head.count(",") else ",", strict=True)
            columns = reader.fieldnames or []
            for column in ("record_id_l", "record_id_r", "judgement"):
                if columns.count(column) != 1:
                    problem = "is missing" if column not in columns else "is there twice"
                    raise IdentityInputError(
                        f"{path}: column {column} {problem}; it has {', '.join(columns) or 'none'}"
                    )
            for record in reader:
                if None in record:
                    raise IdentityInputError(f"{path} line {reader.line_num}: more cells than the header has columns")
                cells = {name: (cell or "").strip() for name, cell in record.items()}
                word = cells["judgement"].lower()
                if word and word not in JUDGEMENTS:
                    raise IdentityInputError(
                        f"{path} line {reader.line_num}: judgement must be positive, negative or unsure"
                    )
                for column in ("record_id_l", "record_id_r"):
                    if not cells[column]:
                        raise IdentityInputError(f"{path} line {reader.line_num}: {column} is empty")
                rows.append(JudgedRow(reader.line_num, cells, word))
    except UnicodeDecodeError as error:
        raise IdentityInputError(f"{path}: invalid UTF-8; save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise IdentityInputError(f"{path}: cannot be read as CSV (after line {len(rows) + 1})") from error
    except OSError as error:
        raise IdentityInputError(f"{path}: cannot be read ({type(error).__name__})") from error
    return rows


def read_judgement_file(path: Path, sources: Sequence[str]) -> list[Judgement]:
    """Judgements from a CSV [source_l,] record_id_l, [source_r,] record_id_r, judgement [, author, reason].

    Record ids become ``<source>|<record id>``; `sources` are those of the records, and where there are several the file
    must name them. The later of two lines on one pair counts. Raises `IdentityInputError` naming file and line, also
    where the judgements contradict each other.
    """
    judgements = []
    for row in read_judgement_rows(path):
        if not row.judgement:
            raise IdentityInputError(f"{path} line {row.line}: judgement is empty")
        ends = []
        for side in ("l", "r"):
            if f"source_{side}" not in row.cells and len(sources) > 1:
                raise IdentityInputError(
                    f"{path}: column source_{side} is needed, since the records come from several sources"
                )
            source = row.cells.get(f"source_{side}", sources[0] if sources else "")
            if not source and sources:
                raise IdentityInputError(f"{path} line {row.line}: source_{side} is empty")
            ends.append(f"{source}|{row.cells[f'record_id_{side}']}")
        if ends[0] == ends[1]:
            raise IdentityInputError(f"{path} line {row.line}: names one record twice")
        judgements.append(
            Judgement(
                ends[0], ends[1], row.judgement, row.cells.get("author", ""), row.cells.get("reason", ""), line=row.line
            )
        )
    check(judgements, str(path))
    return judgements
