"""The generator's one entry: people, accounts, real baskets, exports and truth, in this order."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cdp_pipeline.generate import _digital, _retail, _service
from cdp_pipeline.generate._area import EXTRA_RECORDS
from cdp_pipeline.generate._areas import AREAS
from cdp_pipeline.generate._bad_rows import BAD_ROWS
from cdp_pipeline.generate._base import Plan, connect
from cdp_pipeline.generate._baskets import build_baskets
from cdp_pipeline.generate._people import build_people
from cdp_pipeline.generate._records import build_accounts, build_shown
from cdp_pipeline.generate._wechat import wechat_exports
from cdp_pipeline.generate._write import write_export
from cdp_pipeline.generate.truth import write_truth

REAL_HOUSEHOLDS = 2469


@dataclass(frozen=True)
class GenerateSummary:
    """What was written: counts of people, households, truth records, planted bad rows, and rows by (source, object)."""

    profiles: int
    households: int
    baskets: int
    revenue_cents: int
    records: int
    bad_rows: int
    rows: dict[tuple[str, str], int] = field(default_factory=dict)


def _plan(profiles: int, seed: int, households: int | None, behaviour: float | None) -> Plan:
    count = round(profiles / 2.5) if households is None else households
    count = max(1, count)
    if profiles < 1:
        raise ValueError(f"profiles must be at least 1, not {profiles}")
    if not count <= profiles <= 4 * count:
        raise ValueError(f"{profiles} profiles cannot live in {count} households of one to four members")
    # beyond the real households the volume of behaviour stays about that of the real data
    share = min(1.0, 2 * REAL_HOUSEHOLDS / count) if behaviour is None else behaviour
    if not 0 <= share <= 1:
        raise ValueError(f"behaviour is a share of the baskets between 0 and 1, not {share}")
    return Plan(profiles=profiles, households=count, seed=seed, basket_share=share)


def generate(
    out: Path,
    *,
    profiles: int,
    seed: int = 1,
    households: int | None = None,
    behaviour: float | None = None,
    compression_level: int = 6,
) -> GenerateSummary:
    """Write native exports to ``out/landing`` and the truth to ``out/truth``; the same arguments give the same bytes.

    The truth is ``entities.csv``, ``records.parquet`` (see `write_truth`) and ``rows.csv``: source, object and the rows
    that were exported, bad ones included.

    `households` defaults to two fifths of `profiles`. `behaviour` is the share of every household's real baskets that
    is used, 0 to 1; at least one per household unless 0. By default all of them up to about twice the real households,
    and proportionally fewer above. The first 2,469 households are the real ones, each once; further ones repeat a
    drawn one. Existing ``landing`` and ``truth`` folders below `out` are replaced.
    Raises `ValueError` for impossible numbers and `MissingDataError` without the purchase data.
    """
    plan = _plan(profiles, seed, households, behaviour)
    landing, truth = out / "landing", out / "truth"
    for folder in (landing, truth):
        if folder.exists():
            shutil.rmtree(folder)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".generate-") as scratch, connect(seed, Path(scratch)) as con:
        build_people(con, plan)
        build_accounts(con)
        build_baskets(con, plan)
        build_shown(con)
        con.execute(_retail.PREPARE)
        con.execute(_digital.PREPARE)
        con.execute(_service.PREPARE)
        con.execute(EXTRA_RECORDS)
        for area in AREAS:
            con.execute(area.prepare)
        exports = [
            *_service.zoho_exports(),
            *_retail.square_exports(),
            *_retail.shopify_exports(),
            *_digital.klaviyo_exports(),
            *_digital.web_exports(),
            *_service.zendesk_exports(),
            *_service.delighted_exports(),
            *_service.facebook_exports(),
            *wechat_exports(),
            *(export for area in AREAS for export in area.exports()),
        ]
        rows = {
            (export.source, export.object): write_export(
                con, landing, export, level=compression_level, bad_rows=BAD_ROWS.get((export.source, export.object), ())
            )
            for export in exports
        }
        records = write_truth(con, truth)
        _write_counts(truth / "rows.csv", rows)
        baskets, cents = con.execute("SELECT count(*), coalesce(sum(net_cents), 0) FROM basket").fetchall()[0]
    return GenerateSummary(
        profiles=plan.profiles,
        households=plan.households,
        baskets=int(baskets),
        revenue_cents=int(cents),
        records=records,
        bad_rows=sum(map(len, BAD_ROWS.values())),
        rows=rows,
    )


def _write_counts(path: Path, rows: Mapping[tuple[str, str], int]) -> None:
    lines = [f"{source},{obj},{count}" for (source, obj), count in sorted(rows.items())]
    path.write_text("\n".join(["source,object,rows", *lines]) + "\n", encoding="utf-8")
