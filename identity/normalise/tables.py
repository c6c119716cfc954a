"""The set-based pass over whole tables: distinct values out, normalised values in, one join back."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import duckdb
import pyarrow as pa

from identity.normalise import address_parts, addresses, dates, organisations
from identity.normalise.emails import Normalised, normalise_email, plain_email_sql
from identity.normalise.identifiers import identifier_sql, issuer_problem_sql
from identity.normalise.lookup import TEXT, lookup
from identity.normalise.name_pass import normalise_names
from identity.normalise.phones import normalise_phone, plain_phone_sql


def normalise(
    con: duckdb.DuckDBPyConnection, records: str, identifiers: str, *, out_records: str, out_identifiers: str
) -> None:
    """Create `out_records` and `out_identifiers` from the tables or views `records` and `identifiers`.

    `records` (VARCHAR but for `created_at` TIMESTAMP): record_id, source, entity_type, given_name, middle_name,
    family_name, full_name, native_name, organisation, birth_date, gender, street, unit, locality, region, postcode,
    country, address (one line, read where street is absent), default_region (ISO country), created_at.
    `out_records`, one row per input row: record_id, source, entity_type, given_name, middle_name, family_name,
    given_canonical, given_initial, name_key, native_name, is_chinese, generation_suffix, given_readings,
    family_readings (both VARCHAR[]: the pinyin a Chinese name may stand for), organisation, birth_date,
    birth_date_alt, birth_year, birth_month_day, gender, street, street_no, unit, locality, region, postcode, country,
    address_key, created_at.

    `identifiers`: record_id, kind, namespace, value_raw, is_trusted, reason, default_region, first_seen_at,
    last_seen_at. `out_identifiers`, one row per input row: record_id, kind, namespace, value_raw, value, is_trusted,
    reason, first_seen_at, last_seen_at; an untrusted row keeps the reason that its source gave. Existing output tables
    are replaced. A missing input column raises `duckdb.BinderException`.
    """
    _records(con, records, out_records)
    _identifiers(con, identifiers, out_identifiers)


# Sources spell the two types in many ways; what is neither a person nor an organisation stays as it is.
_ENTITY_TYPE = """CASE
    WHEN lower(trim(entity_type)) IN ('organisation', 'organization', 'org', 'company', 'business', 'corporation',
        'legal entity', '企业', '公司', '机构', '组织') THEN 'organisation'
    WHEN lower(trim(entity_type)) IN ('person', 'individual', 'natural person', 'human', 'people', '个人', '人')
        THEN 'person'
    ELSE nullif(lower(trim(entity_type)), '') END"""
_HOME = "upper(coalesce(trim(default_region), ''))"
# What the passes look up, computed once a row; names of organisations are not read as people's.
_KEYS = f"""
    coalesce(given_name, '') AS k_given, coalesce(middle_name, '') AS k_middle, coalesce(family_name, '') AS k_family,
    CASE WHEN entity_type = 'organisation' THEN '' ELSE coalesce(full_name, '') END AS k_whole,
    CASE WHEN entity_type = 'organisation' THEN '' ELSE coalesce(native_name, '') END AS k_native,
    coalesce(
        nullif(trim(organisation), ''), CASE WHEN entity_type = 'organisation' THEN coalesce(full_name, native_name) END
    )
        AS k_organisation,
    coalesce(trim(street), '') AS k_street,
    CASE WHEN coalesce(trim(street), '') = '' THEN nullif(trim(address), '') END AS k_address,
    {_HOME} AS k_home
