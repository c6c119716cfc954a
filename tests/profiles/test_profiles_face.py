"""The public face, and the one module that may know LMDB."""

from __future__ import annotations

import re
from pathlib import Path

import profiles


def test_exported_names_are_sorted_and_there() -> None:
    assert profiles.__all__ == sorted(profiles.__all__)
    assert [name for name in profiles.__all__ if not hasattr(profiles, name)] == []


def test_lmdb_and_msgpack_are_each_imported_in_one_module() -> None:
    folder = Path(profiles.__file__).parent
    importers = {
        library: [
            p.name for p in folder.glob("**/*.py") if re.search(rf"^(import|from) {library}\b", p.read_text(), re.M)
        ]
        for library in ("lmdb", "msgpack")
    }
    assert importers == {"lmdb": ["lmdb_store.py"], "msgpack": ["rows.py"]}
