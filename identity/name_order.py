"""Given and family name typed into each other's field: put right by how the data itself uses the two words.

"Phillips Ethan" is turned if the other records use Ethan as a given name and Phillips as a family name. Recomputed over
all current records in every run. Words that are used both ways ("Taylor Scott", many Chinese syllables) stay as typed;
the matcher still knows swapped names as a level of agreement.
"""

from __future__ import annotations

import duckdb

# The turned reading must be this many times likelier. With half a count added to each use, two witnesses for each word
# and none against are 25 times, so a turn needs at least that.
TURNED_IF = 24
UNSEEN = 0.5


def turn_swapped_names(con: duckdb.DuckDBPyConnection, records: str) -> int:
    """Exchange given and family name in table `records` (as `identity.normalise` writes it) where the use of both words
    says so; returns how many records were turned. Only persons with both names are looked at."""
    con.execute(
        f"""
        create or replace temp table o_use as
        select word, count(*) filter (is_given) as as_given, count(*) filter (not is_given) as as_family from (
            select given_name as word, true as is_given from {records} where length(given_name) > 1
            union all
            select family_name, false from {records} where length(family_name) > 1
        ) group by word
        """
    )
    con.execute(
        f"""
        create or replace temp table o_turn as
        select r.record_id, r.family_name as given_name, r.given_name as family_name
        from {records} r join o_use g on g.word = r.given_name join o_use f on f.word = r.family_name
        where r.native_name is null and coalesce(r.entity_type, 'person') = 'person'
            -- the record's own use of the words is no witness
            and (g.as_family + {UNSEEN}) * (f.as_given + {UNSEEN})
                >= {TURNED_IF} * (g.as_given - 1 + {UNSEEN}) * (f.as_family - 1 + {UNSEEN})
        """
    )
    con.execute(
        f"""
        create or replace temp table o_canonical as
        select given_name, min(given_canonical) as given_canonical from {records}
        where given_name is not null group by given_name
        """
    )
    con.execute(
        f"""
        update {records} r set given_name = t.given_name, family_name = t.family_name,
            given_canonical = coalesce(c.given_canonical, t.given_name), given_initial = left(t.given_name, 1)
        from o_turn t left join o_canonical c on c.given_name = t.given_name
        where r.record_id = t.record_id
        """
    )
    [(turned,)] = con.execute("select count(*) from o_turn").fetchall()
    for table in ("o_use", "o_turn", "o_canonical"):
        con.execute(f"drop table {table}")
    return int(turned)
