"""Measures by hand-counted partitions."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from identity import IdentityInputError, evaluate_files


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
