"""Increments end where one full pass ends: a hand-made company, delivered in parts, changed and changed back."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from identity import Resolved, load_roles, resolve_files

COLUMNS = ("id", "source", "first", "last", "born", "mail", "tel", "street", "zip", "card")
# low limits, so that a handful of records crosses them
ROLES = """
record_id: id
source: source
default_region: US
roles:
  given_name: first
  family_name: last
  birth_date: born
  email: mail
  phone: tel
  street: street
  postcode: zip
  identifiers: {loyalty_id: card}
rules:
  blocking: {max_block: 5}
  over_shared:
    phone: {max_names: 3, max_records: 7}
    email: {max_names: 3, max_records: 7}
"""
GIVEN = ("anna", "boris", "carla", "dmitri", "elena", "farid", "greta", "hugo", "wei", "jonas")
FAMILY = ("abelard", "brandt", "castellan", "dorfmann", "wang", "fontaine")
CHINESE = {("wei", "wang"): ("王", "伟"), ("elena", "wang"): ("王", "丽")}
# the cache of links; everything in it must be what a full pass over the same records writes
LINK_TABLES = (
    "link_records", "link_identifiers", "link_flags", "link_hashes", "link_judged", "features", "block_keys", "scored",
    "accepted", "refused", "left_out", "clusters", "repeats",
)  # fmt: skip

Row = dict[str, str]


def company() -> dict[str, Row]:
    """By id, 90 records of 48 people in 12 households: a CRM with everything, a shop with less, a till with swaps."""
    rows = []
    for i in range(48):
        given, family = GIVEN[i % 10], FAMILY[i // 4 % 6]
        home = i // 4
        person = {
            "first": given, "last": family, "born": f"19{50 + i}-{i % 12 + 1:02d}-{i % 27 + 1:02d}",
            "mail": f"{given}.{family}{i}@mail.example", "tel": f"202555{1000 + home:04d}" if i % 3 else "",
            "street": f"{home + 3} Elm Street", "zip": f"2{home // 3:04d}", "card": f"K{i}" if i % 5 == 0 else "",
        }  # fmt: skip
        rows.append(person | {"id": f"c{i}", "source": "crm"})
        if i % 2 == 0:
            last, first = CHINESE.get((given, family), (family, given[:1] if i % 4 else given))
            rows.append(person | {"id": f"s{i}", "source": "shop", "first": first, "last": last, "tel": "", "card": ""})
        if i % 8 in (1, 6, 7):
            rows.append(person | {"id": f"t{i}", "source": "till", "first": family, "last": given, "mail": ""})
    return {row["id"]: row for row in rows}


def write(path: Path, rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


class Store:
    """One store under `folder`, what it should hold (`rows` by id), and the judgements and threshold in force."""

    def __init__(self, folder: Path, name: str = "store", model: Path | None = None) -> None:
        self.folder, self.model = folder, model
        self.path = folder / f"{name}.duckdb"
        self.out = folder / f"{name}.parquet"
        self.rows: dict[str, Row] = {}
        self.judged: list[tuple[str, str, str]] = []
        self.threshold: float | None = None
        (folder / "roles.yml").write_text(ROLES)

    def deliver(self, rows: Iterable[Row] = (), deleted: Iterable[str] = (), *, full: bool = False) -> Resolved:
        rows, deleted = list(rows), list(deleted)
        gone = [{"source": self.rows[i]["source"], "record_id": i} for i in deleted]
        self.rows |= {row["id"]: row for row in rows}
        for i in deleted:
            del self.rows[i]
        known = company() | self.rows
        judged = [
            {"source_l": known[a]["source"], "record_id_l": a, "source_r": known[b]["source"],
             "record_id_r": b, "judgement": word}
            for a, b, word in self.judged
        ]  # fmt: skip
        columns = ("source_l", "record_id_l", "source_r", "record_id_r", "judgement")
        return resolve_files(
            [write(self.folder / "delivered.csv", rows)], load_roles(self.folder / "roles.yml"), self.out,
            store=self.path, model=self.model, threshold=self.threshold, full=full,
            deleted=write(self.folder / "deleted.csv", gone, ("source", "record_id")),
            judgements=write(self.folder / "judged.csv", judged, columns),
        )  # fmt: skip

    def ids(self) -> dict[str, str]:
        with duckdb.connect() as con:
            return dict(con.execute(f"select record_id, profile_id from '{self.out}'").fetchall())

    def partition(self) -> set[frozenset[str]]:
        found: dict[str, set[str]] = {}
        for record, profile in self.ids().items():
            found.setdefault(profile, set()).add(record)
        return {frozenset(records) for records in found.values()}

    def links(self) -> dict[str, list[tuple[str, ...]]]:
        """Every row of the link tables, floats to nine digits."""
        found = {}
        with duckdb.connect(str(self.path), read_only=True) as con:
            for table in LINK_TABLES:
                columns = sorted(row[0] for row in con.execute(f"describe {table}").fetchall())
                rows = con.execute(f"select {', '.join(columns)} from {table}").fetchall()
                found[table] = sorted(
                    tuple(f"{c}={v:.9g}" if isinstance(v, float) else f"{c}={v!r}" for c, v in zip(columns, row))  # noqa: B905
                    for row in rows
                )
        return found

    def generations(self) -> tuple[int, int]:
        with duckdb.connect(str(self.path), read_only=True) as con:
            [row] = con.execute("select (select count(*) from generations), (select count(*) from events)").fetchall()
        return row

    def trained(self) -> Path:
        """The folder of the one version that this store's calls trained."""
        home = Path(f"{self.path}.model")
        return home / (home / "current").read_text().strip()


