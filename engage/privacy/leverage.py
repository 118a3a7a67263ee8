"""How much published averages say about one person: rank and leverage of the cells' membership matrix.

Every published mean is an equation on the hidden answers: with A the 0/1 matrix of cells by people, A·y is
known. The best linear guess of y explains the share ``P_ii`` of the variance of person i's answer, with
``P = A⁺A`` the projection on the rows of A: 1 means that the answer follows exactly. People who belong to the
same cells can't be told apart by any of this, so all of it works on classes of them.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Places = NDArray[np.intp]

_EPS: Final = 1e-9
_AT_RISK: Final = 0.1  # below it, no three others can bring anyone near certainty but by rare coincidences
_WATCHED: Final = 0.3  # after one colluder
_POOL: Final = 6000  # classes


@dataclass(frozen=True, slots=True)
class Classes:
    """People who share all their cells, as one.

    ``codes`` (classes, tables): the cell a class belongs to in each table, −1 for none; ``size`` (classes,):
    how many people it holds; ``of`` (people,): the class of each person.
    """

    codes: Ints
    size: Floats
    of: Places

    def only(self, cells: NDArray[np.bool_]) -> "Classes":
        """Return the same classes as seen through some of the cells only (mask over cell numbers)."""
        seen = np.where((self.codes >= 0) & cells[self.codes], self.codes, -1)
        return Classes(seen.astype(np.int32), self.size, self.of)


def classes(codes: Ints) -> Classes:
    """Merge people (rows) with the same cells; people without any cell are a class too."""
    # rows are told apart by sums of random marks: by chance alike in one of 10^19 pairs
    marks = np.random.default_rng(0).integers(1, 2**63, codes.shape[1], dtype=np.uint64)
    sums = ((codes + 2).astype(np.uint64) * marks).sum(axis=1, dtype=np.uint64)
    _, first, order = np.unique(sums, return_index=True, return_inverse=True)
    return Classes(codes[first], np.bincount(order).astype(float), order.astype(np.intp))


def cell_sizes(people: Classes, cells: int) -> Floats:
    """Return how many people each cell holds."""
    sizes = np.zeros(cells)
    for column in people.codes.T:
        there = column >= 0
        sizes += np.bincount(column[there], people.size[there], cells)
    return sizes


@dataclass(slots=True)
class Geometry:
    """The projection P on the rows of A, for classes: ``P_ij = features_i·features_j + lone_ij``.

    ``lone`` is 1/n of the cell that both are in, of one table that was eliminated first (``block``: the
    class's cell in it, −1 for none; ``weight``: 1/n by class).
    """

    features: Floats
    size: Floats
    block: Ints
    weight: Floats
    own: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.own = np.einsum("ij,ij->i", self.features, self.features) + self.weight

    @property
    def total(self) -> float:
        """Return the sum of ``P_ii`` over people: of exact sums, the rank of A."""
        return float((self.own * self.size).sum())

    def between(self, i: int, others: Places) -> Floats:
        """Return P between a member of class i and one (another, for i itself) of each of ``others``."""
        row = self.features[others] @ self.features[i]
        if self.block[i] >= 0:
            row += self.weight[i] * (self.block[others] == self.block[i])
        return np.asarray(row)


def exact(people: Classes, cells: int) -> Geometry:
    """Return the geometry of cells whose sums are known exactly.

    The table with the most cells is eliminated first: its cells share nobody, so its block of A·Aᵀ is
    diagonal, and what is left is small.
    """
    codes, size = people.codes, people.size
    counts = [len(np.unique(column[column >= 0])) for column in codes.T]
    big = int(np.argmax(counts))
    n = cell_sizes(people, cells)
    block = codes[:, big]
    weight = np.where(block >= 0, 1 / np.maximum(n[block], 1), 0.0)
    rest = _indicator(np.delete(codes, big, axis=1))
    if rest.shape[1] == 0:
        return Geometry(np.zeros((len(size), 0)), size, block, weight)
    shares = np.zeros((cells, rest.shape[1]))
    np.add.at(shares, block[block >= 0], (rest * size[:, None])[block >= 0])
    shares /= np.maximum(n, 1)[:, None]
    centred = rest - np.where(block[:, None] >= 0, shares[block], 0.0)
    values, vectors = np.linalg.eigh(centred.T @ (centred * size[:, None]))
    kept = values > max(values[-1], 1.0) * 1e-10
    features = centred @ (vectors[:, kept] / np.sqrt(values[kept]))
    return Geometry(features, size, block, weight)


def with_noise(people: Classes, noise: Floats) -> Geometry:
    """Return the geometry of cells whose sums are known up to rounding.

    ``noise`` (cells,): the variance of a sum's rounding error in units of the variance of one answer. Then
    ``P = Aᵀ(A·Aᵀ + diag(noise))⁻¹A``: the share of variance explained, at most that of exact sums.
    """
    used = np.unique(people.codes[people.codes >= 0])
    there = _indicator(people.codes)  # columns in the order of `used`
    gram = there.T @ (there * people.size[:, None]) + np.diag(noise[used] + 1e-7)
    factor = np.linalg.cholesky(gram)
    features = solve_triangular(factor, there.T, lower=True).T
    nobody = np.full(len(people.size), -1, np.int32)
    return Geometry(features, people.size, nobody, np.zeros(len(people.size)))


def after_collusion(geometry: Geometry, colluders: int) -> Floats:
    """Return each class's leverage once the worst ``colluders`` other people have told their answers.

    The worst (see :class:`View`) is sought one after the other, among people of leverage .1 and more (whoever
    is below adds little), and only for those of them who are above .3 after the first.
    """
    worst = geometry.own.copy()
    if colluders:
        ring = Ring.of(geometry)
        for i in ring.watched():
            worst[ring.pool[i]] = ring.collude(int(i), colluders)[0]
    return worst


@dataclass(slots=True)
class View:
    """P as seen by people who tell each other their answers, one after the other.

    ``row``: between one target and everyone; ``own``: everyone's leverage; ``target``: that of the target.
    """

    row: Floats
    own: Floats
    target: float
    _told: list[tuple[Floats, float]] = field(default_factory=list)

    def tell(self, s: int, between: Floats) -> Floats:
        """Take the answer of s as known: ``P_ij`` becomes ``P_ij + P_is·P_js / (1 − P_ss)``.

        ``between``: P between s and everyone as the cells alone have it. Returns what a unit more than
        expected in the answer of s says of everyone's.
        """
        theirs = between + sum(known[s] * known / room for known, room in self._told)
        room = max(1 - float(self.own[s]), _EPS)
        self._told.append((theirs, room))
        self.target += float(self.row[s]) ** 2 / room
        self.row = self.row + self.row[s] * theirs / room
        self.own = self.own + theirs**2 / room
        return np.asarray(theirs / room)


@dataclass(frozen=True, slots=True)
class Ring:
    """The people who may collude or be told by collusion: those of classes with leverage .1 and more.

    ``pool``: their classes; ``between``: P between members of two of them; ``own`` and ``size`` of each.
    """

    pool: Places
    between: Floats
    own: Floats
    size: Floats

    @classmethod
    def of(cls, geometry: Geometry) -> "Ring":
        """Take the classes at risk; of very many, those with the highest leverage."""
        pool = np.flatnonzero(geometry.own >= _AT_RISK)
        if len(pool) > _POOL:
            pool = np.sort(np.argsort(-geometry.own, kind="stable")[:_POOL])
        between = geometry.features[pool] @ geometry.features[pool].T
        block = geometry.block[pool]
        same = (block[:, None] == block) & (block[:, None] >= 0)
        between += np.where(same, geometry.weight[pool][:, None], 0.0)
        return cls(pool, between, geometry.own[pool], geometry.size[pool])

    def watched(self) -> Places:
        """Return the places in ``pool`` of the classes that one colluder could bring above .3."""
        gain = self.between**2 / np.maximum(1 - self.own, _EPS)
        np.fill_diagonal(gain, np.where(self.size > 1, gain.diagonal(), 0.0))
        return np.flatnonzero(self.own + gain.max(axis=1, initial=0.0) > _WATCHED)

    def collude(self, i: int, colluders: int) -> tuple[float, list[int]]:
        """Return the leverage of a member of ``pool[i]`` after collusion, and the colluders' places."""
        left = self.size.copy()
        left[i] -= 1
        view, told = View(self.between[i], self.own, float(self.own[i])), []
        for _ in range(colluders):
            gain = np.where(left > 0, view.row**2 / np.maximum(1 - view.own, _EPS), 0.0)
            s = int(np.argmax(gain))
            if gain[s] <= _EPS:
                break
            view.tell(s, self.between[s])
            left[s] -= 1
            told.append(s)
        return min(view.target, 1.0), told


def _indicator(codes: Ints) -> Floats:
    """Return the 0/1 matrix of classes by the cells that occur in ``codes``, in ascending order."""
    used = np.unique(codes[codes >= 0])
    matrix = np.zeros((len(codes), len(used)))
    for column in codes.T:
        there = np.flatnonzero(column >= 0)
        matrix[there, np.searchsorted(used, column[there])] = 1.0
    return matrix
