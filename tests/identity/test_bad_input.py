"""What `cdp resolve` says to files, roles, stores and models it cannot use: one line, exit code 2, nothing left."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.cli import main
from identity.reading import read_file

HEADER = "id,first,last,born,mail,tel,street,zip,card\n"
ROLES = """
record_id: id
default_region: US
roles: {given_name: first, family_name: last, birth_date: born, email: mail, phone: tel, street: street,
  postcode: zip, identifiers: {loyalty_id: card}}
"""
FEW = HEADER + "1,anna,abelard,1980-02-03,a@mail.example,2025550143,1 Elm Street,20001,K1\n2,boris,brandt,,,,,,\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "roles.yml").write_text(ROLES)
    (tmp_path / "in.csv").write_text(FEW)
    (tmp_path / "folder").mkdir()
    return tmp_path


class Said:
    """One call of the command: exit code, and its one line on standard error."""

    def __init__(
        self, folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str, inputs: str = "in.csv"
    ) -> None:
        words = [str(folder / word) if "." in word and not word.startswith("-") else word for word in arguments]
        given = [str(folder / name) for name in inputs.split()]
        if "--roles" not in arguments:
            words += ["--roles", str(folder / "roles.yml")]
        if "--out" not in arguments:
            words += ["--out", str(folder / "out.parquet")]
        self.code = main(["resolve", *given, *words])
        self.printed, self.error = capsys.readouterr()
        self.out = folder / "out.parquet"

    def refused(self, text: str) -> None:
        assert self.code == 2, self.error
        assert len(self.error.splitlines()) == 1
        assert text in self.error
        assert not self.out.exists()

    def profiles(self) -> list[list[str]]:
        assert (self.code, self.error) == (0, "")
        with duckdb.connect() as con:
            rows = con.execute(
                f"select list(record_id order by record_id) from '{self.out}' group by profile_id order by 1"
            ).fetchall()
        return [records for (records,) in rows]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", HEADER + "1,a,b\n2,a,b,,,,,,,x,y\n", "a.csv line 3: more cells than the header has columns"),
        ("a.csv", HEADER + '1,"a,b\n2,a,b,,,,,,\n', "a.csv line 2: a quoted value does not end"),
        ("a.csv", "id,first,first\n1,a,b\n", "a.csv: column first is there twice"),
        ("a.csv", "ID,first,id\n1,a,b\n", "a.csv: columns ID and id differ in case only"),
        (
            "a.csv",
            HEADER + "1,a,b,,,,,,\n1,c,d,,,,,,\n",
            "a.csv: 1 rows repeat a record id; (source, id) must be unique",
        ),
        ("a.csv", HEADER + ",a,b,,,,,,\n", "a.csv: 1 rows have no id: every row needs a record id"),
        ("a|b.csv", FEW, "a|b.csv: 2 rows are of a source with a |, which parts source and record id"),
        ("a.csv", FEW.encode("utf-16"), "a.csv: invalid UTF-8"),
        ("a.jsonl", '{"id": 1, "first": "王伟"}\n'.encode("gb18030"), "a.jsonl: invalid UTF-8"),
        ("a.csv", HEADER.encode() + b"1,a\xff\xfe,b,,,,,,\n", "a.csv"),
        ("a.csv.gz", b"no archive", "a.csv.gz: cannot be read (BadGzipFile)"),
        ("a.csv", HEADER + "x" * 1001 + ",a,b,,,,,,\n", "1 rows have a id of more than 1000 letters"),
        ("a.jsonl", "", "a.jsonl: is empty"),
        ("a.jsonl", '{"id": 1}\n{"id": 2,\n', "a.jsonl line 3: cannot be parsed"),
        ("a.jsonl", '{"id": "1", "first": "a"}\n', "column born is in none of the inputs"),
        ("a.parquet", b"PAR1 and then nothing", "a.parquet: cannot be parsed"),
        ("a.xlsx", b"PK", "unknown file type"),
    ],
)
def test_a_file_that_cannot_be_read(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, content: str | bytes, message: str
) -> None:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    said = Said(folder, capsys, inputs=name)
    said.refused(message)
    assert "abelard" not in said.error


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("record_id: id\nroles:\n\tgiven_name: first\n", "r.yml line 3: is not valid YAML"),
        ("", "r.yml: must hold record_id and roles"),
        ("record_id: id\nroles:\n", "at least one role"),
        ("record_id: id\nroles: {given_name: first, given_name: last}\n", "r.yml line 2: given_name is there twice"),
        ("record_id: id\nrecord_id: no\nroles: {given_name: first}\n", "r.yml line 2: record_id is there twice"),
        ("record_id: id\nroles: {? [given_name] : first}\n", "r.yml line 2: is not valid YAML"),
        ("record_id: id\nroles: {given_name: frist}\n", "column frist is in none of the inputs; did you mean first?"),
        ("record_id: id\ndefault_region: NO\nroles: {phone: tel}\n", "put NO in quotes"),
        ("record_id: id\ndefault_region: Europe\nroles: {phone: tel}\n", "must be a country code"),
    ],
)
def test_roles_that_cannot_be_used(folder: Path, capsys: pytest.CaptureFixture[str], text: str, message: str) -> None:
    (folder / "r.yml").write_text(text)
    Said(folder, capsys, "--roles", "r.yml").refused(message)


def test_a_row_without_a_source(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One such row would be a record without a key."""
    (folder / "first.csv").write_text("system," + FEW.replace("\n1", "\ncrm,1").replace("\n2", "\ncrm,2"))
    (folder / "second.csv").write_text("system," + HEADER + "shop,1,anna,abelard,,,,,,\n ,3,carla,castellan,,,,,,\n")
    (folder / "roles.yml").write_text("source: system" + ROLES)
    said = Said(folder, capsys, inputs="first.csv second.csv")
    said.refused("second.csv: 1 rows have no system: every row needs a source where a column for it is named")