def assert_same_as_full(store: Store, *, order: int = 0) -> None:
    """The store's link tables and profiles are those of one pass over the same records, in another order."""
    fresh = Store(store.folder, "fresh", store.model or store.trained())
    fresh.path.unlink(missing_ok=True)
    fresh.judged, fresh.threshold = store.judged, store.threshold
    rows = list(store.rows.values())
    random.Random(order).shuffle(rows)
    fresh.deliver(rows)
    kept, expected = store.links(), fresh.links()
    for table in LINK_TABLES:
        more, less = set(kept[table]) - set(expected[table]), set(expected[table]) - set(kept[table])
        assert (table, len(kept[table]), more, less) == (table, len(expected[table]), set(), set())
    assert store.partition() == fresh.partition()
    assert set(store.ids()) == set(store.rows)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model trained on the whole company."""
    folder = tmp_path_factory.mktemp("trained")
    store = Store(folder)
    store.deliver(company().values())
    return store.trained()


def test_ten_increments_end_where_one_delivery_ends(tmp_path: Path, model: Path) -> None:
    store = Store(tmp_path, model=model)
    rows = list(company().values())
    random.Random(3).shuffle(rows)
    for part in range(10):
        store.deliver(rows[part::10])
    assert_same_as_full(store)
    ids, links, generations = store.ids(), store.links(), store.generations()
    done = store.deliver(full=True)
    assert (done.created, done.merged, done.split, done.reinstated, done.retired) == (0, 0, 0, 0, 0)
    assert (store.ids(), store.links(), store.generations()) == (ids, links, generations)
    assert len(store.partition()) < 80


def test_a_learning_model_ends_where_one_delivery_ends(tmp_path: Path) -> None:
    rows = list(company().values())
    (tmp_path / "one").mkdir()
    one, many = Store(tmp_path / "one"), Store(tmp_path)
    whole = one.deliver(rows)
    for part in range(3):
        done = many.deliver(rows[part::3])
    assert done.model_version == whole.model_version
    assert many.partition() == one.partition()
    # hashes and all: what the earlier deliveries left is still known to the store
    assert many.links() == one.links()
    before = many.links()
    many.deliver(rows[::5])
    assert many.links() == before
    many.deliver(deleted=["c3", "s8"])
    assert_same_as_full(many)


def test_a_replayed_delivery_changes_nothing(tmp_path: Path, model: Path) -> None:
    store = Store(tmp_path, model=model)
    rows = list(company().values())
    store.deliver(rows[:60])
    store.deliver(rows[60:])
    ids, links, generations = store.ids(), store.links(), store.generations()
    done = store.deliver(reversed(rows[60:]))
    assert done.pairs == 0
    assert (store.ids(), store.links(), store.generations()) == (ids, links, generations)


def test_what_is_undone_comes_back_with_its_ids(tmp_path: Path, model: Path) -> None:
    """Threshold up and down, records deleted and delivered again, a link and a separation taken back."""
    store = Store(tmp_path, model=model)
    store.deliver(company().values())
    ids, links = store.ids(), store.links()
    assert ids["c4"] == ids["s4"]
    assert ids["c1"] != ids["c6"]

    store.threshold = 0.999999
    store.deliver()
    assert store.ids() != ids
    store.threshold = None
    store.deliver()
    assert store.ids() == ids

    store.deliver(deleted=["c4", "s4", "t6", "c9"])
    store.deliver(company()[i] for i in ("t6", "c9", "s4", "c4"))
    assert (store.ids(), store.links()) == (ids, links)

    store.judged = [("c1", "c6", "positive"), ("c4", "s4", "negative")]
    store.deliver()
    judged = store.ids()
    assert judged["c1"] == judged["c6"]
    assert judged["c4"] != judged["s4"]
    assert_same_as_full(store)
    store.judged = []
    store.deliver()
    assert (store.ids(), store.links()) == (ids, links)


def test_a_phone_under_more_and_more_names_and_back(tmp_path: Path, model: Path) -> None:
    """One name, two (a couple), three, over-shared; a birth date that fills its block; and the same way back."""
    store = Store(tmp_path, model=model)
    store.deliver(company().values())
    ids, links = store.ids(), store.links()
    start = company()
    verdicts = []
    # brandt and fontaine households; five of them also take one birth date, which crosses the bound on blocks
    steps = (["c5"], ["c12", "c22"], ["c27", "c33", "c38", "c44"])
    for batch in steps:
        store.deliver(start[i] | {"tel": "2025559999", "born": "1961-05-06"} for i in batch)
        with duckdb.connect(str(store.path), read_only=True) as con:
            verdicts += con.execute("select reason, n_names from link_flags where value like '%5559999'").fetchall()
        assert_same_as_full(store)
    assert verdicts == [(None, 3), ("over_shared", 3)]
    for batch in reversed(steps):
        store.deliver(start[i] for i in batch)
    assert (store.ids(), store.links()) == (ids, links)


def test_a_guest_who_comes_again_and_again_is_one_profile(tmp_path: Path, model: Path) -> None:
    """Thirty orders of one person, where a phone on eight records proves nothing and a block holds five."""
    store = Store(tmp_path, model=model)
    store.deliver(company().values())
    ids, links = store.ids(), store.links()
    guest = company()["c5"] | {"card": ""}
    orders = [guest | {"id": f"o{n}"} for n in range(30)]
    for start in range(0, 30, 6):
        store.deliver(orders[start : start + 6])
        assert_same_as_full(store, order=start)
    profile = ids["c5"]
    assert {store.ids()[row["id"]] for row in orders} == {profile}
    # the other orders fit either side: they go to neither, and stay with each other
    store.judged = [("c5", "o17", "negative")]
    store.deliver()
    assert_same_as_full(store)
    assert store.ids()["c5"] != store.ids()["o17"]
    assert max(len(records) for records in store.partition() if "c5" not in records) == 29
    store.judged = []
    # an order that turns out to be another person's
    store.deliver([orders[3] | {"first": "hugo", "born": "1999-12-31", "mail": "hugo@mail.example"}])
    assert_same_as_full(store)
    assert store.ids()["o3"] != profile == store.ids()["o17"]
    store.deliver([], [f"o{n}" for n in range(29)])
    assert_same_as_full(store)
    assert store.ids()["o29"] == profile
    store.deliver([], ["o29"])
    assert (store.ids(), store.links()) == (ids, links)


def test_a_couple_that_orders_often_is_two_profiles(tmp_path: Path, model: Path) -> None:
    """Both use one phone and one e-mail; each comes a dozen times."""
    store = Store(tmp_path, model=model)
    store.deliver(company().values())
    at_home = company()["c5"] | {"card": "", "mail": "both@mail.example", "tel": "2025558888"}
    couple = {
        "anna": at_home | {"first": "anna", "born": "1957-03-02"},
        "hugo": at_home | {"first": "hugo", "born": "1955-11-24"},
    }
    orders = [row | {"id": f"{name}{n}"} for name, row in couple.items() for n in range(12)]
    for part in range(4):
        store.deliver(orders[part::4])
        assert_same_as_full(store, order=part)
    found = {name: {store.ids()[f"{name}{n}"] for n in range(12)} for name in couple}
    assert [len(profiles) for profiles in found.values()] == [1, 1]
    assert found["anna"].isdisjoint(found["hugo"])


def test_a_value_under_many_names_proves_nothing_however_often_one_of_them_comes(tmp_path: Path, model: Path) -> None:
    store = Store(tmp_path, model=model)
    store.deliver(company().values())
    # a till's own number: four names, twelve orders each
    till = "2025559999"
    at_the_till = [
        company()[i] | dict.fromkeys(("mail", "born", "street", "zip", "card"), "") | {"id": f"{i}-{n}", "tel": till}
        for i in ("c5", "c12", "c22", "c27")
        for n in range(12)
    ]
    store.deliver(at_the_till)
    assert_same_as_full(store)
    with duckdb.connect(str(store.path), read_only=True) as con:
        [(reason, repeats)] = con.execute(
            "select reason, (select count(*) from repeats) from link_flags where value like '%5559999'"
        ).fetchall()
    assert (reason, repeats) == ("over_shared", 0)


EDITS = st.lists(
    st.tuples(
        st.sampled_from(sorted(company())),
        st.sampled_from(
            ["phone", "mail", "name", "swap", "card", "home", "again", "delete", "restore", "link", "apart"]
        ),
        st.sampled_from(sorted(company())),
    ),
    min_size=4,
    max_size=14,
)


def edited(row: Row, what: str, other: Row) -> Row:
    taken = {"phone": ("tel",), "mail": ("mail",), "name": ("first",), "card": ("card",), "home": ("street", "zip")}
    if what == "swap":
        return row | {"first": row["last"], "last": row["first"]}
    return row | {column: other[column] for column in taken[what]}


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=st.lists(EDITS, min_size=2, max_size=2), order=st.integers(0, 99))
def test_any_edits_in_any_order_end_where_a_full_pass_ends(
    batches: list[list[tuple[str, str, str]]],
    order: int,
    tmp_path_factory: pytest.TempPathFactory,
    model: Path,
) -> None:
    store = Store(tmp_path_factory.mktemp("edits"), model=model)
    rows = list(company().values())
    random.Random(order).shuffle(rows)
    store.deliver(rows)
    for batch in batches:
        changed: dict[str, Row] = {}
        deleted: set[str] = set()
        for record, what, other in batch:
            if what == "delete":
                deleted.add(record)
            elif what == "restore":
                changed[record] = company()[record]
            elif what == "again":
                row = changed.get(record) or store.rows.get(record) or company()[record]
                changed |= {i: row | {"id": i} for i in (f"{record}-{n}" for n in range(12))}
            elif what in ("link", "apart"):
                taken = {end for a, b, _ in store.judged for end in (a, b)}
                if record != other and not {record, other} & taken:  # so that none contradicts another
                    store.judged.append((record, other, "positive" if what == "link" else "negative"))
            else:
                before = changed.get(record) or store.rows.get(record) or company()[record]
                changed[record] = edited(before, what, company()[other])
        store.deliver(changed.values(), [i for i in deleted if i in store.rows and i not in changed])
        assert_same_as_full(store, order=order)
    store.judged = []
    store.deliver(company().values(), [i for i in store.rows if i not in company()])
    assert_same_as_full(store)
    assert {i: row["last"] for i, row in store.rows.items()} == {i: row["last"] for i, row in company().items()}
