"""JSON that is not one record per line: arrays, pretty-printed documents, envelopes, values one after another.

A streaming splitter: it walks the text with the standard library's scanner and hands out the exact text of each
record, so that memory is bounded by one record and not by the file, and a broken end costs one record only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator, Mapping, Sequence

import pyarrow as pa

from cdp_pipeline.sources.extract import ASSIGNMENT
from cdp_pipeline.sources.feeds import JSON_SCHEMA, MAX_RECORD, Source, text_blocks

_SPACE = re.compile(r"[ \t\r\n]*")
_SEPARATORS = re.compile(r"[ \t\r\n,]*")
_LONE = re.compile("[\ud800-\udfff]")
_decode = json.JSONDecoder().raw_decode
_REFUSED_RAW = 1 << 20
DOCUMENT_SCHEMA = pa.schema([*JSON_SCHEMA, ("e", pa.list_(pa.string()))])
_Row = tuple[str, str | None, list[str | None]]


class _BrokenError(Exception):
    """The text at hand is no JSON value."""


class DocumentFeed:
    """Records of a JSON file in any layout; `line` is the running record number, blank space aside.

    `e` holds the values at `beside`, paths from the top of the envelope that a record came in. They may stand behind
    the records, so a file is read once more where there are such paths.
    """

    schema = DOCUMENT_SCHEMA

    def __init__(
        self,
        source: Source,
        unwrap: Sequence[str],
        expect: Mapping[str, Sequence[str]],
        beside: Sequence[str] = (),
        batch_chars: int = 4 << 20,
    ) -> None:
        self.source, self.unwrap, self.expect, self.batch_chars = source, set(unwrap), expect, batch_chars
        self.beside = list(beside)
        self.records = 0
        self.unterminated: int | None = None
        self.error: Exception | None = None
        self._blocks = text_blocks(source)
        self._text = ""
        self._at = 0
        self._ended = False
        self._cut_reported = False
        self._values: dict[str, str | None] = {}
        self._around: list[str | None] = []
        self._envelopes: dict[int, list[str | None]] = {}

    def batches(self) -> Iterator[pa.RecordBatch]:
        if self.beside:
            ahead = DocumentFeed(Source(self.source.path, self.source.encoding), tuple(self.unwrap), self.expect)
            ahead.beside = self.beside
            for _ in ahead._top():
                pass
            self._envelopes = ahead._envelopes
        rows: list[_Row] = []
        size = 0
        for row in self._top():
            rows.append((*row, self._around))
            size += len(row[0])
            if size >= self.batch_chars:
                yield self._batch(rows)
                rows, size = [], 0
        if rows:
            yield self._batch(rows)

    def _batch(self, rows: list[_Row]) -> pa.RecordBatch:
        first = self.records + 1
        self.records += len(rows)
        texts, problems = [], []
        for text, given, _ in rows:
            bad = not text.isascii() and _LONE.search(text) is not None
            texts.append(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if bad else text)
            problems.append("invalid UTF-8" if bad else given)
        numbers = pa.array(range(first, first + len(rows)), pa.int64())
        columns = [numbers, pa.array(texts, pa.string()), pa.array(problems, pa.string())]
        columns.append(pa.array([around for _, _, around in rows], pa.list_(pa.string())))
        return pa.record_batch(columns, schema=DOCUMENT_SCHEMA)

    def _more(self) -> bool:
        """Read on; consumed text is dropped. False at the end of the file."""
        grown: list[str] = [self._text[self._at :]]
        wanted = max(1, len(grown[0]))
        while wanted > 0 and not self._ended:
            block = next(self._blocks, None)
            if block is None:
                self._ended = True
            else:
                grown.append(block)
                wanted -= len(block)
        self._text, self._at = "".join(grown), 0
        return len(grown) > 1

    def _peek(self, skip: re.Pattern[str] = _SPACE) -> str:
        """The next character after blanks, not consumed; '' at the end."""
        while True:
            found = skip.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _value(self) -> tuple[str, object]:
        """Text and value of the JSON value that begins here, consumed. Raises _BrokenError."""
        while True:
            try:
                value, end = _decode(self._text, self._at)
                if end < len(self._text) or self._ended or isinstance(value, dict | list | str):
                    text, self._at = self._text[self._at : end], end
                    return text, value
            except json.JSONDecodeError as error:
                # Text behind the fault means that reading on cannot mend it, but for a cut string or word.
                if error.pos + 16 < len(self._text) and not error.msg.startswith("Unterminated string"):
                    raise _BrokenError from None
            except (RecursionError, ValueError):
                raise _BrokenError from None
            if len(self._text) - self._at > MAX_RECORD or not self._more():
                raise _BrokenError

    def _top(self) -> Iterator[tuple[str, str | None]]:
        number = 0
        if (char := self._peek()) not in ("", "{", "[") and (found := ASSIGNMENT.match(self._text, self._at)):
            self._at = found.end()
        while (char := self._peek()) != "":
            if char == "[":
                self._at += 1
                yield from self._elements()
            elif char == "{" and self.unwrap:
                yield from self._envelope(number)
                number += 1
            else:
                yield from self._one("{")

    def _one(self, opening: str) -> Iterator[tuple[str, str | None]]:
        """The value that begins here as one record, or what is broken up to where the next can begin."""
        try:
            yield self._value()[0], None
        except _BrokenError:
            yield self._skip_broken(opening)

    def _elements(self) -> Iterator[tuple[str, str | None]]:
        """Elements of an array whose bracket is consumed."""
        while True:
            char = self._peek(_SEPARATORS)
            if char == "":
                if not self._cut_reported:
                    self._cut_reported = True
                    yield "[", "truncated document"
                return
            if char == "]":
                self._at += 1
                return
            yield from self._one("{")

    def _envelope(self, number: int) -> Iterator[tuple[str, str | None]]:
        """The object that begins here may hold its records under a path of `unwrap`; if not, it is a record itself."""
        self._values = {}
        self._around = self._envelopes.get(number, [])
        parts: list[str] = []
        try:
            if not (yield from self._members("", parts)):
                self._around = []
                yield "{" + ",".join(parts) + "}", None
        except _BrokenError:
            if self._cut_reported:
                return
            head = "{" + ",".join(parts) + ("," if parts else "")
            text, problem = self._skip_broken("{")
            yield (head + text)[:_REFUSED_RAW], problem
        finally:
            if self._values:
                self._envelopes[number] = [self._values.get(path) for path in self.beside]
            self._around = []

    def _members(self, prefix: str, parts: list[str]) -> Generator[tuple[str, str | None], None, bool]:
        """Members of the object that begins here: records under a path of `unwrap` are handed out, the text of all
        others goes to `parts`. Returns whether there was such a path."""
        is_envelope = False
        self._at += 1
        while (char := self._peek(_SEPARATORS)) != "}":
            if char != '"':
                raise _BrokenError
            key_text, key = self._value()
            if self._peek() != ":":
                raise _BrokenError
            self._at += 1
            path, char = f"{prefix}{key}", self._peek()
            if path in self.unwrap and char == "[":
                is_envelope = True
                self._at += 1
                yield from self._elements()
                continue
            if char == "{" and any(p.startswith(f"{path}.") for p in self.unwrap):
                inner: list[str] = []
                holds = yield from self._members(f"{path}.", inner)
                text: str = "{" + ",".join(inner) + "}"
                value: object = {}
                is_envelope |= holds
            else:
                holds = False
                text, value = self._value()
            if path in self.unwrap and not holds and (value is None or isinstance(value, dict)):
                is_envelope = True
                if value is not None:
                    yield text, None
                continue
            parts.append(f"{key_text}:{text}")
            if self._note(path, text):
                yield "{" + ",".join(parts) + "}", "error body"
                is_envelope = True
        self._at += 1
        return is_envelope

    def _note(self, path: str, text: str) -> bool:
        """Keep the values of `beside` that stand at a member of the envelope or inside it; True when it holds a value
        that `expect` does not allow."""
        refused = False
        for wanted in {*self.beside, *self.expect}:
            if wanted != path and not wanted.startswith(f"{path}."):
                continue
            value = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
            for key in wanted[len(path) :].split(".")[1:]:
                value = value.get(key) if isinstance(value, dict) else None
            if isinstance(value, bool):
                value = str(value).lower()
            if isinstance(value, str):
                self._values[wanted] = value
                refused |= value not in self.expect.get(wanted, (value,))
        return refused

    def _skip_broken(self, opening: str) -> tuple[str, str]:
        """Consume broken text up to the next line that opens a record no deeper than this one does."""
        before = self._text.rfind("\n", 0, self._at) + 1
        indent = self._at - before if not self._text[before : self._at].strip() else 0
        next_record = re.compile(rf"\n[ \t]{{0,{indent}}}{re.escape(opening)}")
        taken: list[str] = []
        kept, last = 0, ""
        while True:
            found = next_record.search(self._text, self._at)
            end = found.start() if found else len(self._text)
            piece = self._text[self._at : end]
            if kept < _REFUSED_RAW:
                taken.append(piece[: _REFUSED_RAW - kept])
                kept += len(taken[-1])
            self._at = end
            if found:
                return "".join(taken), "invalid JSON"
            last = piece.rstrip()[-1:] or last
            if not self._more():
                self._cut_reported = True
                text = "".join(taken)
                is_cut = last not in ("]", "}") and text.lstrip()[:1] in ("", "{", "[", '"')
                return text or opening, "truncated document" if is_cut else "invalid JSON"
