"""Who may know whom (docs/architecture.md): held against every import statement, wherever it stands in a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("cdp_pipeline", "identity", "profiles")

FORBIDDEN = {
    "identity": {"dagster", "dagster_dbt", "dbt", "profiles", "cdp_pipeline"},
    "profiles": {"dagster", "dagster_dbt", "dbt", "splink", "identity", "cdp_pipeline"},
    "cdp_pipeline/sources": {"dagster", "dagster_dbt", "identity", "profiles"},
    "cdp_pipeline/quality": {"dagster", "dagster_dbt"},
    "cdp_pipeline/generate": {"dagster", "dagster_dbt", "identity", "profiles"},
    "cdp_pipeline/connect": {"dagster", "dagster_dbt", "identity", "profiles"},
    "cdp_pipeline/analytics": {"dagster", "dagster_dbt", "identity", "profiles"},
}
# Heavy dependencies and the only places that may name them.
ONLY_IN = {
    "splink": ("identity/",),
    "great_expectations": ("cdp_pipeline/quality/",),
    "lmdb": ("profiles/lmdb_store.py",),
    "fastapi": ("profiles/api/", "profiles/console/"),
    "dagster": ("cdp_pipeline/defs/", "cdp_pipeline/definitions.py"),
    "dagster_dbt": ("cdp_pipeline/defs/",),
    "dlt": ("cdp_pipeline/connect/",),
    "requests": ("cdp_pipeline/connect/",),
    "pyspark": ("cdp_pipeline/spark/",),
}
# Calls that read the environment, touch files or set up logging; none may run when a module is imported.
AT_IMPORT = {
    ("os", "getenv"),
    ("os", "environ"),
    ("os", "makedirs"),
    ("logging", "basicConfig"),
    ("duckdb", "connect"),
    ("sqlite3", "connect"),
    ("subprocess", "run"),
    ("lmdb", "open"),
}
FILE_METHODS = {"read_text", "write_text", "read_bytes", "write_bytes", "mkdir", "from_env", "load_contracts", "open"}


def modules() -> list[Path]:
    """Source files of the three packages."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Dotted names that a file imports, at any depth."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def top_level_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """Nodes that run at import: everything outside function bodies, class bodies included."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)]
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'"):
            continue
        elif not isinstance(node, ast.Lambda):
            waiting += list(ast.iter_child_nodes(node))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_import_directions(folder: str) -> None:
    broken = [
        f"{relative(path)} imports {name}"
        for path in modules()
        if relative(path).startswith(f"{folder}/")
        for name in sorted(imported(path))
        if name.split(".")[0] in FORBIDDEN[folder]
    ]
    assert broken == []


@pytest.mark.parametrize("package", ONLY_IN)
def test_heavy_dependencies_stay_in_their_place(package: str) -> None:
    users = {relative(path) for path in modules() if any(name.split(".")[0] == package for name in imported(path))}
    assert users, f"nothing imports {package} any more: drop the rule and the dependency"
    assert [user for user in sorted(users) if not user.startswith(ONLY_IN[package])] == []


def test_nothing_happens_at_import() -> None:
    broken = []
    for path in modules():
        for node in top_level_nodes(ast.parse(path.read_text(encoding="utf-8"))):
            target = node.func if isinstance(node, ast.Call) else node
            if not isinstance(target, ast.Attribute):
                continue
            owner = target.value.id if isinstance(target.value, ast.Name) else ""
            called = isinstance(node, ast.Call) and target.attr in FILE_METHODS
            if (owner, target.attr) in AT_IMPORT or called:
                broken.append(f"{relative(path)}:{node.lineno}: {ast.unparse(target)}")
    assert broken == []


def test_the_command_line_starts_without_dagster() -> None:
    """`cdp run` on an unchanged home must answer in two seconds, so its modules may not pull Dagster in."""
    lazy = {"cdp_pipeline/run.py", "cdp_pipeline/steps.py", "cdp_pipeline/inputs.py", "cdp_pipeline/cli"}
    for path in modules():
        name = relative(path)
        if name in lazy or name.startswith("cdp_pipeline/cli/"):
            at_top = {
                alias
                for node in top_level_nodes(ast.parse(path.read_text(encoding="utf-8")))
                for alias in (
                    [a.name for a in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else []
                )
            }
            heavy = {
                a for a in at_top if a.startswith(("dagster", "cdp_pipeline.defs", "splink", "pandas", "identity"))
            }
            assert not heavy, f"{name} imports {sorted(heavy)} when it is loaded"
