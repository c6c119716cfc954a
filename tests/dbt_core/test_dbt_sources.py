"""The committed dbt sources are the contracts'."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import yaml

from cdp_pipeline.sources.dbt_sources import PROJECT, generated_files, load_raw_contracts, write_sources


def test_committed_files_equal_the_generated_ones() -> None:
    stale = [path.name for path, text in generated_files().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run python -m cdp_pipeline.sources.dbt_sources"


def test_no_sources_file_outlives_its_contract() -> None:
    committed = set(PROJECT.glob("models/staging/*/_*__sources.yml"))
    assert committed == {path for path in generated_files() if path.suffix == ".yml"}


def test_every_object_has_a_staging_model() -> None:
    # a log-in is a visit, so the sessions' versions are staged one by one under another name
    renamed = {"stg_wechat__mini_sessions": "stg_wechat__mini_logins"}
    wanted = {f"stg_{c['source']}__{name}" for c in load_raw_contracts() for name in c["objects"]}
    staged = {path.stem for path in PROJECT.glob("models/staging/*/stg_*.sql")}
    assert staged == {renamed.get(name, name) for name in wanted}


def test_the_page_of_facebook_is_the_contracts() -> None:
    (contract,) = [c for c in load_raw_contracts() if c["source"] == "facebook"]
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    assert variables["facebook_page_id"] == contract["settings"]["page_id"]


def test_the_accounts_of_the_company_on_x_are_the_contracts() -> None:
    (contract,) = [c for c in load_raw_contracts() if c["source"] == "x_twitter"]
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    assert ",".join(variables["x_brand_ids"]) == contract["settings"]["brand_ids"]


def test_the_forms_that_survey_fields_ships_with_are_examples() -> None:
    """Ids as no survey system gives them: a delivered row of a form must not meet a customer's form by chance."""
    with (PROJECT / "seeds" / "survey_fields.csv").open(encoding="utf-8", newline="") as handle:
        forms = {(row["source"], row["form_id"]) for row in csv.DictReader(handle) if row["form_id"]}
    assert forms == {("qualtrics", "SV_EXAMPLE0000001"), ("typeform", "FORM01")}
    # Qualtrics: SV_ and 15 characters. Typeform: 8 letters and digits.
    assert not [f for _, f in forms if re.fullmatch(r"SV_\w{15}|\w{8}", f)]


def test_writing_twice_changes_nothing(tmp_path: Path) -> None:
    assert len(write_sources(tmp_path)) == len(load_raw_contracts()) + 2
    assert write_sources(tmp_path) == []
    (tmp_path / "seeds" / "source_systems.csv").write_text("stale", encoding="utf-8")
    assert [path.name for path in write_sources(tmp_path)] == ["source_systems.csv"]
