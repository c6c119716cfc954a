"""Schema drift as Dagster shows it: two delivery days through the real asset, its metadata and its check."""

from __future__ import annotations

import json
from datetime import date

import dagster as dg

from cdp_pipeline.cli._summary import format_run
from cdp_pipeline.defs.raw import raw_assets
from cdp_pipeline.defs.resources import PlatformResource
from cdp_pipeline.home import Home
from cdp_pipeline.run import RunSummary, _ingested
from cdp_pipeline.settings import Settings
from cdp_pipeline.sources.overlay import contracts_of

KEY = dg.AssetKey(["raw", "zendesk", "users"])


def _land(home: Home, day: int, *, with_locale: bool, **more: str) -> None:
    folder = home.landed("zendesk", "users", date(2025, 3, day))
    folder.mkdir(parents=True)
    lines = []
    for i in range(20):
        user = {"id": 100 + i, "name": f"Person {i}", "role": "end-user", "updated_at": f"2025-03-0{day}T10:00:00Z"}
        lines.append(json.dumps({**user, "locale": "en-US", **more} if with_locale else {**user, **more}) + "\n")
    (folder / "users.jsonl").write_text("".join(lines), encoding="utf-8")


def _run(home: Home) -> tuple[str, dg.AssetCheckEvaluation, dict[str, object]]:
    """Run id, the schema check, and the metadata of the asset."""
    assets = raw_assets({"zendesk": contracts_of(home)["zendesk"]}, Settings())
    done = dg.materialize(assets, selection=[KEY], resources={"platform": PlatformResource(home=str(home.root))})
    (check,) = [c for c in done.get_asset_check_evaluations() if c.check_name == "schema"]
    events = done.asset_materializations_for_node("raw_zendesk")
    return done.run_id, check, {k: v.value for k, v in events[-1].metadata.items()}


def test_a_missing_field_fails_the_check_and_a_new_one_is_told(home: Home) -> None:
    _land(home, 1, with_locale=True)
    _, check, _ = _run(home)
    assert check.passed

    _land(home, 2, with_locale=False, shoe_size="44")
    run_id, check, metadata = _run(home)
    told = {name: value.value for name, value in check.metadata.items()}
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert (told["missing"], told["retyped"], told["new"]) == (["locale"], [], ["shoe_size"])
    assert metadata["undeclared_fields"] == {"shoe_size": 20}

    summary = RunSummary(True, False, date(2025, 3, 2), None, ingest=_ingested(home, run_id))
    text = format_run(summary)
    missing = "field locale is missing: none of 20 records has it, 100% of those delivered before had"
    assert f"  note: zendesk/users/dt=2025-03-02/users.jsonl: {missing}" in text.splitlines()
    assert "  note: zendesk/users: new field shoe_size in 20 rows, kept in _extra" in text.splitlines()
