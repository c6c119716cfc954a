"""Building `features.lmdb` from the marts: whole, or from the last snapshot's file and the keys that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import cast

import duckdb

from profiles import layout
from profiles.feature_rows import Edit, FeatureRows, Item
from profiles.lmdb_store import ALIAS, IDENTIFIER, META, PROFILE, Store, StoreEditor, StoreWriter, open_store
from profiles.publish_base import Base
from profiles.publish_tables import TableChange
from profiles.rows import packer, unpack, with_dated

# Keys changed in place since the file was last written whole, as a share of all. Pages that split stay half empty, and
# a file written whole is full and in order.
MOST_EDITED = 0.25

_PROFILE_TABLES = ("profiles.customer_profile", "profiles.consent", "features.profile_features")


@dataclass(frozen=True)
class FeatureStoreCounts:
    """What the file holds: profiles with a row, retired ids, and identifiers that name exactly one profile.

    `edited` keys were changed in place since the file was last written whole.
    """

    profiles: int
    aliases: int
    identifiers: int
    edited: int = 0


def build_feature_store(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    *,
    marts: str,
    pii: str,
    key: bytes,
    meta: Mapping[str, object],
    base: Base | None = None,
    changes: Mapping[str, TableChange] | None = None,
) -> FeatureStoreCounts:
    """Write the LMDB file at `path` from the catalogs `marts` and `pii` attached in `con`.

    Every profile of `customer_profile` gets a row, with nulls where it has no features. A trusted identifier that
    belongs to several profiles is left out. `meta` (version, as_of, created_at …) is stored beside the column list.

    With a `base`, only what the `changes` of the tables touch is made anew: in a copy of its file where few keys
    change, else in a new file that takes the rest from it: rows of which only the columns that move with the day have
    changed get these. The result holds the same keys and values in any case.
    """
    changes = changes or {}
    rows = FeatureRows(con, marts, pii, key)
    # A hash, for the manifest and the file are readable by all.
    head = rows.head() | {"lookup_key": sha256(b"lookup key" + key).hexdigest()[:16]}
    document = head | dict(meta)
    source = base.path(layout.FEATURES) if base else None
    store = open_store(source) if source else None
    counts = _usable_counts(store, head) if store else None
    if base is None or store is None or counts is None:
        with StoreWriter(path) as writer:
            written = FeatureStoreCounts(
                aliases=writer.write(_kept(rows.aliases())),
                identifiers=writer.write(_kept(rows.identifiers())),
                profiles=writer.write(_kept(rows.profiles())),
            )
            _put_head(writer, document, written)
        return written
    edits = {
        ALIAS: _edits(rows.aliases, _keys(changes, "profiles.profile_aliases")),
        IDENTIFIER: _edits(rows.identifiers, _keys(changes, "pii.identifiers")),
        PROFILE: _profile_edits(rows, changes),
    }
    before = base.build.patched.get(layout.FEATURES, 0)
    features = changes.get("features.profile_features")
    is_dated = features is not None and features.is_dated
    if not is_dated and None not in edits.values():
        listed = [edit for prefix in sorted(edits) for edit in cast("list[Edit]", edits[prefix])]
        most = MOST_EDITED * (counts.profiles + counts.aliases + counts.identifiers)
        if before + len(listed) <= most and base.copy(layout.FEATURES, path, 0o644):
            with StoreEditor(path) as editor:
                grown = editor.apply(listed)
                written = FeatureStoreCounts(
                    counts.profiles + grown.get(PROFILE, 0),
                    counts.aliases + grown.get(ALIAS, 0),
                    counts.identifiers + grown.get(IDENTIFIER, 0),
                    before + len(listed),
                )
                _put_head(editor, document, written)
            return written
    sections = {ALIAS: rows.aliases, IDENTIFIER: rows.identifiers, PROFILE: rows.profiles}
    with StoreWriter(path) as writer:
        numbers = {}
        for prefix, whole in sections.items():
            changed = edits[prefix]
            if changed is None:
                numbers[prefix] = writer.write(_kept(whole()))
                continue
            kept = store.items(prefix)
            if prefix == PROFILE and is_dated:
                kept = dated_anew(kept, rows.dated())
            numbers[prefix] = writer.write(_kept(merged(kept, changed)) if changed else kept)
        written = FeatureStoreCounts(numbers[PROFILE], numbers[ALIAS], numbers[IDENTIFIER])
        _put_head(writer, document, written)
    return written


def merged(old: Iterable[Item], edits: Iterable[Edit]) -> Iterator[Edit]:
    """`old` with the `edits` applied; both by rising key."""
    changes = iter(edits)
    edit = next(changes, None)
    for item in old:
        while edit is not None and edit[0] < item[0]:
            yield edit
            edit = next(changes, None)
        if edit is not None and edit[0] == item[0]:
            yield edit
            edit = next(changes, None)
        else:
            yield item
    if edit is not None:
        yield edit
        yield from changes


def dated_anew(old: Iterable[Item], dated: Iterable[Item]) -> Iterator[Item]:
    """`old` rows with the packed values of the day that `dated` has for their keys; both by rising key."""
    days = iter(dated)
    known, values = next(days, (None, b""))
    for key, row in old:
        while known is not None and known < key:
            known, values = next(days, (None, b""))
        yield key, with_dated(row, values) if known == key else row


def _usable_counts(store: Store, head: Mapping[str, object]) -> FeatureStoreCounts | None:
    """What the file of the last snapshot holds; None where its rows are packed differently from those of `head`."""
    packed = store.get(META)
    known = cast("dict[str, object]", unpack(packed)) if packed else {}
    # through msgpack and back, since that is what `known` has been through
    if any(known.get(name) != value for name, value in cast("dict[str, object]", unpack(packer()(head))).items()):
        return None
    counts = known.get("counts")
    if not isinstance(counts, dict):
        return None
    found = FeatureStoreCounts(**counts)
    return found if store.count() == 1 + found.profiles + found.aliases + found.identifiers else None


def _put_head(writer: StoreWriter, document: Mapping[str, object], written: FeatureStoreCounts) -> None:
    counts = {name: number for name, number in asdict(written).items() if name != "edited"}
    writer.put(META, packer()({**document, "counts": counts}))


def _kept(items: Iterable[Edit]) -> Iterator[Item]:
    return ((key, value) for key, value in items if value is not None)


def _keys(changes: Mapping[str, TableChange], table: str) -> str | None:
    """Temporary table with the keys that changed, '' for none, None where that is not known."""
    change = changes.get(table)
    return None if change is None else change.keys


def _edits(section: Callable[[str], Iterator[Edit]], keys: str | None) -> list[Edit] | None:
    """Edits of one kind of key; None where all of it must be made anew."""
    if keys is None:
        return None
    return list(section(keys)) if keys else []


def _profile_edits(rows: FeatureRows, changes: Mapping[str, TableChange]) -> list[Edit] | None:
    keys = [_keys(changes, table) for table in _PROFILE_TABLES]
    if None in keys:
        return None
    return list(rows.profiles([each for each in keys if each]))