def test_two_files_of_one_name_with_the_same_ids(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "folder" / "in.csv").write_text(FEW)
    (folder / "other.csv").write_text(FEW)
    said = Said(folder, capsys, inputs="other.csv in.csv folder/in.csv")
    said.refused(f"{folder / 'in.csv'} and {folder / 'folder' / 'in.csv'}: 2 rows repeat a record id")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--out ./folder", "folder: is a folder; name a file"),
        ("--out in.csv/out.parquet", "cannot be written"),
        ("--out in.csv", "in.csv: would be overwritten"),
        ("--out roles.yml", "roles.yml: would be overwritten"),
        ("--edges out.parquet", "out.parquet: would be overwritten"),
        ("--threshold 1", "must be a number between 0 and 1"),
        ("--threshold 0", "must be a number between 0 and 1"),
        ("--threshold abc", "must be a number between 0 and 1"),
        ("--deleted no.csv", "no.csv: no such file"),
        ("--deleted other.csv", "other.csv: column record_id is missing"),
        ("--deleted nothing.csv", "nothing.csv: 2 rows have a source or a record_id without the other"),
        ("--judgements between.csv", "between.csv line 3: source_r is empty"),
        ("--judgements ./folder", "folder: cannot be read"),
        ("--model in.csv", "in.csv: is not the folder of a model"),
        ("--store ./folder", "folder: is not a store of this platform"),
        ("--store in.csv", "in.csv: is not a store of this platform"),
        ("--store in.csv/s.duckdb", "s.duckdb: cannot be opened for writing"),
        ("--store strange.duckdb", "strange.duckdb: is not a store of this platform"),
    ],
)
def test_arguments_that_cannot_be_used(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: str, message: str
) -> None:
    (folder / "other.csv").write_text("who,why\n1,2\n")
    (folder / "nothing.csv").write_text("source,record_id\nin,1\n\n,\nin, \n,2\n")
    columns = "source_l,record_id_l,source_r,record_id_r,judgement\n"
    (folder / "between.csv").write_text(columns + "in,1,in,3,positive\nin,1,,2,positive\n")
    with duckdb.connect(str(folder / "strange.duckdb")) as con:
        con.execute("create table members (mine integer)")
    Said(folder, capsys, *arguments.split()).refused(message)
    with duckdb.connect(str(folder / "strange.duckdb")) as con:
        assert con.execute("show tables").fetchall() == [("members",)]
    assert (folder / "in.csv").read_text() == FEW
    assert (folder / "roles.yml").read_text() == ROLES


