"""Which pairs of records are worth comparing: pairs that share a block key of bounded size.

A block key is the hash of ``<rule>:<values>``. Keys are kept per record, so that a run joins only the blocks that its
new records touch. A block larger than the bound is too unspecific to prove anything and is left out: the pair is still
found by any of its other, more specific keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import duckdb

from identity.rules import Rules
from identity.values import CONTACT_KINDS

# What bounds the work: candidate pairs per record, those of several blocks counted each time, and per record and rule.
# On a million customer records the bound of 80 alone gave 56 per record, 35 of them by rules over names only.
PAIRS_PER_RECORD = 12.0
PAIRS_PER_RULE = 1.0
# Smaller files have time to spare, and need it: on FEBRL 3 (5,000 records) one pair per record and rule loses seven
# points of recall. Their share grows with the root of how much smaller they are.
SPARE_BELOW = 250_000
# Pairs looked at for one random pair of one country, at most.
MOST_LOOKED_AT = 10.0
# A rule whose pairs exceed its share gets the next smaller bound.
_LADDER = (60, 40, 30, 20, 15, 10, 7, 5, 3)
# Columns of `features` whose values are keys one by one.
CONTACT_KEYS = ("emails", "phones")
# Pairs looked at at once: bounds memory, not results.
CHUNK_PAIRS = 8_000_000

# rule → expression over a row of `features`; NULL means the record has no such key.
RULES: dict[str, str] = {
    "name": "name_key",
    "native": "native",
    "family_birth": "family || '|' || dob",
    "given_birth": "given_c || '|' || dob",
    "initial_birth": "given_i || '|' || dob",
    "birth_place": "dob || '|' || coalesce(postcode, locality)",
    "birth": "dob",
    "birth_alt": "family || '|' || dob_alt",
    "name_place": "given_c || '|' || family || '|' || coalesce(left(postcode, 3), locality)",
    "family_street": "family || '|' || street",
    "initial_family_postcode": "given_i || '|' || family || '|' || postcode",
    "initial_address": "given_i || '|' || address_key",
    "given_postcode": "given_c || '|' || postcode",
    "address": "address_key",
    "given_year": "given_c || '|' || left(dob, 4)",
    "family_year": "family || '|' || left(dob, 4)",
    "initial_month": "given_i || '|' || left(dob, 7)",
    "given_locality": "given_c || '|' || locality",
    "letters": "given_bag || '|' || family_bag",
    "email_start": "left(email, 7)",
    "short_name": "left(given, 3) || '|' || left(family, 4)",
    "short_swapped": "left(family, 3) || '|' || left(given, 4)",
    "phone_end": "case when length(phone) >= 10 then right(phone, 9) end",
    "email_user": "case when length(email_user) >= 6 then email_user end",
    "family_locality_initial": "family || '|' || locality || '|' || given_i",
    # for files that hold little but names
    "family_initial": "case when email is null and phone is null then family || '|' || given_i end",
    "given_family_start": "case when email is null and phone is null then given_c || '|' || left(family, 3) end",
    "attribute": "family || '|' || first_attribute",
    "given_attribute": "given_c || '|' || first_attribute",
    "street_locality": "left(coalesce(given, organisation), 3) || '|' || street",
    "organisation": "organisation",
    "organisation_start": "left(organisation, 10)",
    "organisation_place": "left(organisation, 6) || '|' || coalesce(postcode, locality)",
}
# The same kind of key under two rule names would never meet.
_SAME_KEY = {"birth_alt": "family_birth", "short_swapped": "short_name"}


def rule_expressions(rules: Rules) -> dict[str, str]:
    """Rule → expression over a row of `features`, with the user's own rules and without those switched off."""
    extra = {name: " || '|' || ".join(columns) for name, columns in rules.blocking.extra.items()}
    return {name: sql for name, sql in {**RULES, **extra}.items() if name not in rules.blocking.off}


def key_rules(rules: Rules) -> list[str]:
    """Names of the kinds of keys, in the order of their numbers in the column ``rule``."""
    return [*sorted({_SAME_KEY.get(name, name) for name in rule_expressions(rules)}), *CONTACT_KEYS, "id"]


