"""Sequences: something happened, and then something else did, or did not, within so many days.

Read from YAML, and as SQL: one block per sequence that counts, for each profile, the moments after which it held.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from cdp_pipeline.segments._errors import SegmentError, nearest
from cdp_pipeline.segments._facts import FACT_WORDS, FACTS
from cdp_pipeline.segments._sql import row_tests, window_sql
from cdp_pipeline.segments._terms import MEASURES, MOST_DAYS, Followed, Measure, read_term, whole

_WORDS = tuple(word for word in FACT_WORDS if word != "consent")
_KEYS = ("first", "then", "then_not", "within_days", "at_least")


def read_sequence(document: Any, at: str) -> Followed:
    """The mapping below ``sequence:``. Raises SegmentError (without the file's name)."""
    if not isinstance(document, dict):
        raise SegmentError(f"{at}: expected first, then or then_not, and within_days")
    for key in document:
        if key not in _KEYS:
            raise SegmentError(f"{at}: unknown key {key!r}{nearest(key, _KEYS)}")
    following = [key for key in ("then", "then_not") if key in document]
    if "first" not in document or len(following) != 1:
        raise SegmentError(f"{at}: needs first, and one of then and then_not")
    if "within_days" not in document:
        raise SegmentError(f"{at}: needs within_days: so long after the first the other counts")
    first = _step(document["first"], f"{at}.first")
    then = _step(document[following[0]], f"{at}.{following[0]}")
    if then.within_days is not None or then.older_than_days is not None:
        raise SegmentError(
            f"{at}.{following[0]}: has no window of its own; within_days of the sequence counts from the first"
        )
    gap = whole(document["within_days"], f"{at}.within_days", least=1, most=MOST_DAYS)
    is_followed = following[0] == "then"
    if not is_followed and first.within_days is not None and first.within_days <= gap:
        raise SegmentError(
            f"{at}: nothing within {first.within_days} days was waited for {gap} days; first needs a longer within_days"
        )
    return Followed(first, then, gap, is_followed, whole(document.get("at_least", 1), f"{at}.at_least", least=1))


def _step(document: Any, at: str) -> Measure:
    """A counting term without a bound: what happened, not how often."""
    if not isinstance(document, dict) or len(document) != 1 or next(iter(document)) not in _WORDS:
        raise SegmentError(f"{at}: expected one of {', '.join(_WORDS)}")
    [(word, inner)] = document.items()
    bound = next((key for key in MEASURES if isinstance(inner, dict) and key in inner), None)
    if bound:
        raise SegmentError(f"{at}.{word}: {bound} does not belong into a sequence")
    term = read_term({word: inner}, at)
    assert hasattr(term, "comparisons")  # noqa: S101 (a fact word always reads as a count)
    measure = term.comparisons[0][0]
    assert isinstance(measure, Measure)  # noqa: S101
    return measure


def sequence_name(term: Followed) -> str:
    """A column name that tells what is counted; sequences that only differ in `at_least` share it."""
    words = [w for m in (term.first, term.then) for w in (m.fact, *(v for _, values in m.filters for v in values))]
    readable = re.sub(r"[^a-z0-9]+", "_", "_".join(words).lower())[:44].strip("_")
    told = repr((term.first, term.then, term.gap_days, term.is_followed))
    return f"{readable}_{'then' if term.is_followed else 'not'}_{hashlib.sha256(told.encode()).hexdigest()[:4]}"


def sequence_sql(term: Followed, sources: tuple[str, str]) -> str:
    """A block ``<name>_steps``: by profile, the number of different moments of the first step that were followed, or
    were not although the days are over. `sources` are the relations of both steps.

    The next other step is found by a window over both in order of time: no row is joined with another. At the same
    instant the other step stands before the first one, so that nothing follows itself.
    """
    name = sequence_name(term)
    first, then = (FACTS[measure.fact].at for measure in (term.first, term.then))
    wanted = ["profile_id is not null", *row_tests(term.first), *window_sql(term.first)]
    other = ["profile_id is not null", *row_tests(term.then)]
    if term.first.within_days is not None:
        # what happened before the window of the first step follows nothing in it
        other.append(f"{{{{ within_days('{then}', {term.first.within_days}) }}}}")
    ended = f"step_at + interval {term.gap_days} day"
    if term.is_followed:
        held = f"next_at <= {ended}"
    else:
        held = f"not {{{{ within_days('step_at', {term.gap_days}) }}}} and coalesce(next_at > {ended}, true)"
    return (
        f"{name}_steps as (\n    select\n        profile_id,\n        count(distinct step_at) as {name}\n    from (\n"
        "        select\n            *,\n            min(case when not is_first then step_at end) over (\n"
        "                partition by profile_id order by step_at, is_first\n"
        "                rows between 1 following and unbounded following\n            ) as next_at\n        from (\n"
        f"            select profile_id, {first} as step_at, true as is_first\n            from {sources[0]}\n"
        f"            where {' and '.join(wanted)}\n            union all\n"
        f"            select profile_id, {then} as step_at, false as is_first\n            from {sources[1]}\n"
        f"            where {' and '.join(other)}\n        ) as both_steps\n    ) as steps\n"
        f"    where is_first and {held}\n    group by profile_id\n)"
    )
