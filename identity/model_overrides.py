"""A trained model under the rules of an installation: comparisons switched off, probabilities and threshold set."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from identity.comparison import Comparison
from identity.errors import IdentityInputError
from identity.model import Model
from identity.rules import LevelOverride, Rules


def apply_overrides(model: Model, rules: Rules) -> Model:
    """`model` as `rules` want it: comparisons off, fixed level probabilities, threshold. `model` itself if none do.

    A fixed probability holds as given; the other levels of its comparison share the rest in proportion, so that they
    still sum to one. Overrides with ``fixed: false`` are where training starts from, and change no trained model. The
    version becomes ``<trained version>-<hash of what changed>``. Raises `IdentityInputError` for a level the model does
    not have, and where the fixed probabilities leave nothing for the other levels.
    """
    kept = tuple(name for name in model.comparisons if name not in rules.comparisons.off)
    overridden = [f"{name}: off" for name in model.comparisons if name not in kept]
    trained = {
        "m": {n: list(model.trained.m[n]) for n in kept},
        "h": {n: list(model.trained.h[n]) for n in kept},
        "u": {n: list(model.trained.u[n]) for n in kept},
    }
    for comparison in model.chosen():
        overrides = rules.comparisons.levels.get(comparison.name, {})
        if comparison.name in kept and overrides:
            overridden += _override_levels(comparison, overrides, trained)
    threshold = model.threshold if rules.threshold is None else rules.threshold
    if threshold != model.threshold:
        overridden.append(f"threshold: {model.threshold:g} → {threshold:g}")
    if not overridden:
        return model
    content = json.dumps([model.version, kept, trained, threshold], sort_keys=True)
    return replace(
        model,
        version=f"{model.version}-{hashlib.sha256(content.encode()).hexdigest()[:8]}",
        comparisons=kept,
        trained=replace(model.trained, m=trained["m"], h=trained["h"], u=trained["u"]),
        threshold=threshold,
        levels={n: names for n, names in model.levels.items() if n in kept},
        definitions={n: d for n, d in model.definitions.items() if n in kept},
        base_version=model.base_version or model.version,
        overridden=(*model.overridden, *overridden),
    )


def _override_levels(
    comparison: Comparison, overrides: Mapping[str, LevelOverride], trained: Mapping[str, dict[str, list[float]]]
) -> list[str]:
    names = [level.name for level in comparison.levels]
    unknown = [name for name in overrides if name not in names]
    if unknown:
        raise IdentityInputError(
            f"rules: comparison {comparison.name} has no level {unknown[0]!r}; it has: {', '.join(names)}"
        )
    told = []
    for parameter, of_comparison in trained.items():
        values = of_comparison[comparison.name]
        fixed = {
            names.index(name): float(value)
            for name, o in overrides.items()
            if o.fixed and (value := getattr(o, parameter)) is not None
        }
        rest = 1 - sum(fixed.values())
        others = sum(v for i, v in enumerate(values) if i not in fixed)
        if rest < 0 or (rest == 0 and len(fixed) < len(values)):
            raise IdentityInputError(
                f"rules: comparison {comparison.name}: the fixed {parameter} of its levels sum to {1 - rest:g}, "
                "which leaves nothing for the others"
            )
        for i, value in fixed.items():
            if value != values[i]:
                told.append(f"{comparison.name} / {names[i]}: {parameter} {values[i]:.3g} → {value:.3g}")
        if fixed and any(values[i] != value for i, value in fixed.items()):
            of_comparison[comparison.name] = [fixed.get(i, v * rest / others) for i, v in enumerate(values)]
    return told
