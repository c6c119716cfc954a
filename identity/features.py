"""From normalised records to one comparable row per record; and how frequent their values are."""

from __future__ import annotations

import duckdb

from identity.normalise.nicknames import form_initials, known_given
from identity.rules import Rules
from identity.values import ADDRESS, CONTACT_KINDS, address_sql, unique_id_sql

# A value on fewer records is not kept with the model (design rule on erasure).
MIN_COUNT_KEPT = 5
# Records of the whole that the frequencies of one country count besides its own.
PLACE_PRIOR = 200.0
# Every join of one statement holds memory of its own, whatever its size: 80 of them, over 6 records, took the 1.6 GB of
# a small pass.
_MOST_JOINS = 30


def _sounds_sql(words: str) -> str:
    """SQL for `words` (ASCII) reduced to what spelling slips leave alone: first letters and consonants, no ending."""
    for pattern, replacement in ((r"[tsz]+\b", ""), ("tz|z", "s"), ("ph", "f"), ("c|q", "k"), (r"\B[aeiouyhw]", "")):
        words = f"regexp_replace({words}, '{pattern}', '{replacement}', 'g')"
    return words


def kind_key_sql(kind: str) -> str:
    """SQL for a word that names a kind of identifier in SQL: the kind itself, or a hash where it is no plain word."""
    return f"case when regexp_full_match({kind}, '[a-z][a-z0-9_]*') then {kind} else 'k' || left(md5({kind}), 8) end"


