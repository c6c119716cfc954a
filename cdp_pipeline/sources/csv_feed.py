"""CSV to records: where the header is, which lines are records, and the cells of each.

The csv module does the splitting: it alone is exact about quotes, and CSV is the small part of what lands.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from cdp_pipeline.sources.feeds import JSON_SCHEMA, MAX_RECORD, FileFaultError, Source, text_lines

CSV_SCHEMA = pa.schema([*JSON_SCHEMA, ("v", pa.list_(pa.string())), ("u", pa.list_(pa.string()))])
_DELIMITERS = ",\t;|"
_Row = tuple[int, str, str | None, list[str | None], list[str]]


@dataclass(frozen=True)
class CsvShape:
    """What a contract says about a CSV file; see ``docs/guides/contract-language.md``."""

    delimiter: str | None = None
    skip_after_header: int = 0
    header_contains: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


class CsvFeed:
    """One record per CSV row, quoted newlines included; `line` is the physical line a row begins on.

    `v` holds the cells of `paths` in that order, `u` those of `unknown` headers. A header that stands twice is called
    `name`, `name.2` and so on. Raises FileFaultError where no line has the headers of `header_contains`, each of
    which may name alternatives (``Scan Time|扫码时间``).
    """

    schema = CSV_SCHEMA
    # A quote that is never closed would swallow the rest of the file as one cell.
    max_record_lines = 1000

    def __init__(
        self, source: Source, paths: Sequence[str], shape: CsvShape | None = None, batch_rows: int = 20_000
    ) -> None:
        csv.field_size_limit(MAX_RECORD)
        self.records = 0
        self.unterminated: int | None = None
        self.error: Exception | None = None
        self.source, self.paths, self.batch_rows = source, list(paths), batch_rows
        self.shape = shape or CsvShape()
        self._lines = text_lines(source)
        self._back: list[str] = []
        self._taken: list[str] = []
        self._number = 0
        self._is_like_first = True
        self.delimiter, self.header = self._find_header()
        self.unknown = [h for h in dict.fromkeys(self.header) if h and h not in {*self.paths, *self.shape.drop}]

    def _take(self) -> Iterator[str]:
        while True:
            if self._back:
                line = self._back.pop()
            else:
                line = next(self._lines, "")
                if not line:
                    return
            self._number += 1
            self._taken.append(line)
            if len(self._taken) > self.max_record_lines:
                raise csv.Error("unclosed quote")
            yield line

    def _give_back(self, keep: int) -> None:
        """Put back the taken lines behind the first `keep` ones."""
        self._back.extend(reversed(self._taken[keep:]))
        self._number -= len(self._taken) - keep
        del self._taken[keep:]

    def _find_header(self) -> tuple[str, list[str]]:
        """Delimiter and headers; the lines up to the first record are consumed."""
        wanted = self.shape.header_contains
        known = {name for entry in wanted for name in entry.split("|")} or set(self.paths)
        for line in self._take():
            if not line.strip():
                self._taken.clear()
                continue
            delimiter = self._delimiter_of(line, known)
            self._give_back(0)
            cells = self._header_cells(delimiter)
            if _holds_all(cells, wanted):
                self._taken.clear()
                self._skip_rows(delimiter, self.shape.skip_after_header)
                return delimiter, cells
            self._give_back(1)
            self._taken.clear()
        if wanted:
            names = ", ".join(f"'{name}'" for name in self.shape.header_contains)
            raise FileFaultError(f"no line holds the headers {names}")
        return self.shape.delimiter or ",", []

    def _delimiter_of(self, line: str, known: set[str]) -> str:
        return self.shape.delimiter or max(
            _DELIMITERS, key=lambda d: (len({c.strip() for c in _cells(line, d)} & known), len(_cells(line, d)))
        )

    def _header_cells(self, delimiter: str) -> list[str]:
        """The headers that begin at the next line; one may hold line breaks when it is quoted."""
        try:
            cells = next(csv.reader(self._take(), delimiter=delimiter, strict=True), [])
        except csv.Error:
            self._give_back(1)
            cells = _cells(self._taken[0], delimiter)
        # A byte that is no UTF-8 must not reach the SQL that names the headers.
        return _distinct([c.strip().encode("utf-8", "surrogateescape").decode("utf-8", "replace") for c in cells])

    def _skip_rows(self, delimiter: str, rows: int) -> None:
        reader = csv.reader(self._take(), delimiter=delimiter)
        for _ in range(rows):
            next(reader, None)
            self._taken.clear()

    def _next_block(self) -> bool:
        """After a blank line: is there another line with the same headers? Everything up to it is consumed."""
        while True:
            self._taken.clear()
            line = next(self._take(), "")
            if not line:
                return False
            if _holds_all([c.strip() for c in _cells(line, self.delimiter)], self.shape.header_contains):
                self._give_back(0)
                self._is_like_first = self._header_cells(self.delimiter) == self.header
                self._taken.clear()
                self._skip_rows(self.delimiter, self.shape.skip_after_header)
                return True

    def batches(self) -> Iterator[pa.RecordBatch]:
        known = [self.header.index(p) if p in self.header else None for p in self.paths]
        unknown = [self.header.index(h) for h in self.unknown]
        dropped = {i for i, h in enumerate(self.header) if h in self.shape.drop}
        rows: list[_Row] = []
        for start, raw, problem, cells in self._rows():
            if problem is not None:
                rows.append((start, raw, problem, [], []))
            else:
                values = [None if i is None else cells[i] for i in known]
                kept = _line([c for i, c in enumerate(cells) if i not in dropped], self.delimiter) if dropped else raw
                rows.append((start, kept, None, values, [cells[i] for i in unknown]))
            if len(rows) >= self.batch_rows:
                yield self._batch(rows)
                rows = []
        if rows:
            yield self._batch(rows)

    def rows(self) -> Iterator[tuple[int, str]]:
        """Physical line and text of each record, good or not."""
        for start, raw, _, _ in self._rows():
            yield start, raw

    def _rows(self) -> Iterator[tuple[int, str, str | None, list[str]]]:
        """Physical line, text, problem and cells of each row."""
        reader = csv.reader(self._take(), delimiter=self.delimiter, strict=True)
        while True:
            self._taken.clear()
            start = self._number + 1
            problem: str | None = None
            cells: list[str] = []
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problem = "unclosed quote" if "unclosed" in str(error) or "end of data" in str(error) else "bad quoting"
            if problem is None and not any(cell.strip() for cell in cells):
                if self.shape.header_contains and not self._next_block():
                    return
                continue
            if problem is None and not self._is_like_first:
                problem = "columns differ from those of the first block"
            if problem is None and len(cells) != len(self.header):
                problem = f"{len(cells)} cells, header has {len(self.header)}"
            if problem is not None:
                # The rest of a broken record goes back, so that one stray quote costs one line and not the file.
                self._give_back(1)
                reader = csv.reader(self._take(), delimiter=self.delimiter, strict=True)
            raw = "".join(self._taken)
            if problem is None and _distinct([c.strip() for c in cells]) == self.header:
                problem = "repeated header"
            if not raw.isascii() and _has_surrogates(raw):
                raw, problem = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), "invalid UTF-8"
            yield start, raw, problem, cells

    def _batch(self, rows: list[_Row]) -> pa.RecordBatch:
        self.records += len(rows)
        columns = list(zip(*rows, strict=True))
        arrays = [pa.array(c, type=f.type) for c, f in zip(columns, CSV_SCHEMA, strict=True)]
        return pa.record_batch(arrays, schema=CSV_SCHEMA)


def _holds_all(cells: Sequence[str], wanted: Sequence[str]) -> bool:
    """Does each entry of `wanted`, or one of its alternatives, stand among the cells?"""
    return all(any(name in cells for name in entry.split("|")) for entry in wanted)


def _distinct(names: list[str]) -> list[str]:
    """Headers with a running number behind the second and later ones of a name; empty ones stay."""
    result: list[str] = []
    for name in names:
        number, one = 1, name
        while one and one in result:
            number += 1
            one = f"{name}.{number}"
        result.append(one)
    return result


def _line(cells: list[str], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _has_surrogates(text: str) -> bool:
    return any("\udc80" <= char <= "\udcff" for char in text)


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
