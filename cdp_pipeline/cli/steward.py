"""``cdp steward``: people's judgements on pairs of records, and the questions that wait for one."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdp_pipeline.cli._common import (
    Subparsers,
    UsageError,
    add_home,
    add_json,
    at_least_one,
    home_of,
    print_json,
    table,
)

if TYPE_CHECKING:
    from cdp_pipeline.judgements import Recorded
    from identity.review import Question
    from identity.sampling import Estimate

VERDICTS = {"link": "positive", "separate": "negative", "unsure": "unsure"}
NOT_COMPARABLE = "not comparable"
SIGNS = {"positive": "=", "negative": "≠", "unsure": "?"}


def register(commands: Subparsers) -> None:
    """Add the commands to the parser."""
    steward = commands.add_parser("steward", help="judge doubtful pairs: link, separate, undo, review")
    actions = steward.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, text in {
        "link": "A and B are one person; they stay together in every later run",
        "separate": "A and B are two people; they are never in one profile again",
        "unsure": "looked at and left open: out of the queue until the evidence changes",
    }.items():
        action = actions.add_parser(name, help=text)
        action.add_argument("a", metavar="A", help="record or profile id")
        action.add_argument("b", metavar="B", nargs="?", help="record or profile id")
        action.set_defaults(run=_judge, verdict=VERDICTS[name], name=name)
        _add_author(action)
    undo = actions.add_parser("undo", help="take a judgement back; the next run is as if it had not been")
    undo.add_argument("a", metavar="A", nargs="?", help="record or profile id")
    undo.add_argument("b", metavar="B", nargs="?", help="record or profile id")
    undo.add_argument("--id", type=int, metavar="N", help="number of the judgement, instead of A and B")
    undo.set_defaults(run=_undo)
    _add_author(undo)
    listing = actions.add_parser("list", help="judgements that hold now")
    listing.add_argument("--all", action="store_true", help="with those that were taken back")
    listing.set_defaults(run=_list)
    review = actions.add_parser("review", help="the questions whose answers are worth most")
    review.add_argument("--limit", type=at_least_one, default=3, metavar="N", help="how many (default 3)")
    review.set_defaults(run=_review)
    sample = actions.add_parser("sample", help="draw pairs for clerks to label (the file holds personal data)")
    sample.add_argument("--size", type=at_least_one, default=200, metavar="N", help="pairs (default 200)")
    sample.add_argument("--out", type=Path, metavar="FILE", help="default: <home>/exports/steward-sample-<seed>.csv")
    sample.add_argument("--seed", type=int, default=1, metavar="N", help="another seed draws other pairs (default 1)")
    sample.set_defaults(run=_sample)
    importing = actions.add_parser("import", help="record the judgements of a filled-in file and estimate accuracy")
    importing.add_argument("file", type=Path, metavar="FILE")
    importing.set_defaults(run=_import)
    _add_author(importing)
    for action in actions.choices.values():
        add_home(action)
        add_json(action)


def _add_author(action: argparse.ArgumentParser) -> None:
    action.add_argument("--author", metavar="NAME", help="default: the user of the operating system")
    action.add_argument("--reason", metavar="TEXT", default="", help="why; kept with the judgement")


def _author(arguments: argparse.Namespace) -> str:
    from cdp_pipeline.judgements import current_author

    return (arguments.author or "").strip() or current_author()


def _judge(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.judgements import Contradicted
    from cdp_pipeline.steward import decide

    if arguments.b is None:
        lists = f"; `cdp profile show {arguments.a}` lists a profile's records" if arguments.name == "separate" else ""
        raise UsageError(f"cdp steward {arguments.name} needs two ids, A and B{lists}")
    home = home_of(arguments)
    try:
        outcome, apart = decide(
            home, arguments.a, arguments.b, arguments.verdict, _author(arguments), arguments.reason.strip()
        )
    except Contradicted as error:
        raise UsageError(str(error)) from None
    if arguments.json:
        print_json(asdict(outcome) | {"still_apart": [asdict(judgement) for judgement in apart]})
    elif outcome.status == "unchanged":
        print(f"nothing recorded: judgement {_told(outcome.judgement)} holds already")
    else:
        print(f"recorded judgement {_told(outcome.judgement)}; the next `cdp run` applies it")
        if outcome.earlier:
            print(f"it takes the place of {_told(outcome.earlier)}")
        for judgement in apart:
            print(f"other records of the two profiles stay apart by {_told(judgement)}")
    return 0


def _undo(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.judgements import JudgementStore, NotJudged
    from cdp_pipeline.steward import take_back

    given = [name for name in (arguments.a, arguments.b) if name is not None]
    if (arguments.id is None) == (len(given) < 2) or (arguments.id is not None and given):
        raise UsageError("cdp steward undo needs either A and B, or --id N")
    home, author, reason = home_of(arguments), _author(arguments), arguments.reason.strip()
    try:
        if arguments.id is None:
            undone = take_back(home, arguments.a, arguments.b, author, reason)
        else:
            with JudgementStore(home.ops_db) as store:
                undone = store.undo_by_id(arguments.id, author=author, reason=reason)
    except NotJudged as error:
        raise UsageError(str(error)) from None
    if arguments.json:
        print_json(asdict(undone))
    else:
        print(f"took back judgement {_told(undone)}; the next `cdp run` applies it")
    return 0


def _told(judgement: Recorded) -> str:
    return (
        f"{judgement.judgement_id}: {judgement.record_id_l} {SIGNS[judgement.judgement]} {judgement.record_id_r} "
        f"({judgement.author}, {judgement.created_at[:10]})"
    )


def _list(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.judgements import JudgementStore

    home = home_of(arguments)
    rows = []
    if home.ops_db.exists():
        with JudgementStore(home.ops_db) as store:
            rows = store.judgements(revoked=arguments.all)
    if arguments.json:
        print_json([asdict(row) for row in rows])
    elif not rows:
        print("no judgements")
    else:
        headings = ["id", "record_id_l", "judgement", "record_id_r", "author", "created", "reason"]
        if arguments.all:
            headings += ["taken back", "by", "why"]
        print(table(headings, [_cells(row, arguments.all) for row in rows]))
    return 0


def _cells(row: Recorded, with_revoked: bool) -> list[Any]:
    cells: list[Any] = [
        row.judgement_id, row.record_id_l, row.judgement, row.record_id_r, row.author, row.created_at[:10], row.reason,
    ]  # fmt: skip
    return [*cells, (row.revoked_at or "")[:10], row.revoked_by, row.revoke_reason] if with_revoked else cells


def _review(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.judgements import live_judgements
    from identity.review import open_questions, pair_evidence

    home = home_of(arguments)
    live = {(j.record_id_l, j.record_id_r): j for j in live_judgements(home.ops_db)}
    unsure = {pair: j.evidence for pair, j in live.items() if j.judgement == "unsure"}
    now = pair_evidence(home.identity, home.models, unsure.keys()) if unsure else {}
    answered = {pair for pair in live if unsure.get(pair) is None or unsure[pair] == now.get(pair)}
    total, questions = open_questions(home.identity, home.models, limit=arguments.limit, answered=answered)
    if arguments.json:
        print_json({"open": total, "questions": [asdict(question) for question in questions]})
        return 0
    print(f"{total:,} open questions" if total else "no open questions")
    for question in questions:
        print("\n" + _asked(question))
    return 0


def _asked(question: Question) -> str:
    likely = "not scored" if question.match_probability is None else f"probability {question.match_probability:.3f}"
    lines = [
        f"{question.record_id_l} — {question.record_id_r}",
        f"  {question.reason}, {likely}, worth {question.worth:.2f} pairs of records",
        f"  profiles {question.profile_id_l} ({_records(question.profile_records_l)}) and "
        f"{question.profile_id_r} ({_records(question.profile_records_r)}), "
        f"sources {question.source_l} and {question.source_r}",
    ]
    lines += [
        f"  {o.comparison:<14} {o.outcome:<34} {o.against_strangers:+7.2f} bits against strangers,"
        f" {o.against_household:+7.2f} against the same household"
        for o in question.outcomes
        if o.outcome != NOT_COMPARABLE
    ]
    missing = [o.comparison for o in question.outcomes if o.outcome == NOT_COMPARABLE]
    if missing:
        lines.append(f"  not comparable: {', '.join(missing)}")
    lines.append(f"  answer: cdp steward link|separate|unsure {question.record_id_l} {question.record_id_r}")
    return "\n".join(lines)


def _records(count: int) -> str:
    return f"{count} record{'' if count == 1 else 's'}"


def _sample(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.steward import write_sheet

    home = home_of(arguments)
    out = arguments.out or home.exports / f"steward-sample-{arguments.seed}.csv"
    rows = write_sheet(home, out, arguments.size, arguments.seed)
    if arguments.json:
        print_json({"file": out, "pairs": rows})
    else:
        print(f"{rows} pairs in {out}: personal data, delete the file when it is imported")
        print("fill in the column judgement (positive, negative or unsure), then: cdp steward import " + str(out))
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from cdp_pipeline.judgements import Contradicted
    from cdp_pipeline.steward import import_sheet

    home = home_of(arguments)
    reason = arguments.reason.strip() or arguments.file.name
    try:
        done = import_sheet(home, arguments.file, _author(arguments), reason)
    except Contradicted as error:
        raise UsageError(str(error)) from None
    if arguments.json:
        print_json(asdict(done))
        return 0
    print(
        f"{done.rows} pairs: {done.recorded + done.superseded} judgements recorded, {done.superseded} of them in the "
        f"place of an earlier one; {done.unchanged} held already, {done.taken_back} were undone or overruled since an "
        f"earlier import, {done.open} not filled in"
    )
    if done.estimate:
        print(_accuracy(done.estimate))
    return 0


def _accuracy(found: Estimate) -> str:
    lines = []
    for name, point, low, high in (
        ("precision", found.precision, found.precision_low, found.precision_high),
        ("recall", found.recall, found.recall_low, found.recall_high),
    ):
        told = "no label says" if point is None else f"{point:.4f}  (95% interval {low:.4f} to {high:.4f})"
        lines.append(f"{name:<9} {told}")
    lines.append(
        f"from {found.labelled} labels ({found.unsure} unsure) for {found.covered:.0%} of the pairs; recall is among "
        "the pairs that were compared and scored .01 or more"
    )
    return "\n".join(lines)
