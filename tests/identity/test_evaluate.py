"""Measures by hand-counted partitions."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import duckdb
import pytest
from page_check import check_page

from cdp_pipeline.cli import main
from identity import IdentityInputError, evaluate_files, load_roles, resolve_files
from identity.evaluate import Evaluation
from identity.evaluate_evidence import Evidence
from identity.evaluate_report import as_report
from identity.explain import attach_store


def files(tmp_path: Path, clusters: dict[str, str], truth: dict[str, str]) -> tuple[Path, Path]:
    con = duckdb.connect()
    con.execute("create table c (record_id varchar, profile_id varchar)")
    for item in clusters.items():
        con.execute("insert into c values (?, ?)", list(item))
    con.execute(f"copy c to '{tmp_path / 'c.parquet'}'")
    lines = ["record_id,entity_id", *[f"{r},{e}" for r, e in truth.items()]]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "c.parquet", tmp_path / "t.csv"


def test_a_right_partition_scores_one(tmp_path: Path) -> None:
    truth = {"a": "1", "b": "1", "c": "2"}
    result = evaluate_files(*files(tmp_path, {"a": "x", "b": "x", "c": "y"}, truth))
    assert (result.pairwise_f1, result.bcubed_f1, result.clusters, result.entities) == (1.0, 1.0, 2, 2)


def test_pairs_and_records_are_counted_apart(tmp_path: Path) -> None:
    # together: ab, ac, bc (x) and de (y); truly same: ab, cd, ce, de. Right: ab and de.
    clusters = {"a": "x", "b": "x", "c": "x", "d": "y", "e": "y"}
    truth = {"a": "1", "b": "1", "c": "2", "d": "2", "e": "2"}
    result = evaluate_files(*files(tmp_path, clusters, truth))
    assert result.pairwise_precision == pytest.approx(2 / 4)
    assert result.pairwise_recall == pytest.approx(2 / 4)
    assert result.bcubed_precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
    assert result.bcubed_recall == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3) / 5)


def test_a_record_without_a_cluster_stands_alone(tmp_path: Path) -> None:
    result = evaluate_files(*files(tmp_path, {"a": "x"}, {"a": "1", "b": "1"}))
    assert (result.missing, result.pairwise_recall, result.pairwise_precision) == (1, 0.0, 1.0)


def test_a_record_listed_twice_is_refused(tmp_path: Path) -> None:
    clusters, truth = files(tmp_path, {"a": "x"}, {"a": "1"})
    truth.write_text("record_id,entity_id\na,1\na,2\n")
    with pytest.raises(IdentityInputError, match="1 record ids occur more than once"):
        evaluate_files(clusters, truth)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    clusters, truth = files(tmp_path, {"a": "x"}, {"a": "1"})
    truth.write_text("record_id,person\na,1\n")
    with pytest.raises(IdentityInputError, match=r"t\.csv: column entity_id is missing; it has record_id, person"):
        evaluate_files(clusters, truth)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("record_id,entity_id\na,\nb,1\nc, \n", r"t\.csv: 2 rows have no entity_id"),
        ("record_id,entity_id\n,1\n", r"t\.csv: 1 rows have no record_id"),
        ("record_id,entity_id\na,1,2\n", r"t\.csv line 2: more cells than the header has columns"),
        ("record_id,entity_id\na,王\n", r"t\.csv: invalid UTF-8"),
        ("", r"t\.csv: is empty"),
    ],
)
def test_a_truth_that_says_less_than_it_seems_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """Rows without an entity counted as one entity."""
    clusters, truth = files(tmp_path, {"a": "x", "b": "x"}, {"a": "1"})
    truth.write_bytes(text.encode("gb18030"))
    with pytest.raises(IdentityInputError, match=message):
        evaluate_files(clusters, truth)


def test_a_truth_without_the_sources_of_the_clusters(tmp_path: Path) -> None:
    _, truth = files(tmp_path, {"a": "x"}, {"a": "1"})
    clusters = tmp_path / "c.csv"
    clusters.write_text("source,record_id,profile_id\ncrm,a,x\nshop,a,y\n")
    with pytest.raises(IdentityInputError, match=r"1 record ids occur more than once; .*t\.csv needs a column source"):
        evaluate_files(clusters, truth)


def test_blanks_around_cells_and_numbers_in_json_are_the_same_records(tmp_path: Path) -> None:
    """As `cdp resolve` reads them."""
    clusters, truth = files(tmp_path, {"1": "x", "2": "x"}, {"1": "1"})
    truth.write_text("record_id, entity_id\n 1 , p\n2,p \n")
    typed = truth.with_suffix(".jsonl")
    typed.write_text('{"record_id": 1, "entity_id": "p"}\n{"record_id": 2, "entity_id": "p"}\n')
    for path in (truth, typed):
        result = evaluate_files(clusters, path)
        assert (result.missing, result.pairwise_f1) == (0, 1.0)


# --- measures of clusters, by hand


def test_cluster_measures_by_hand(tmp_path: Path) -> None:
    # clusters abc, de, f; entities ab, cde, f
    clusters = {"a": "x", "b": "x", "c": "x", "d": "y", "e": "y", "f": "z"}
    truth = {"a": "1", "b": "1", "c": "2", "d": "2", "e": "2", "f": "3"}
    result = evaluate_files(*files(tmp_path, clusters, truth))
    assert (result.cluster_precision, result.cluster_recall) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert (result.merged_clusters, result.split_entities) == (1, 1)
    # greatest Jaccard: abc with ab 2/3, de with cde 2/3, f with f 1; and the same seen from the entities
    assert result.closest_cluster_precision == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert result.closest_cluster_recall == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    # per record log2(cluster / common) + log2(entity / common): ab log2(3/2) each, c log2(3) twice, de log2(3/2) each
    assert result.variation_of_information == pytest.approx((4 * 0.5849625 + 2 * 1.5849625) / 6)


def test_precision_and_recall_of_clusters_differ(tmp_path: Path) -> None:
    # entity abcd in two clusters: no cluster is right; one of three entities is met
    clusters = {"a": "x", "b": "x", "c": "y", "d": "y", "e": "z"}
    result = evaluate_files(*files(tmp_path, clusters, {"a": "1", "b": "1", "c": "1", "d": "1", "e": "2"}))
    assert (result.cluster_precision, result.cluster_recall) == (pytest.approx(1 / 3), pytest.approx(1 / 2))
    assert result.closest_cluster_precision == pytest.approx((1 / 2 + 1 / 2 + 1) / 3)
    assert result.closest_cluster_recall == pytest.approx((1 / 2 + 1) / 2)
    assert (result.merged_clusters, result.split_entities) == (0, 1)


# --- intervals


def sample(tmp_path: Path, people: int, order: int = 0) -> Evaluation:
    """`people` with two records each; every fifth is split, every tenth shares a cluster with the next."""
    clusters, truth = {}, {}
    numbers = list(range(people))
    random.Random(order).shuffle(numbers)
    for i in numbers:
        for part in ("a", "b"):
            truth[f"{i}{part}"] = str(i)
            clusters[f"{i}{part}"] = f"{i}{part}" if i % 5 == 0 and part == "b" else str(i + (i % 10 == 3))
    return evaluate_files(*files(tmp_path, clusters, truth))


def test_intervals_hold_the_measure_and_shrink_with_the_sample(tmp_path: Path) -> None:
    small, large = sample(tmp_path, 40), sample(tmp_path, 1000)
    assert set(small.measure_names()) <= set(large.intervals)
    for name in small.measure_names():
        for result in (small, large):
            low, high = result.intervals[name]
            assert 0 <= low <= getattr(result, name) <= high <= 1
        width = [result.intervals[name][1] - result.intervals[name][0] for result in (small, large)]
        # 25 times the groups: about a fifth of the width
        assert width[1] == pytest.approx(width[0] / 5, rel=0.4)


def test_an_interval_is_about_as_wide_as_the_binomial_one(tmp_path: Path) -> None:
    """Recall misses 1 of 5 independent people with one pair each: the bootstrap must come to the textbook's width."""
    clusters = {f"{i}{p}": f"{i}{p if i % 5 == 0 else ''}" for i in range(500) for p in "ab"}
    truth = {f"{i}{p}": str(i) for i in range(500) for p in "ab"}
    result = evaluate_files(*files(tmp_path, clusters, truth))
    assert result.pairwise_recall == pytest.approx(0.8)
    low, high = result.intervals["pairwise_recall"]
    margin = 1.96 * (0.8 * 0.2 / 500) ** 0.5
    assert low == pytest.approx(0.8 - margin, abs=0.01)
    assert high == pytest.approx(0.8 + margin, abs=0.01)


