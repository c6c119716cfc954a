"""`cdp resolve` as a library: real files in, ids out, on a hand-made company of 60 people in two systems."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import duckdb
import pytest

from identity import IdentityInputError, evaluate_files, explain_store, load_roles, resolve_files

GIVEN = ["anna", "boris", "carla", "dmitri", "elena", "farid", "greta", "hugo", "irena", "jonas"]
FAMILY = ["abelard", "brandt", "castellan", "dorfmann", "eriksson", "fontaine"]
ROLES = """
record_id: id
default_region: US
roles:
  given_name: first
  family_name: last
  birth_date: born
  email: mail
  phone: tel
  identifiers: {loyalty_id: card}
"""


def person(i: int) -> dict[str, str]:
    given, family = GIVEN[i % 10], FAMILY[i // 10]
    return {
        "first": given,
        "last": family,
        "born": f"19{50 + i % 45}-{i % 12 + 1:02d}-{i % 27 + 1:02d}",
        "mail": f"{given}.{family}{i}@mail.example",
        "tel": f"202{5550000 + i * 7919 % 9973 * 13:07d}",
        "card": "",
    }


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def company(tmp_path: Path) -> Path:
    crm = [{"id": f"c{i}", **person(i)} for i in range(60)]
    shop = [{"id": f"s{i}", **person(i), "first": person(i)["first"][:1], "tel": ""} for i in range(0, 60, 2)]
    write(tmp_path / "crm.csv", crm)
    write(tmp_path / "shop.csv", shop)
    (tmp_path / "roles.yml").write_text(ROLES)
    return tmp_path


def ids(path: Path) -> dict[str, str]:
    rows = duckdb.connect().execute(f"select record_id, profile_id from '{path}'").fetchall()
    return dict(rows)


def test_two_files_resolve_to_one_profile_per_person(company: Path) -> None:
    out = company / "out.parquet"
    done = resolve_files([company / "crm.csv", company / "shop.csv"], load_roles(company / "roles.yml"), out)
    assert (done.records, done.profiles) == (90, 60)
    columns = duckdb.connect().execute(f"describe select * from '{out}'").fetchall()
    assert [c[0] for c in columns] == ["source", "record_id", "profile_id"]
    found = ids(out)
    assert all(found[f"s{i}"] == found[f"c{i}"] for i in range(0, 60, 2))
    write(company / "truth.csv", [{"record_id": r, "entity_id": r[1:]} for r in found])
    measured = evaluate_files(out, company / "truth.csv")
    assert (measured.pairwise_precision, measured.pairwise_recall) == (1.0, 1.0)


def test_a_store_keeps_ids_through_growth_deletion_and_return(company: Path) -> None:
    roles, store = load_roles(company / "roles.yml"), company / "s.duckdb"
    out, events = company / "out.parquet", company / "events.parquet"
    resolve_files([company / "crm.csv"], roles, out, store=store)
    first = ids(out)
    again = resolve_files([company / "crm.csv"], roles, out, store=store)
    assert (again.created, again.merged, again.split) == (0, 0, 0)
    assert ids(out) == first
    resolve_files([company / "shop.csv"], roles, out, store=store, events=events)
    grown = ids(out)
    assert {r: p for r, p in grown.items() if r in first} == first
    assert grown["s4"] == first["c4"]
    gone = write(company / "gone.csv", [{"source": "shop", "record_id": f"s{i}"} for i in range(0, 60, 2)])
    resolve_files([company / "crm.csv"], roles, out, store=store, deleted=gone)
    assert ids(out) == first


def test_judgements_link_and_separate_and_undo(company: Path) -> None:
    roles, store, out = load_roles(company / "roles.yml"), company / "s.duckdb", company / "out.parquet"
    inputs = [company / "crm.csv", company / "shop.csv"]
    resolve_files(inputs, roles, out, store=store)
    first = ids(out)
    pairs = [
        {"source_l": "crm", "record_id_l": "c1", "source_r": "crm", "record_id_r": "c2", "judgement": "positive"},
        {"source_l": "crm", "record_id_l": "c4", "source_r": "shop", "record_id_r": "s4", "judgement": "negative"},
    ]
    judged = write(company / "judged.csv", pairs)
    resolve_files(inputs, roles, out, store=store, judgements=judged)
    after = ids(out)
    assert after["c1"] == after["c2"]
    assert after["c4"] != after["s4"]
    resolve_files(inputs, roles, out, store=store)  # without a file, the judgements of the last call hold
    assert ids(out) == after
    write(company / "judged.csv", pairs[:1])  # a row that the file no longer has is undone
    resolve_files(inputs, roles, out, store=store, judgements=judged)
    only_linked = ids(out)
    assert only_linked["c1"] == only_linked["c2"]
    assert only_linked["c4"] == only_linked["s4"] == first["c4"]
    judged.write_text(",".join(pairs[0]) + "\n")
    resolve_files(inputs, roles, out, store=store, judgements=judged)
    assert ids(out) == first


def test_a_shared_card_joins_unless_it_cannot_be_one_person(company: Path) -> None:
    rows = [{"id": f"c{i}", **person(i)} for i in range(60)]
    rows[3]["card"] = rows[4]["card"] = "K-1"  # two people who only share the card
    rows.append({"id": "n1", **dict.fromkeys(("first", "last", "born", "mail", "tel"), ""), "card": "K-2"})
    rows[5]["card"] = "K-2"
    write(company / "crm.csv", rows)
    out, edges = company / "out.parquet", company / "edges.parquet"
    resolve_files([company / "crm.csv"], load_roles(company / "roles.yml"), out, edges=edges)
    found = ids(out)
    assert found["c3"] != found["c4"]
    assert found["n1"] == found["c5"]
    rows = duckdb.connect().execute(f"select record_id_l, record_id_r, kind, rule from '{edges}'").fetchall()
    kinds = {(min(pair), max(pair)): (kind, rule) for *pair, kind, rule in rows}  # the order of the two means nothing
    assert kinds["crm|c5", "crm|n1"] == ("identifier", "loyalty_id")
    assert ("crm|c3", "crm|c4") not in kinds


def test_jsonl_and_parquet_give_what_csv_gives(company: Path) -> None:
    roles, out = load_roles(company / "roles.yml"), company / "out.parquet"
    resolve_files([company / "crm.csv"], roles, out)
    expected = ids(out)
    con = duckdb.connect()
    rows = con.execute(f"select * from read_csv('{company / 'crm.csv'}', all_varchar=true)").fetchall()
    names = [d[0] for d in con.description or ()]
    (company / "j").mkdir()
    lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
    (company / "j" / "crm.jsonl").write_text("\n".join(lines))
    con.execute(f"copy (from read_csv('{company / 'crm.csv'}', all_varchar=true)) to '{company / 'j' / 'crm.parquet'}'")
    for name in ("crm.jsonl", "crm.parquet"):
        resolve_files([company / "j" / name], roles, out)
        assert ids(out) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("record_id: id\nroles: {given_nam: first}", "unknown role given_nam; did you mean given_name"),
        ("record_id: id\nrole: {}", "unknown key role; did you mean roles"),
        ("record_id: id\nroles: {given_name: [first, first]}", "names a column twice"),
        ("record_id: id\nroles: {}", "at least one role"),
        ("roles: {given_name: first}", "record_id must name one column"),
        ("record_id: no\nroles: {given_name: first}", "put the name in quotes"),
        ("record_id: [id\n", "not valid YAML"),
        ("- a", "must hold record_id and roles"),
    ],
)
def test_a_bad_roles_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "roles.yml"
    path.write_text(text)
    with pytest.raises(IdentityInputError, match=message) as caught:
        load_roles(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"id,first,last,born,mail,tel\n", "column card is in none"),
        (b"key,first,last,born,mail,tel,card\n1,a,b,,,,\n", r"column id \(record_id\) is missing"),
        (b"id,first,last,born,mail,tel,card\n,a,b,,,,\n", "1 rows have no id"),
        (b"id,first,last,born,mail,tel,card\n1,a,b,,,,\n1,c,d,,,,\n", "1 rows repeat a record id"),
        (b"id,first,last,born,mail,tel,card\n1,\xff\xfe,b,,,,\n", "invalid UTF-8"),
    ],
)
def test_a_bad_input_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    (tmp_path / "roles.yml").write_text(ROLES)
    with pytest.raises(IdentityInputError, match=message) as caught:
        resolve_files([tmp_path / "in.csv"], load_roles(tmp_path / "roles.yml"), tmp_path / "out.parquet")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.parquet").exists()


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_hardly_any_rows(tmp_path: Path, rows: int) -> None:
    lines = ["id,first,last,born,mail,tel,card", *[f"{i},a,b,,,," for i in range(rows)]]
    (tmp_path / "in.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "roles.yml").write_text(ROLES)
    out = tmp_path / "out.parquet"
    done = resolve_files([tmp_path / "in.csv"], load_roles(tmp_path / "roles.yml"), out)
    assert done.records == rows
    assert len(ids(out)) == rows


def test_one_value_shared_by_everyone_joins_nobody(company: Path) -> None:
    rows = [{"id": f"c{i}", **person(i), "mail": "shop@mail.example", "card": "SAME"} for i in range(60)]
    write(company / "crm.csv", rows)
    out = company / "out.parquet"
    done = resolve_files([company / "crm.csv"], load_roles(company / "roles.yml"), out)
    assert done.profiles == 60


def test_a_store_in_use_is_refused(company: Path) -> None:
    import subprocess
    import sys

    store = company / "s.duckdb"
    roles = load_roles(company / "roles.yml")
    resolve_files([company / "crm.csv"], roles, company / "out.parquet", store=store)
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(store)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(IdentityInputError, match="in use by another process"):
            resolve_files([company / "crm.csv"], roles, company / "out.parquet", store=store)
        other.communicate()


def test_a_file_that_is_not_a_store_is_refused(company: Path) -> None:
    (company / "s.duckdb").write_text("not a database, but long enough to be taken for one" * 100)
    with pytest.raises(IdentityInputError, match="is not a store"):
        resolve_files(
            [company / "crm.csv"], load_roles(company / "roles.yml"), company / "o.parquet", store=company / "s.duckdb"
        )


def test_a_store_explains_its_decisions(company: Path) -> None:
    roles, store, out = load_roles(company / "roles.yml"), company / "s.duckdb", company / "out.parquet"
    resolve_files([company / "crm.csv", company / "shop.csv"], roles, out, store=store)
    linked = explain_store(store, "c4", "shop|s4")
    assert linked.linked
    assert (linked.record_id_l, linked.record_id_r) == ("crm|c4", "shop|s4")
    outcomes = {c.comparison: c.outcome for c in linked.steps[0].contributions}
    assert (outcomes["given"], outcomes["family"], outcomes["phone"]) == ("initial", "exact", "not comparable")
    with pytest.raises(IdentityInputError, match="record c99 is unknown"):
        explain_store(store, "c99", "c4")
    with pytest.raises(IdentityInputError, match="no such store"):
        explain_store(company / "none.duckdb", "c1", "c4")


def test_an_id_that_two_sources_hold_must_name_its_source(company: Path) -> None:
    roles, store, out = load_roles(company / "roles.yml"), company / "s.duckdb", company / "out.parquet"
    write(company / "shop.csv", [{"id": f"c{i}", **person(i)} for i in range(10)])
    resolve_files([company / "crm.csv", company / "shop.csv"], roles, out, store=store)
    with pytest.raises(IdentityInputError, match=r"record c4 is in 2 sources; name it as <source>\|c4"):
        explain_store(store, "c4", "crm|c5")


def test_a_call_that_fails_leaves_the_store_as_it_was(company: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import identity.registry

    roles, store, out = load_roles(company / "roles.yml"), company / "s.duckdb", company / "out.parquet"
    resolve_files([company / "crm.csv"], roles, out, store=store)

    def content() -> list[object]:
        with duckdb.connect(str(store)) as con:
            return [
                con.execute(f"select * from {t} order by all").fetchall() for t in ("members", "kept_input_records")
            ]

    before = content()

    def power_cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(identity.registry, "_write", power_cut)
    with pytest.raises(KeyboardInterrupt):
        resolve_files([company / "shop.csv"], roles, out, store=store)
    assert content() == before


ABROAD = """
record_id: id
default_region: US
roles: {full_name: name, phone: [tel, mobile], birth_date: born, country: land, identifiers: {loyalty_id: card}}
"""


def read_as(store: Path, what: str) -> dict[str, str]:
    with duckdb.connect(str(store), read_only=True) as con:
        return dict(con.execute(what).fetchall())


def test_the_country_of_a_row_tells_how_its_number_is_read(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "name": "Wang Wei", "tel": "13812345678", "land": "CN"},
        {"id": "2", "name": "Li Na", "tel": "138 1234 5679", "land": "中华人民共和国"},
        {"id": "3", "name": "Bob Meyer", "tel": "3125550147", "land": ""},
        {"id": "4", "name": "Ann Smith", "tel": "(312) 555-0148", "land": "Atlantis"},
        {"id": "5", "name": "Tom Smith", "tel": "020 7946 0018", "mobile": "+1 312 555 0150", "land": "United Kingdom"},
        {"id": "6", "name": "Eve Smith", "tel": "312.555.0149", "land": "NA"},
    ]
    shop = write(tmp_path / "shop.csv", [{"born": "", "mobile": "", "card": "", **row} for row in rows])
    (tmp_path / "roles.yml").write_text(ABROAD, encoding="utf-8")
    store = tmp_path / "s.duckdb"
    resolve_files([shop], load_roles(tmp_path / "roles.yml"), tmp_path / "out.parquet", store=store)
    numbers = "select record_id, string_agg(value, ' ' order by value) from link_identifiers group by 1"
    assert read_as(store, numbers) == {
        "shop|1": "+8613812345678",
        "shop|2": "+8613812345679",
        "shop|3": "+13125550147",
        "shop|4": "+13125550148",
        "shop|5": "+13125550150 +442079460018",
        "shop|6": "+13125550149",
    }


def test_a_country_that_is_filled_in_later_ends_where_a_full_pass_ends(tmp_path: Path) -> None:
    people = [
        {
            "id": str(i),
            "name": f"{GIVEN[i % 10]} {FAMILY[i // 10]}",
            "born": person(i)["born"],
            "tel": f"1381234{5000 + i}",
            "mobile": "",
            "card": "",
            "land": "China" if i % 2 else "",
        }
        for i in range(20)
    ]
    (tmp_path / "roles.yml").write_text(ABROAD, encoding="utf-8")
    roles, tables = load_roles(tmp_path / "roles.yml"), ("link_records", "link_identifiers", "features", "clusters")
    store = tmp_path / "s.duckdb"
    resolve_files([write(tmp_path / "crm.csv", people)], roles, tmp_path / "1.parquet", store=store)
    moved = [{**p, "land": "CN"} for p in people[:4]]
    resolve_files([write(tmp_path / "crm.csv", moved)], roles, tmp_path / "2.parquet", store=store)

    def kept() -> list[object]:
        with duckdb.connect(str(store), read_only=True) as con:
            return [con.execute(f"select * from {table} order by all").fetchall() for table in tables]

    grown = kept()
    read = "select record_id, value from link_identifiers where kind = 'phone' and record_id in ('crm|0', 'crm|1')"
    assert read_as(store, read) == {"crm|0": "+8613812345000", "crm|1": "+8613812345001"}
    resolve_files([tmp_path / "crm.csv"], roles, tmp_path / "3.parquet", store=store, full=True)
    assert kept() == grown


def test_the_source_is_all_of_the_name_but_its_ending(company: Path) -> None:
    rows = [{"id": f"c{i}", **person(i)} for i in range(3)]
    files = [write(company / name, rows) for name in ("crm.1.csv", "crm.2.CSV", "shop.eu.tsv")]
    out = company / "out.parquet"
    assert resolve_files(files, load_roles(company / "roles.yml"), out).records == 9
    found = duckdb.connect().execute(f"select source, count(*) from '{out}' group by 1 order by 1").fetchall()
    assert found == [("crm.1", 3), ("crm.2", 3), ("shop.eu", 3)]
