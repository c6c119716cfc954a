"""What may be told of an error that somebody else worded: DuckDB, dbt, Spark, SQLite, Python.

Their texts quote values ("Could not convert string '…'"), and a value may hold quotes, line breaks and words of any
such text itself. So nothing is cut out: what is told is put together from sentences that are known, listed here, and
of their blanks only those whose content has the form of a type, a name or a number. Of any other text the kind of
error remains. Not here: where errors are caught.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Set
from functools import cache

HIDDEN = "•••"
LEFT_OUT = "its text could quote values and is left out"
# Enough at each end of a sentence around a value of any length; with a hostile value the time grows with the square.
_KEPT_END = 3_000
_NAMES_TOLD = 12

# A name of many digits is a number that somebody has, or a made one that says nothing.
_NAME = r"(?![A-Za-z_]*\d{6})[A-Za-z_][A-Za-z0-9_]{0,62}"
_TYPE = r"[A-Z][A-Z0-9_]{1,40}(?: WITH TIME ZONE)?(?:\(\d{1,4}(?:, ?\d{1,4})?\))?(?:\[\d{0,6}\]){0,3}"
_SIZE = r"\d{1,6}(?:\.\d{1,3})? ?(?:bytes|[KMGT]i?B)"
# Blanks of the sentences. `value` is never told, and neither is `rest`, which leaves no mark.
_FORMS: dict[str, str] = {
    "name": rf"{_NAME}(?:\.{_NAME}){{0,3}}",
    "type": _TYPE,
    "types": rf"(?:(?:{_TYPE})(?:, (?:{_TYPE}))*)?",
    "number": r"\d{1,9}",
    "size": _SIZE,
    "path": r"/[^\n'\"]{1,400}",
    "bound": r"[<>=! ]{1,4}\d{1,9}",
    "word": rf"{_NAME}|[^\w\s'\"]{{1,2}}",
}

# Sentences of DuckDB 2, of dbt 1.11 and of Spark 4 by what they are about. The first that fits is taken, so longer
# ones stand before shorter ones. In doubt a blank takes more text than less: a value may hold words of the sentence.
_SENTENCES = (
    # a value that is not of a type
    "Could not convert string {value} to {type} when casting from source column {name}",
    "Could not convert string {value} to {type}",
    "Could not cast value {value} to {type}",
    "Failed to cast decimal value {value} to type {type}",
    "Can't convert VARIANT({type}) value {value} to '{type}'",
    "{name} field value out of range: {value} when casting from source column {name}",
    "{name} field value out of range: {value}",
    "invalid {name} field format: {value} when casting from source column {name}",
    "invalid {name} field format: {value}",
    "Type {type} with value {value} can't be cast because the value is out of range for the destination type {type}",
    "Type {type} with value {value} can't be cast to the destination type {type} when casting from source column"
    " {name}",
    "Type {type} with value {value} can't be cast to the destination type {type}",
    "Could not parse string {value} according to format specifier {value}",
    "extract specifier {value} not recognized",
    "Date out of range: {value}",
    "Unknown TimeZone {value}",
    "Invalid hex escape code {value}",
    "Invalid character encountered in string -> bit conversion: {value}",
    "Invalid input for hex digit: {value}",
    "Could not decode string {value} as base64: {value}",
    "Failure in decode: could not convert blob to UTF8 string{rest}",
    "Overflow in addition of {type} {value}",
    "Overflow in subtraction of {type} {value}",
    "Overflow in multiplication of {type} {value}",
    "Overflow in HUGEINT multiplication: {value}",
    "Overflow in left shift {value}",
    # JSON
    "Malformed JSON in file \"{path}\", at byte {number} in line {number}: {value}",
    "Malformed JSON at byte {number} of input: {value} when casting from source column {name}",
    "Malformed JSON at byte {number} of input: {value}",
    "JSON transform error in file \"{path}\", in line {number}: {value}",
    "Failed to cast value to numerical: {value}",
    "Object {value} does not have key \"{name}\"",
    "JSON path error near {value}",
    # constraints
    "NOT NULL constraint failed: {name}",
    "UNIQUE constraint failed: {name}{rest}",
    "Duplicate key \"{name}: {value}\" violates primary key constraint{rest}",
    "Duplicate key \"{name}: {value}\" violates unique constraint{rest}",
    "PRIMARY KEY or UNIQUE constraint violation: duplicate key {value}",
    "CHECK constraint failed on table \"{name}\" with expression {value}",
    "Violates foreign key constraint because key \"{name}: {value}\" does not exist in the referenced table",
    "Violates foreign key constraint because key \"{name}: {value}\" is still referenced by a foreign key{rest}",
    # regular expressions
    "missing ): {value}",
    "missing ]: {value}",
    "unexpected ): {value}",
    "no argument for repetition operator: {value}",
    "bad repetition operator: {value}",
    "invalid escape sequence: {value}",
    "invalid character class range: {value}",
    "invalid perl operator: {value}",
    # subqueries, maps, texts
    "More than one row returned by a subquery used as an expression{rest}",
    "Map keys must be unique{rest}",
    "Map keys can not be NULL{rest}",
    "Mismatch Function: Strings must be of equal length!",
    "Cannot create a string of size{rest}",
    # files
    "CSV Error on Line: {number}\nOriginal Line: {value}\nError when converting column \"{name}\". Could not convert"
    " string {value} to '{type}'\n{rest}\n  file = {path}\n{rest}",
    "CSV Error on Line: {number}\nOriginal Line: {value}\nInvalid unicode {rest}",
    "CSV Error on Line: {number}\nOriginal Line: {value}\nExpected Number of Columns: {number} Found: {number}{rest}",
    "CSV Error on Line: {number}\nOriginal Line: {value}\nValue with unterminated quote found.{rest}",
    "CSV Error on Line: {number}\n{rest}",
    "Error when sniffing file \"{path}\"{rest}",
    "No magic bytes found at end of file '{path}'{rest}",
    "No files found that match the pattern \"{path}\"",
    "Cannot open file \"{path}\": {strerror}",
    "Cannot open database \"{path}\" in read-only mode: database does not exist",
    "Could not set lock on file \"{path}\": Conflicting lock is held in {value} (PID {number}){rest}",
    "Could not set lock on file \"{path}\": {rest}",
    "The file \"{path}\" exists, but it is not a valid DuckDB database file!{rest}",
    "Could not write to file \"{path}\": {strerror}",
    "Could not read from file \"{path}\": {strerror}",
    # memory and disk
    "failed to allocate data of size {size} ({size}/{size} used){rest}",
    "failed to pin block of size {size} ({size}/{size} used){rest}",
    "could not allocate block of size {size} ({size}/{size} used){rest}",
    "failed to offload data block of size {size} ({size}/{size} used){rest}",
    "Allocation failure{rest}",
    "Interrupted!",
    "database is locked",
    "database disk image is malformed",
    "database or disk is full",
    "attempt to write a readonly database",
    "unable to open database file",
    "disk I/O error",
    # names, which the planner looks up before it reads a row
    "Referenced column \"{name}\" not found in FROM clause!\nCandidate bindings: {names}",
    "Referenced column \"{name}\" not found in FROM clause!{rest}",
    "Referenced column \"{name}\" was not found because the FROM clause is missing{rest}",
    "Referenced table \"{name}\" not found!{rest}",
    "Table \"{name}\" does not have a column named \"{name}\"\n\nCandidate bindings: {names}",
    "Table \"{name}\" does not have a column named \"{name}\"{rest}",
    "Values list \"{name}\" does not have a column named \"{name}\"{rest}",
    "Table with name {name} does not exist!{rest}",
    "Schema with name {name} does not exist!{rest}",
    "Type with name {name} does not exist!{rest}",
    "Collation with name {name} does not exist!{rest}",
    "Scalar Function with name {name} does not exist!{rest}",
    "Aggregate Function with name {name} does not exist!{rest}",
    "Table Function with name {name} does not exist!{rest}",
    "Macro Function with name {name} does not exist!{rest}",
    "Table with name \"{name}\" already exists!{rest}",
    "Ambiguous reference to column name \"{name}\"{rest}",
    "column \"{name}\" must appear in the GROUP BY clause or must be part of an aggregate function{rest}",
    "Column \"{name}\" does not exist on left side of join!",
    "Column \"{name}\" does not exist on right side of join!",
    "Column \"{name}\" in EXCLUDE list not found in FROM clause{rest}",
    "Column \"{name}\" in REPLACE list not found in FROM clause{rest}",
    "Could not find key \"{name}\" in struct{rest}",
    "No function matches the given name and argument types '{word}({types})'{rest}",
    "Cannot compare values of type {type} and type {type}{rest}",
    "Cannot compare values of type {type} and {type}{rest}",
    "Cannot mix values of type {type} and {type}{rest}",
    "Cannot concatenate types {type} and {type}{rest}",
    "The \"{name}\" argument in function \"{name}\" must be a constant expression",
    "Cannot alter entry \"{name}\" because there are entries that depend on it.{rest}",
    "Cannot drop entry \"{name}\" because there are entries that depend on it.{rest}",
    "Set operations can only apply to expressions with the same number of result columns",
    "Subquery returns {number} columns - expected {number}",
    "WHERE clause cannot contain aggregates!",
    "WHERE clause cannot contain window functions!",
    "Contents of view were altered: {rest}",
    "syntax error at or near \"{word}\"",
    "syntax error at end of input",
    "unterminated string literal",
    "unterminated quoted identifier",
    "no such table: {name}",
    "no such column: {name}",
    # dbt
    "Got {number} results, configured to {name} if {bound}",
    "Got {number} result, configured to {name} if {bound}",
    "'{name}' is undefined{rest}",
    # Spark, whose conditions have a name; the names in it are those of columns and tables
    "[UNRESOLVED_COLUMN.{name}] A column, variable, or function parameter with name `{name}` cannot be resolved{rest}",
    "[TABLE_OR_VIEW_NOT_FOUND] The table or view `{name}` cannot be found{rest}",
    "[{condition}] {rest}",
)  # fmt: skip
_FORMS["strerror"] = "|".join(re.escape(os.strerror(code)) for code in sorted(errno.errorcode))
_FORMS["condition"] = r"[A-Z][A-Z_]{2,60}(?:\.[A-Z_]{2,60})?"

_KINDS = frozenset(
    """Invalid|Out of Range|Conversion|Unknown Type|Decimal|Mismatch Type|Divide by Zero|Object Size|Invalid type
    |Serialization|TransactionContext|Not implemented|Expression|Catalog|Parser|Planner|Scheduler|Executor|Constraint
    |Index|Stat|Connection|Syntax|Settings|Binder|Network|Optimizer|NullPointer|IO|INTERNAL|FATAL|Interrupt|Permission
    |Parameter Not Resolved|Parameter Not Allowed|Dependency|HTTP|Missing Extension|Extension Autoloading|Sequence
    |Invalid Configuration|Invalid Input|Out of Memory|Compilation|Database|Runtime|Parsing""".replace("\n", "")
    .replace("  ", "").split("|")
)  # fmt: skip
_KIND = re.compile(r"\s*([A-Za-z]+(?: [A-Za-z]+){0,2}) Error: ")
# dbt puts a line before what it was told, and moves the other lines to the right.
_DBT = re.compile(r"\s*(Compilation|Database|Runtime|Parsing) Error(?: in [a-z ]+ \S+ \([^\n]*\))?\n")
# Where in a statement: the excerpt behind it is left out, as a macro may have put values into the statement.
_EXCERPT = re.compile(r"\n\s*\n\s*LINE (\d{1,6}): [^\n]*\n[ ^~]*\s*\Z")
_OURS = re.compile(r"\[cdp\] ([^\n]*)")
_SCOPE = re.compile(rf"\| ({_NAME}) +\| ({_TYPE})? *\| ({_TYPE})? *\| (data type mismatch|missing in \w+) *\|")
_CLOCK = re.compile(r"^\d\d:\d\d:\d\d  ?", re.MULTILINE)
_ENCOUNTERED = re.compile(r"^Encountered an error:\n", re.MULTILINE)
_CONTRACT = "This model has an enforced contract that failed."


def told_of(text: str, words: Set[str] | None = None) -> str:
    """One line about an error by its `text`: kind, sentence, names, types and numbers; never a value.

    With `words`, a name is told only where it is one of them: columns can be made of values (PIVOT).
    """
    kind, body = "", text.strip("\n")
    if layer := _DBT.match(body):
        kind = layer[1]
        body = "\n".join(line.removeprefix("  ") for line in body[layer.end() :].split("\n"))
    if (own := _KIND.match(body)) and own[1].strip() in _KINDS:
        kind, body = own[1], body[own.end() :]
    place = ""
    if excerpt := _EXCERPT.search(body):
        place = f" (line {excerpt[1]} of the statement)"
        body = body[: excerpt.start()]
    told = _sentence(body.strip(), words) if kind != "Compilation" else _compilation(body.strip(), words)
    if not told and os.strerror(errno.ENOSPC) in body:
        told = os.strerror(errno.ENOSPC)
    head = f"{kind} Error: " if kind else ""
    return f"{head}{told or LEFT_OUT}{place}"


def told_of_error(error: BaseException) -> str:
    """`told_of` an exception, with its class."""
    name = type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        return f"{name}: {os.strerror(error.errno)}" + (f": {error.filename}" if error.filename else "")
    return f"{name}: {told_of(str(error))}"


def told_of_start(output: str) -> str:
    """One line about a dbt that fell before it read a row, by its `output`.

    dbt's own complaints about the project's files are told whole: there is nothing else yet that they could quote.
    """
    text = _ENCOUNTERED.sub("", _CLOCK.sub("", output)).strip()
    layer = _DBT.match(text + "\n")
    if layer and layer[1] in ("Compilation", "Parsing"):
        return " ".join(text.split())
    if crash := re.findall(r"^([A-Za-z_.]+(?:Error|Exception)):", text, re.MULTILINE):
        return f"{crash[-1].rpartition('.')[2]}: {LEFT_OUT}"
    return told_of(text) if text else "no output"


def own_words(text: str) -> str:
    """What a test or macro of the project raised as ``[cdp] …``, without that mark; "" for any other error."""
    told = told_of(text).partition("Error: [cdp] ")
    return told[2]


def words_of(text: str) -> frozenset[str]:
    """The names that stand in code, for `told_of`."""
    return frozenset(re.findall(_NAME, text))


def _compilation(body: str, words: Set[str] | None) -> str:
    if body.startswith(_CONTRACT):
        found = _SCOPE.findall(body)
        scopes = [f"{name} {' / '.join(t for t in types if t)}: {why}" for name, *types, why in found]
        return f"the enforced contract failed: {'; '.join(scopes)}" if scopes else "the enforced contract failed"
    return _sentence(body, words)


def _sentence(body: str, words: Set[str] | None) -> str:
    """The known sentence of `body` with what may be told in its blanks; "" where none is known."""
    if ours := _OURS.match(body):
        return ours[0]
    if len(body) > 2 * _KEPT_END:
        body = f"{body[:_KEPT_END]}{body[-_KEPT_END:]}"
    for pattern, render in _patterns():
        if found := pattern.fullmatch(body):
            return render(found, words)
    return ""


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Set[str] | None], str]], ...]:
    return tuple(_compiled(sentence) for sentence in _SENTENCES)


def _compiled(sentence: str) -> tuple[re.Pattern[str], Callable[[re.Match[str], Set[str] | None], str]]:
    parts = re.split(r"\{(\w+)\}", sentence)  # text, blank, text, blank, …, text
    # a value takes all it can, so that words of the sentence within it end nothing
    pattern = "".join(
        re.escape(part) if at % 2 == 0 else f"({_FORMS[part]}|[^\n]*)" if part in _FORMS else "(.*)"
        for at, part in enumerate(parts)
    )

    def render(found: re.Match[str], words: Set[str] | None) -> str:
        told = "".join(
            part if at % 2 == 0 else _blank(part, found[at // 2 + 1], words) for at, part in enumerate(parts)
        )
        return " ".join(told.split())

    return re.compile(pattern, re.DOTALL), render


def _blank(blank: str, content: str, words: Set[str] | None) -> str:
    """What is told of the content of a blank."""
    if blank == "rest":
        return ""
    if blank == "names":
        listed = re.findall(r'"([^"\n]*)"', content)
        told = ", ".join(_blank("name", name, words) for name in listed[:_NAMES_TOLD])
        return f"{told} …" if len(listed) > _NAMES_TOLD else told
    form = _FORMS.get(blank)
    if form is None or not re.fullmatch(form, content):
        return HIDDEN
    if blank in ("name", "word") and words is not None and not set(re.findall(r"\w+", content)) <= words:
        return HIDDEN
    return content
