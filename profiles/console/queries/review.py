"""The queue of doubtful pairs, and both sides of one of them from the published snapshot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from profiles.snapshot_provider import OpenSnapshot, Row

ATTRIBUTES = (
    "full_name",
    "native_name",
    "birth_date",
    "gender",
    "organisation",
    "street",
    "unit",
    "locality",
    "region",
    "postcode",
    "country",
    "language",
)


@dataclass(frozen=True)
class Side:
    """One side of a question: the record that was compared, and the profile that holds it."""

    record_id: str
    profile_id: str
    record: Row
    golden: Row
    identifiers: Mapping[str, Collection[str]]
    n_records: int


@dataclass(frozen=True)
class Line:
    """One compared line: what it is, both texts, and whether they are 'same', 'different', or 'one' side only."""

    name: str
    left: Sequence[str]
    right: Sequence[str]
    outcome: str


@dataclass(frozen=True)
class Question:
    """One pair of the queue. `place` counts from 0 in the order of worth."""

    place: int
    reason: str
    match_probability: float | None
    worth: float
    left: Side
    right: Side
    lines: Sequence[Line]


def has_queue(snapshot: OpenSnapshot) -> bool:
    """Whether the snapshot holds a queue that can be read by place; earlier versions may not."""
    return snapshot.has_table("pii", "review_queue") and bool(
        snapshot.query(
            "SELECT 1 AS found FROM duckdb_columns() WHERE database_name = 'pii' AND table_name = 'review_queue'"
            " AND column_name = 'place'"
        )
    )


def open_question(
    snapshot: OpenSnapshot, start: int, answered: Collection[tuple[str, str]]
) -> tuple[int, str, str] | None:
    """First pair at or after place `start` that is not in `answered`: (place, record, record); None at the end."""
    place = max(start, 0)
    while True:
        rows = snapshot.query(
            "SELECT record_id_l, record_id_r FROM pii.review_queue WHERE place > $start ORDER BY place LIMIT 100",
            {"start": place},
        )
        for row in rows:
            if (str(row["record_id_l"]), str(row["record_id_r"])) not in answered:
                return place, str(row["record_id_l"]), str(row["record_id_r"])
            place += 1
        if len(rows) < 100:
            return None


def count_open(snapshot: OpenSnapshot, answered: Collection[tuple[str, str]]) -> int:
    """Pairs of the queue that are not in `answered`, most of which left the queue with the run that applied them."""
    [row] = snapshot.query(
        "SELECT count(*) AS n FROM pii.review_queue q ANTI JOIN"
        " (SELECT unnest($left::VARCHAR[]) AS record_id_l, unnest($right::VARCHAR[]) AS record_id_r) a"
        " USING (record_id_l, record_id_r)",
        {"left": [left for left, _ in answered], "right": [right for _, right in answered]},
    )
    return int(str(row["n"]))


def answered_pairs(judgements: Sequence[Mapping[str, object]], made_at: datetime) -> set[tuple[str, str]]:
    """Pairs that need no answer: judged, unless as unsure before the snapshot was made (`made_at`): such a pair is in
    the queue again because its evidence changed."""
    found = set()
    for row in judgements:
        at = datetime.fromisoformat(str(row["created_at"]))
        if row["judgement"] != "unsure" or at >= made_at:
            found.add((str(row["record_id_l"]), str(row["record_id_r"])))
    return found


def judgements_of(author: str, judgements: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """What stands of `author`, newest first, and what somebody else has said otherwise since: who said so should know.

    `judgements` are all of them, those that were taken back too.
    """
    said: set[tuple[object, ...]] = set()
    found = []
    for row in sorted(judgements, key=lambda row: -int(str(row["judgement_id"]))):
        pair = row["record_id_l"], row["record_id_r"]
        is_overruled = row["revoked_by"] != author and (*pair, row["revoked_by"]) in said
        if row["author"] == author and (not row["revoked_at"] or is_overruled):
            found.append(row)
        said.add((*pair, row["author"]))
    return found


def question(snapshot: OpenSnapshot, place: int, record_l: str, record_r: str) -> Question | None:
    """Both sides of the pair, compared line by line; None where the queue does not have it."""
    rows = snapshot.query(
        "SELECT * FROM pii.review_queue WHERE record_id_l = $l AND record_id_r = $r",
        {"l": record_l, "r": record_r},
    )
    if not rows:
        return None
    [row] = rows
    left = _side(snapshot, record_l, str(row["profile_id_l"]))
    right = _side(snapshot, record_r, str(row["profile_id_r"]))
    probability = row["match_probability"]
    return Question(
        place=place,
        reason=str(row["reason"]),
        match_probability=None if probability is None else float(str(probability)),
        worth=float(str(row["worth"])),
        left=left,
        right=right,
        lines=_lines(left, right),
    )


def _side(snapshot: OpenSnapshot, record_id: str, profile_id: str) -> Side:
    records = (
        snapshot.query(
            "SELECT * FROM pii.records WHERE profile_id = $profile AND record_id = $record",
            {"profile": profile_id, "record": record_id},
        )
        if snapshot.has_table("pii", "records")
        else []
    )
    golden = snapshot.query("SELECT * FROM pii.golden_record WHERE profile_id = $id", {"id": profile_id})
    identifiers: dict[str, set[str]] = {}
    for row in snapshot.query(
        "SELECT DISTINCT kind, value FROM pii.identifiers WHERE profile_id = $id AND value IS NOT NULL"
        " AND kind NOT IN ('anonymous_id', 'device_id', 'email_sha256', 'phone_sha256') ORDER BY ALL",
        {"id": profile_id},
    ):
        identifiers.setdefault(str(row["kind"]), set()).add(str(row["value"]))
    members = snapshot.query(
        "SELECT n_records FROM marts.profiles.customer_profile WHERE profile_id = $id", {"id": profile_id}
    )
    return Side(
        record_id=record_id,
        profile_id=profile_id,
        record=records[0] if records else {},
        golden=golden[0] if golden else {},
        identifiers=identifiers,
        n_records=int(str(members[0]["n_records"])) if members else 0,
    )


def _lines(left: Side, right: Side) -> list[Line]:
    """Golden values and identifiers of both sides; lines that neither side has are left out."""
    lines = []
    for name in ATTRIBUTES:
        lines.append(_line(name, _texts(left.golden.get(name)), _texts(right.golden.get(name))))
    for kind in sorted(left.identifiers.keys() | right.identifiers.keys(), key=_kind_order):
        ours, theirs = sorted(left.identifiers.get(kind, ())), sorted(right.identifiers.get(kind, ()))
        lines.append(_line(kind, ours, theirs))
    return [line for line in lines if line.left or line.right]


def _kind_order(kind: str) -> tuple[bool, bool, str]:
    return kind != "email", kind != "phone", kind


def _line(name: str, left: Sequence[str], right: Sequence[str]) -> Line:
    if not left or not right:
        outcome = "one"
    else:
        shared = {text.casefold() for text in left} & {text.casefold() for text in right}
        outcome = "same" if shared else "different"
    return Line(name, left, right, outcome)


def _texts(value: object) -> list[str]:
    return [] if value is None or value == "" else [str(value)]
