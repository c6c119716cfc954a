"""Given and family name typed into each other's field: put right by how the data itself uses the two words.

"Phillips Ethan" is turned if the other records use Ethan as a given name and Phillips as a family name. How often
each word is used as which is counted when a model is trained and frozen with it, by the hash of the word. Words that
are used both ways ("Taylor Scott", many Chinese syllables) stay as typed; the matcher still knows swapped names as a
level of agreement.
"""

from __future__ import annotations

import duckdb

from identity.normalise.nicknames import canonical_given

# The turned reading must be this many times likelier. With half a count added to each use, two witnesses for each word
# and none against are 25 times, so a turn needs at least that.
TURNED_IF = 24
UNSEEN = 0.5


def _word_hash(word: str) -> str:
    return f"('0x' || left(md5({word}), 15))::bigint"


def count_name_use(con: duckdb.DuckDBPyConnection, records: str, *, out: str) -> None:
    """Write table `out` (word_hash BIGINT, as_given, as_family): how often `records` use a word as which name.

    Only words with witnesses for either use from a second record are kept: no other can turn a name.
    """
    con.execute(
        f"""
        create or replace temp table {out} as
        select {_word_hash("word")} as word_hash, count(*) filter (is_given) as as_given,
            count(*) filter (not is_given) as as_family
        from (
            select given_name as word, true as is_given from {records} where length(given_name) > 1
            union all
            select family_name, false from {records} where length(family_name) > 1
        ) group by word having count(*) > 1
        """
    )


def turn_swapped_names(con: duckdb.DuckDBPyConnection, records: str, name_use: str) -> int:
    """Exchange given and family name in table `records` (as `identity.normalise` writes it) where table `name_use` says
    so; returns how many records were turned. Only persons with both names are looked at."""
    con.execute(
        f"""
        create or replace temp table o_turn as
        select r.record_id, r.family_name as given_name, r.given_name as family_name
        from {records} r join {name_use} g on g.word_hash = {_word_hash("r.given_name")}
        join {name_use} f on f.word_hash = {_word_hash("r.family_name")}
        where r.native_name is null and coalesce(r.entity_type, 'person') = 'person'
            -- the record's own use of the words is no witness
            and (g.as_family + {UNSEEN}) * (f.as_given + {UNSEEN})
                >= {TURNED_IF} * (g.as_given - 1 + {UNSEEN}) * (f.as_family - 1 + {UNSEEN})
        """
    )
    words = [word for (word,) in con.execute("select distinct given_name from o_turn").fetchall()]
    con.execute("create or replace temp table o_canonical (given_name varchar, given_canonical varchar)")
    if words:
        con.executemany("insert into o_canonical values (?, ?)", [(word, canonical_given(word)) for word in words])
    con.execute(
        f"""
        update {records} r set given_name = t.given_name, family_name = t.family_name,
            given_canonical = coalesce(c.given_canonical, t.given_name), given_initial = left(t.given_name, 1)
        from o_turn t left join o_canonical c on c.given_name = t.given_name
        where r.record_id = t.record_id
        """
    )
    [(turned,)] = con.execute("select count(*) from o_turn").fetchall()
    con.execute("drop table o_turn")
    con.execute("drop table o_canonical")
    return int(turned)
