"""A trained model on disk: parameters, frozen term frequencies and the Splink settings they stand for.

``model/<version>/model.json`` holds everything needed to score; ``splink.json`` is the same for Splink's own charts;
``card.json`` and ``card.html`` tell what was learnt from what; ``term_frequencies.parquet`` (column_name, value, tf)
leaves out values seen fewer than five times, since a rare value is a person's own. ``model/current`` names the accepted
version. The version is a hash of the content.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from identity.comparison import Comparison
from identity.comparisons import PERSON, choose
from identity.errors import IdentityInputError
from identity.parameters import Trained
from identity.scoring import splink_settings
from identity.sql_text import literal
from identity.training_report import TrainingReport, report_from

FORMAT = 1
# Below so many records a model that nobody asked for is trained again whenever they change: it costs seconds, and a
# first delivery is often not typical of what follows.
LEARNING_RECORDS = 20_000
# At twice the records, the frozen share of matches among all pairs is wrong by one bit.
GROWN = 2
TERM_FREQUENCIES = "term_frequencies.parquet"
NAME_USE = "name_use.parquet"


@dataclass(frozen=True)
class Model:
    """What scoring needs: which comparisons, their parameters, and the probability from which a pair is linked.

    `levels` (comparison → names of its levels) and `definitions` (comparison → hash of its SQL) tell what was trained;
    both are empty in a model of an earlier version. With rules applied, `base_version` names the trained version on
    disk and `overridden` what the rules changed. `max_block` (records): a larger block is left out, as
    is one over the smaller bound that `block_bounds` names for its rule. `is_provisional`:
    trained on few records without being asked for, and to be trained again when they change; not below `kept_below`
    records, since an erasure.
    """

    version: str
    comparisons: tuple[str, ...]
    attributes: int
    trained: Trained
    threshold: float
    trained_records: int
    levels: dict[str, list[str]] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)
    base_version: str = ""
    overridden: tuple[str, ...] = ()
    max_block: int = 80
    block_bounds: Mapping[str, int] = field(default_factory=dict)
    is_provisional: bool = False
    kept_below: int = 0

    def is_learning(self, records: int) -> bool:
        """Whether it is to be trained again when one of `records` records changes."""
        return self.is_provisional and records >= self.kept_below

    def chosen(self) -> tuple[Comparison, ...]:
        """The comparisons of this model, in their trained order."""
        offered = {c.name: c for c in offered_comparisons(self.attributes, self.comparisons)}
        missing = [name for name in self.comparisons if name not in offered]
        if missing:
            raise IdentityInputError(
                f"model {self.version}: unknown comparison {missing[0]}: written by another version"
            )
        return tuple(offered[name] for name in self.comparisons)

    def redefined(self) -> list[str]:
        """Comparisons whose SQL is no longer the one they were trained with."""
        return [c.name for c in self.chosen() if self.definitions.get(c.name, definition(c)) != definition(c)]


def offered_comparisons(attributes: int = 0, names: Sequence[str] = ()) -> tuple[Comparison, ...]:
    """Every comparison this version knows, with `attributes` declared attributes and the identifiers of `names`."""
    aspects = {need for c in PERSON for need in c.needs} | {f"attribute_{i}" for i in range(attributes)}
    aspects |= {name for name in names if name.startswith("id_")}
    return choose(aspects, attributes)


def definition(comparison: Comparison) -> str:
    """Eight hex digits that change with the SQL or the term-frequency column of any level."""
    content = [comparison.null_sql, [[level.sql, level.tf] for level in comparison.levels]]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:8]


def make_model(
    comparisons: Sequence[Comparison],
    attributes: int,
    trained: Trained,
    threshold: float,
    records: int,
    *,
    max_block: int = 80,
    block_bounds: Mapping[str, int] | None = None,
    is_provisional: bool = False,
    frozen: str = "",
) -> Model:
    """A model whose version is the hash of everything in it; `frozen` stands for the tables saved beside it."""
    names = tuple(c.name for c in comparisons)
    levels = {c.name: [level.name for level in c.levels] for c in comparisons}
    definitions = {c.name: definition(c) for c in comparisons}
    content = json.dumps(
        [
            FORMAT,
            names,
            attributes,
            asdict(trained),
            threshold,
            records,
            levels,
            definitions,
            max_block,
            block_bounds,
            frozen,
        ],
        sort_keys=True,
    )
    version = "m" + hashlib.sha256(content.encode()).hexdigest()[:12]
    return Model(
        version, names, attributes, trained, threshold, records, levels, definitions, max_block=max_block,
        block_bounds=dict(block_bounds or {}),
        is_provisional=is_provisional,
    )  # fmt: skip


def save_model(
    model: Model,
    folder: Path,
    con: duckdb.DuckDBPyConnection,
    frequencies: str,
    *,
    name_use: str,
    accept: bool = True,
    report: TrainingReport | None = None,
) -> Path:
    """Write `model`, its card, its frozen term frequencies (table `frequencies`) and uses of names (table `name_use`)
    under `folder`; `accept` makes it current. `report`: what training saw, for the card and for measuring drift against
    it. A version that is there already is left as it is: what is frozen with it stays.
    """
    from identity.model_card import card_html, model_card

    home = folder / model.version
    if (home / "model.json").exists():
        (home / "model.json").touch()  # `list_models` tells the order of training by it
        if accept:
            accept_model(folder, model.version, settle=False)
        return home
    home.mkdir(parents=True, exist_ok=True)
    frozen = {
        TERM_FREQUENCIES: f"select * from {frequencies} order by column_name, value",
        NAME_USE: f"select * from {name_use} order by word_hash",
    }
    for name, sql in frozen.items():
        con.execute(f"copy ({sql}) to {literal(home / (name + '.tmp'))} (format parquet)")
        (home / (name + ".tmp")).rename(home / name)
    settings = splink_settings(model.chosen(), model.trained.m, model.trained.u, model.trained.match_share)
    _write(home / "splink.json", json.dumps(settings, indent=1))
    card = model_card(model, report)
    _write(home / "card.json", json.dumps(card, indent=1))
    _write(home / "card.html", card_html(card))
    _write(home / "model.json", json.dumps({"format": FORMAT, **asdict(model)}, indent=1))
    if accept:
        accept_model(folder, model.version, settle=False)
    return home


def accept_model(folder: Path, version: str, *, settle: bool = True) -> None:
    """Make `version` the model of the next run. Raises `IdentityInputError` if it is not under `folder`.

    `settle`: it is no longer provisional, since a person chose it.
    """
    home = model_home(folder, version)
    load_model(home)
    if settle:
        content = _read(home / "model.json")
        if content.get("is_provisional"):
            _write(home / "model.json", json.dumps(content | {"is_provisional": False}, indent=1))
    _write(folder / "current", version + "\n")


def hold_model(folder: Path) -> None:
    """After an erasure: keep a provisional model as it is until there are GROWN times the records it has seen.

    The next training lacks the erased people, and would move others on their account alone.
    """
    home, model = _current_home(folder), model_in_use(folder, learning=True)
    if home is not None and model is not None and model.is_provisional:
        content = _read(home / "model.json")
        _write(home / "model.json", json.dumps(content | {"kept_below": GROWN * model.trained_records}, indent=1))


def model_home(folder: Path, version: str) -> Path:
    """The folder of one version. Raises `IdentityInputError` with the list of versions if it is not under `folder`."""
    known = [str(row["version"]) for row in list_models(folder)]
    if version not in known:
        raise IdentityInputError(f"{folder}: there is no model {version}; there are: {', '.join(known) or 'none'}")
    return folder / version


def load_model(folder: Path) -> Model | None:
    """The current model under `folder`, or None if none was trained yet. `folder` may be one version's own folder."""
    home = _current_home(folder)
    if home is None:
        return None
    content = _read(home / "model.json")
    if content.pop("format", None) != FORMAT:
        raise IdentityInputError(f"model {home}: written by another version of the platform; train a new one")
    try:
        content["trained"] = Trained(**content["trained"])
        for name in ("comparisons", "overridden"):
            content[name] = tuple(content.get(name, ()))
        model = _with_new_levels(Model(**content))
    except (TypeError, KeyError) as error:
        raise IdentityInputError(f"model {home}: model.json lacks or has unknown entries; train a new one") from error
    for comparison in model.chosen():
        parameters = (model.trained.m, model.trained.h, model.trained.u)
        names = [level.name for level in comparison.levels]
        other_names = model.levels.get(comparison.name, names) != names
        if other_names or any(len(p.get(comparison.name, ())) != len(names) for p in parameters):
            raise IdentityInputError(
                f"model {model.version}: comparison {comparison.name} has other levels in this version; "
                "train and accept a new model"
            )
    return model