def rule_keys(features: str, identifiers: str | None, rules: Rules) -> dict[str, str]:
    """Rule → query (key: text ``<kind>:<values>``, unique_id) over `features`; without `identifiers` (record_id, kind,
    namespace, value, is_trusted) the rule over them is left out."""
    expressions = rule_expressions(rules)
    queries = {}
    for rule, sql in expressions.items():
        name = _SAME_KEY.get(rule, rule)
        # two rules of one kind must not give a record the same key twice
        twin = f"and ({sql}) is distinct from ({expressions[name]})" if name != rule and name in expressions else ""
        queries[rule] = (
            f"select '{name}:' || ({sql}) as key, unique_id from {features} where ({sql}) is not null {twin}"
        )
    for name in CONTACT_KEYS:
        queries[name] = (
            f"select '{name}:' || value as key, unique_id "
            f"from (select unnest({name}) as value, unique_id from {features})"
        )
    if identifiers:
        queries["id"] = f"""select distinct 'id:' || i.kind || ':' || i.namespace || ':' || i.value as key, f.unique_id
            from {identifiers} i join {features} f using (record_id)
            where i.is_trusted and i.value is not null and i.kind not in {CONTACT_KINDS}
                and {rules.use_sql("i.kind", "hard", "evidence")}"""
    return queries


def build_block_keys(
    con: duckdb.DuckDBPyConnection, features: str, identifiers: str, rules: Rules, *, out: str, as_text: bool = False
) -> None:
    """Write table `out` (block_key UBIGINT, rule UTINYINT, unique_id): every key of every record of `features`.

    `rule` is the place in `key_rules`. `as_text`: the key itself instead of its hash.
    """
    numbers = {name: number for number, name in enumerate(key_rules(rules))}
    con.execute(
        f"""create or replace table {out}
        (block_key {"varchar" if as_text else "ubigint"}, rule utinyint, unique_id bigint)"""
    )
    # one rule after the other: all at once would hold every key of every record twice
    for rule, query in rule_keys(features, identifiers, rules).items():
        key = "key" if as_text else "hash(key)"
        number = numbers[_SAME_KEY.get(rule, rule)]
        con.execute(f"insert into {out} select {key}, {number}, unique_id from ({query})")


def choose_bounds(con: duckdb.DuckDBPyConnection, block_keys: str, rules: Rules, n_records: int) -> dict[str, int]:
    """Kind of key → bound on its blocks, where that is smaller than the rules' ``max_block``.

    Each rule gets the largest bound of the ladder at which its pairs stay within its share, and that share is halved
    until all together stay within the budget. Contacts and identifiers keep the full bound: over-shared values are not
    among them.
    """
    bounds = [rules.blocking.max_block, *(b for b in _LADDER if b < rules.blocking.max_block)]
    sums = ", ".join(f"coalesce(sum(n * (n - 1) / 2) filter (n <= {bound}), 0)" for bound in bounds)
    rows = con.execute(
        f"""select rule, {sums} from (
            select rule, count(*) as n from {block_keys} group by rule, block_key having count(*) > 1
        ) group by rule"""
    ).fetchall()
    names = key_rules(rules)
    pairs = {names[row[0]]: [float(n) for n in row[1:]] for row in rows if names[row[0]] not in (*CONTACT_KEYS, "id")}
    spare = max(1.0, (SPARE_BELOW / max(n_records, 1)) ** 0.5)
    budget = (rules.blocking.pairs_per_record or PAIRS_PER_RECORD * spare) * n_records
    share = PAIRS_PER_RULE * spare * n_records
    while True:
        chosen = {
            name: next((k for k, n in enumerate(of_rule) if n <= share), len(bounds) - 1)
            for name, of_rule in pairs.items()
        }
        if sum(pairs[name][k] for name, k in chosen.items()) <= budget or all(
            k == len(bounds) - 1 for k in chosen.values()
        ):
            return {name: bounds[k] for name, k in sorted(chosen.items()) if k}
        share /= 2


def bound_sql(rules: Rules, max_block: int, bounds: Mapping[str, int], rule: str = "rule") -> str:
    """SQL for the bound on the block of a key whose kind has the number in expression `rule`."""
    arms = " ".join(f"when {n} then {bounds[name]}" for n, name in enumerate(key_rules(rules)) if name in bounds)
    return f"(case {rule} {arms} else {max_block} end)" if arms else str(max_block)


def build_blocks(
    con: duckdb.DuckDBPyConnection, block_keys: str, bound: str, *, out: str, only: str | None = None
) -> int:
    """Write table `out` (members: sorted unique_ids of one block) and return the number of pairs in it, those of
    several blocks counted each time. `bound` (`bound_sql`): larger blocks are left out. `only` (unique_id): blocks that
    hold one of these."""
    if only:
        # tables of their own: else the keys are scanned twice and the large side of a join is hashed
        con.execute(
            f"""create or replace temp table narrowed_keys as
            select distinct block_key from {block_keys} where unique_id in (select unique_id from {only})"""
        )
        con.execute(
            f"""create or replace temp table narrowed_members as
            select * from {block_keys} where block_key in (select block_key from narrowed_keys)"""
        )
        block_keys = "narrowed_members"
    con.execute(
        f"""create or replace table {out} as
        with bounded as (
            select block_key from {block_keys} group by block_key, rule having count(*) between 2 and {bound}
        )
        select list(unique_id order by unique_id) as members
        from {block_keys} semi join bounded using (block_key) group by block_key"""
    )
    if only:
        con.execute("drop table narrowed_members")
    [(pairs,)] = con.execute(f"select coalesce(sum(len(members) * (len(members) - 1) / 2), 0) from {out}").fetchall()
    return int(pairs)


