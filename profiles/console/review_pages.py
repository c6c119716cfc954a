"""Judging doubtful pairs: the next question, the reasons behind its score, an answer, and taking one back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from profiles.api.context import PortError
from profiles.console.queries import review
from profiles.console.shown import signed
from profiles.console.texts import Texts
from profiles.console.visit import Handler, PostHandler, Refused, Visit, see_other
from profiles.console.waterfall import HOUSEHOLD, NOT_COMPARABLE, STRANGERS, bars, waterfall

_VERDICTS = ("positive", "negative", "unsure")
_MINE = 8
_MAX_ID = 500

Judgement = Mapping[str, object]


async def show_question(visit: Visit) -> Response:
    """The pair that is worth most among those not answered, from a place in the queue on."""
    return await _question(visit, visit.number("at"))


async def _question(visit: Visit, at: int, problem: str = "", status: int = 200) -> Response:
    if not await visit.kept("queue", review.has_queue):
        raise Refused(503, "error.snapshot", "error.review_text")
    every = await _judgements(visit)
    live = [row for row in every if not row["revoked_at"]]
    answered = review.answered_pairs(live, visit.snapshot.manifest.created_at)
    at_place = await visit.read(lambda snapshot: review.open_question(snapshot, at, answered))
    question, why, why_href = None, None, ""
    values = visit.may("pii:read")
    if at_place is not None:
        place, *pair = at_place
        question = await visit.read(lambda snapshot: review.question(snapshot, place, pair[0], pair[1]))
        for side in (question.left, question.right) if question else ():
            await visit.looked("review", profile_id=side.profile_id)
        why_href = "/console/review/why?" + urlencode({"l": pair[0], "r": pair[1], "at": place})
        why = await _why_at_once(visit, pair[0], pair[1], values)
        await _explain_ahead(visit, place + 1, answered, values)
    done, replaced = visit.number("done"), visit.number("replaced")
    left = await visit.read(lambda snapshot: review.count_open(snapshot, answered))
    author = _author(visit)
    return await visit.page(
        "review.html",
        status=status,
        q=question,
        at=at,
        open=left,
        done=next((row for row in live if done and row["judgement_id"] == done), None),
        replaced=next((row for row in every if row["revoked_at"] and row["judgement_id"] == replaced), None),
        undone=visit.number("undone"),
        problem=problem,
        why=why,
        why_href=why_href,
        mine=review.judgements_of(author, every)[:_MINE],
    )


async def show_why(visit: Visit) -> Response:
    """How the score of a pair comes about: a page, or with ``part`` the piece that a page takes in."""
    left, right = (visit.request.query_params.get(name, "")[:_MAX_ID] for name in ("l", "r"))
    known = await visit.read(lambda snapshot: review.question(snapshot, 0, left, right))
    if known is None:
        raise Refused(404, "error.missing", "error.missing_text")
    try:
        found = await visit.console.explanations.wait(visit.snapshot.version, left, right, visit.may("pii:read"))
        why = told(found, visit.t)
    except PortError as error:
        why = {"problem": str(error)}
    for side in (known.left, known.right):
        await visit.looked("review", profile_id=side.profile_id)
    template = "_why.html" if visit.argument("part") else "why.html"
    return await visit.page(template, why=why, at=visit.number("at"))


async def judge(visit: Visit, form: Mapping[str, str]) -> Response:
    """Record the answer and go to the next question; ``skip`` records nothing."""
    at = _place(form)
    verdict = form.get("verdict", "")
    if verdict == "skip":
        return see_other(f"/console/review?at={at + 1}")
    record, port = (
        (form.get("record_l", "")[:_MAX_ID], form.get("record_r", "")[:_MAX_ID]),
        visit.console.context.ports.judge,
    )
    if verdict not in _VERDICTS:
        raise Refused(400, "error.form", "error.form_text")
    if port is None:
        raise Refused(503, "error.snapshot", "error.no_pipeline")
    known = await visit.read(lambda snapshot: review.question(snapshot, 0, *record))
    if known is None:
        raise Refused(404, "error.missing", "error.missing_text")
    reason = form.get("reason", "").strip()[:200]
    try:
        done = await visit.console.context.run(lambda: port(record[0], record[1], verdict, _author(visit), reason))
    except PortError as error:
        return await _question(visit, at, problem=str(error), status=409)
    await visit.looked("judgement", profiles=2, detail=verdict)
    recorded = done["judgement"]
    number = recorded["judgement_id"] if isinstance(recorded, Mapping) else 0
    # Two people may have had the same question open: what somebody else said meanwhile is not overruled unseen.
    earlier = done.get("earlier")
    overruled = earlier if isinstance(earlier, Mapping) and earlier["author"] != _author(visit) else None
    told = f"&replaced={overruled['judgement_id']}" if overruled else ""
    return see_other(f"/console/review?at={at}&done={number}{told}")


async def undo(visit: Visit, form: Mapping[str, str]) -> Response:
    """Take one judgement back."""
    number, place = form.get("judgement_id", ""), _place(form)
    port = visit.console.context.ports.undo
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Refused(400, "error.form", "error.form_text")
    if port is None:
        raise Refused(503, "error.snapshot", "error.no_pipeline")
    try:
        await visit.console.context.run(lambda: port(int(number), _author(visit), ""))
    except PortError as error:
        return await _question(visit, place, problem=str(error), status=409)
    await visit.looked("judgement", profiles=2, detail="undo")
    return see_other(f"/console/review?at={place}&undone={number}")


def told(found: Mapping[str, Any], t: Texts) -> dict[str, Any]:
    """An explanation as the template shows it: words in the language, charts drawn, values as text."""
    steps = []
    for step in found["steps"]:
        sides = [
            {
                "name": "strangers" if side == STRANGERS else "household",
                "chart": waterfall(
                    t("why.strangers" if side == STRANGERS else "why.household"),
                    bars(step, side, lambda name: t.code("comparison", name)),
                    float(found["threshold_bits"]),
                    t("why.threshold"),
                ),
            }
            for side in (STRANGERS, HOUSEHOLD)
        ]
        steps.append({**step, "sides": sides, "rows": _rows(step, t)})
    reasons = [str(reason["text"]) for reason in found["reasons"]]
    return {**found, "problem": "", "steps": steps, "reasons": reasons}


def _rows(step: Mapping[str, Any], t: Texts) -> list[dict[str, str]]:
    rows = [_row(t, "prior", "", step["prior_strangers"], step["prior_household"])]
    for found in step["contributions"]:
        silent = found["outcome"] == NOT_COMPARABLE
        rows.append(
            _row(
                t,
                found["comparison"],
                found["outcome"],
                None if silent else found[STRANGERS],
                None if silent else found[HOUSEHOLD],
                found.get("value_l"),
                found.get("value_r"),
            )
        )
        if found["term_frequency"]:
            rows.append(_row(t, "frequency", "", found["term_frequency"], None))
    return [*rows, _row(t, "sum", "", step["stranger_weight"], step["household_weight"])]


def _row(
    t: Texts, name: str, outcome: str, strangers: object, household: object, left: object = None, right: object = None
) -> dict[str, str]:
    return {
        "name": t.code("comparison", name),
        "outcome": t.code("level", outcome) if outcome else "",
        "strangers": signed(strangers),
        "household": signed(household),
        "left": str(left or "–"),
        "right": str(right or "–"),
    }


def _place(form: Mapping[str, str]) -> int:
    """The place in the queue that a form was sent from; 0 where it names none."""
    at = form.get("at", "")
    return int(at) if at.isascii() and at.isdigit() and len(at) < 10 else 0


async def _judgements(visit: Visit) -> Sequence[Judgement]:
    """All of them, those that were taken back too."""
    port = visit.console.context.ports.judgements
    return [] if port is None else await visit.console.context.run(lambda: list(port(True)))


async def _why_at_once(visit: Visit, left: str, right: str, values: bool) -> dict[str, Any] | None:
    """The explanation where it is known already; else it is begun."""
    explanations = visit.console.explanations
    if not explanations.are_possible:
        return {"problem": visit.t("error.no_pipeline")}
    found = explanations.ready(visit.snapshot.version, left, right, values)
    if found is None:
        explanations.ask(visit.snapshot.version, left, right, values)
        return None
    return told(found, visit.t)


async def _explain_ahead(visit: Visit, place: int, answered: set[tuple[str, str]], values: bool) -> None:
    if visit.console.explanations.are_possible:
        coming = await visit.read(lambda snapshot: review.open_question(snapshot, place, answered))
        if coming is not None:
            visit.console.explanations.ask(visit.snapshot.version, coming[1], coming[2], values)


def _author(visit: Visit) -> str:
    """Who judges: the key's name and id, since names can repeat."""
    return f"{visit.session.key.name} ({visit.session.key.key_id})"


SHOWN: tuple[tuple[str, str, Handler], ...] = (
    ("/review", "review", show_question),
    ("/review/why", "review", show_why),
)
POSTED: tuple[tuple[str, str, PostHandler], ...] = (
    ("/review/judge", "review", judge),
    ("/review/undo", "review", undo),
)