def _with_new_levels(model: Model) -> Model:
    """`model` with the levels that were part of others when it was trained, at the parameters of those."""
    trained, levels = model.trained, dict(model.levels)
    parameters = {name: dict(getattr(trained, name)) for name in ("m", "h", "u")}
    for comparison in model.chosen():
        then, now = levels.get(comparison.name, []), [level.name for level in comparison.levels]
        source = [level.name if level.name in then else level.part_of for level in comparison.levels]
        is_complete = all(len(of.get(comparison.name, ())) == len(then) for of in parameters.values())
        if now == then or not is_complete or [n for n in now if n in then] != then or not {*source} <= {*then}:
            continue
        for of in parameters.values():
            of[comparison.name] = [of[comparison.name][then.index(str(name))] for name in source]
        levels[comparison.name] = now
    m, h, u = parameters.values()
    return replace(model, trained=replace(trained, m=m, h=h, u=u), levels=levels)


def load_report(folder: Path) -> TrainingReport | None:
    """What the training of the current model under `folder` (or of the one whose own folder it is) saw, or None."""
    home = _current_home(folder)
    if home is None or not (home / "card.json").exists():
        return None
    content = _read(home / "card.json").get("report")
    try:
        return report_from(content) if content else None
    except (TypeError, KeyError, ValueError) as error:
        raise IdentityInputError(f"model {home}: card.json is of another version; train a new model") from error


