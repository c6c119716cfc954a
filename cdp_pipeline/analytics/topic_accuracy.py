"""How well the declared topic words do on held-out texts that a person labelled by hand.

``weights/topic_labels.csv`` names a text by its CRC-32 and lists its topics (none: nothing of the list is named); the
texts themselves are the held-out ones of `sentiment_training`. Batch 1 was labelled without a look at the words, and
whoever chose today's words did not see it; batch 2 was labelled by that person after the words were settled and before
they were measured.
"""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from cdp_pipeline.analytics.sentiment_training import Labelled, TextsError, share, within

_LABELS = "topic_labels.csv"


def topics_of(text: str, words: Sequence[Mapping[str, str]]) -> set[str]:
    """Topics that a text names by the rule of ``int_text_topics``: English whole words, Chinese any part."""
    lower = text.lower()
    spoken = f" {re.sub(r'[^a-z]+', ' ', lower).strip()} "
    has_han = re.search(r"[一-鿿]", lower) is not None
    return {
        word["topic"]
        for word in words
        if (f" {word['keyword']} " in spoken if word["language"] == "en" else has_han and word["keyword"] in lower)
    }


def measure_topics(
    texts: Sequence[Labelled], language: str, words_file: Path, batch: str | None = None
) -> dict[str, Any]:
    """Figures over the hand-labelled texts of a language, of one batch of labels where `batch` names it.

    `accuracy` is the share of texts whose topics are exactly right, with its 95% Wilson interval, `majority` that of
    texts without a topic; `precision` and `recall` are over (text, topic). Raises TextsError where a labelled text is
    missing.
    """
    with words_file.open(encoding="utf-8") as stream:
        words = list(csv.DictReader(stream))
    held = {zlib.crc32(item.text.encode()): item.text for item in texts if item.is_held_out}
    labels = csv.DictReader(files(__package__).joinpath("weights", _LABELS).read_text(encoding="utf-8").splitlines())
    exact: list[bool] = []
    empty = count = hits = named = wanted = 0
    for row in labels:
        if row["language"] != language or batch not in (None, row.get("batch")):
            continue
        text = held.get(int(row["text_crc32"]))
        if text is None:
            raise TextsError(
                f"{language}: a text of {_LABELS} is not among the held-out texts; take the named versions"
            )
        expected, found = {topic for topic in row["topics"].split("|") if topic}, topics_of(text, words)
        count += 1
        exact.append(expected == found)
        empty += not expected
        hits, named, wanted = hits + len(expected & found), named + len(found), wanted + len(expected)
    if not count:
        raise TextsError(f"{language}: {_LABELS} has no label")
    return {
        "language": language,
        "batch": batch or "all",
        "n": count,
        "accuracy": share(exact),
        "majority": round(empty / count, 4),
        "precision": round(hits / named, 4) if named else None,
        "recall": round(hits / wanted, 4) if wanted else None,
    }


def topic_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The figures as a Markdown table."""
    lines = ["| language | labels | texts | topics all right | no topic (majority) | precision | recall |"]
    lines.append("|---|---|---:|---:|---:|---:|---:|")
    for row in rows:
        shares = ("–" if row[name] is None else f"{row[name]:.2f}" for name in ("precision", "recall"))
        lines.append(
            f"| {row['language']} | {row['batch']} | {row['n']} | {within(row['accuracy'], 2)} |"
            f" {row['majority']:.2f} | {' | '.join(shares)} |"
        )
    return "\n".join(lines)
