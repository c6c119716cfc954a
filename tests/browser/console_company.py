"""A small published company for the browser: its records are resolved for real, its marts are written by hand.

Forty people in a CRM, the even ones in a shop too. People 0 and 1, 2 and 3, 4 and 5 hold one loyalty number each, so
three pairs wait for a steward. Person 7 has markup for a name, person 8 a Chinese one, and persons 10 and 12 share a
phone. Person 0 has the long history.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from cdp_pipeline.home import Home
from profiles import GateBounds, publish

AS_OF = date(2024, 1, 31)
MARKUP = "<img src=x onerror=alert(1)>"

GIVEN = ["anna", "boris", "carla", "dmitri", "elena", "farid", "greta", "hugo", "irena", "jonas"]
FAMILY = ["abelard", "brandt", "castellan", "dorfmann"]

_RECORDS = f"""
create table given as select unnest($given) as name, unnest(range(10)) as i;
create table family as select unnest($family) as name, unnest(range(4)) as i;
create table customer_records as
select source || ':people:' || n as record_id, source, 'people' as object, n::varchar as native_id,
    'person' as entity_type,
    case n when 7 then '{MARKUP}' when 8 then null else g.name end as given_name, null::varchar as middle_name,
    case n when 8 then null else f.name end as family_name, case n when 8 then '王晓明' end as full_name,
    case n when 8 then '王晓明' end as native_name, null::varchar as organisation,
    (date '1950-01-01' + (n * 397)::integer)::varchar as birth_date, null::varchar as gender,
    (100 + n) || ' Elm Street' as street, null::varchar as unit, 'Springfield' as locality,
    null::varchar as region, '62701' as postcode, 'US' as country, 'US' as default_region,
    timestamp '2020-01-01' + to_days((n * 30)::integer) as created_at, false as is_deleted
from (select unnest(range(40)) as n), (select unnest(['crm', 'shop']) as source), given g, family f
where g.i = n % 10 and f.i = n // 10 and (source = 'crm' or n % 2 = 0);
create table record_identifiers as
select record_id, kind, '' as namespace, value as value_raw, value, true as is_trusted, null::varchar as reason,
    timestamp '2023-01-01' as first_seen_at, timestamp '2024-01-01' as last_seen_at
from (
    select record_id, 'email' as kind, 'person' || native_id || '@mail.example' as value from customer_records
    union all select record_id, 'phone', '+1202555' || (1000 + native_id::integer) from customer_records
    where native_id not in ('10', '12')
    union all select record_id, 'loyalty_id', 'L' || (native_id::integer // 2)
    from customer_records where source = 'crm' and native_id::integer < 6
);
create table anonymous_sightings (anonymous_id varchar, record_id varchar, kind varchar, occurred_at timestamp);
"""

_MARTS = Path(__file__).with_name("console_company.sql")


def build_company(root: Path) -> None:
    """Resolve, write ``warehouse.duckdb`` and publish the company under `root`."""
    from identity import run_pipeline

    home = Home(root)
    with duckdb.connect() as con:
        for statement in _RECORDS.split(";\n"):
            if statement.strip():
                con.execute(statement, _bound(statement))
        for table in ("customer_records", "record_identifiers", "anonymous_sightings"):
            (home.core / table).mkdir(parents=True)
            con.execute(f"copy {table} to '{home.core / table / 'part-0.parquet'}'")
    run_pipeline(home.core, home.identity, home.identity_db, home.models, as_of=AS_OF, run_id="r", base_generation=0)
    with duckdb.connect(str(root / "warehouse.duckdb")) as con:
        read = {
            "customer_records": home.core / "customer_records",
            "members": home.identity / "profile_members",
            "identifiers": home.identity / "record_identifiers",
            "edges": home.identity / "edges",
            "queue": home.identity / "review_queue",
        }
        for view, folder in read.items():
            con.execute(f"create view {view} as from read_parquet('{folder}/*.parquet')")
        con.execute(_MARTS.read_text(encoding="utf-8"))
        [(records,)] = con.execute("select count(*) from members").fetchall()
    publish(
        root,
        warehouse=root / "warehouse.duckdb",
        as_of=AS_OF,
        run_id="r",
        generation=1,
        model_version="m1",
        inputs_fingerprint="f",
        gate=GateBounds(expected_records=records, ingest_reconciled=True),
        extra={"identity": {"drift": "ok"}},
    )


def _bound(statement: str) -> dict[str, list[str]]:
    return {name: values for name, values in (("given", GIVEN), ("family", FAMILY)) if f"${name}" in statement}


def send_audiences(root: Path) -> None:
    """Declare two receivers of the segment early, and bring the first of them up to date."""
    from profiles.exports import load_destinations, sync

    (root / "destinations.yml").write_text(
        """destinations:
  newsletter:
    kind: file
    segments: [early]
    channel: email
    variants: {control: 25, coupon: 75}
    top: {by: features.net_amount_12m, count: 8}
    cap: {exports: 2, days: 7}
  partner: {kind: file, segments: [early, buyers], channel: sms, holdout: 0.1}
""",
        encoding="utf-8",
    )
    sync(root, load_destinations(root)["newsletter"], "early")
