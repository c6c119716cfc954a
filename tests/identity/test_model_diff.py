"""What another model would change: parameters by hand, and the effect on records that both models link."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from identity import IdentityInputError, accept_model, train_model
from identity.comparison import Comparison, Level
from identity.model import Model, load_model, make_model, save_model
from identity.model_diff import LevelChange, compare_parameters, model_diff
from identity.parameters import Trained

COUPLES = 24
GIVEN = ["alaric", "beatrix", "cedric", "dorothea", "edmund", "frederica", "gideon", "harriet"]
FAMILY = ["marchbanks", "pemberton", "thistlewood"]
TWO = (Level("same", "a", 0.9, 0.5, 0.1), Level("different", "else", 0.1, 0.5, 0.9))
GENDER, SUFFIX, MIDDLE = (Comparison(name, "personal", "x", TWO) for name in ("gender", "suffix", "middle"))


def write_core(core: Path) -> None:
    """COUPLES people, each in a CRM and in a shop, with an e-mail and a birth date; as the warehouse exports them."""
    with duckdb.connect() as con:
        con.execute(
            f"""create table customer_records as
            select source || ':people:' || i as record_id, source, 'people' as object, i::varchar as native_id,
                'person' as entity_type, {GIVEN}[i % 8 + 1] as given_name, null::varchar as middle_name,
                {FAMILY}[i // 8 + 1] as family_name, null::varchar as full_name, null::varchar as native_name,
                null::varchar as organisation, (1950 + i) || '-0' || (i % 9 + 1) || '-1' || (i % 10) as birth_date,
                null::varchar as gender, (100 + i) || ' Elm Street' as street, null::varchar as unit,
                null::varchar as locality, null::varchar as region, '62701' as postcode, null::varchar as country,
                null::varchar as language, 'US' as default_region, false as is_guest,
                timestamp '2020-01-01' as created_at, timestamp '2020-01-01' as updated_at,
                date '2020-01-01' as delivered_date, false as is_deleted
            from range({COUPLES}) t(i), (values ('crm'), ('shop')) s(source)"""
        )
        con.execute(
            """create table record_identifiers as
            select record_id, 'email' as kind, '' as namespace, value as value_raw, value, true as is_trusted,
                null::varchar as reason, null::timestamp as first_seen_at, null::timestamp as last_seen_at
            from (
                select record_id, given_name || '.' || family_name || '@mail.example' as value from customer_records)"""
        )
        con.execute(
            """create table anonymous_sightings
            (anonymous_id varchar, record_id varchar, kind varchar, occurred_at timestamp)"""
        )
        for table in ("customer_records", "record_identifiers", "anonymous_sightings"):
            (core / table).mkdir(parents=True)
            con.execute(f"copy {table} to '{core / table / 'part-0.parquet'}'")


def save(model: Model, models: Path, *, accept: bool = False) -> None:
    """Beside the current model, with what is frozen with it."""
    current = (models / "current").read_text().strip()
    with duckdb.connect() as con:
        con.execute(f"create table f as select * from '{models / current / 'term_frequencies.parquet'}'")
        con.execute(f"create table u as select * from '{models / current / 'name_use.parquet'}'")
        save_model(model, models, con, "f", name_use="u", accept=accept)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Core tables and a current model."""
    root = tmp_path_factory.mktemp("home")
    write_core(root / "core")
    accept_model(root / "model", train_model(root / "core", root / "model", seed=1).version)
    return root


def current(models: Path) -> Model:
    model = load_model(models)
    assert model is not None
    return model


def test_parameters_by_hand() -> None:
    half = [0.5, 0.5]
    old = make_model(
        [GENDER, SUFFIX], 0,
        Trained({"gender": [0.8, 0.2], "suffix": half}, {"gender": half, "suffix": half},
                {"gender": [0.4, 0.6], "suffix": half}, 0.001, 0.001, 10), 0.9, 100,
    )  # fmt: skip
    new = make_model(
        [GENDER, MIDDLE], 0,
        Trained({"gender": [0.96, 0.04], "middle": [0.7, 0.3]}, {"gender": half, "middle": [0.1, 0.9]},
                {"gender": [0.24, 0.76], "middle": [0.1, 0.9]}, 0.002, 0.001, 10), 0.8, 400,
    )  # fmt: skip
    found = compare_parameters(old, new)
    assert (found.comparisons_in, found.comparisons_out, found.relevelled) == (("middle",), ("suffix",), ())
    assert (found.old_threshold, found.new_threshold, found.old_records, found.new_records) == (0.9, 0.8, 100, 400)
    assert found.prior_change_bits == pytest.approx(1)
    assert [(c.comparison, c.level) for c in found.levels] == [("gender", "different"), ("gender", "same")]
    different, same = found.levels
    # log2(.8 / .4) = 1 and log2(.96 / .24) = 2; against a household log2(.8 / .5) = .678 and log2(.96 / .5) = .941
    assert (same.old_weight, same.new_weight) == (pytest.approx(1), pytest.approx(2))
    assert (same.old_household, same.new_household) == (pytest.approx(0.678, abs=1e-3), pytest.approx(0.941, abs=1e-3))
    # log2(.2 / .6) = -1.585 and log2(.04 / .76) = -4.248
    assert different.size == pytest.approx(4.248 - 1.585, abs=1e-3)
    assert compare_parameters(old, old).levels == ()


def test_levels_are_matched_by_name() -> None:
    half = Trained({"gender": [0.8, 0.2]}, {"gender": [0.5, 0.5]}, {"gender": [0.4, 0.6]}, 0.001, 0.001, 10)
    old = replace(make_model([GENDER], 0, half, 0.9, 100), levels={"gender": ["another name", "same"]})
    new = make_model([GENDER], 0, half, 0.9, 100)
    found = compare_parameters(old, new)
    assert found.relevelled == ("gender",)
    # what the old model calls "same" is its second level: log2(.2 / .6)
    assert [(c.level, round(c.old_weight, 3), round(c.new_weight, 3)) for c in found.levels] == [("same", -1.585, 1.0)]
    assert isinstance(found.levels[0], LevelChange)


def test_the_effect_is_measured_on_the_records_of_today(home: Path, tmp_path: Path) -> None:
    models = home / "model"
    model = current(models)
    # sixty bits less for every pair: nothing is linked any more
    strict = replace(model.trained, match_share=model.trained.match_share / 2**60)
    other = make_model(model.chosen(), 0, strict, model.threshold, model.trained_records)
    save(other, models)
    before = sorted(path.name for path in home.rglob("*"))
    found = model_diff(home / "core", models)
    assert sorted(path.name for path in home.rglob("*")) == before
    assert (found.old_version, found.new_version) == (model.version, other.version)
    assert found.parameters is not None
    assert found.parameters.prior_change_bits == pytest.approx(-60)
    assert found.effect is not None
    effect, partition = found.effect, found.effect.partition
    assert (effect.against, effect.links_old, effect.links_new) == ("model", COUPLES, 0)
    assert (effect.links_gained, effect.links_lost) == (0, COUPLES)
    assert (partition.split, partition.merged, partition.pairs_lost) == (COUPLES, 0, COUPLES)
    assert partition.share_of_profiles_changed == 1
    assert partition.most_affected[0].change == "split"
    content = json.loads(found.as_json())
    assert content["effect"]["partition"]["share_of_profiles_changed"] == 1
    text = found.as_text()
    assert f"links        {COUPLES} → 0: 0 gained, {COUPLES} lost" in text
    assert text.endswith(f"cdp model accept {other.version}")
    assert not [name for name in (*GIVEN, *FAMILY) if name in text.lower() or name in found.as_json().lower()]


def test_profiles_are_called_by_their_permanent_ids(home: Path, tmp_path: Path) -> None:
    models = home / "model"
    model = current(models)
    strict = replace(model.trained, match_share=model.trained.match_share / 2**61)
    other = make_model(model.chosen(), 0, strict, model.threshold, model.trained_records)
    save(other, models)
    members = tmp_path / "profile_members"
    members.mkdir()
    duckdb.execute(
        f"""copy (select record_id, 'p' || native_id as profile_id, date '2020-01-01' as since
        from '{home / "core" / "customer_records" / "part-0.parquet"}') to '{members / "part-0.parquet"}'"""
    )
    found = model_diff(home / "core", models, other.version, identity=tmp_path)
    assert found.effect is not None
    affected = found.effect.partition.most_affected
    assert {a.profile_id for a in affected} <= {f"p{i}" for i in range(COUPLES)}
    first = affected[0]
    # one record keeps the id, the other has none yet and is called by its record
    assert {name for name, _ in first.into} == {first.profile_id, f"record shop:people:{first.profile_id[1:]}"}


def test_a_current_model_that_cannot_be_used_is_compared_by_the_last_run(home: Path, tmp_path: Path) -> None:
    models = tmp_path / "model"
    model = current(home / "model")
    with duckdb.connect() as con:
        frozen = home / "model" / model.version
        con.execute(f"create table f as select * from '{frozen / 'term_frequencies.parquet'}'")
        con.execute(f"create table u as select * from '{frozen / 'name_use.parquet'}'")
        save_model(model, models, con, "f", name_use="u")
        other = make_model(model.chosen(), 0, model.trained, 0.98, model.trained_records)
        save_model(other, models, con, "f", name_use="u", accept=False)
    path = models / model.version / "model.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["levels"]["given"][0] = "a level of another version"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(IdentityInputError, match="cannot be used, and no run is there to compare"):
        model_diff(home / "core", models)
    members = tmp_path / "identity" / "profile_members"
    members.mkdir(parents=True)
    duckdb.execute(
        f"""copy (select record_id, 'p' || native_id as profile_id
        from '{home / "core" / "customer_records" / "part-0.parquet"}') to '{members / "part-0.parquet"}'"""
    )
    found = model_diff(home / "core", models, identity=tmp_path / "identity")
    assert found.parameters is None
    assert found.effect is not None
    assert (found.effect.against, found.effect.partition.unchanged) == ("last run", COUPLES)
    assert "compared with the profiles of the last run" in found.as_text()


def test_parameters_alone_link_nothing(home: Path) -> None:
    models = home / "model"
    model = current(models)
    save(make_model(model.chosen(), 0, model.trained, 0.9512, model.trained_records), models)
    steps: list[str] = []
    found = model_diff(home / "no core here", models, effect=False, progress=steps.append)
    assert found.effect is None
    assert found.parameters is not None
    assert found.parameters.new_threshold == 0.9512
    assert steps == []


def test_what_cannot_be_compared_is_one_line(home: Path, tmp_path: Path) -> None:
    with pytest.raises(IdentityInputError, match="no current model to compare with"):
        model_diff(home / "core", tmp_path)
    models = tmp_path / "model"
    model = current(home / "model")
    with duckdb.connect() as con:
        con.execute("create table f (column_name varchar, value varchar, tf double)")
        con.execute("create table u (word_hash bigint, as_given bigint, as_family bigint)")
        save_model(model, models, con, "f", name_use="u")
    with pytest.raises(IdentityInputError, match="is the only model; `cdp model train` makes another one"):
        model_diff(home / "core", models)
    with pytest.raises(IdentityInputError, match="there is no model m0; there are: "):
        model_diff(home / "core", models, "m0")
    with pytest.raises(IdentityInputError, match="core table is missing"):
        model_diff(tmp_path / "core", models, model.version)
