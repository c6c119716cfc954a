"""The frame of the self-contained HTML files: no script, no outside reference, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

_STYLE = """
:root { color-scheme: light dark; --bg: #ffffff; --fg: #1c2128; --muted: #57606a; --line: #d0d7de; --panel: #f6f8fa;
  --plus: #1a7f5a; --minus: #b3402a; --sum: #3a5f9e; --limit: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --bg: #14181d; --fg: #e4e8ec; --muted: #a0a9b4; --line: #3a434d;
  --panel: #1c2229; --plus: #4cc38a; --minus: #f08a70; --sum: #86a9e8; --limit: #e0b050; } }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; background: var(--bg); color: var(--fg);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2.2rem; }
h1, h2, td, th, li { overflow-wrap: anywhere; }
p.note { color: var(--muted); }
.scroll { overflow-x: auto; }
svg { width: 100%; min-width: 40rem; height: auto; display: block; }
svg text { fill: var(--fg); font: 13px system-ui, sans-serif; }
svg text.muted { fill: var(--muted); } svg text.end { text-anchor: end; } svg text.mid { text-anchor: middle; }
.plus { fill: var(--plus); } .minus { fill: var(--minus); } .sum { fill: var(--sum); } .soft { fill-opacity: 0.55; }
.axis { stroke: var(--line); stroke-width: 1; fill: none; }
.limit { stroke: var(--limit); stroke-width: 1.5; stroke-dasharray: 5 4; } svg text.limit-label { fill: var(--limit); }
.edge { stroke: var(--sum); } .broken { stroke: var(--minus); stroke-dasharray: 4 5; }
.line-a { stroke: var(--sum); stroke-width: 2; fill: none; } .line-b { stroke: var(--plus); stroke-width: 2; fill: none;
  stroke-dasharray: 7 3; } .line-c { stroke: var(--minus); stroke-width: 2; fill: none; stroke-dasharray: 2 3; }
table { border-collapse: collapse; margin: 0.8rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.8rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; white-space: nowrap; }
tr.total td { font-weight: 600; border-top: 2px solid var(--line); }
@media print { body { max-width: none; } }
"""


def page(title: str, body: str) -> str:
    """A whole HTML document. `body` is HTML; `title` is text."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )


def table(caption: str, headings: Sequence[str], rows: Sequence[Sequence[str]], *, total: bool = False) -> str:
    """A table of texts. Columns whose cells are all numbers stand to the right; `total` marks the last row."""
    numeric = [all(_is_number(row[i]) for row in rows) for i in range(len(headings))]

    def cells(tag: str, row: Sequence[str], scope: str = "") -> str:
        marks = (' class="n"' if right else "" for right in numeric)
        pairs = zip(marks, row, strict=True)
        return "".join(f"<{tag}{scope}{mark}>{escape(cell)}</{tag}>" for mark, cell in pairs)

    lines = [f"<tr>{cells('td', row)}</tr>" for row in rows]
    if total and lines:
        lines[-1] = lines[-1].replace("<tr>", '<tr class="total">', 1)
    head = cells("th", headings, ' scope="col"')
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _is_number(text: str) -> bool:
    bare = text.replace(",", "").replace("−", "-").lstrip("+-")
    return text in ("", "—", "·") or bare.replace(".", "", 1).replace("–", "").replace(".", "").isdigit()


def signed(value: float, places: int = 2) -> str:
    """A number with its sign, as readers know it from weights in bits."""
    text = f"{value:+.{places}f}"
    return text.replace("-", "−")


def write_html(text: str, path: Path, *, personal: bool = False) -> None:
    """Write `text` to `path`, which appears only when complete; readable by the owner alone where `personal`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.touch(mode=0o600 if personal else 0o644)
    temporary.chmod(0o600 if personal else 0o644)
    temporary.write_text(text, encoding="utf-8")
    temporary.rename(path)
