"""Markdown of the pages that are made from figures."""

from __future__ import annotations

from collections.abc import Sequence


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns, the first to the left and the others to the right."""
    widths = [max(len(row[i]) for row in [headings, *rows]) for i in range(len(headings))]
    lines = [[name.ljust(width) for name, width in zip(headings, widths, strict=True)]]
    lines.append(["-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)])
    for row in rows:
        lines.append([row[0].ljust(widths[0]), *(row[i].rjust(widths[i]) for i in range(1, len(widths)))])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def spaced(parts: Sequence[str]) -> str:
    """Parts with an empty line between them, but not between the items of a list."""
    text = ""
    for part in parts:
        is_item = part.startswith("- ") and text.rpartition("\n")[2].startswith("- ")
        text += part if not text else f"\n{part}" if is_item else f"\n\n{part}"
    return text + "\n"