def test_intervals_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    assert sample(tmp_path, 60, order=1).as_dict() == sample(tmp_path, 60, order=2).as_dict()


def test_without_an_error_the_rule_of_three_speaks(tmp_path: Path) -> None:
    # 60 people with two records and 40 with one: a pair could have gone wrong in 60 groups
    truth = {f"{i}{p}": str(i) for i in range(100) for p in ("ab" if i < 60 else "a")}
    result = evaluate_files(*files(tmp_path, truth, truth))
    assert result.intervals["pairwise_recall"] == (pytest.approx(1 - 3 / 60), 1.0)
    assert result.intervals["bcubed_recall"] == (pytest.approx(1 - 3 / 100), 1.0)
    assert "variation_of_information" not in result.intervals


# --- by source


def test_pairs_are_counted_by_source(tmp_path: Path) -> None:
    rows = [
        # source, id, cluster, entity
        ("crm", "1", "x", "A"), ("crm", "2", "x", "A"), ("shop", "1", "x", "A"), ("shop", "2", "x", "B"),
        ("web", "1", "y", "B"),
    ]  # fmt: skip
    (tmp_path / "c.csv").write_text("source,record_id,profile_id\n" + "".join(f"{s},{r},{c}\n" for s, r, c, _ in rows))
    (tmp_path / "t.csv").write_text("source,record_id,entity_id\n" + "".join(f"{s},{r},{e}\n" for s, r, _, e in rows))
    result = evaluate_files(tmp_path / "c.csv", tmp_path / "t.csv", by_source=True)
    found = {
        (row["source_l"], row["source_r"]): (row["pairs_right"], row["pairs_together"], row["pairs_same"])
        for row in result.by_source
    }
    assert found == {("crm", "crm"): (1, 1, 1), ("crm", "shop"): (2, 4, 2), ("shop", "shop"): (0, 1, 0),
                     ("shop", "web"): (0, 0, 1)}  # fmt: skip
    [crm_shop] = [row for row in result.by_source if (row["source_l"], row["source_r"]) == ("crm", "shop")]
    assert (crm_shop["pairwise_precision"], crm_shop["pairwise_recall"]) == (0.5, 1.0)
    total = [sum(row[name] for row in result.by_source) for name in ("pairs_right", "pairs_together", "pairs_same")]
    assert total[0] / total[1] == pytest.approx(result.pairwise_precision)
    assert total[0] / total[2] == pytest.approx(result.pairwise_recall)


