"""Pages on the platform as a whole: overview, touchpoints, quality."""

from __future__ import annotations

from starlette.responses import Response

from profiles.console.charts import Series, bar_chart, line_chart
from profiles.console.queries import overview, quality, segments, touchpoints
from profiles.console.shown import decimal, money, num
from profiles.console.visit import Handler, PostHandler, Refused, Visit
from profiles.snapshot_provider import Row


async def show_overview(visit: Visit) -> Response:
    """Numbers, trends, segments, last versions and silent sources."""
    t = visit.t
    numbers = await visit.kept("overview", overview.overview)
    new = await visit.kept("new_profiles", overview.new_profiles)
    activity = await visit.kept("activity", overview.activity)
    sized = (
        (await visit.kept("segments", segments.segments))[:8] if visit.snapshot.has_table("segments", "summary") else []
    )
    runs = await visit.console.context.run(lambda: overview.last_runs(visit.console.context.home, 5))
    months = _months(activity)
    currency = str(activity[-1]["currency"] or "") if activity else ""
    bars = [(t.titled("segment", row["segment"], row["title"]), _number(row["members"])) for row in sized]
    return await visit.page(
        "overview.html",
        o=numbers,
        currency=currency,
        new_profiles=[(month, num(n)) for month, n in new],
        interactions=[(row["month"], num(row["interactions"])) for row in activity],
        revenue=[(row["month"], money(row["revenue"])) for row in activity],
        segments=[(title, num(n)) for title, n in bars],
        runs=runs,
        freshness=await visit.kept("freshness", overview.freshness),
        charts={
            "new_profiles": line_chart(
                t("overview.new_profiles"), [m for m, _ in new], [Series("", [float(n) for _, n in new])]
            ),
            "interactions": line_chart(t("overview.interactions"), months, [_series(activity, "interactions")]),
            "revenue": line_chart(t("overview.revenue", currency=currency), months, [_series(activity, "revenue")]),
            "segments": bar_chart(t("overview.segments_chart"), bars),
        },
    )


async def show_touchpoints(visit: Visit) -> Response:
    """The inventory of touchpoints with volumes, satisfaction and service."""
    t, channel = visit.t, visit.argument("channel")
    every = await visit.kept("touchpoints", touchpoints.touchpoints)
    shown = [row for row in every if not channel or row["channel"] == channel]
    volumes = await visit.kept("volumes", touchpoints.volumes)
    months = await visit.kept("satisfaction", touchpoints.satisfaction)
    return await visit.page(
        "touchpoints.html",
        touchpoints=shown,
        delivering=sum(row.get("status") == "delivering" for row in shown),
        channel=channel,
        channels=sorted({str(row["channel"]) for row in every}),
        volumes=[
            (
                t.code("channel", r["channel"]),
                num(r["interactions"]),
                num(r["orders"]),
                money(r["revenue"], r["currency"]),
            )
            for r in volumes
        ],
        nps=[(row["month"], decimal(row["nps"], 0), num(row["answers"])) for row in months],
        contentment=await visit.kept("contentment", touchpoints.contentment),
        service=await visit.kept("service", touchpoints.service),
        scorecard=await visit.kept("scorecard", touchpoints.scorecard),
        problems=await visit.kept("problems", touchpoints.problems),
        charts={
            "volumes": bar_chart(
                t("touchpoints.volumes_chart"),
                [(t.code("channel", row["channel"]), _number(row["interactions"])) for row in volumes],
            ),
            "nps": line_chart(t("touchpoints.nps_chart"), _months(months), [_series(months, "nps")]),
        },
    )


async def show_touchpoint(visit: Visit) -> Response:
    """One touchpoint by month, and where people go from it."""
    t, name = visit.t, visit.request.path_params["touchpoint"]
    every = await visit.kept("touchpoints", touchpoints.touchpoints)
    row = next((row for row in every if row["touchpoint"] == name), None)
    if row is None:
        raise Refused(404, "error.missing", "error.missing_text")
    months = await visit.kept(f"months {name}", lambda snapshot: touchpoints.by_month(snapshot, name))
    answers = await visit.kept(f"answers {name}", lambda snapshot: touchpoints.satisfaction(snapshot, name))
    steps = await visit.kept(f"steps {name}", lambda snapshot: touchpoints.next_steps(snapshot, name))
    return await visit.page(
        "touchpoint.html",
        row=row,
        scorecard=await visit.kept(f"scorecard {name}", lambda snapshot: touchpoints.scorecard(snapshot, name)),
        problems=await visit.kept(f"problems {name}", lambda snapshot: touchpoints.problems(snapshot, name)),
        months=[
            (r["month"], num(r["interactions"]), num(r["profiles"]), num(r["orders"]), money(r["revenue_amount"]))
            for r in months
        ],
        nps=[(r["month"], decimal(r["nps"], 0), num(r["answers"])) for r in answers],
        next_steps=[(t.code("touchpoint", r["next_touchpoint"]), num(r["transitions"])) for r in steps],
        charts={
            "volume": line_chart(t("word.interactions"), _months(months), [_series(months, "interactions")]),
            "nps": line_chart("NPS", _months(answers), [_series(answers, "nps")]),
            "next": bar_chart(
                t("touchpoint.next_chart"),
                [(t.code("touchpoint", r["next_touchpoint"]), _number(r["transitions"])) for r in steps],
            ),
        },
    )


async def show_quality(visit: Visit) -> Response:
    """Checks, refused rows, the identity step's measures, and what every source delivered."""
    t = visit.t
    checks = await visit.kept("checks", quality.checks)
    days = await visit.kept("quarantine", quality.quarantine_by_day)
    reasons = await visit.kept("reasons", quality.quarantine_reasons)
    return await visit.page(
        "quality.html",
        checks=checks,
        counted=await visit.kept("counted checks", quality.count_checks),
        moved=await visit.kept("drift", quality.drift_measures),
        measures=await visit.kept("measures", quality.identity_measures),
        drift=quality.drift(visit.snapshot),
        disagreements=await visit.kept("disagreements", quality.disagreements),
        ingest=await visit.kept("ingest", quality.ingest_by_source),
        troubled=await visit.kept("troubled", quality.troubled_files),
        by_day=[(row["dt"], num(row["quarantined"]), num(row["delivered"])) for row in days],
        reasons=[(reason, num(n)) for reason, n in reasons],
        charts={
            "quarantine": line_chart(
                t("quality.quarantine_chart"), [str(row["dt"]) for row in days], [_series(days, "quarantined")]
            ),
            "reasons": bar_chart(t("quality.reasons"), [(reason, float(n)) for reason, n in reasons]),
        },
    )


def _number(value: object) -> float:
    return 0.0 if value is None else float(str(value))


def _months(rows: list[Row]) -> list[str]:
    return [str(row["month"]) for row in rows]


def _series(rows: list[Row], column: str) -> Series:
    return Series(column, [None if row[column] is None else float(str(row[column])) for row in rows])


SHOWN: tuple[tuple[str, str, Handler], ...] = (
    ("", "overview", show_overview),
    ("/", "overview", show_overview),
    ("/touchpoints", "touchpoints", show_touchpoints),
    ("/touchpoints/{touchpoint}", "touchpoints", show_touchpoint),
    ("/quality", "quality", show_quality),
)
POSTED: tuple[tuple[str, str, PostHandler], ...] = ()
