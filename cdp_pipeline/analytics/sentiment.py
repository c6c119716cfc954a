"""Sentiment of short customer texts, English and Chinese: n-grams into a linear model, nothing to download.

Here: features of a text, and applying the weights that lie beside this module. How they were learnt and how well they
do on texts that had no part in it is `sentiment_training`'s; what becomes of the results is `feedback_texts`'s.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

CLASSES = ("negative", "neutral", "positive")
LANGUAGES = ("en", "zh")
BUCKETS = 2**18
# Beyond this a text adds repetition, and one pasted novel must not cost more than a thousand reviews.
LONGEST = 1_000

_HAN = re.compile(r"[㐀-䶿一-鿿豈-﫿]")
_LATIN = re.compile(r"[a-z]", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[!?]|:\)|:\(|[^\x00-\x7f]")
_BLANKS = re.compile(r"\s+")
# What follows one of these, up to the next stop, is marked: "not good" shares nothing with "good".
_NEGATION = frozenset({"not", "no", "never", "nor", "cannot", "without", "hardly", "nothing", "nobody"})


@dataclass(frozen=True)
class SentimentModel:
    """Weights of one language: `weights` [BUCKETS, classes], `bias` [classes], `idf` [BUCKETS].

    `band` is the half-width of the share around 1/2 that counts as neutral where the texts learnt from were only
    positive or negative; 0 for a model with a neutral class of its own.
    """

    weights: Array
    bias: Array
    idf: Array
    classes: tuple[str, ...]
    band: float


def language_of(text: str) -> str | None:
    """'zh' where at least a fifth of the letters are Han characters, 'en' where the others are Latin, else None."""
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    if not han and not latin:
        return None
    # A Han character is a word or half of one, a Latin letter a fifth: "iPhone 很好用" is Chinese.
    return "zh" if han * 4 >= latin else "en"


def grams(text: str, language: str) -> list[str]:
    """n-grams of a text. Chinese: one to three characters within clauses. English: words, pairs of words and three to
    five characters within a word, negation marked."""
    text = _BLANKS.sub(" ", text[:LONGEST].lower()).strip()
    if language == "zh":
        clauses = re.split(r"[\s，。！？；、,.!?;:：~…\"“”()（）]+", text)
        found = [clause[i : i + n] for clause in clauses for n in (1, 2, 3) for i in range(len(clause) - n + 1)]
        return found + [mark for mark in text if mark in "！？!?"]
    words = []
    negated = False
    for clause in re.split(r"[.,;:]+", text.replace("’", "'")):
        negated = False
        for word in _WORD.findall(clause):
            words.append(f"not_{word}" if negated else word)
            negated = negated or word in _NEGATION or word.endswith("n't")
    found = [*words, *(f"{left} {right}" for left, right in pairwise(words))]
    for word in words:
        padded = f"<{word}>"
        found.extend(padded[i : i + n] for n in (3, 4, 5) for i in range(len(padded) - n + 1))
    return found


def vectors(texts: Sequence[str], language: str, idf: Array | None = None) -> sparse.csr_matrix:
    """Rows of hashed n-grams [texts, BUCKETS]: 1 + log of the count, times `idf`, to length 1."""
    indices: list[NDArray[np.int64]] = []
    values: list[Array] = []
    ends = [0]
    for text in texts:
        hashed = np.fromiter((zlib.crc32(gram.encode()) % BUCKETS for gram in grams(text, language)), dtype=np.int64)
        buckets, counts = np.unique(hashed, return_counts=True)
        weights = 1 + np.log(counts)
        if idf is not None:
            weights = weights * idf[buckets]
        length = np.sqrt((weights**2).sum())
        indices.append(buckets)
        values.append(weights / length if length else weights)
        ends.append(ends[-1] + len(buckets))
    return sparse.csr_matrix(
        (
            np.concatenate(values) if values else np.zeros(0),
            np.concatenate(indices) if indices else np.zeros(0, dtype=np.int64),
            np.array(ends),
        ),
        shape=(len(texts), BUCKETS),
    )


def probabilities(model: SentimentModel, texts: Sequence[str], language: str) -> Array:
    """Probability of each of the model's classes [texts, classes]."""
    scores = np.asarray(vectors(texts, language, model.idf) @ model.weights) + model.bias
    scores -= scores.max(axis=1, keepdims=True) if len(texts) else 0
    shares: Array = np.exp(scores)
    shares /= shares.sum(axis=1, keepdims=True) if len(texts) else 1
    return shares


def sentiments(model: SentimentModel, texts: Sequence[str], language: str) -> list[tuple[str, float]]:
    """(class, score) of each text; the score is the probability of positive less that of negative, -1 to 1."""
    shares = probabilities(model, texts, language)
    columns = {name: shares[:, position] for position, name in enumerate(model.classes)}
    scores = columns["positive"] - columns["negative"]
    if model.band:
        labels = np.where(np.abs(scores) < 2 * model.band, "neutral", np.where(scores > 0, "positive", "negative"))
    else:
        labels = np.array(model.classes)[shares.argmax(axis=1)] if len(texts) else np.array([], dtype=str)
    return [(str(label), round(float(score), 4)) for label, score in zip(labels, scores, strict=True)]


@cache
def load_model(language: str) -> SentimentModel:
    """The committed weights of a language of LANGUAGES."""
    with files(__package__).joinpath("weights", f"sentiment_{language}.npz").open("rb") as stream:
        stored = np.load(stream)
        classes = tuple(str(name) for name in stored["classes"])
        weights = np.zeros((BUCKETS, len(classes)))
        weights[stored["buckets"]] = stored["weights"].astype(np.float64)
        idf = np.zeros(BUCKETS)
        idf[stored["buckets"]] = stored["idf"].astype(np.float64)
        return SentimentModel(weights, stored["bias"].astype(np.float64), idf, classes, float(stored["band"]))
