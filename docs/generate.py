"""Writes docs/sources.md from the source contracts, docs/tables.md and docs/features.md from the dbt YAML, and
docs/cli.md from the parsers of the command line.

    python docs/generate.py
    cdp demo 2>&1 | python docs/generate.py --demo-output    # and puts what a run printed into the README

A test holds the committed pages equal to what this writes, so they cannot drift from the code.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from cdp_pipeline.cli._main import build_parser
from cdp_pipeline.sources.contract import ObjectContract, load_contracts

DOCS = Path(__file__).parent
MARTS = DOCS.parent / "dbt_project" / "models" / "marts"
SCHEMAS = ("profiles", "segments", "features", "insights", "quality", "pii")

_ALIAS = re.compile(r"config\([^)]*alias\s*=\s*'(\w+)'")

SOURCES_HEAD = """\
# Connected systems

Generated from `cdp_pipeline/sources/contracts/*.yml` by `python docs/generate.py`. Change the contract instead.

A file lands as `landing/<source>/<object>/dt=YYYY-MM-DD/<any name>.<format>`, where `dt` is the day of delivery. It may
also be compressed (`.gz`, `.zst`).

Delivery:

- **append**: events. A repeated key is dropped.
- **upsert**: the newest version of a key counts, by update time, else by delivery day.
- **full_snapshot**: each day holds everything. A key that is absent is deleted.
- **replace_partition**: a redelivered day replaces the earlier delivery of that day.

Identifiers: the kinds that an object carries. `kind (namespace)` is unique only inside its namespace. `never` marks a
field that looks like an identifier and must not become one, for example the phone number of a store.

Shape: `documented` and `fixture` shapes were seen in documentation or in real records. A shape `from memory` was not:
check the first delivery with `cdp source validate`, and correct the mapping in `<CDP_HOME>/contracts/<source>.yml`.
Sample rows are those of `data/sample`. The test holds records in the native shape against hand-made expectations.
"""

TABLES_HEAD = """\
# Published tables

Generated from `dbt_project/models/marts/**/*.yml` by `python docs/generate.py`. Change the YAML instead.

All tables lie in `published/current/`:

- `marts.duckdb` holds the schemas `profiles`, `segments`, `features`, `insights` and `quality`. No column there holds a
  name, a contact or an address in clear.
- `pii.duckdb` (mode 0600) holds the clear values, in schema `main`.
- `timeline/bucket-<n>.parquet` (mode 0600) is `pii.timeline`, sorted by profile and time. n is the first byte of the
  profile id's MD5 modulo 8.

DuckDB clients from 1.4 on can open both database files. The key tells the rows of a table apart (– where no single key
is declared). Times are UTC. The as-of is the last day that a snapshot knows. Column descriptions also travel with the
tables: `select table_name, column_name, comment from duckdb_columns() where not internal`.
"""


CLI_HEAD = """\
# Command line

Generated from the parsers in `cdp_pipeline/cli` by `python docs/generate.py`.

Commands work on the home that `--home DIR` or `CDP_HOME` names, else on `data/home`. Exit codes: 0 done; 1 failed,
nothing half-written; 2 bad usage or bad input. A failure is one line on standard error. `--json` prints one document.
`cdp --version` names the versions of the platform and of its parts.
"""

FEATURES_HEAD = """\
# Features

Generated from `dbt_project/models/marts/features/_features.yml` by `python docs/generate.py`. Change the YAML instead.

`features.profile_features` has one row per live profile. Windows end with the as-of day (UTC). Counts of things that
did not happen are 0; a column that is NULL says when in its table below. Shares and rates run from 0 to 1.

**Freshness.** `as_of`: from events before the end of the as-of day and from nothing later. `state`: as the golden
record, contact points and consents stand in the run. The columns of kind `as_of` can be asked for at any past time.

**Who decides.** A denied consent purpose `profiling` leaves scores and next best channel and time NULL, with the reason
`opted_out`; recommended coupons are then those that everybody gets.

**RFM classes**, from the recency quintile R and the mean V of the frequency and monetary quintiles:

| class | R | V |
|---|---|---|
| champions | 5 | 4-5 |
| loyal | 3-5 | 4-5, if not a champion |
| potential_loyalist | 4-5 | 2-3 |
| new | 5 | 1, first order in the last 90 days |
| promising | 4-5 | 1, if not new |
| needs_attention | 3 | 3 |
| about_to_sleep | 3 | 1-2 |
| cannot_lose | 1-2 | 5 |
| at_risk | 1-2 | 3-4 |
| lost | 1 | 1 |
| hibernating | 1-2 | 1-2, if not lost |

**For recommenders.** `features.affinity` (products, categories, brands and departments a profile leans to),
`features.product_neighbours` (`kind` bought or viewed; lift, cosine and support), `features.recommended_coupons` (live,
not yet used, with reason and score) and `features.popular_products` (by region and of everybody, for people nothing is
known about). Columns: [tables.md](tables.md).

