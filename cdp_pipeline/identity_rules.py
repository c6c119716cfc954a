"""The installation's own rules of identity resolution; apart from the steps, so that looking at a pair starts fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdp_pipeline.home import Home

if TYPE_CHECKING:
    from identity.rules import Rules


def load_identity_rules(home: Home) -> Rules | None:
    """The installation's own rules from ``identity.yml``, checked; None where there is no such file.

    Raises IdentityInputError with one line, also where they do not fit the model of this home.
    """
    if not home.identity_rules.exists():
        return None
    from identity.model import model_in_use
    from identity.model_overrides import apply_overrides
    from identity.rules import load_rules

    # a home made with --out links to the rules of the first one, beside which a blocklist may lie
    rules = load_rules(home.identity_rules.resolve())
    if rules.comparisons.levels:
        model = model_in_use(home.models, learning=True)
        if model is not None:
            apply_overrides(model, rules)
    return rules