def candidate_pairs(
    con: duckdb.DuckDBPyConnection,
    blocks: str,
    n_pairs: int,
    *,
    out: str,
    extra: str,
    only: str | None = None,
    parts: int | None = None,
    take: int | None = None,
) -> Iterator[int]:
    """Fill table `out` (unique_id_l < unique_id_r, distinct) chunk by chunk, and yield the number of pairs of each.

    `blocks` and its `n_pairs` as `build_blocks` gives them. `extra` (unique_id_l, unique_id_r): pairs compared whatever
    their keys say. `only`: pairs with one of these records. `parts`: into how many chunks, even ones, the pairs are cut
    by their first record (from `CHUNK_PAIRS` without it), `take`: how many of them are wanted.
    """
    parts = parts or max(1, -(-n_pairs // CHUNK_PAIRS))
    touching = (
        f"and (unique_id_l in (select unique_id from {only}) or unique_id_r in (select unique_id from {only}))"
        if only
        else ""
    )
    for part in range(parts if take is None else min(take, parts)):
        con.execute(
            f"""create or replace table {out} as
            with first as (
                select members, unnest(range(1, len(members))) as place from {blocks}
            ),
            mine as (
                select members[place] as unique_id_l, members[place + 1:] as others from first
                where members[place] % {parts} = {part}
            ),
            pair as (
                select unique_id_l, unnest(others) as unique_id_r from mine
                union all
                select unique_id_l, unique_id_r from {extra} where unique_id_l % {parts} = {part}
            )
            select distinct unique_id_l, unique_id_r from pair where unique_id_l <> unique_id_r {touching}"""
        )
        [(count,)] = con.execute(f"select count(*) from {out}").fetchall()
        yield int(count)


def find_crossing(con: duckdb.DuckDBPyConnection, old: str, new: str, keys: str, bound: str, *, out: str) -> None:
    """Write temp table `out` (unique_id): records of blocks that are on the other side of the bound in table `new` than
    in `old` (both as `build_block_keys` writes them). `keys` (block_key) holds every key whose block may have changed.
    """
    # as in `build_blocks`, a table whose size is known
    con.execute(
        f"""create or replace temp table crossing_keys as
        select block_key from (
            select block_key, rule, 1 as was, 0 as becomes from {old}
            where block_key in (select block_key from {keys})
            union all
            select block_key, rule, 0, 1 from {new} where block_key in (select block_key from {keys})
        ) group by block_key, rule having (sum(was) <= {bound}) <> (sum(becomes) <= {bound})"""
    )
    con.execute(
        f"""create or replace temp table {out} as
        select distinct unique_id from {new} where block_key in (select block_key from crossing_keys)"""
    )


def random_pairs(
    con: duckdb.DuckDBPyConnection, features: str, places: str, alike: float, seed: int, *, out: str,
    pairs: int = 400_000,
) -> int:  # fmt: skip
    """Write table `out` (unique_id_l, unique_id_r) with about `pairs` random pairs of one country; returns how many.

    `places` (record_id, place) names the country of each record, and `alike` is the share of pairs of one country.
    They are neighbours at several distances in one shuffle of all records: the same for the same records in any order.
    Where countries are many, there are fewer.
    """
    con.execute(
        f"""create or replace temp table b_shuffled as
        select unique_id, p.place as country,
            row_number() over (order by hash(unique_id, {seed}), unique_id) - 1 as place
        from {features} join {places} p using (record_id)"""
    )
    [(n,)] = con.execute("select count(*) from b_shuffled").fetchall()
    looked_at = int(pairs / max(alike, 1 / MOST_LOOKED_AT))
    distances = min(max(1, looked_at // max(n, 1)), max(1, (n - 1) // 2))
    con.execute(
        f"""create or replace table {out} as
        with first as (
            select unique_id, country, (place + unnest(range(1, {distances + 1}))) % {max(n, 1)} as place
            from b_shuffled where place < {looked_at}
        )
        select least(l.unique_id, r.unique_id) as unique_id_l, greatest(l.unique_id, r.unique_id) as unique_id_r
        from first l join b_shuffled r using (place) where l.unique_id <> r.unique_id and l.country = r.country"""
    )
    con.execute("drop table b_shuffled")
    [(count,)] = con.execute(f"select count(*) from {out}").fetchall()
    return int(count)
