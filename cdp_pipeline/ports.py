"""What the HTTP server and the console borrow from the pipeline, because `profiles` may not import it.

Everything is opened for one call and closed again: the server keeps none of the pipeline's files open.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import wraps
from typing import ParamSpec, TypeVar

from cdp_pipeline.home import Home
from profiles.api import Ports
from profiles.api.context import PortError

P = ParamSpec("P")
R = TypeVar("R")


def build_ports(home: Home) -> Ports:
    """The ports of the installation at `home`."""

    def explain(record_a: str, record_b: str, values: bool) -> Mapping[str, object]:
        from cdp_pipeline.identity_rules import load_identity_rules
        from identity import explain_folder

        rules = load_identity_rules(home)
        found = explain_folder(home.identity, home.models, record_a, record_b, values=values, rules=rules)
        document: Mapping[str, object] = json.loads(found.as_json())
        return document

    def judge(record_a: str, record_b: str, judgement: str, author: str, reason: str) -> Mapping[str, object]:
        from cdp_pipeline.steward import decide

        outcome, between = decide(home, record_a, record_b, judgement, author, reason)
        return {
            "status": outcome.status,
            "judgement": asdict(outcome.judgement),
            "earlier": asdict(outcome.earlier) if outcome.earlier else None,
            "still_apart": [asdict(one) for one in between],
        }

    def undo(judgement_id: int, author: str, reason: str) -> Mapping[str, object]:
        from cdp_pipeline.judgements import JudgementStore

        with JudgementStore(home.ops_db) as store:
            return asdict(store.undo_by_id(judgement_id, author=author, reason=reason))

    def judgements(revoked: bool) -> Sequence[Mapping[str, object]]:
        from cdp_pipeline.judgements import JudgementStore

        with JudgementStore(home.ops_db) as store:
            return [asdict(one) for one in store.judgements(revoked=revoked)]

    def questions(limit: int) -> tuple[int, Sequence[Mapping[str, object]]]:
        from cdp_pipeline.judgements import live_judgements
        from identity.review import open_questions, pair_evidence

        live = {(j.record_id_l, j.record_id_r): j for j in live_judgements(home.ops_db)}
        unsure = {pair: j.evidence for pair, j in live.items() if j.judgement == "unsure"}
        now = pair_evidence(home.identity, home.models, unsure.keys()) if unsure else {}
        answered = {pair for pair in live if unsure.get(pair) is None or unsure[pair] == now.get(pair)}
        total, found = open_questions(home.identity, home.models, limit=limit, answered=answered)
        return total, [asdict(one) for one in found]

    def runs(limit: int) -> Sequence[Mapping[str, object]]:
        from cdp_pipeline.ops import Ops
        from cdp_pipeline.sources.run_report import run_reports

        with Ops(home.ops_db) as ops:
            reports = run_reports(ops.log())
        return [
            {
                "run_id": report.run_id,
                "finished_at": report.finished_at,
                **{name: report.total(name) for name in ("files", "delivered", "loaded", "quarantined", "failed")},
                "reasons": report.reasons,
                "news": report.news,
                "attention": report.attention,
            }
            for report in reversed(reports[-limit:])
        ]

    def simplified(text: str) -> str:
        from identity.normalise.text import simplify

        return simplify(text)

    return Ports(
        explain=_told(explain),
        judge=_told(judge),
        undo=_told(undo),
        judgements=_told(judgements),
        questions=_told(questions),
        runs=_told(runs),
        simplified=simplified,
    )


def _told(port: Callable[P, R]) -> Callable[P, R]:
    """`port` with the pipeline's refusals as PortError, which is all that `profiles` can know."""

    @wraps(port)
    def call(*arguments: P.args, **options: P.kwargs) -> R:
        from cdp_pipeline.inputs import InputsError
        from cdp_pipeline.judgements import Contradicted, NotJudged
        from identity.errors import IdentityInputError

        try:
            return port(*arguments, **options)
        except (InputsError, Contradicted, NotJudged, IdentityInputError) as error:
            raise PortError(" ".join(str(error).split())) from None

    return call