def test_a_store_of_a_newer_version_or_a_damaged_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert Said(folder, capsys, "--store", "s.duckdb").code == 0
    (folder / "out.parquet").unlink()
    shutil.copy(folder / "s.duckdb", folder / "new.duckdb")
    with duckdb.connect(str(folder / "new.duckdb")) as con:
        con.execute("update store_version set version = 99")
    Said(folder, capsys, "--store", "new.duckdb").refused("version 99, this platform reads up to 2: upgrade")
    whole = (folder / "s.duckdb").read_bytes()
    (folder / "cut.duckdb").write_bytes(whole[: len(whole) // 3])
    Said(folder, capsys, "--store", "cut.duckdb").refused("cut.duckdb: ")
    (folder / "block.duckdb").write_bytes(whole[:20_000] + bytes(b ^ 255 for b in whole[20_000:]))
    Said(folder, capsys, "--store", "block.duckdb").refused("block.duckdb: ")


def test_a_model_of_another_data_set(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Kinds of identifiers may be missing; an attribute's columns may not."""
    rows = "".join(f"{i},name{i},last{i % 3},,,,,,K{i % 4}\n" for i in range(12))
    (folder / "other.csv").write_text(HEADER + rows)
    evidence = "rules: {identifiers: {loyalty_id: {use: evidence}}}\n"
    (folder / "other.yml").write_text(ROLES.replace("identifiers:", "attributes: [zip], identifiers:") + evidence)
    assert Said(folder, capsys, "--roles", "other.yml", "--model", "./trained", inputs="other.csv").code == 0
    (folder / "out.parquet").unlink()
    Said(folder, capsys, "--model", "./trained").refused("was trained with 1 attributes, the roles name 0")
    (folder / "other.yml").write_text(ROLES + evidence)
    assert Said(folder, capsys, "--roles", "other.yml", "--model", "./second", inputs="other.csv").code == 0
    (folder / "roles.yml").write_text(ROLES.replace(", identifiers: {loyalty_id: card}", ""))
    assert Said(folder, capsys, "--model", "./second").profiles() == [["1"], ["2"]]


def test_unknown_records_in_deletions_and_judgements_are_no_error(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A deletion is delivered again; a judgement rests until its record is there."""
    (folder / "gone.csv").write_text("source,record_id\nin,99\nnowhere,2\n")
    (folder / "judged.csv").write_text("record_id_l,record_id_r,judgement\n1,77,positive\n")
    call = ("--deleted", "gone.csv", "--judgements", "judged.csv", "--store", "s.duckdb")
    assert Said(folder, capsys, *call).profiles() == [["1"], ["2"]]
    (folder / "in.csv").write_text(FEW + "77,carla,castellan,,,,,,\n")
    assert Said(folder, capsys, "--store", "s.duckdb").profiles() == [["1", "77"], ["2"]]


def test_a_deletion_with_blanks_around_it_and_blank_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Blanks around a record's own id do not count either."""
    assert Said(folder, capsys, "--store", "s.duckdb").profiles() == [["1"], ["2"]]
    (folder / "gone.csv").write_text("record_id\n\n 2 \n\n")
    (folder / "none.csv").write_text(HEADER)
    call = ("--deleted", "gone.csv", "--store", "s.duckdb")
    assert Said(folder, capsys, *call, inputs="none.csv").profiles() == [["1"]]


def test_a_key_that_only_a_late_line_has(tmp_path: Path) -> None:
    """The engine takes the names of columns from the first 20,480 lines."""
    path = tmp_path / "late.jsonl"
    path.write_text('{"id": 1}\n' * 30_000 + '{"id": 2, "mail": "a@mail.example"}\n')
    with duckdb.connect() as con:
        assert read_file(con, path, "t") == ["id", "mail"]
        assert con.execute("select id, mail, count(*) from t group by all order by id").fetchall() == [
            ("1", None, 30_000),
            ("2", "a@mail.example", 1),
        ]


def test_odd_but_readable_spellings_give_the_same_records(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Line ends, byte-order mark, delimiters, compression, short rows, and what JSON and Parquet may hold instead."""
    plain = Said(folder, capsys).profiles()
    spellings = {
        "crlf.csv": FEW.replace("\n", "\r\n").encode(),
        "bom.csv": b"\xef\xbb\xbf" + FEW.encode(),
        "semicolon.csv": FEW.replace(",", ";").encode(),
        "tab.tsv": FEW.replace(",", "\t").encode(),
        "blanks.csv": FEW.replace(",", " , ").encode(),
        "short.csv": FEW.replace("brandt,,,,,,", "brandt").encode(),
        "zip.csv.gz": gzip.compress(FEW.encode()),
        "breaks.csv": FEW.replace("1 Elm Street", '"1\r\nElm Street"').replace("brandt,,,,,,", "brandt").encode(),
    }
    rows = [dict(zip(HEADER.strip().split(","), line.split(","), strict=True)) for line in FEW.splitlines()[1:]]
    numbers = rows[0] | {"id": 1, "tel": 2025550143.0, "zip": 20001, "card": {"a": ["K1"]}}
    spellings["numbers.jsonl"] = "\n".join(json.dumps(row) for row in (numbers, rows[1])).encode()
    for name, content in spellings.items():
        (folder / name).write_bytes(content)
        assert Said(folder, capsys, inputs=name).profiles() == plain, name


def test_typed_columns_are_read_as_their_texts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table of one person in CSV and in typed Parquet: the two spellings of every value are one value."""
    (folder / "in.csv").write_text(FEW.replace(",K1", ",1"))
    with duckdb.connect() as con:
        con.execute(
            f"""copy (select 7::double as id, 'anna' as first, 'abelard' as last, timestamp '1980-02-03' as born,
                null as mail, 2025550143::double as tel, null as street, 20001::decimal(9, 1) as zip, true as card)
            to '{folder / "typed.parquet"}'"""
        )
        con.execute(f"copy (select * from '{folder / 'typed.parquet'}' limit 0) to '{folder / 'none.parquet'}'")
    found = Said(folder, capsys, "--store", "s.duckdb", inputs="in.csv typed.parquet none.parquet").profiles()
    assert found == [["1", "7"], ["2"]]
    with duckdb.connect(str(folder / "s.duckdb")) as con:
        rows = con.execute("select distinct dob, phone, postcode from features where dob is not null").fetchall()
    assert rows == [("1980-02-03", "+12025550143", "20001")]


def test_quotes_control_characters_and_endless_values(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names of files, columns, kinds and ids are never taken for SQL, and ten megabytes of name are no name."""
    header = 'id,"fi""rst","la\nst",ma\'il,card\n'
    endless = "ab" * 5_000_000
    (folder / "o'brien.csv").write_text(
        header + f'"a\'; drop table x",{endless},b\x01\x7f,,\n b b ,anna,{endless},,\n"c|d",anna,o\'neil,,\'\n'
    )
    (folder / "roles.yml").write_text(
        'record_id: id\nroles: {given_name: "fi\\"rst", family_name: "la\\nst", email: "ma\'il", '
        'identifiers: {"o\'k\\"": card}}\n'
    )
    found = Said(folder, capsys, "--store", "o'store.duckdb", inputs="o'brien.csv").profiles()
    assert found == [["a'; drop table x"], ["b b"], ["c|d"]]


@pytest.mark.parametrize("role", ["", "first", "last", "born", "mail", "tel", "street", "card"])
def test_a_column_without_a_value(folder: Path, capsys: pytest.CaptureFixture[str], role: str) -> None:
    """Also all of them ('')."""
    columns = HEADER.strip().split(",")
    lines = []
    for i in range(8):
        name = ("anna", "boris", "carla", "dmitri")[i % 4]
        values = [str(i), name, f"{name}sen", f"198{i % 4}-02-03", f"{name}@mail.example", f"202555010{i % 4}",
                  f"{i % 4} Elm Street", "20001", f"K{i % 4}"]  # fmt: skip
        kept = ["" if c == role or (not role and c != "id") else v for c, v in zip(columns, values, strict=True)]
        lines.append(",".join(kept))
    (folder / "in.csv").write_text(HEADER + "\n".join(lines) + "\n")
    expected = [[str(i), str(i + 4)] for i in range(4)] if role else [[str(i)] for i in range(8)]
    assert Said(folder, capsys).profiles() == expected


def test_everybody_shares_one_phone_email_street_and_card(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """500 people are 500 people; so are 500 records of which nothing else is known, also at one address."""
    given = ["anna", "boris", "carla", "dmitri", "elena", "farid", "greta", "hugo", "irena", "jonas"]
    ends = ["bbelin", "ntaro", "skovic", "lderson", "mpfner", "vanagh", "squita", "ngsley", "rrowfa", "zhdanov"]
    family = [start + end for start in ("ka", "mo", "ri", "tu", "se") for end in ends]
    shared = "s@mail.example,2025550143,1 Elm Street,20001,K1"
    lines = [f"{i},{given[i % 10]},{family[i // 10]},,{shared}" for i in range(500)]
    (folder / "in.csv").write_text(HEADER + "\n".join(lines) + "\n")
    assert len(Said(folder, capsys).profiles()) == 500
    same = [f"{i},,,,{shared}" for i in range(500)]
    (folder / "in.csv").write_text(HEADER + "\n".join(same) + "\n")
    assert len(Said(folder, capsys).profiles()) == 500


def test_a_name_that_is_a_pattern_is_one_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``*`` in a name would read its neighbours; ``card=…`` in the folder's would take the place of a column."""
    place = folder / "card=K9"
    place.mkdir()
    for number, name in enumerate(("a1.csv", "a2.csv", "a*.csv", "a[1].csv", "a?.jsonl", "a?.parquet")):
        row = f"{number},anna,abelard,1980-02-03,a{number}@mail.example,,,,K{number}"
        if name.endswith(".csv"):
            (place / name).write_text(HEADER + row + "\n")
        elif name.endswith(".jsonl"):
            (place / name).write_text(json.dumps(dict(zip(HEADER.strip().split(","), row.split(","), strict=True))))
        else:
            duckdb.execute(
                f"copy (from read_csv('{place}/a1.csv', all_varchar=true, hive_partitioning=false)) to '{place}/{name}'"
            )
    (folder / "roles.yml").write_text(ROLES)
    cards = {"a*.csv": "K2", "a[1].csv": "K3", "a?.jsonl": "K4", "a?.parquet": "K0"}
    for name, card in cards.items():
        out = folder / "out.parquet"
        store = folder / "s.duckdb"
        given = ["resolve", str(place / name), "--roles", str(folder / "roles.yml"), "--out", str(out)]
        assert main([*given, "--store", str(store)]) == 0
        assert capsys.readouterr().out.startswith("1 records")
        with duckdb.connect(str(store), read_only=True) as con:
            found = con.execute("select value from link_identifiers where kind = 'loyalty_id'").fetchall()
        assert found == [(card,)]
        store.unlink()