def test_measures_by_source_need_a_source(tmp_path: Path) -> None:
    with pytest.raises(IdentityInputError, match="need a column source"):
        evaluate_files(*files(tmp_path, {"a": "x"}, {"a": "1"}), by_source=True)


# --- by threshold


def write_edges(path: Path, rows: list[tuple[str, str, float | None, str]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["record_id_l", "record_id_r", "match_probability", "kind"])
        writer.writerows(rows)
    return path


def test_thresholds_by_hand(tmp_path: Path) -> None:
    # a-b by an identifier; b-c strong and right; c-d weak and wrong; d-e right at 4 bits and a bit more
    clusters = dict.fromkeys("abcde", "x")
    truth = {"a": "1", "b": "1", "c": "1", "d": "2", "e": "2"}
    edges = write_edges(
        tmp_path / "e.csv",
        [("a", "b", None, "identifier"), ("b", "c", 1 - 2**-30, "probabilistic"), ("c", "d", 0.75, "probabilistic"),
         ("d", "e", 0.95, "probabilistic")],
    )  # fmt: skip
    result = evaluate_files(*files(tmp_path, clusters, truth), edges=edges)
    rows = {round(row["threshold_bits"], 3): row for row in result.thresholds}
    used = result.thresholds[0]
    assert used["threshold"] == pytest.approx(0.75)
    assert (used["pairwise_precision"], used["pairwise_recall"], used["clusters"]) == (
        pytest.approx(4 / 10), 1.0, 1,
    )  # fmt: skip
    assert (used["pairwise_precision"], used["pairwise_recall"]) == (result.pairwise_precision, result.pairwise_recall)
    assert (rows[4.0]["pairwise_precision"], rows[4.0]["pairwise_recall"], rows[4.0]["clusters"]) == (1.0, 1.0, 2)
    assert (rows[5.0]["pairwise_recall"], rows[5.0]["clusters"]) == (pytest.approx(3 / 4), 3)
    assert [row["pairwise_recall"] for row in result.thresholds] == sorted(
        (row["pairwise_recall"] for row in result.thresholds), reverse=True
    )


def test_edges_of_another_result_are_refused(tmp_path: Path) -> None:
    edges = write_edges(tmp_path / "e.csv", [("p", "q", 0.9, "probabilistic")])
    with pytest.raises(IdentityInputError, match=r"e\.csv: none of its record ids is in the clusters file"):
        evaluate_files(*files(tmp_path, {"a": "x"}, {"a": "1"}), edges=edges)


# --- faults


def test_over_merges_are_told_by_household(tmp_path: Path) -> None:
    clusters, _ = files(tmp_path, {"a": "x", "b": "x", "c": "x", "d": "x"}, {})
    (tmp_path / "t.csv").write_text("record_id,entity_id,household_id\na,1,h\nb,1,h\nc,2,h\nd,3,other\ne,3,other\n")
    result = evaluate_files(clusters, tmp_path / "t.csv", faults=True)
    assert [tuple(row.values()) for row in result.faults] == [
        ("over_merge", "other_people", 2, 3),  # ab with d, c with d
        ("over_merge", "same_household", 1, 2),  # ab with c
        ("under_merge", "no_cluster", 1, 1),  # e is not in the result
    ]


ROLES = """
record_id: id
default_region: US
roles:
  given_name: first
  family_name: last
  birth_date: born
  email: mail
  phone: tel
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty people in two systems, resolved with a store; the truth says more than the records show. The clusters are
    given, so that the kinds of fault do not hang on how well the records are resolved."""
    folder = tmp_path_factory.mktemp("evaluate")
    given = ["anna", "boris", "carla", "dmitri", "elena", "farid", "greta", "hugo", "irena", "jonas"]
    people = [
        {"first": given[i % 10], "last": ["abelard", "brandt", "castellan"][i // 10],
         "born": f"19{50 + i}-03-{i % 27 + 1:02d}", "mail": f"{given[i % 10]}{i}@mail.example",
         "tel": f"2025550{100 + i}"}
        for i in range(30)
    ]  # fmt: skip
    rows = [{"id": f"c{i}", **p} for i, p in enumerate(people)] + [{"id": f"s{i}", **p} for i, p in enumerate(people)]
    blank = dict.fromkeys(people[0], "")
    rows.append({"id": "mute", **blank, "last": "zoltan"})  # belongs to person 0 and shows nothing of it
    # belongs to person 1, and has nothing but the name in common
    rows.append({"id": "conflict", **people[1], "born": "1920-11-12", "mail": "other@mail.example",
                 "tel": "2125550199"})  # fmt: skip
    with (folder / "in.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (folder / "roles.yml").write_text(ROLES)
    truth = {str(row["id"]): str(row["id"])[1:] for row in rows} | {"mute": "0", "conflict": "1", "s2": "200"}
    (folder / "t.csv").write_text(
        "record_id,entity_id,household_id\n" + "".join(f"{r},{e},h{e[-1]}\n" for r, e in truth.items())
    )
    clusters = {str(row["id"]): str(row["id"])[1:] for row in rows} | {"mute": "mute", "conflict": "conflict"}
    (folder / "out.csv").write_text(
        "source,record_id,profile_id\n" + "".join(f"in,{r},{c}\n" for r, c in clusters.items())
    )
    resolve_files([folder / "in.csv"], load_roles(folder / "roles.yml"), folder / "resolved.parquet",
                  store=folder / "s.duckdb", edges=folder / "edges.parquet")  # fmt: skip
    return folder


def test_faults_are_explained_from_a_store(shop: Path) -> None:
    result = evaluate_files(
        shop / "out.csv", shop / "t.csv", edges=shop / "edges.parquet", evidence=Evidence(store=shop / "s.duckdb"),
        errors=shop / "errors.csv",
    )  # fmt: skip
    kinds = {(row["fault"], row["kind"]): (row["parts"], row["pairs"]) for row in result.faults}
    assert kinds.pop(("over_merge", "namesake")) == (1, 1)  # c2 and s2: one name, two people says the truth
    assert kinds.pop(("under_merge", "no_shared_evidence")) == (1, 2)
    assert kinds == {("under_merge", "conflict"): (1, 2)}
    with (shop / "errors.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["fault"] for row in rows] == ["over_merge", "under_merge", "under_merge"]
    assert {rows[0]["record_id_l"], rows[0]["record_id_r"]} == {"in|c2", "in|s2"}
    assert float(rows[0]["match_weight"]) > 0
    assert "given: exact" in rows[0]["outcomes"]
    text = (shop / "errors.csv").read_text()
    assert [value for value in ("anna", "carla", "abelard", "mail.example", "1952") if value in text] == []


def test_a_left_out_edge_outweighs_every_other_reason(shop: Path) -> None:
    for table, sql in {
        "features": "from features",
        "edges": "from store_edges",
        "dropped_edges": """select 'in|conflict' as record_id_l, 'in|s1' as record_id_r, 9.5 as match_weight,
            'bridge' as reason""",
    }.items():
        (shop / "identity" / table).mkdir(parents=True)
        with duckdb.connect() as con:
            attach_store(con, shop / "s.duckdb")
            con.execute(f"copy ({sql}) to '{shop / 'identity' / table / 'part-0.parquet'}'")
    evidence = Evidence(identity=shop / "identity", models=shop / "s.duckdb.model")
    result = evaluate_files(shop / "out.csv", shop / "t.csv", evidence=evidence, examples=9)
    assert {row["kind"] for row in result.faults} == {"namesake", "no_shared_evidence", "refused"}
    [refused] = [row for row in result.examples if row["kind"] == "refused"]
    assert (refused["detail"], refused["pairs"]) == ("bridge", 2)
    assert {refused["record_id_l"], refused["record_id_r"]} == {"in|conflict", "in|s1"}


def test_faults_are_explained_from_the_files_alone(shop: Path) -> None:
    evidence = Evidence(records=[shop / "in.csv"], roles=shop / "roles.yml")
    result = evaluate_files(shop / "out.csv", shop / "t.csv", evidence=evidence)
    kinds = {row["kind"]: row["pairs"] for row in result.faults}
    assert kinds == {"namesake": 1, "never_compared": 2, "compared": 2}
    with_model = Evidence(records=[shop / "in.csv"], roles=shop / "roles.yml", models=shop / "s.duckdb.model")
    result = evaluate_files(shop / "out.csv", shop / "t.csv", evidence=with_model)
    assert {row["kind"] for row in result.faults} == {"namesake", "no_shared_evidence", "conflict"}


def test_the_command_writes_all_its_forms(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["evaluate", "--clusters", str(shop / "out.csv"), "--truth", str(shop / "t.csv")]
    assert main([*base, "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert {"records", "missing", "clusters", "entities", "pairwise_precision", "pairwise_recall", "pairwise_f1",
            "bcubed_precision", "bcubed_recall", "bcubed_f1"} <= set(plain)  # fmt: skip
    assert not {"by_source", "faults", "thresholds", "examples"} & set(plain)
    assert main(base) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    page = shop / "page.html"
    assert main([*base, "--by-source", "--store", str(shop / "s.duckdb"), "--report", str(page), "--json"]) == 0
    full = json.loads(capsys.readouterr().out)
    assert {"by_source", "faults", "thresholds"} <= set(full)
    assert {key: full[key] for key in plain} == plain
    text = page.read_text()
    assert f"{plain['pairwise_precision']:.4f}" in " ".join(check_page(text).text)
    assert [value for value in ("carla", "abelard", "mail.example", "1952") if value in text] == []
    assert [tag for tag, _ in check_page(text).tags].count("svg") == 2


def test_a_report_without_extras_is_whole(tmp_path: Path) -> None:
    result = evaluate_files(*files(tmp_path, {"a": "x"}, {"a": "1"}), faults=True)
    text = as_report(result)
    assert "<svg" not in text
    assert "1 records of 1 entities" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--records", "r.csv"], "--records and --roles belong together"),
        (["--store", "s", "--home", "h"], "give --store or --home, not both"),
        (["--model", "m"], "--model needs --store or --records"),
        (["--store", "none.duckdb"], "none.duckdb: no such store"),
        (["--edges", "none.parquet"], "none.parquet: no such file"),
    ],
)
def test_bad_usage_is_one_line(
    shop: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["evaluate", "--clusters", str(shop / "out.csv"), "--truth", str(shop / "t.csv")]
    assert main([*base, *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
