"""Do both engines say the same? ``python -m cdp_pipeline.spark.parity --home HOME --out DIR``.

Two homes are made from one: the same raw tables, key and model, and an empty registry. One is built by DuckDB, one by
Spark, as far as ``--steps`` says, and every table of the two is compared: rows as a multiset, amounts to the cent,
other decimals and doubles to nine digits, run ids aside. ``--docs FILE`` writes the report as a page.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from cdp_pipeline.home import Home
from cdp_pipeline.settings import ENGINES, Settings, SettingsError
from cdp_pipeline.sql_text import literal

STEPS = ("core", "identity", "marts")
_TIMES = "parity.json"
# what names a run and not its result; profile events are numbered by their run
RUN_COLUMNS = ("run_id", "event_id")


@dataclass(frozen=True)
class Compared:
    """One table on both engines. `only_left`, `only_right`: rows that the other lacks. `note`: columns that differ."""

    table: str
    rows_left: int
    rows_right: int
    only_left: int
    only_right: int
    note: str = ""

    @property
    def is_equal(self) -> bool:
        return not (self.only_left or self.only_right or self.note) and self.rows_left == self.rows_right

    def line(self) -> str:
        verdict = (
            "equal" if self.is_equal else f"DIFFERENT: {self.only_left} and {self.only_right} rows {self.note}".rstrip()
        )
        return f"{self.table:<44} {self.rows_left:>9} {self.rows_right:>9}  {verdict}"


def compare_folders(table: str, left: Path, right: Path, *, without: Sequence[str] = RUN_COLUMNS) -> Compared:
    """Compare two folders of Parquet as multisets of rows, `without` these columns."""
    with duckdb.connect() as con:
        sides = []
        for name, folder in (("l", left), ("r", right)):
            con.execute(f"create view raw_{name} as select * from read_parquet({literal(folder / '*.parquet')})")
            described = con.execute(f"describe raw_{name}").fetchall()
            sides.append({str(column): str(kind) for column, kind, *_ in described if column not in without})
        if set(sides[0]) != set(sides[1]):
            other = sorted(set(sides[0]) ^ set(sides[1]))
            return Compared(table, *_counts(con), 0, 0, f"(columns {', '.join(other)} on one side only)")
        for name, columns in zip("lr", sides, strict=True):
            listed = ", ".join(_comparable(c, sides[0][c], columns[c]) for c in sorted(columns))
            con.execute(f"create table {name} as select {listed} from raw_{name}")
        [(only_left, only_right)] = con.execute(
            """select (select count(*) from (select * from l except all select * from r)),
            (select count(*) from (select * from r except all select * from l))"""
        ).fetchall()
        note = ""
        if only_left or only_right:
            worst = []
            for column in sorted(sides[0]):
                [(n,)] = con.execute(
                    f'select count(*) from (select "{column}" from l except all select "{column}" from r)'
                ).fetchall()
                if n:
                    worst.append(f"{column} {n}")
            note = f"(by column: {', '.join(worst) or 'each column is equal by itself'})"
        return Compared(table, *_counts(con), int(only_left), int(only_right), note)


def _counts(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    [(left, right)] = con.execute("select (select count(*) from raw_l), (select count(*) from raw_r)").fetchall()
    return int(left), int(right)


def _comparable(column: str, left: str, right: str) -> str:
    kinds = {left, right}
    if column.endswith("amount") and any(k.startswith(("DECIMAL", "DOUBLE")) for k in kinds):
        return f'cast(round("{column}"::double, 2) as decimal(38, 2)) as "{column}"'
    if kinds & {"DOUBLE", "FLOAT"} or any(k.startswith("DECIMAL") for k in kinds):
        # nine significant digits: sums of doubles depend on the order of their parts
        return f'format(\'{{:.8e}}\', "{column}"::double + 0) as "{column}"'
    if kinds <= {"BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "UBIGINT", "UINTEGER", "UTINYINT"}:
        return f'"{column}"::hugeint as "{column}"'
    if kinds <= {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS"}:
        return f'"{column}"::timestamp as "{column}"'
    return f'"{column}"::varchar as "{column}"'


def prepare(source: Home, target: Path) -> Home:
    """A home with the raw tables, the key, the accepted model and the receipts of `source`, and nothing built."""
    from identity.model import accept_model

    shutil.rmtree(target, ignore_errors=True)
    home = Home(target)
    home.lake.mkdir(parents=True)
    (home.lake / "raw").symlink_to(source.lake / "raw")
    for folder in ("secrets", "model", "state"):
        if (source.root / folder).is_dir():
            shutil.copytree(source.root / folder, home.root / folder)
    if not (home.models / "current").exists():
        raise SettingsError(f"{source.root}: has no model of identity resolution; end a `cdp run` there first")
    # a provisional model would be trained again, by each engine for itself
    accept_model(home.models, (home.models / "current").read_text(encoding="utf-8").strip())
    return home


def build(home: Home, settings: Settings, as_of: date, steps: Sequence[str]) -> None:
    """Build `steps` of `home` on the engine of `settings`, and note what each took (``parity.json`` of the home)."""
    from cdp_pipeline.analytics.step import run_jobs
    from cdp_pipeline.ops_export import export_ops
    from cdp_pipeline.spark.engine import build_models, resolve
    from cdp_pipeline.warehouse import export_history

    def marts() -> None:
        export_history(home)
        export_ops(home)
        run_jobs(home.core, home.identity, home.analytics, as_of)
        build_models(home, settings, as_of, "tag:marts")

    acts: dict[str, Callable[[], None]] = {
        "core": lambda: build_models(home, settings, as_of, "tag:core"),
        "identity": lambda: resolve(home, settings, as_of),
        "marts": marts,
    }
    took = seconds_of(home)
    for step in steps:
        print(f"{settings.engine}: {step}", file=sys.stderr, flush=True)
        start = time.monotonic()
        acts[step]()
        took[step] = round(time.monotonic() - start, 1)
        (home.root / _TIMES).write_text(json.dumps(took), encoding="utf-8")


def seconds_of(home: Home) -> dict[str, float]:
    """Seconds of the steps that were built in `home`."""
    path = home.root / _TIMES
    found: dict[str, float] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def tables(left: Home, right: Home, steps: Sequence[str]) -> Iterator[tuple[str, Path, Path]]:
    """Name and the two folders of every table that DuckDB's build left."""
    from cdp_pipeline.spark.engine import export_marts

    if "core" in steps:
        for folder in sorted(left.core.iterdir()):
            yield f"core.{folder.name}", folder, right.core / folder.name
    if "identity" in steps:
        for folder in sorted(left.identity.iterdir()):
            yield f"identity.{folder.name}", folder, right.identity / folder.name
    if "marts" in steps:
        ours, theirs = export_marts(left), export_marts(right)
        for name in sorted(ours):
            yield name, ours[name], theirs.get(name, right.root / "missing")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m cdp_pipeline.spark.parity", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--home", required=True, type=Path, help="a home with at least one finished run")
    parser.add_argument("--out", required=True, type=Path, help="folder for the two homes and the reports")
    parser.add_argument("--master", default="local[2]", help="Spark's master (default: local[2])")
    parser.add_argument("--steps", default=",".join(STEPS), help=f"some of {','.join(STEPS)}")
    parser.add_argument(
        "--engines", default=",".join(ENGINES), help="which build; of the other stands what an earlier call built"
    )
    parser.add_argument("--go-on", action="store_true", help="keep the steps that an earlier call built")
    parser.add_argument("--docs", type=Path, help="write the page of all reports in OUT to this file")
    given = parser.parse_args(arguments)
    try:
        settings = Settings.from_env({**os.environ, "CDP_SPARK_MASTER": given.master})
        report = run(
            Home(given.home.resolve()),
            given.out.resolve(),
            settings,
            _some(given.steps, STEPS, "--steps"),
            engines=_some(given.engines, ENGINES, "--engines"),
            go_on=given.go_on,
        )
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    if given.docs:
        from cdp_pipeline.spark.parity_report import page

        given.docs.write_text(page(given.out.resolve()), encoding="utf-8")
    different = [c for c in report if not c.is_equal]
    print(f"{len(report) - len(different)} of {len(report)} tables are equal on DuckDB and Spark ({given.master})")
    return 1 if different else 0


