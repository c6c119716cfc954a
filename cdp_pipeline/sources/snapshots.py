"""Is a full snapshot believable: how many of the keys that were there before are gone.

A key that a snapshot leaves out counts as deleted, so a pull that was cut short, or filtered by mistake, would delete
what it left out. A delivery that loses more than the contract's `max_loss` is refused until somebody says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from cdp_pipeline.ops import LOADED, Receipt
from cdp_pipeline.sources.contract import RESERVED_KEYS, ObjectContract
from cdp_pipeline.sql_text import literal

# Of a handful of keys one is already a large share.
MIN_KEYS = 20
MAX_LOSS = 0.5


# How the message of a refused delivery begins, by which receipts of earlier runs are known.
_REFUSED = "nothing loaded:"


def is_refused(receipt: Receipt) -> bool:
    """Whether the newest content of a file was refused, also where an earlier one of the same name is loaded."""
    return receipt.message.startswith(_REFUSED)


def standing_refusals(receipts: Iterable[Receipt], but_of: str | None = None) -> list[str]:
    """A line for each object whose newest snapshot was refused, so that an earlier day counts until somebody acts;
    without those of the run `but_of`."""
    newest: dict[tuple[str, str], list[Receipt]] = {}
    for receipt in receipts:
        if receipt.status not in LOADED and not is_refused(receipt):
            continue
        days = newest.setdefault((receipt.source, receipt.object), [])
        if days and receipt.dt > days[0].dt:
            days.clear()
        if not days or receipt.dt == days[0].dt:
            days.append(receipt)
    return [
        f"{source}/{obj}: the snapshot of dt={days[0].dt} stays refused: {refused[0].message}"
        for (source, obj), days in sorted(newest.items())
        if (refused := [one for one in days if is_refused(one) and one.run_id != but_of])
    ]


def lost_keys(obj: ObjectContract, before: Sequence[Path], now: Sequence[Path]) -> str:
    """One line when the Parquet files `now` of a delivery day lack more of the keys in `before`, the snapshot ahead of
    it, than the contract allows; empty when they do not. Files that do not exist hold nothing."""
    key = [f'"{k}"' for k in obj.key if k not in RESERVED_KEYS]
    there = [f for f in before if f.exists()]
    if not key or not there:
        return ""
    allowed = MAX_LOSS if obj.max_loss is None else obj.max_loss
    old = _keys(key, there)
    left = [f for f in now if f.exists()]
    with duckdb.connect() as con:
        ((total,),) = con.execute(f"SELECT count(*) FROM ({old})").fetchall()
        gone = total
        if left:
            ((gone,),) = con.execute(f"SELECT count(*) FROM ({old} EXCEPT {_keys(key, left)})").fetchall()
    if total < MIN_KEYS or gone <= allowed * total:
        return ""
    return (
        f"{_REFUSED} {gone} of the {total} keys of the snapshot before are missing, max_loss is {allowed:.0%};"
        " deliver the rest in the same day's folder, or raise max_loss if they were deleted"
    )


def _keys(key: Sequence[str], files: Sequence[Path]) -> str:
    listed = ", ".join(literal(f) for f in files)
    return f"SELECT DISTINCT {', '.join(key)} FROM read_parquet([{listed}], union_by_name = true)"


__all__ = ["MAX_LOSS", "MIN_KEYS", "is_refused", "lost_keys", "standing_refusals"]
