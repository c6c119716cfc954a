"""A trained model on disk: parameters, frozen term frequencies and the Splink settings they stand for.

``model/<version>/model.json`` holds everything needed to score; ``splink.json`` is the same for Splink's own charts;
``term_frequencies.parquet`` (column_name, value, tf) leaves out values seen fewer than five times, since a rare value
is a person's own. ``model/current`` names the accepted version. The version is a hash of the content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from identity.comparisons import Comparison, choose
from identity.errors import IdentityInputError
from identity.scoring import splink_settings
from identity.training import Trained

FORMAT = 1


@dataclass(frozen=True)
class Model:
    """What scoring needs: which comparisons, their parameters, and the probability from which a pair is linked."""

    version: str
    comparisons: tuple[str, ...]
    attributes: int
    trained: Trained
    threshold: float
    trained_records: int

    def chosen(self) -> tuple[Comparison, ...]:
        """The comparisons of this model, in their trained order."""
        offered = {
            c.name: c
            for c in choose(_ALL_ASPECTS | {f"attribute_{i}" for i in range(self.attributes)}, self.attributes)
        }
        missing = [name for name in self.comparisons if name not in offered]
        if missing:
            raise IdentityInputError(
                f"model {self.version}: unknown comparison {missing[0]}: written by another version"
            )
        return tuple(offered[name] for name in self.comparisons)


_ALL_ASPECTS = {
    "given", "family", "birthday", "email", "phone", "address", "gender", "middle", "suffix", "organisation",
}  # fmt: skip


def make_model(
    comparisons: Sequence[Comparison], attributes: int, trained: Trained, threshold: float, records: int
) -> Model:
    """A model whose version is the hash of everything in it."""
    content = json.dumps(
        [FORMAT, [c.name for c in comparisons], attributes, asdict(trained), threshold, records], sort_keys=True
    )
    version = "m" + hashlib.sha256(content.encode()).hexdigest()[:12]
    return Model(version, tuple(c.name for c in comparisons), attributes, trained, threshold, records)


def save_model(
    model: Model, folder: Path, con: duckdb.DuckDBPyConnection, frequencies: str, *, accept: bool = True
) -> Path:
    """Write `model` and its frozen term frequencies (table `frequencies`) under `folder`; `accept` makes it current."""
    home = folder / model.version
    home.mkdir(parents=True, exist_ok=True)
    con.execute(
        f"""copy (select * from {frequencies} order by column_name, value)
        to '{home / "term_frequencies.parquet.tmp"}' (format parquet)"""
    )
    (home / "term_frequencies.parquet.tmp").rename(home / "term_frequencies.parquet")
    settings = splink_settings(model.chosen(), model.trained.m, model.trained.u, model.trained.match_share)
    _write(home / "splink.json", json.dumps(settings, indent=1))
    _write(home / "model.json", json.dumps({"format": FORMAT, **asdict(model)}, indent=1))
    if accept:
        accept_model(folder, model.version)
    return home


def accept_model(folder: Path, version: str) -> None:
    """Make `version` the model of the next run. Raises `IdentityInputError` if it is not under `folder`."""
    if not (folder / version / "model.json").exists():
        known = ", ".join(str(row["version"]) for row in list_models(folder)) or "none"
        raise IdentityInputError(f"{folder}: there is no model {version}; there are: {known}")
    load_model(folder / version)
    _write(folder / "current", version + "\n")


def load_model(folder: Path) -> Model | None:
    """The current model under `folder`, or None if none was trained yet. `folder` may be one version's own folder."""
    if (folder / "model.json").exists():
        home = folder
    elif (folder / "current").exists():
        home = folder / (folder / "current").read_text().strip()
    else:
        return None
    try:
        content = json.loads((home / "model.json").read_text())
    except (OSError, ValueError) as error:
        raise IdentityInputError(f"model {home}: model.json cannot be read ({type(error).__name__})") from error
    if content.pop("format", None) != FORMAT:
        raise IdentityInputError(f"model {home}: written by another version of the platform; train a new one")
    content["trained"] = Trained(**content["trained"])
    content["comparisons"] = tuple(content["comparisons"])
    model = Model(**content)
    for comparison in model.chosen():
        parameters = (model.trained.m, model.trained.h, model.trained.u)
        if any(len(p.get(comparison.name, ())) != len(comparison.levels) for p in parameters):
            raise IdentityInputError(
                f"model {model.version}: comparison {comparison.name} has other levels in this version; "
                "train and accept a new model"
            )
    return model


def term_frequency_file(folder: Path, model: Model) -> Path:
    """Where the frozen term frequencies of `model` lie."""
    home = folder if (folder / "model.json").exists() else folder / model.version
    return home / "term_frequencies.parquet"


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text)
    temporary.rename(path)


def list_models(folder: Path) -> list[dict[str, object]]:
    """Every trained version under `folder`, oldest first: version, threshold, trained_records, is_current."""
    current = (folder / "current").read_text().strip() if (folder / "current").exists() else ""
    homes = sorted(folder.glob("m*/model.json"), key=lambda p: p.stat().st_mtime)
    contents = [json.loads(path.read_text()) for path in homes]
    return [
        {
            "version": m["version"],
            "threshold": m["threshold"],
            "trained_records": m["trained_records"],
            "is_current": m["version"] == current,
        }
        for m in contents
    ]