## Training sets

`cdp features asof --profiles FILE --out train.parquet` gives the `as_of` columns of any list of profiles and times:

- FILE is Parquet or CSV with `profile_id` and `time` (UTC). A former id counts for the profile that took it over.
- A row at time T comes from the last as-of that had ended by T, the midnight (UTC) before it: what a daily run had
  published by then. Nothing at or after T is used, and T at the end of the published as-of gives the published row.
- There is one definition: the models of the wide row are compiled once and evaluated for each distinct day, the score
  models fitted anew from what was known. Time grows with the number of distinct days; more than 200 are refused unless
  `--max-days` allows them. Round times to weeks or months where that will do.
- Not known per time: who is who (identity as of today), products and households (as they are today), and an order's
  status and refunds.

## Columns by group
"""


def main() -> None:
    """Write the pages that changed."""
    written = pages()
    if "--demo-output" in sys.argv[1:]:
        readme = DOCS.parent / "README.md"
        written[readme] = with_demo_output(readme.read_text(encoding="utf-8"), sys.stdin.read())
    for path, text in written.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(DOCS.parent)}")


def pages() -> dict[Path, str]:
    """Every generated page with the text it must hold."""
    return {
        DOCS / "sources.md": sources_page(),
        DOCS / "tables.md": tables_page(),
        DOCS / "features.md": features_page(),
        DOCS / "cli.md": cli_page(),
    }


def cli_page() -> str:
    """Every command with its arguments, as the parser knows them."""
    parts = [CLI_HEAD]
    for name, parser, text in _commands(build_parser(), "cdp"):
        rows = [
            (_argument(action), (action.help or "").replace("%(default)s", str(action.default)))
            for action in parser._actions
            if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction | argparse._VersionAction)
        ]
        level = "##" if name.count(" ") == 1 else "###"
        said = f"{text[0].upper()}{text[1:]}.\n" if text else ""
        parts.append(f"{level} `{name}`\n\n{said}" + ("\n" + _table(("argument", "meaning"), rows) if rows else ""))
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _commands(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """Commands below `parser`, each before its own actions, with its line of help."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            told = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for word, below in action.choices.items():
                yield f"{name} {word}", below, told.get(word, "")
                yield from _commands(below, f"{name} {word}")


def _argument(action: argparse.Action) -> str:
    """`--as-of DATE`, `IDENTIFIER ...`, `[FILE]`."""
    shown = action.metavar or (action.dest.upper() if action.option_strings else action.dest)
    if action.choices is not None and not action.metavar:
        shown = "{" + ",".join(str(choice) for choice in action.choices) + "}"
    if action.option_strings:
        return f"`{', '.join(action.option_strings)}{'' if action.nargs == 0 else f' {shown}'}`"
    many = {"*": f"[{shown} ...]", "+": f"{shown} ...", "?": f"[{shown}]"}
    return f"`{many.get(str(action.nargs), str(shown))}`"


def features_page() -> str:
    """The features of the wide row, one table per group."""
    document = yaml.safe_load((MARTS / "features" / "_features.yml").read_text(encoding="utf-8"))
    (model,) = [model for model in document["models"] if model["name"] == "profile_features"]
    groups: dict[str, list[tuple[str, ...]]] = {}
    for column in model["columns"]:
        meta = column["config"]["meta"]
        groups.setdefault(meta["group"], []).append(
            (
                f"`{column['name']}`",
                column["description"],
                meta["unit"],
                meta["window"],
                meta["null_when"],
                f"`{meta['freshness']}`",
            )
        )
    headings = ("column", "meaning", "unit", "window", "NULL", "freshness")
    parts = [FEATURES_HEAD, *(f"### {group}\n\n{_table(headings, rows)}" for group, rows in groups.items())]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def with_demo_output(readme: str, printed: str) -> str:
    """The README with `printed` between the markers of the demo's output; of its lines of systems the first three."""
    start, end = "<!-- demo output -->\n", "<!-- /demo output -->"
    before, _, rest = readme.partition(start)
    _, _, after = rest.partition(end)
    lines = printed.strip().splitlines()
    systems = [line for line in lines if line.startswith("  raw_")]
    if len(systems) > 3:
        first = lines.index(systems[0])
        lines = [line for line in lines if line not in systems[3:]]
        lines.insert(first + 3, f"  … {len(systems) - 3} more systems")
    printed = "\n".join(lines)
    return f"{before}{start}```text\n{printed}\n```\n{end}{after}"


