"""Where everything of one installation lives. Paths only: no file is opened or created here."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

DEFAULT_HOME = Path("data/home")
_TEMPORARY_ENDINGS = (".tmp", ".part", ".partial", ".crdownload", ".inflight")


# DuckDB takes a path that it reads for a pattern, and a backslash for a slash; dbt takes braces for a place to fill in,
# and ends a path at #. Dagster makes its own path the address of a database, where ? begins something else and %20 is a
# blank.
_NO_PATH = re.compile(r"[*?\[\\{}#]|%[0-9A-Fa-f]{2}")


class HomeError(ValueError):
    """A home cannot lie there; the text is one line."""


def is_unfinished(name: str) -> bool:
    """A name in landing that a run passes over: hidden, or by its ending not yet complete."""
    return name.startswith((".", "_")) or name.lower().endswith(_TEMPORARY_ENDINGS)


@dataclass(frozen=True)
class Home:
    """Every path under ``CDP_HOME``; the layout is a contract that other systems rely on."""

    root: Path

    @classmethod
    def from_env(cls, override: str | Path | None = None) -> Home:
        """The home named by `override`, else by ``CDP_HOME``, else ``./data/home``; always absolute.

        Raises HomeError where its path holds a sign that does not stand for itself everywhere.
        """
        root = Path(override or os.environ.get("CDP_HOME") or DEFAULT_HOME).expanduser().resolve()
        sign = _NO_PATH.search(str(root))
        if sign:
            raise HomeError(f"a home cannot lie at {root}: '{sign[0]}' in a path is read as something else; rename it")
        return cls(root)

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def is_borrower(self) -> bool:
        """Is this a home made by ``cdp run --out``, over another one's landing and keys? A landing alone that is a link
        may just lie on another disk."""
        return self.landing.is_symlink() and self.secrets.is_symlink()

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def core(self) -> Path:
        return self.lake / "core"

    @property
    def identity(self) -> Path:
        return self.lake / "identity"

    @property
    def analytics(self) -> Path:
        """Tables of the analytics step (scores and other statistics), as Parquet for the marts."""
        return self.lake / "analytics"

    @property
    def quality(self) -> Path:
        """Measures of every delivery and verdicts on it, over time; no values."""
        return self.lake / "quality"

    @property
    def history(self) -> Path:
        """What a run carries over from the published snapshot (segment intervals), as Parquet."""
        return self.lake / "history"

    @property
    def identity_db(self) -> Path:
        return self.root / "identity.duckdb"

    @property
    def warehouse_db(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def models(self) -> Path:
        return self.root / "model"

    @property
    def identity_rules(self) -> Path:
        """The rules of identity resolution that this installation overrides; need not exist."""
        return self.root / "identity.yml"

    @property
    def contracts(self) -> Path:
        """What this installation changes in the delivered source contracts; need not exist."""
        return self.root / "contracts"

    @property
    def ops_db(self) -> Path:
        return self.root / "state" / "ops.sqlite"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def run_lock(self) -> Path:
        return self.root / "run.lock"

    def landed(self, source: str, obj: str, dt: date | None = None) -> Path:
        """Folder of one object's delivered files, or of one delivery day."""
        folder = self.landing / source / obj
        return folder if dt is None else folder / f"dt={dt.isoformat()}"

    def raw(self, source: str, obj: str, dt: date | None = None) -> Path:
        """Folder of one object's typed Parquet, or of one delivery day."""
        folder = self.lake / "raw" / source / obj
        return folder if dt is None else folder / f"dt={dt.isoformat()}"

    def quarantine(self, source: str, obj: str, dt: date | None = None) -> Path:
        """Folder of one object's refused rows, or of one delivery day."""
        folder = self.lake / "quarantine" / source / obj
        return folder if dt is None else folder / f"dt={dt.isoformat()}"
