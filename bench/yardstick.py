"""Bare Splink on flat records: what linkage without identifiers, guards and constraints would give.

Ordinary settings, one threshold, connected components; not tuned, since it is what the platform is measured against.

usage: python bench/yardstick.py [RECORDS.parquet]      (default: data/sample/truth/records.parquet)
columns: record_id, person_id (the truth), first_name, last_name, dob, zip, street, phone, email, all text
prints one JSON object: seconds, peak_gb, records, clusters, precision, recall, f1 (pairwise)
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import time
from pathlib import Path

import duckdb
import splink.comparison_library as cl
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI

SAMPLE = Path(__file__).parents[1] / "data" / "sample" / "truth" / "records.parquet"
THRESHOLD = 0.9

BLOCKS = (
    ("email",),
    ("phone",),
    ("email_user",),
    ("last_name", "street"),
    ("first_name", "last_name", "zip"),
    ("dob", "last_name"),
    ("last_name", "zip", "substr(first_name, 1, 1)"),
)


def link(records: Path) -> dict[str, float | int]:
    """Cluster `records` and compare with their `person_id`."""
    started = time.monotonic()
    with duckdb.connect() as con:
        con.execute(
            """
            create table flat as select
                cast(row_number() over () as integer) as unique_id, person_id,
                lower(first_name) as first_name, lower(last_name) as last_name, dob, zip, lower(street) as street,
                phone, lower(email) as email, split_part(lower(email), '@', 1) as email_user
            from read_parquet($path)
            """,
            {"path": str(records)},
        )
        settings = SettingsCreator(
            link_type="dedupe_only",
            comparisons=[
                cl.ForenameSurnameComparison("first_name", "last_name"),
                cl.EmailComparison("email"),
                cl.ExactMatch("phone"),
                cl.LevenshteinAtThresholds("dob", [1]),
                cl.ExactMatch("zip").configure(term_frequency_adjustments=True),
                cl.JaroWinklerAtThresholds("street", [0.9]),
            ],
            blocking_rules_to_generate_predictions=[block_on(*columns) for columns in BLOCKS],
            retain_intermediate_calculation_columns=False,
            retain_matching_columns=False,
            max_iterations=10,
        )
        linker = Linker(DuckDBAPI(con).register("flat"), settings, log_level=logging.ERROR)
        linker.training.estimate_probability_two_random_records_match(
            [block_on("email"), block_on("phone")], recall=0.7
        )
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        for column in ("email", "phone"):
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(column))
        pairs = linker.inference.predict(threshold_match_probability=0.01)
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
            pairs, threshold_match_probability=THRESHOLD
        )
        ((n, right, together, same, parts),) = con.execute(
            f"""
            with judged as (
                select c.cluster_id, r.person_id from {clusters.physical_name} as c join flat as r using (unique_id)
            ),
            cells as (select count(*) as n from judged group by cluster_id, person_id),
            found as (select count(*) as n from judged group by cluster_id),
            truth as (select count(*) as n from judged group by person_id)
            select
                (select count(*) from judged),
                (select sum(n * (n - 1) / 2) from cells),
                (select sum(n * (n - 1) / 2) from found),
                (select sum(n * (n - 1) / 2) from truth),
                (select count(*) from found)
            """
        ).fetchall()
    return {
        "seconds": round(time.monotonic() - started, 2),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "records": int(n),
        "clusters": int(parts),
        "precision": round(right / together, 4),
        "recall": round(right / same, 4),
        "f1": round(2 * right / (together + same), 4),
    }


if __name__ == "__main__":
    logging.getLogger("splink").setLevel(logging.ERROR)
    print(json.dumps(link(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLE)))