def sources_page() -> str:
    """One table of every object of every connected system, then the details by system."""
    contracts, rows_of = load_contracts(), sample_rows()
    overview = [
        (
            f"[{contract.title}](#{_anchor(contract.title, contract.source)})",
            f"`{obj.name}`",
            ", ".join(obj.formats),
            _kinds(obj),
            ", ".join(obj.channels) or "–",
            rows_of.get((contract.source, obj.name), 0),
            obj.confidence.replace("_", " "),
            f"`{tested_in(contract.source)}`",
        )
        for contract in contracts.values()
        for obj in contract.objects.values()
    ]
    headings = ("system", "object", "formats", "identifiers", "channels", "sample rows", "shape", "test")
    parts = [SOURCES_HEAD, _table(headings, overview)]
    for contract in contracts.values():
        rows = [
            (f"`{obj.name}`", obj.description, obj.delivery, _code(obj.key), _identifiers(obj))
            for obj in contract.objects.values()
        ]
        parts.append(
            f"## {contract.title} (`{contract.source}`)\n\n"
            f"Owner: {contract.owner}. Default region of phone numbers: {contract.default_region}. "
            f"Time zone of times without one: {contract.timezone}.\n\n"
            + _table(("object", "what it is", "delivery", "key", "identifiers"), rows)
        )
    return "\n".join(parts)


def sample_rows() -> dict[tuple[str, str], int]:
    """Rows of the committed sample by source and object."""
    with (DOCS.parent / "data" / "sample" / "truth" / "rows.csv").open(encoding="utf-8", newline="") as handle:
        return {(row["source"], row["object"]): int(row["rows"]) for row in csv.DictReader(handle)}


def tested_in(source: str) -> str:
    """Where the connector of a source is tested: the file of its name, else the one that names its rows."""
    folder = DOCS.parent / "tests" / "connectors"
    if (folder / f"test_{source}.py").exists():
        return f"tests/connectors/test_{source}.py"
    naming = [p for p in sorted(folder.glob("test_*.py")) if f"{source}:" in p.read_text(encoding="utf-8")]
    naming += [p for p in sorted(folder.glob("test_*.py")) if f'"{source}"' in p.read_text(encoding="utf-8")]
    return f"tests/connectors/{naming[0].name}" if naming else "tests/dbt_core"


def _anchor(title: str, source: str) -> str:
    """The anchor that Markdown readers make of a heading ``title (`source`)``."""
    return re.sub(r"[^\w\- ]", "", f"{title} ({source})".lower()).replace(" ", "-")


def _kinds(obj: ObjectContract) -> str:
    kinds = dict.fromkeys(f.kind for f in obj.fields if f.tag in ("ID", "ID-ns") and f.kind)
    return ", ".join(kinds) or "–"


def tables_page() -> str:
    """All published tables: an overview, then the columns of each."""
    models = list(published_models())
    overview = _table(
        ("table", "key", "meaning"),
        [(f"[`{name}`](#{name.replace('.', '')})", _code(_key(model)), model["description"]) for name, model in models],
    )
    details = [
        f"## {name}\n\n{model['description']}\n\n"
        + _table(
            ("column", "type", "meaning"),
            [(f"`{c['name']}`", c["data_type"], c.get("description", "")) for c in model["columns"]],
        )
        for name, model in models
    ]
    return "\n".join([TABLES_HEAD, overview, *details])


def published_models() -> Iterator[tuple[str, dict[str, Any]]]:
    """``schema.table`` as readers see it, with its entry in the dbt YAML, by schema and name."""
    for schema in SCHEMAS:
        found = {}
        for path in sorted((MARTS / schema).glob("_*.yml")):
            for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
                file = MARTS / schema / f"{model['name']}.sql"
                if not file.exists():  # described beside what it serves, and not published
                    continue
                alias = _ALIAS.search(file.read_text(encoding="utf-8"))
                found[f"{schema}.{alias[1] if alias else model['name']}"] = model
        yield from sorted(found.items())


def _identifiers(obj: ObjectContract) -> str:
    kinds = []
    for field in obj.fields:
        if field.tag in ("ID", "ID-ns") and field.kind:
            space = field.namespace or (f"from `{field.namespace_field}`" if field.namespace_field else "")
            kinds.append(f"{field.kind} ({space})" if space else field.kind)
        elif field.tag == "NEVER":
            kinds.append(f"never: `{field.name}`")
    return ", ".join(dict.fromkeys(kinds)) or "–"


def _key(model: dict[str, Any]) -> tuple[str, ...]:
    """Columns that a uniqueness test of the model holds: a combination, else the first single one."""
    for test in model.get("data_tests", []):
        if isinstance(test, dict) and "unique_combination" in test:
            return tuple(test["unique_combination"]["arguments"]["columns"])
    single = [column["name"] for column in model["columns"] if "unique" in column.get("data_tests", [])]
    return tuple(single[:1])


def _code(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "–"


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [headings, tuple("---" for _ in headings), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


if __name__ == "__main__":
    main()
