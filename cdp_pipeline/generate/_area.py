"""What an area of sources adds to the generated company beside its nine first systems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cdp_pipeline.generate._write import Export

# Records of the areas and the member behind each; `entities.csv` holds them, `records.parquet` does not.
EXTRA_RECORDS = "CREATE TABLE extra_record (source VARCHAR, record_id VARCHAR, p BIGINT)"


@dataclass(frozen=True)
class Area:
    """Sources that show a share of the existing people.

    `prepare`: SQL script run after all other tables; it leaves the area's tables and adds one row to `extra_record`
    for each record the warehouse will make. `hashed_objects`: beginnings of record ids whose native part is replaced by
    a keyed hash of the parts joined by '|'.
    """

    prepare: str
    exports: Callable[[], list[Export]]
    hashed_objects: tuple[str, ...] = ()
