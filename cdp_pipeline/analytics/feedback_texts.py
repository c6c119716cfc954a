"""Language and sentiment of what customers wrote: comments of answers, and their messages in tickets.

One row per text; each distinct text is judged once. A text without letters, or in another script, has no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    import pandas as pd

TABLES: Mapping[str, Mapping[str, str]] = {
    "feedback_texts": {
        "text_kind": "VARCHAR",  # feedback or ticket
        "text_id": "VARCHAR",  # feedback_id or message_id
        "language": "VARCHAR",
        "sentiment": "VARCHAR",
        "sentiment_score": "DOUBLE",
    }
}


def run(
    con: duckdb.DuckDBPyConnection, as_of_end: datetime, as_of: date
) -> Mapping[str, duckdb.DuckDBPyRelation | pd.DataFrame]:
    """Judge the texts written before `as_of_end`."""
    import pandas as pd

    from cdp_pipeline.analytics.sentiment import LANGUAGES, language_of, load_model, sentiments

    con.execute(
        """CREATE OR REPLACE TEMP TABLE texts AS
           SELECT 'feedback' AS text_kind, feedback_id AS text_id, comment AS body
           FROM feedback WHERE comment IS NOT NULL AND occurred_at < $1
           UNION ALL
           SELECT 'ticket', message_id, body
           FROM ticket_messages WHERE direction = 'inbound' AND body IS NOT NULL AND occurred_at < $1""",
        [as_of_end],
    )
    bodies: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    for (body,) in con.execute("SELECT DISTINCT body FROM texts ORDER BY body").fetchall():
        language = language_of(body)
        if language is not None:
            bodies[language].append(body)
    judged = pd.DataFrame(
        [
            (body, language, sentiment, score)
            for language, distinct in bodies.items()
            if distinct
            for body, (sentiment, score) in zip(
                distinct, sentiments(load_model(language), distinct, language), strict=True
            )
        ],
        columns=["body", "language", "sentiment", "sentiment_score"],
    ).astype({"body": "str", "language": "str", "sentiment": "str", "sentiment_score": "float64"})
    con.register("judged_texts", judged)
    con.execute(
        """CREATE OR REPLACE TEMP TABLE feedback_texts_result AS
           SELECT text_kind, text_id, judged.language, judged.sentiment, judged.sentiment_score
           FROM texts JOIN judged_texts AS judged USING (body)"""
    )
    con.unregister("judged_texts")
    return {"feedback_texts": con.table("feedback_texts_result")}
