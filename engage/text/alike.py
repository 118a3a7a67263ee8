"""Comments that ask for the same in nearly the same words, and how many people ask."""

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from engage.errors import UsageError
from engage.text.features import normalise
from engage.text.language import detect

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_SHINGLE: Final = {"zh": 2, "en": 4, "ru": 4, "other": 4}  # characters
_BARE: Final = re.compile(r"[\W_]+")
_AT_ONCE: Final = 1000  # rows of the similarity matrix


@dataclass(frozen=True, slots=True)
class SameWish:
    """Comments in nearly the same words: their ``places`` in the texts given, the place of the most
    ``typical`` one (greatest sum of similarities to those alike), and how many ``people`` wrote them.
    """

    places: tuple[int, ...]
    typical: int
    people: int


def same_wishes(
    texts: Iterable[str | None], *, people: Sequence[Hashable] | None = None, least: float = 0.5
) -> tuple[SameWish, ...]:
    """Return groups of at least two comments in nearly the same words, the one of most people first.

    Two comments of one language are alike if the Jaccard similarity |A ∩ B| / |A ∪ B| of their sets of
    character n-grams (2 for Chinese, 4 else; punctuation, case and spaces left out) is ``least`` or more; a
    group is what chains of alike comments join. ``people`` names the writer of each text, by default everyone
    is another; a writer counts once in a group however often they wrote. Ties keep the order of the texts.

    Texts that are missing or say nothing are in no group. Different wordings of one wish are not found (see
    :func:`engage.text.emerging_themes`), and a negated wish in the same words is. All pairs that share an
    n-gram are looked at, 1,000 texts at a time. The counts pass no gate.

    Raises ``UsageError`` unless 0 < ``least`` ≤ 1 and ``people`` is as long as ``texts``.
    """
    clean = ["" if text is None or text != text else str(text) for text in texts]
    writers: list[Hashable] = list(range(len(clean))) if people is None else list(people)
    if not 0 < least <= 1:
        raise UsageError("text.least", where="least", least=least)
    if len(writers) != len(clean):
        raise UsageError("text.people", where="people", n=len(writers), needed=len(clean))
    spoken = detect(clean)
    groups: list[SameWish] = []
    for language, size in _SHINGLE.items():
        mine = np.flatnonzero(spoken == language)
        if len(mine) > 1:
            bags = [_shingles(text, size) for text in normalise([clean[place] for place in mine], language)]
            groups += _groups(bags, mine, writers, least)
    return tuple(sorted(groups, key=lambda group: (-group.people, -len(group.places), group.places)))


def shingles_of(text: str, language: str) -> set[str]:
    """Return the character n-grams by which one text of a known language is compared."""
    return _shingles(normalise([text], language)[0], _SHINGLE[language])


def _shingles(text: str, size: int) -> set[str]:
    bare = _BARE.sub("", text)
    return {bare[at : at + size] for at in range(max(len(bare) - size + 1, 1))} if bare else set()


def shingle_matrix(texts: Sequence[str]) -> tuple["csr_matrix", npt.NDArray[np.int64]]:
    """Return which n-grams each text holds (texts, n-grams; 0 or 1), each text's in its own language, and how
    many they are.
    """
    clean = list(texts)
    spoken = detect(clean)
    bags: list[set[str]] = [set() for _ in clean]
    for language, size in _SHINGLE.items():
        mine = [int(place) for place in np.flatnonzero(spoken == language)]
        normal = normalise([clean[place] for place in mine], language) if mine else []
        for place, text in zip(mine, normal, strict=True):
            bags[place] = _shingles(text, size)
    return _matrix(bags)


def nearest_alike(
    texts: Sequence[str], others: Sequence[str], *, least: float = 0.5
) -> npt.NDArray[np.int64]:
    """Return, for each text, the place in ``others`` of the most similar one, -1 where none is alike.

    Alike as in :func:`same_wishes`: the Jaccard similarity of their n-grams is ``least`` or more. Ties go to
    the earlier one.
    """
    found = np.full(len(texts), -1, dtype=np.int64)
    if not len(texts) or not len(others):
        return found
    matrix, sizes = shingle_matrix([*texts, *others])
    mine, theirs = matrix[: len(texts)], matrix[len(texts) :]
    for start in range(0, len(texts), _AT_ONCE):
        shared = (mine[start : start + _AT_ONCE] @ theirs.T).tocoo()
        union = sizes[shared.row + start] + sizes[len(texts) + shared.col] - shared.data
        similarity = shared.data / union
        kept = similarity >= least
        row, column, value = shared.row[kept] + start, shared.col[kept], similarity[kept]
        order = np.lexsort((column, -value, row))
        first = order[np.unique(row[order], return_index=True)[1]]
        found[row[first]] = column[first]
    return found


def _matrix(bags: list[set[str]]) -> tuple["csr_matrix", npt.NDArray[np.int64]]:
    from scipy import sparse

    number: dict[str, int] = {}
    column = [number.setdefault(shingle, len(number)) for bag in bags for shingle in sorted(bag)]
    sizes = np.array([len(bag) for bag in bags], dtype=np.int64)
    row = np.repeat(np.arange(len(bags)), sizes)
    ones = np.ones(len(row), dtype=np.int32)
    return sparse.csr_matrix((ones, (row, column)), (len(bags), max(len(number), 1))), sizes


def _groups(
    bags: list[set[str]], places: npt.NDArray[np.int64], writers: list[Hashable], least: float
) -> list[SameWish]:
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    x, sizes = _matrix(bags)
    blocks = [_alike(x, sizes, start, least) for start in range(0, len(bags), _AT_ONCE)]
    alike = sparse.vstack(blocks).tocsr()
    _, label = connected_components(alike, directed=False)
    order = np.argsort(label, kind="stable")
    found = []
    for members in np.split(order, np.flatnonzero(np.diff(label[order])) + 1):
        if len(members) > 1:
            # summed over the group's alike pairs: the others count as 0
            near = np.asarray(alike[members].sum(axis=1)).ravel()
            found.append(
                SameWish(
                    tuple(int(place) for place in places[members]),
                    int(places[members[near.argmax()]]),
                    len({writers[place] for place in places[members]}),
                )
            )
    return found


def _alike(x: "csr_matrix", sizes: npt.NDArray[np.int64], start: int, least: float) -> "csr_matrix":
    """Return the similarities of ``least`` or more of a block of rows with all rows, sparse."""
    from scipy import sparse

    shared = (x[start : start + _AT_ONCE] @ x.T).tocoo()
    similarity = shared.data / (sizes[shared.row + start] + sizes[shared.col] - shared.data)
    kept = similarity >= least
    return sparse.csr_matrix((similarity[kept], (shared.row[kept], shared.col[kept])), shared.shape)