def load_card(folder: Path) -> dict[str, Any]:
    """The card of the current model under `folder`, or of the one whose own folder it is.

    A model that was saved without one gets its card from the parameters alone. Raises `IdentityInputError` if there is
    no model.
    """
    from identity.model_card import model_card

    home = _current_home(folder)
    if home is None:
        raise IdentityInputError(f"{folder}: there is no model yet; the first `cdp run` trains one")
    if (home / "card.json").exists():
        return _read(home / "card.json")
    model = load_model(home)
    if model is None:
        raise IdentityInputError(f"{home}: there is no model here")
    return model_card(model, None)


def term_frequency_file(folder: Path, model: Model) -> Path:
    """Where the frozen term frequencies of `model` lie."""
    home = folder if (folder / "model.json").exists() else folder / (model.base_version or model.version)
    return home / TERM_FREQUENCIES


def read_frozen(con: duckdb.DuckDBPyConnection, folder: Path, model: Model) -> None:
    """Create tables ``frozen_frequencies`` and ``name_use`` from what is frozen with `model`.

    Raises `IdentityInputError` if a file is missing.
    """
    home = term_frequency_file(folder, model).parent
    for table, name in (("frozen_frequencies", TERM_FREQUENCIES), ("name_use", NAME_USE)):
        if not (home / name).exists():
            raise IdentityInputError(f"model {home}: {name} is missing; train and accept a new model")
        con.execute(f"create or replace temp table {table} as select * from read_parquet({literal(home / name)})")


def model_in_use(folder: Path, *, learning: bool) -> Model | None:
    """The current model under `folder`, None if one is to be trained.

    While `learning`, that is also so if the current one was provisional and this version of the platform cannot read
    it. Raises `IdentityInputError` for any other unreadable model.
    """
    try:
        return load_model(folder)
    except IdentityInputError:
        home = _current_home(folder)
        if not learning or home is None:
            raise
        content = _read(home / "model.json")
        # a model of version 0.1.0 does not say
        if content.get("is_provisional", content.get("trained_records", LEARNING_RECORDS) < LEARNING_RECORDS):
            return None
        raise


def discard_model(folder: Path, version: str) -> None:
    """Remove a provisional model that another one has replaced."""
    shutil.rmtree(folder / version, ignore_errors=True)


def list_models(folder: Path) -> list[dict[str, object]]:
    """Every trained version under `folder`, oldest first: version, threshold, trained_records, is_current."""
    current = (folder / "current").read_text().strip() if (folder / "current").exists() else ""
    homes = sorted(folder.glob("m*/model.json"), key=lambda p: (p.stat().st_mtime_ns, p))
    contents = [_read(path) for path in homes]
    return [
        {
            "version": m.get("version", path.parent.name),
            "threshold": m.get("threshold", 0.0),
            "trained_records": m.get("trained_records", 0),
            "is_current": m.get("version") == current,
        }
        for path, m in zip(homes, contents, strict=True)
    ]


def newest_candidate(folder: Path) -> str | None:
    """The version trained last that is not the current one, or None."""
    waiting = [str(row["version"]) for row in list_models(folder) if not row["is_current"]]
    return waiting[-1] if waiting else None


def _current_home(folder: Path) -> Path | None:
    if (folder / "model.json").exists():
        return folder
    if (folder / "current").exists():
        return folder / (folder / "current").read_text().strip()
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IdentityInputError(f"model {path.parent}: {path.name} cannot be read ({type(error).__name__})") from error
    if not isinstance(content, dict):
        raise IdentityInputError(f"model {path.parent}: {path.name} is no JSON object")
    return content


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.rename(path)