"""
_PASSES = (
    "name",
    "organisation",
    "birth_date",
    "country",
    "street",
    "unit",
    "address",
    "locality",
    "region",
    "postcode",
)


def _records(con: duckdb.DuckDBPyConnection, records: str, out: str) -> None:
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW nz_record AS SELECT *, {_KEYS} FROM "
        f"(SELECT * REPLACE ({_ENTITY_TYPE} AS entity_type) FROM {records})"
    )
    normalise_names(con)
    lookup(
        con,
        "nz_organisation",
        "SELECT DISTINCT k_organisation AS raw FROM nz_record WHERE k_organisation IS NOT NULL",
        ["raw"],
        [("organisation", TEXT)],
        lambda raw: (organisations.normalise_organisation(raw),),
    )
    lookup(
        con,
        "nz_birth_date",
        "SELECT DISTINCT birth_date AS raw, k_home FROM nz_record WHERE birth_date IS NOT NULL",
        ["raw", "k_home"],
        [("value", pa.date32()), ("alternative", pa.date32()), ("year", pa.int32()), ("month_day", TEXT)],
        dates.parse_birth_date,
    )
    _places(con)
    con.execute(f"CREATE OR REPLACE TABLE {out} AS {_OUT_RECORDS}")
    con.execute("DROP VIEW nz_record")
    for table in _PASSES:
        con.execute(f"DROP TABLE nz_{table}")


def _streets(con: duckdb.DuckDBPyConnection) -> None:
    # Most lines are a number before words: the words are parsed once for all their numbers.
    split = "regexp_full_match(k_street, '[0-9]{1,6} [A-Za-z][A-Za-z .]+')"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE nz_street_key AS SELECT DISTINCT k_street FROM nz_record WHERE k_street <> ''"
    )
    lookup(
        con,
        "nz_road",
        f"SELECT DISTINCT substr(k_street, strpos(k_street, ' ') + 1) AS words FROM nz_street_key WHERE {split}",
        ["words"],
        _STREET_VALUES,
        lambda words: addresses.normalise_street(f"1 {words}"),
    )
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE nz_street_split AS
        SELECT k_street, split_part(k_street, ' ', 1) AS number, r.*
        FROM nz_street_key JOIN nz_road r ON {split} AND substr(k_street, strpos(k_street, ' ') + 1) = r.words
        WHERE r.street_no = '1' AND starts_with(r.street, '1 ')
    """)
    lookup(
        con,
        "nz_street",
        "SELECT k_street FROM nz_street_key ANTI JOIN nz_street_split USING (k_street)",
        ["k_street"],
        _STREET_VALUES,
        addresses.normalise_street,
    )
    con.execute("""
        INSERT INTO nz_street BY NAME
        SELECT k_street, number || substr(street, 2) AS street, number AS street_no, unit, main_word
        FROM nz_street_split
    """)
    for table in ("nz_street_key", "nz_street_split", "nz_road"):
        con.execute(f"DROP TABLE {table}")


def _places(con: duckdb.DuckDBPyConnection) -> None:
    lookup(
        con,
        "nz_country",
        "SELECT DISTINCT country AS raw FROM nz_record WHERE country IS NOT NULL",
        ["raw"],
        [("country", TEXT)],
        lambda raw: (address_parts.normalise_country(raw),),
    )
    _streets(con)
    lookup(
        con,
        "nz_unit",
        "SELECT DISTINCT unit AS raw FROM nz_record WHERE unit IS NOT NULL",
        ["raw"],
        [("unit", TEXT)],
        lambda raw: (addresses.normalise_unit(raw),),
    )
    lookup(
        con,
        "nz_address",
        "SELECT DISTINCT k_address, k_home FROM nz_record WHERE k_address IS NOT NULL",
        ["k_address", "k_home"],
        _STREET_VALUES,
        addresses.split_one_line,
    )
    lookup(
        con,
        "nz_locality",
        "SELECT DISTINCT locality AS raw FROM nz_record WHERE locality IS NOT NULL",
        ["raw"],
        [("locality", TEXT)],
        lambda raw: (address_parts.normalise_locality(raw),),
    )
    for field, function in (("region", address_parts.normalise_region), ("postcode", address_parts.normalise_postcode)):
        lookup(
            con,
            f"nz_{field}",
            f"SELECT DISTINCT r.{field} AS raw, coalesce(c.country, k_home) AS home "
            f"FROM nz_record r LEFT JOIN nz_country c ON r.country = c.raw WHERE r.{field} IS NOT NULL",
            ["raw", "home"],
            [(field, TEXT)],
            partial(_in_country, function),
        )


def _in_country(function: Callable[[str | None, str | None], str | None], raw: str, country: str) -> tuple[str | None]:
    return (function(raw, country or None),)


_STREET_VALUES: list[tuple[str, pa.DataType]] = [(field, TEXT) for field in address_parts.Street._fields]


