"""Consents belong to records: they follow them when profiles are merged and parted again by the identity step."""

from __future__ import annotations

from pathlib import Path

import duckdb
from marts_company import AS_OF, CORE, build_home

import identity
from cdp_pipeline.home import Home
from cdp_pipeline.warehouse import run_dbt

PERSON = (
    "'{0}', 'shopify', 'customers', '{0}', 'person', '{1}', NULL, '{2}', '{1} {2}', NULL, NULL, NULL, NULL, '{3}',"
    " NULL, 'Lyon', NULL, '69001', 'FR', 'fr', 'FR', false, TIMESTAMP '2024-01-01', TIMESTAMP '2024-01-01',"
    " DATE '2026-01-01', false"
)
RECORDS = ", ".join(
    f"({PERSON.format(*one)})"
    for one in (("a", "Odile", "Marchand", "1 Rue Basse"), ("b", "Henri", "Vasseur", "2 Rue Haute"))
)
CONSENTS = """('a', 'marketing', 'email', 'denied', TIMESTAMP '2025-01-01', 'shopify'),
    ('b', 'marketing', 'email', 'granted', TIMESTAMP '2025-06-01', 'shopify'),
    ('b', 'profiling', '', 'denied', TIMESTAMP '2025-06-01', 'consent_desk')"""


def test_a_denial_wins_at_the_merge_and_goes_with_its_record_at_the_split(tmp_path: Path) -> None:
    home = Home(tmp_path)
    build_home(home.root, {"customer_records": RECORDS, "consents": CONSENTS})
    with duckdb.connect(str(home.warehouse_db)) as con:
        con.execute("UPDATE core.customer_records SET native_id = record_id")
        con.execute(
            "CREATE TABLE core.anonymous_sightings"
            " (anonymous_id VARCHAR, record_id VARCHAR, kind VARCHAR, occurred_at TIMESTAMP)"
        )
        for table in (*CORE, "anonymous_sightings"):
            (home.core / table).mkdir(parents=True)
            con.execute(f"COPY core.{table} TO '{home.core / table / 'part-0.parquet'}' (FORMAT parquet)")

    merged = _consents(home, 1, "positive")
    (one,) = {profile for profile, *_ in merged.values()}
    # whoever said yes in the shop said no to the other account: the person is not written to
    assert merged == {"a": (one, "denied", True), "b": (one, "denied", True)}

    parted = _consents(home, 2, "negative")
    assert parted["a"][1:] == ("denied", False)
    assert parted["b"][1:] == ("granted", True)
    assert parted["a"][0] != parted["b"][0]
    with duckdb.connect() as con:
        events = con.execute(f"SELECT DISTINCT event FROM read_parquet('{home.identity}/profile_events/*.parquet')")
        assert {event for (event,) in events.fetchall()} >= {"split"}


def _consents(home: Home, generation: int, judgement: str) -> dict[str, tuple[str, str | None, bool]]:
    """By record: its profile, what stands for e-mail, and whether automated decisions were objected to."""
    identity.run_pipeline(
        home.core, home.identity, home.identity_db, home.models, as_of=AS_OF, run_id=f"r{generation}",
        base_generation=generation - 1, judgements=[identity.Judgement("a", "b", judgement)], allow_changes=True,
    )  # fmt: skip
    run_dbt("run", ["+profile_consent,tag:marts", "int_profiling_objections"], home, AS_OF)
    with duckdb.connect(str(home.warehouse_db), read_only=True) as con:
        ((schema,),) = con.execute(
            "SELECT table_schema FROM information_schema.tables WHERE table_name = 'int_profiling_objections'"
        ).fetchall()
        rows = con.execute(
            f"""SELECT m.record_id, m.profile_id, c.state, m.profile_id IN (FROM "{schema}".int_profiling_objections)
            FROM profiles.profile_members m
            LEFT JOIN profiles.consent c ON c.profile_id = m.profile_id AND c.channel = 'email'"""
        ).fetchall()
    return {record: (profile, state, objected) for record, profile, state, objected in rows}