def _some(text: str, known: Sequence[str], option: str) -> list[str]:
    """The names of `known` in the comma-separated `text`, in their order. Raises SettingsError for another name."""
    asked = text.split(",")
    for name in asked:
        if name not in known:
            raise SettingsError(f"{option}: '{name}' is not one of {', '.join(known)}")
    return [name for name in known if name in asked]


def run(
    source: Home, out: Path, settings: Settings, steps: Sequence[str], *, engines: Sequence[str], go_on: bool
) -> list[Compared]:
    """Build both homes under `out`, print a line a table, and write the report of this master there.

    Raises SettingsError where `source` cannot be used, or where a home that is not built here is missing.
    """
    from cdp_pipeline.inputs import resolve_as_of
    from cdp_pipeline.spark.parity_report import write

    as_of = resolve_as_of(source, None, None)
    homes = {engine: Home(out / engine) for engine in ENGINES}
    for engine, home in homes.items():
        if engine in engines:
            if not go_on:
                prepare(source, home.root)
            build(home, replace(settings, engine=engine), as_of, steps)
        if not home.core.is_dir():
            raise SettingsError(f"{home.root}: nothing is built there; leave out --engines and --go-on once")
    print(f"{'table':<44} {'DuckDB':>9} {'Spark':>9}")
    compared = []
    for name, left, right in tables(homes["duckdb"], homes["spark"], steps):
        if not list(right.glob("*.parquet")):
            compared.append(Compared(name, -1, -1, 0, 0, "(Spark has no such table)"))
        else:
            compared.append(compare_folders(name, left, right))
        print(compared[-1].line(), flush=True)
    times = {engine: seconds_of(home) for engine, home in homes.items()}
    write(out, settings.spark_master, as_of, times, [vars(c) | {"is_equal": c.is_equal} for c in compared])
    return compared


if __name__ == "__main__":
    sys.exit(main())
