"""What a Dagster run's events say of it: seconds of the steps, and why it did not do what it had to."""

# No `from __future__ import annotations`: Dagster reads the types of parameters.
from collections.abc import Iterator

import dagster as dg
import pytest

from cdp_pipeline.defs.launch import outcome


def _run(assets: list[dg.AssetsDefinition]) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize(assets, instance=instance, raise_on_error=False)


@pytest.mark.parametrize(
    ("told", "failures"),
    [
        (("one", "two"), []),
        (("one",), ["publish: was left out, as a step before it did not tell of all it made"]),
    ],
)
def test_a_step_that_was_left_out_is_a_failure(told: tuple[str, ...], failures: list[str]) -> None:
    @dg.multi_asset(specs=[dg.AssetSpec(name, skippable=True) for name in ("one", "two")])
    def marts() -> Iterator[dg.MaterializeResult[None]]:
        yield from (dg.MaterializeResult(asset_key=name) for name in told)

    @dg.asset(deps=["two"])
    def publish() -> None:
        return

    result = _run([marts, publish])
    assert result.success, "so says Dagster"
    seconds, found = outcome(result.all_events)
    assert found == failures
    assert list(seconds) == ["marts", "publish"][: len(told)]


def test_a_failed_step_is_told_without_those_behind_it() -> None:
    @dg.asset
    def identity() -> None:
        raise RuntimeError("a value of somebody")

    @dg.asset(deps=[identity])
    def publish() -> None:
        return

    result = _run([identity, publish])
    seconds, (failure,) = outcome(result.all_events)
    assert not seconds and failure.startswith("identity: RuntimeError") and "somebody" not in failure
