"""The quality report: every object's last deliveries and verdicts as one HTML page without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import jinja2

from cdp_pipeline.home import Home
from cdp_pipeline.ops import Ops
from cdp_pipeline.quality.results import Delivery, Verdict, deliveries, verdicts

SHOWN_DELIVERIES, SHOWN_RUNS, BAR_HEIGHT = 30, 12, 22


@dataclass(frozen=True)
class ObjectQuality:
    """What the report says of one object. `rows` and `fill` are those of the last delivery, `verdicts` of the last run
    (what failed first); `refused` counts all kept quarantine rows; `history`: verdicts of the last runs by name."""

    name: str
    last: date | None
    rows: int
    refused: int
    refused_share: float
    lag: int | None
    bars: tuple[int, ...]
    verdicts: tuple[Verdict, ...]
    history: Mapping[str, tuple[bool, ...]]
    fill: tuple[tuple[str, float], ...]

    @property
    def failed(self) -> tuple[Verdict, ...]:
        return tuple(v for v in self.verdicts if not v.passed)


def object_qualities(home: Home) -> list[ObjectQuality]:
    """Every object with a delivery, what failed first: errors, then warnings, then by name."""
    measured: dict[str, list[Delivery]] = {}
    for delivery in deliveries(home):
        measured.setdefault(f"{delivery.source}/{delivery.object}", []).append(delivery)
    judged: dict[str, list[Verdict]] = {}
    for verdict in verdicts(home):
        judged.setdefault(f"{verdict.source}/{verdict.object}", []).append(verdict)
    counts: dict[str, tuple[int, int]] = {}
    if home.ops_db.exists():
        with Ops(home.ops_db) as ops:
            for receipt in ops.receipts():
                name = f"{receipt.source}/{receipt.object}"
                delivered, refused = counts.get(name, (0, 0))
                counts[name] = (delivered + receipt.delivered, refused + receipt.quarantined)
    names = sorted(measured.keys() | judged.keys() | {n for n, (delivered, _) in counts.items() if delivered})
    found = [_quality(n, measured.get(n, []), judged.get(n, []), *counts.get(n, (0, 0))) for n in names]
    return sorted(found, key=lambda o: (_rank(o), o.name))


def write_report(home: Home, out: Path) -> int:
    """Write the page to `out` and return how many objects it covers."""
    objects = object_qualities(home)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    page = environment.get_template("report.html.j2").render(
        objects=objects, failing=sum(1 for o in objects if o.failed)
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.inflight")
    part.write_text(page, encoding="utf-8")
    part.replace(out)
    return len(objects)


def _quality(name: str, days: list[Delivery], judged: list[Verdict], delivered: int, refused: int) -> ObjectQuality:
    last = days[-1] if days else None
    most = max((d.rows for d in days[-SHOWN_DELIVERIES:]), default=0)
    bars = tuple(max(1, round(d.rows / most * BAR_HEIGHT)) if most else 1 for d in days[-SHOWN_DELIVERIES:])
    runs = list(dict.fromkeys((v.dt, v.run_id) for v in judged))
    newest = [v for v in judged if runs and (v.dt, v.run_id) == runs[-1]]
    history: dict[str, tuple[bool, ...]] = {}
    for verdict in judged:
        if (verdict.dt, verdict.run_id) in runs[-SHOWN_RUNS:]:
            history[verdict.name] = (*history.get(verdict.name, ()), verdict.passed)
    return ObjectQuality(
        name=name,
        last=last.dt if last else None,
        rows=last.rows if last else 0,
        refused=refused,
        refused_share=refused / delivered if delivered else 0.0,
        lag=last.lag_days if last else None,
        bars=bars,
        verdicts=tuple(sorted(newest, key=lambda v: (v.passed, v.severity != "error", v.name))),
        history=history,
        fill=tuple(sorted(last.fill.items(), key=lambda item: (item[1], item[0]))) if last else (),
    )


def _rank(quality: ObjectQuality) -> int:
    severities = {v.severity for v in quality.failed}
    return 0 if "error" in severities else 1 if severities else 2