def build_features(
    con: duckdb.DuckDBPyConnection,
    records: str,
    identifiers: str,
    rules: Rules,
    *,
    attributes: int = 0,
    flags: str | None = None,
    only: str | None = None,
    out: str = "features",
) -> None:
    """Write table `out`: one row per record of `records` (per record of `only`: record_id) with the columns that
    `comparisons.py` names.

    `unique_id` is `unique_id_sql` of the record id. Contact lists (``emails``, ``phones``) hold trusted values of
    `identifiers` (as `judged_identifiers_sql` gives them); ``own_…`` those used under one name only, ``pair_…`` under
    two at most; ``ids`` the other trusted values by kind. Empty lists are NULL. A street address that `flags` (as
    `value_flags` writes it) distrusts is left out. `records` has `attributes` columns ``attribute_0 …`` besides those
    of `normalise`.
    """
    placed = records
    if flags:
        columns = ("street", "street_no", "address_key")
        kept = ", ".join(f"case when s.value is null then a.{c} end as {c}" for c in columns)
        placed = f"""(select a.* replace ({kept}) from {records} a left join (
            select value from {flags} where kind = '{ADDRESS}' and reason is not null
        ) s on s.value = {address_sql("a")})"""
    narrowed = f"and record_id in (select record_id from {only})" if only else ""
    con.execute(
        f"""
        create or replace temp table f_contacts as
        select record_id,
            list(distinct value order by value) filter (kind = 'email') as emails,
            list(distinct value order by value) filter (kind = 'phone') as phones,
            list(distinct value order by value) filter (kind = 'email' and n_names <= 1) as own_emails,
            list(distinct value order by value) filter (kind = 'phone' and n_names <= 1) as own_phones,
            list(distinct value order by value) filter (kind = 'email' and n_names <= 2) as pair_emails,
            list(distinct value order by value) filter (kind = 'phone' and n_names <= 2) as pair_phones
        from {identifiers}
        where kind in {CONTACT_KINDS} and is_trusted and value is not null {narrowed}
        group by record_id
        """
    )
    con.execute(
        f"""
        create or replace temp table f_ids as
        with held as (
            select record_id, {kind_key_sql("kind")} as key,
                list_sort(list(distinct case when namespace = '' then value else namespace || ':' || value end))
                    as held
            from {identifiers}
            where is_trusted and value is not null and kind not in {CONTACT_KINDS}
                and {rules.use_sql("kind", "hard", "evidence")} {narrowed}
            group by all
        )
        select record_id, map_from_entries(list(row(key, held) order by key)) as ids from held group by record_id
        """
    )
    forms = ", ".join(f"('{name}', '{letters}')" for name, letters in form_initials().items())
    listed = ", ".join(f"'{name}'" for name in sorted(known_given()) if name.isalpha())
    extra = "".join(f", r.attribute_{i}" for i in range(attributes))
    extra += f", {'r.attribute_0' if attributes else 'null::varchar'} as first_attribute"
    con.execute(
        f"""
        create or replace table {out} as
        select
            {unique_id_sql("r.record_id")} as unique_id,
            r.record_id, r.source, coalesce(r.entity_type, 'person') as entity_type, r.created_at,
            r.given_name as given, r.given_canonical as given_c, r.given_initial as given_i,
            array_to_string(list_sort(string_split(replace(r.given_name, ' ', ''), '')), '') as given_bag,
            coalesce(r.given_name in ({listed}), false) as given_known,
            coalesce(n.initials, r.given_initial) as given_initials,
            r.middle_name as middle, r.family_name as family,
            array_to_string(list_sort(string_split(replace(r.family_name, ' ', ''), '')), '') as family_bag,
                r.name_key, r.native_name as native,
            r.given_readings, r.family_readings,
            -- `Morris I` beside `Morris II`
            coalesce(r.generation_suffix, case when r.middle_name = 'i' then 'i' end) as suffix,
            r.organisation, r.gender,
            strftime(r.birth_date, '%Y-%m-%d') as dob,
            strftime(r.birth_date_alt, '%Y-%m-%d') as dob_alt,
            r.birth_month_day as birthday,
            r.birth_year,
            c.emails, c.phones, c.own_emails, c.own_phones, c.pair_emails, c.pair_phones, i.ids,
            least(left(r.given_canonical, 1), left(r.family_name, 1))
                || greatest(left(r.given_canonical, 1), left(r.family_name, 1)) as initials,
            c.emails[1] as email, split_part(c.emails[1], '@', 1) as email_user, c.phones[1] as phone,
            regexp_replace(c.emails[1], '[0-9]', '', 'g') as email_letters,
            case when r.street_no is null or starts_with(r.street, r.street_no) then r.street
                else r.street_no || ' ' || r.street end as street,
            r.street_no, nullif(regexp_replace(r.street, '^[0-9]+[a-z]? ', ''), '') as street_words,
            list_distinct(string_split(r.organisation, ' ')) as organisation_words,
            list_distinct(string_split({_sounds_sql("r.organisation")}, ' ')) as organisation_sounds,
            coalesce(r.entity_type = 'organisation', false)
                or (r.organisation is not null and r.given_name is null and r.family_name is null) as is_organisation,
            r.postcode, r.locality, r.address_key{extra}
        from {placed} r left join f_contacts c using (record_id) left join f_ids i using (record_id)
            left join (values {forms}) as n (name, initials) on n.name = r.given_canonical
        where true {narrowed}
        """
    )
    con.execute("drop table f_contacts")
    con.execute("drop table f_ids")


def filled_aspects(con: duckdb.DuckDBPyConnection, features: str, attributes: int = 0) -> set[str]:
    """Aspects (names as in `Comparison.needs`) that at least two records fill with at least two values or a repeat."""
    columns = {
        "given": "given",
        "family": "family",
        "birthday": "coalesce(dob, birthday, birth_year::varchar)",
        "email": "email",
        "phone": "phone",
        "address": "coalesce(street, postcode, locality)",
        "gender": "gender",
        "middle": "middle",
        "suffix": "suffix",
        "organisation": "organisation",
    } | {f"attribute_{i}": f"attribute_{i}" for i in range(attributes)}
    counts = ", ".join(f"count({sql})" for sql in columns.values())
    [row] = con.execute(f"select {counts} from {features}").fetchall()
    filled = {name for name, count in zip(columns, row, strict=True) if count >= 2}
    # a kind whose values no two records share has nothing to learn from
    kinds = con.execute(
        f"""select distinct key from (
            select key, unnest(ids[key]) as value from (select unnest(map_keys(ids)) as key, ids from {features})
        ) group by key, value having count(*) >= 2"""
    ).fetchall()
    return filled | {f"id_{key}" for (key,) in kinds}