_OUT_RECORDS = """
    WITH joined AS (
        SELECT
            r.record_id, r.source, r.entity_type,
            n.given_name, n.middle_name, n.family_name, n.given_canonical, n.given_initial, n.name_key, n.native_name,
            n.is_chinese, n.generation_suffix, n.given_readings, n.family_readings, o.organisation,
            -- Nobody is born after the record or lives past 120. A record without a time is not held against a clock.
            coalesce(r.created_at::DATE, DATE '2099-12-31') AS latest,
            coalesce(r.created_at::DATE - INTERVAL 120 YEAR, TIMESTAMP '1500-01-01') AS earliest,
            CASE WHEN b.value BETWEEN earliest AND latest THEN b.value END AS value,
            CASE WHEN b.alternative BETWEEN earliest AND latest THEN b.alternative END AS alternative,
            b.year, b.month_day,
            CASE
                WHEN lower(trim(r.gender)) IN ('f', 'female', 'woman', 'w', '2', '女', '女性', '女士') THEN 'female'
                WHEN lower(trim(r.gender)) IN ('m', 'male', 'man', '1', '男', '男性', '先生') THEN 'male'
            END AS gender,
            coalesce(s.street, a.street) AS street, coalesce(s.street_no, a.street_no) AS street_no,
            coalesce(u.unit, s.unit, a.unit) AS unit, coalesce(s.main_word, a.main_word) AS main_word,
            coalesce(l.locality, s.locality, a.locality) AS locality,
            coalesce(g.region, s.region, a.region) AS region,
            coalesce(p.postcode, s.postcode, a.postcode) AS postcode, c.country, r.created_at
        FROM nz_record r
        LEFT JOIN nz_name n USING (k_given, k_middle, k_family, k_whole, k_native)
        LEFT JOIN nz_organisation o ON r.k_organisation = o.raw
        LEFT JOIN nz_birth_date b ON r.birth_date = b.raw AND r.k_home = b.k_home
        LEFT JOIN nz_country c ON r.country = c.raw
        LEFT JOIN nz_street s ON r.k_street = s.k_street
        LEFT JOIN nz_unit u ON r.unit = u.raw
        LEFT JOIN nz_address a ON r.k_address = a.k_address AND r.k_home = a.k_home
        LEFT JOIN nz_locality l ON r.locality = l.raw
        LEFT JOIN nz_region g ON r.region = g.raw AND coalesce(c.country, r.k_home) = g.home
        LEFT JOIN nz_postcode p ON r.postcode = p.raw AND coalesce(c.country, r.k_home) = p.home
    )
    SELECT
        record_id, source, entity_type, given_name, middle_name, family_name, given_canonical, given_initial, name_key,
        native_name, is_chinese, generation_suffix, given_readings, family_readings, organisation,
        coalesce(value, alternative) AS birth_date,
        CASE WHEN value IS NOT NULL THEN alternative END AS birth_date_alt,
        CASE WHEN year BETWEEN year(earliest) AND year(latest) THEN year END AS birth_year,
        CASE WHEN coalesce(value, alternative) IS NOT NULL THEN strftime(coalesce(value, alternative), '%m-%d')
            WHEN year IS NULL THEN month_day END AS birth_month_day,
        gender, street, street_no, unit, locality, region, postcode, country,
        street_no || '|' || main_word || '|' || coalesce(postcode, locality) AS address_key,
        created_at
    FROM joined
"""


_TRUST = """
    SELECT
        record_id, kind, namespace, value_raw, value,
        coalesce(is_trusted, true) AND problem IS NULL AND value IS NOT NULL AS is_trusted,
        CASE WHEN NOT coalesce(is_trusted, true) THEN coalesce(reason, problem, 'source') ELSE problem END AS reason,
        first_seen_at, last_seen_at
"""


def _identifiers(con: duckdb.DuckDBPyConnection, identifiers: str, out: str) -> None:
    # One query for each kind: a CASE over all kinds took twice as long.
    plain = {"email": plain_email_sql("value_raw"), "phone": plain_phone_sql("value_raw", "home")}
    functions: dict[str, Callable[[str, str], Normalised]] = {
        "email": lambda raw, _: normalise_email(raw),
        "phone": lambda raw, home: normalise_phone(raw, home or None),
    }
    value, problem = identifier_sql("value_raw")
    con.execute(f"""
        CREATE OR REPLACE TABLE {out} AS {_TRUST} FROM (
            SELECT *, {value} AS value, coalesce({problem}, {issuer_problem_sql()}) AS problem
            FROM {identifiers} WHERE kind IS NULL OR kind NOT IN ('email', 'phone')
        )
    """)
    # One kind after the other, so that only one copy of its rows is alive.
    for kind, function in functions.items():
        home = _HOME if kind == "phone" else "''"
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE nz_plain AS
            SELECT *, {plain[kind]} AS plain FROM (SELECT *, {home} AS home FROM {identifiers} WHERE kind = '{kind}')
        """)
        lookup(
            con,
            "nz_judged",
            "SELECT DISTINCT value_raw AS raw, home FROM nz_plain WHERE plain IS NULL AND value_raw IS NOT NULL",
            ["raw", "home"],
            [("value", TEXT), ("problem", TEXT)],
            function,
        )
        con.execute(f"""
            INSERT INTO {out} {_TRUST} FROM (
                SELECT i.*, coalesce(i.plain, v.value) AS value,
                    CASE WHEN i.value_raw IS NULL THEN 'missing' ELSE v.problem END AS problem
                FROM nz_plain i
                LEFT JOIN nz_judged v ON i.plain IS NULL AND i.value_raw = v.raw AND i.home = v.home
            )
        """)
        con.execute("DROP TABLE nz_plain")
        con.execute("DROP TABLE nz_judged")
