"""A few comments that stand for many: chosen so that each of the many has one like it among them."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from engage.text.alike import shingle_matrix

_MOST: Final = 2000  # texts to be stood for; of more, evenly spread ones


def representatives(
    texts: Sequence[str], *, count: int = 3, allowed: Sequence[bool] | None = None
) -> tuple[int, ...]:
    """Return the places of up to ``count`` texts that cover all of them best, the best first.

    Facility location by greedy choice: the next text is the one that raises F(S) = Σᵢ max_{j ∈ S} s(i, j)
    most, s being the Jaccard similarity of the texts' sets of character n-grams (as in
    :func:`engage.text.same_wishes`) and the sum over all texts; F is submodular, so the choice reaches at
    least 1 − 1/e of the best F (Nemhauser, Wolsey & Fisher 1978). Only ``allowed`` texts are chosen, all by
    default; one that raises F by nothing is not. Ties go to the earlier text; of more than 2,000 texts evenly
    spread ones are covered.
    """
    may = np.ones(len(texts), dtype=np.bool_) if allowed is None else np.asarray(allowed, dtype=np.bool_)
    candidates = np.flatnonzero(may)
    if len(candidates) > _MOST:
        candidates = candidates[np.linspace(0, len(candidates) - 1, _MOST).astype(int)]
    if not len(candidates):
        return ()
    others = np.arange(len(texts))
    if len(others) > _MOST:
        others = others[np.linspace(0, len(others) - 1, _MOST).astype(int)]
    near = _similarity([texts[int(i)] for i in others], [texts[int(i)] for i in candidates])
    best = np.zeros(len(others))
    chosen: list[int] = []
    while len(chosen) < count:
        gain = np.maximum(near - best[:, None], 0).sum(axis=0)
        if gain.max() <= 1e-12:
            break
        pick = int(gain.argmax())
        chosen.append(int(candidates[pick]))
        best = np.maximum(best, near[:, pick])
    return tuple(chosen)


def _similarity(rows: list[str], columns: list[str]) -> npt.NDArray[np.float64]:
    matrix, sizes = shingle_matrix([*rows, *columns])
    left, right = matrix[: len(rows)], matrix[len(rows) :]
    shared = np.asarray((left @ right.T).todense(), dtype=float)
    union = sizes[: len(rows), None] + sizes[None, len(rows) :] - shared
    similarity: npt.NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return similarity