def find_places(con: duckdb.DuckDBPyConnection, records: str, *, out: str) -> float:
    """Write table `out` (record_id, place): the country of each of `records` (record_id, default_region).

    Returns the share of all pairs of records that are of one country.
    """
    con.execute(
        f"create or replace temp table {out} as select record_id, coalesce(default_region, '') as place from {records}"
    )
    [(share,)] = con.execute(
        f"""select coalesce(sum((n / total) ** 2), 1.0)
        from (select count(*) as n, sum(count(*)) over () as total from {out} group by place)"""
    ).fetchall()
    return float(share)


def freeze_term_frequencies(
    con: duckdb.DuckDBPyConnection, features: str, columns: list[str], places: str, *, out: str
) -> None:
    """Write table `out` (column_name, value, tf): how frequent each value of `columns` is where its holders are.

    That is the share of filled records of a country (table `places`: record_id, place) with the value, on average over
    the records with the value. A country of few records says little, so each counts as `PLACE_PRIOR` records of the
    whole besides.

    Values seen fewer than MIN_COUNT_KEPT times are left out, since a rare value is a person's own; the row with value
    NULL holds what stands for all of them, half of that count.
    """
    share = f"({{0}} + {PLACE_PRIOR} * {{1}} / filled) / (of_place + {PLACE_PRIOR})"
    parts = []
    for c in columns:
        counted = f"""select {c}::varchar as value, place, count(*) as k, sum(count(*)) over (partition by {c}) as n,
                sum(count(*)) over (partition by place) as of_place, sum(count(*)) over () as filled
            from {features} join {places} using (record_id) where {c} is not null group by {c}, place"""
        parts.append(
            f"""select '{c}' as column_name, value, sum(k * {share.format("k", "n")}) / any_value(n) as tf,
                any_value(n) as n
            from ({counted}) group by value"""
        )
        rare = MIN_COUNT_KEPT / 2
        parts.append(
            f"""select '{c}', null, coalesce(sum(of_place * {share.format(rare, rare)}) / any_value(filled), 0.5),
                {MIN_COUNT_KEPT}
            from (
                select greatest(count(*), {MIN_COUNT_KEPT}) as of_place,
                    sum(greatest(count(*), {MIN_COUNT_KEPT})) over () as filled
                from {features} join {places} using (record_id) where {c} is not null group by place
            )"""
        )
    union = " union all ".join(parts) or "select '' as column_name, '' as value, 0.0 as tf, 0 as n where false"
    con.execute(
        f"""create or replace temp table {out} as
        select column_name, value, tf from ({union}) where n >= {MIN_COUNT_KEPT}"""
    )


def add_term_frequencies(con: duckdb.DuckDBPyConnection, features: str, columns: list[str], frequencies: str) -> None:
    """Add ``tf_<column>`` to `features` from table `frequencies`, as `freeze_term_frequencies` writes it."""
    for start in range(0, len(columns), _MOST_JOINS):
        joins, added = [], []
        for n, column in enumerate(columns[start : start + _MOST_JOINS]):
            of_column = f"select value, tf from {frequencies} where column_name = '{column}'"
            joins.append(f"left join ({of_column} and value is not null) t{n} on t{n}.value = f.{column}")
            rare = f"(select max(tf) from ({of_column} and value is null))"
            added.append(f"case when f.{column} is not null then coalesce(t{n}.tf, {rare}) end as tf_{column}")
        con.execute(
            f"create or replace table f_with_tf as select f.*, {', '.join(added)} from {features} f {' '.join(joins)}"
        )
        con.execute(f"drop table {features}")
        con.execute(f"alter table f_with_tf rename to {features}")
