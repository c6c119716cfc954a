"""The docs are run: examples work, links lead somewhere, and pages that repeat the code agree with it.

A fence marked ``run`` in the README or a guide is executed, in order, in one folder that all pages share: `bash` and
`python` as a reader would, `sql` on the published ``marts.duckdb`` (``sql run pii``: on ``pii.duckdb``). A ``text
output`` fence after it is what it must print. The first example of the README makes the home.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

from cdp_pipeline.segments import load_segments
from cdp_pipeline.settings import Settings

ROOT = Path(__file__).parents[1]
GUIDES = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
PAGES = [
    ROOT / "README.md",
    ROOT / "README.zh-CN.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")

ADDS_A_SOURCE = "adding-a-source.md"


@dataclass(frozen=True)
class Example:
    """One runnable fence: its language, what to run, and what it must print where the page says so."""

    page: Path
    line: int
    language: str
    on: str
    body: str
    output: str | None

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def examples() -> list[Example]:
    """All runnable fences, page by page."""
    found: list[Example] = []
    for page in GUIDES:
        text = page.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            language, *words = match["info"].split() or [""]
            if "run" in words:
                line = text.count("\n", 0, match.start()) + 1
                found.append(Example(page, line, language, " ".join(words[1:]), match["body"], None))
            elif words == ["output"]:
                found[-1] = dataclasses.replace(found[-1], output=match["body"])
    return found


EXAMPLES = examples()


def run(example: Example, folder: Path) -> str:
    """What the example prints. `CDP_HOME` is the home of the README's first example in all of them."""
    home = folder / "my-home"
    if example.language == "sql":
        name = "pii.duckdb" if example.on == "pii" else "marts.duckdb"
        with duckdb.connect(str((home / "published" / "current" / name).resolve()), read_only=True) as con:
            rows = con.execute(example.body).fetchall()
        assert rows, f"{example}: no rows"
        return "\n".join(str(row) for row in rows)
    command = {
        "bash": ["bash", "-euo", "pipefail", "-c", example.body],
        "python": [sys.executable, "-c", example.body],
    }[example.language]
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "CDP_HOME": str(home),
    }
    if example.page.name == ADDS_A_SOURCE:
        env["PYTHONPATH"] = str(checkout_in(folder))
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{example}:\n{done.stderr[-3000:]}"
    return done.stdout


def checkout_in(folder: Path) -> Path:
    """A copy of the checkout, for the page that writes into it."""
    copy = folder / "checkout"
    if not copy.exists():
        for part in ("cdp_pipeline", "identity", "profiles", "dbt_project"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("target", "__pycache__"))
        for part in ("dagster.yaml", "workspace.yaml", "pyproject.toml"):
            shutil.copy(ROOT / part, copy)
    return copy


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader would stand: beside ``data/sample``, with the home that the README's first example makes."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "data").mkdir()
    (folder / "data" / "sample").symlink_to(ROOT / "data" / "sample")
    first = EXAMPLES[0]
    assert (first.page.name, first.language) == ("README.md", "bash")
    printed = run(first, folder)
    assert re.search(r"^published \d{8}-000001, as of 2017-12-31$", printed, re.MULTILINE)
    return folder


# These two go through several full runs each.
LONG = ("data-engineers.md", "adding-a-source.md", "tutorial.md")
long = pytest.mark.skipif(os.environ.get("CDP_TEST_LONG") != "1", reason="takes minutes; make test-long runs it")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.name, marks=[long] if page.name in LONG else [])
        for page in dict.fromkeys(e.page for e in EXAMPLES)
    ],
)
def test_examples_of(page: Path, folder: Path) -> None:
    """A page's examples build on each other, top to bottom; pages do not."""
    for example in EXAMPLES[1:]:
        if example.page == page:
            printed = run(example, folder)
            assert example.output in (None, printed), f"{example}: printed {printed}"


def test_every_kind_of_user_has_examples() -> None:
    # what single systems need is read, not run
    wanted = {guide for guide in GUIDES if not guide.name.startswith("connectors-")}
    assert wanted <= {example.page for example in EXAMPLES}
    assert sum(example.output is not None for example in EXAMPLES) >= 1


def test_published_tables_are_those_of_the_page(folder: Path) -> None:
    manifest = json.loads((folder / "my-home" / "published" / "current" / "manifest.json").read_text(encoding="utf-8"))
    documented = dict(generator().published_models())
    assert set(manifest["tables"]) == set(documented)
    marts = (folder / "my-home" / "published" / "current" / "marts.duckdb").resolve()
    with duckdb.connect(str(marts), read_only=True) as con:
        columns = con.execute(
            "select concat(schema_name, '.', table_name), column_name from duckdb_columns() where not internal"
        ).fetchall()
    published: dict[str, set[str]] = {}
    for table, column in columns:
        published.setdefault(table, set()).add(column)
    said = {
        name: {column["name"] for column in model["columns"]}
        for name, model in documented.items()
        if not name.startswith("pii.")
    }
    assert published == said


def test_generated_pages_are_current() -> None:
    stale = [path.name for path, text in generator().pages().items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run python docs/generate.py"


def test_settings_are_those_that_the_code_reads() -> None:
    read = {f"CDP_{field.name.upper()}" for field in dataclasses.fields(Settings)}
    for package in ("cdp_pipeline", "identity", "profiles", "dbt_project"):
        for path in (ROOT / package).rglob("*"):
            if path.suffix in (".py", ".yml", ".sql") and "target" not in path.relative_to(ROOT).parts:
                text = path.read_text(encoding="utf-8")
                read |= set(
                    re.findall(r"""(?:environ(?:\.get)?[\[(]|env_var\(|^\s*)["'](CDP_[A-Z_]+)""", text, re.MULTILINE)
                )
    for path in (ROOT / "docs" / "deploy").rglob("*.yaml"):
        read |= set(re.findall(r"env: (CDP_[A-Z_]+)", path.read_text(encoding="utf-8")))
    documented = set(re.findall(r"`(CDP_[A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")))
    assert documented == read


def test_defaults_of_the_settings_page() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for field in dataclasses.fields(Settings):
        assert f"| `CDP_{field.name.upper()}` | `{field.default}` |" in page


def test_the_changelog_counts_the_segments() -> None:
    assert f"{len(load_segments())} segments" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for link in LINK.findall(text):
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_name_no_place_of_their_authors(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"/work/|/root/|/tmp/|index-url|pypi\.org/simple", text) == []


def test_every_page_is_reachable_from_the_readme() -> None:
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen:
            continue
        seen.add(page)
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.is_dir():
                todo += target.glob("*.md")
            elif target.suffix == ".md" and target.exists():
                todo.append(target)
    assert set(PAGES) <= seen


def test_the_site_builds_without_a_broken_link(tmp_path: Path) -> None:
    """`make docs`: every page is in the contents, every link and every heading that one points to is there."""
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(tmp_path / "doctrees"), str(ROOT / "docs"), str(tmp_path / "site")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    front = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert 'href="guides/tutorial.html"' in front and 'href="changes.html"' in front


def anchors(page: Path) -> set[str]:
    """GitHub's anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def generator() -> ModuleType:
    """``docs/generate.py``, which is no package."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
