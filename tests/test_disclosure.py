"""The choice of cells against brute force: rank, leverage, colluders, joint releases, linear programmes."""

import itertools

import numpy as np
import pandas as pd
import pytest

from engage.privacy import Measure, Policy, hidden_cells, leverage, with_shares
from engage.privacy.admit import admit
from engage.privacy.boxes import Sums, lone
from engage.privacy.overtime import Joint, Past
from engage.privacy.pairs import told_by_pairs
from engage.privacy.programme import systems
from engage.privacy.roster import Grid, Roster
from engage.privacy.rounding import sum_noise

PAY = Measure(1.0, 5.0, 1.0)
MEASURES = with_shares({"pay": PAY}, "__fav")
TABLES = ((), ("unit",), ("tenure",), ("age",))


def people(n: int, seed: int, levels=(4, 3, 3)) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"respondent": [f"p{i:04d}" for i in range(n)]})
    for name, count in zip(("unit", "tenure", "age"), levels, strict=True):
        frame[name] = [f"{name}{v}" for v in rng.integers(0, count, n)]
    frame["pay"] = rng.integers(1, 6, n).astype(float)
    frame["pay__fav"] = (frame["pay"] >= 4).astype(float)
    return frame


def codes_of(frame: pd.DataFrame, hidden: frozenset[int] = frozenset()) -> tuple[np.ndarray, np.ndarray]:
    """Return cell codes by person, and the same as a 0/1 matrix of cells by people."""
    grid = Grid.of(Roster.of(frame, ("unit", "tenure", "age"), ["pay"]), TABLES)
    codes = np.where(np.isin(grid.codes, list(hidden)), -1, grid.codes).astype(np.int32)
    matrix = np.zeros((len(grid.cells), len(frame)))
    for person, row in enumerate(codes):
        matrix[row[row >= 0], person] = 1.0
    return codes, matrix


@pytest.mark.parametrize("seed", range(12))
def test_leverage_is_the_diagonal_of_the_projection(seed):
    rng = np.random.default_rng(seed)
    hidden = frozenset(np.flatnonzero(rng.random(11) < 0.3).tolist())
    codes, matrix = codes_of(people(int(rng.integers(12, 40)), seed), hidden)
    classes = leverage.classes(codes)
    projection = np.linalg.pinv(matrix) @ matrix
    geometry = leverage.exact(classes, len(matrix))
    np.testing.assert_allclose(geometry.own[classes.of], projection.diagonal(), atol=1e-8)
    assert geometry.total == pytest.approx(np.linalg.matrix_rank(matrix))
    noise = rng.random(len(matrix)) * 3
    soft = leverage.with_noise(classes, noise)
    expected = matrix.T @ np.linalg.inv(matrix @ matrix.T + np.diag(noise + 1e-7)) @ matrix
    np.testing.assert_allclose(soft.own[classes.of], expected.diagonal(), atol=1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_collusion_is_the_leverage_without_the_colluders(seed):
    codes, matrix = codes_of(people(24, seed))
    classes = leverage.classes(codes)
    ring = leverage.Ring.of(leverage.exact(classes, len(matrix)))
    for place, target in enumerate(ring.pool):
        reached, told = ring.collude(place, 3)
        victim = int(np.flatnonzero(classes.of == target)[0])
        gone: list[int] = []
        for s in told:
            theirs = np.flatnonzero(classes.of == ring.pool[s])
            gone.append(int(next(p for p in theirs if p != victim and p not in gone)))
        left = np.delete(matrix, gone, axis=1)
        projection = np.linalg.pinv(left) @ left
        at = victim - sum(p < victim for p in gone)
        assert projection[at, at] == pytest.approx(reached, abs=1e-6)


def test_three_colluders_are_sought_well():
    """Greedy search against every set of three, in small companies."""
    for seed in range(3):
        codes, matrix = codes_of(people(14, seed, (2, 2, 2)))
        classes = leverage.classes(codes)
        ring = leverage.Ring.of(leverage.exact(classes, len(matrix)))
        for victim in range(3):
            place = int(np.flatnonzero(ring.pool == classes.of[victim])[0])
            best = 0.0
            for gone in itertools.combinations([p for p in range(14) if p != victim], 3):
                left = np.delete(matrix, gone, axis=1)
                at = victim - sum(p < victim for p in gone)
                best = max(best, float((np.linalg.pinv(left) @ left)[at, at]))
            assert ring.collude(place, 3)[0] >= best - 0.12


@pytest.mark.parametrize("n", [30, 60, 200])
@pytest.mark.parametrize("seed", range(4))
def test_admitted_cells_keep_every_rule(n, seed):
    frame = people(n, seed, (6, 4, 3))
    roster = Roster.of(frame, ("unit", "tenure", "age"), MEASURES)
    grid = Grid.of(roster, TABLES)
    policy = Policy()
    shown = admit(roster, grid, MEASURES, policy)["pay"].reasons == ""
    sizes = grid.sizes()
    assert (sizes[shown] >= policy.scores_k).all()
    for table in range(len(TABLES)):
        numbers = grid.numbers(table)
        left = sizes[numbers][~shown[numbers]].sum()
        assert left == 0 or left >= policy.scores_k
    matrix = np.zeros((len(sizes), n))
    for person, row in enumerate(grid.codes):
        matrix[row, person] = 1.0
    matrix = matrix[shown]
    projection = np.linalg.pinv(matrix) @ matrix
    assert projection.diagonal().max() <= policy.leverage + 1e-9
    assert np.linalg.matrix_rank(matrix) <= policy.rank_ratio * (n - policy.colluders)


def test_a_one_person_difference_between_tables_is_found():
    """Two groups that differ by one person on each side tell the difference of the two answers."""
    frame = pd.DataFrame({"respondent": [f"p{i}" for i in range(40)]})
    frame["unit"] = ["a"] * 20 + ["b"] * 20
    frame["tenure"] = ["x"] * 19 + ["y"] + ["x"] + ["y"] * 19
    frame["pay"] = 3.0
    frame["pay__fav"] = 0.0
    roster = Roster.of(frame, ("unit", "tenure"), MEASURES)
    grid = Grid.of(roster, ((), ("unit",), ("tenure",)))
    shown = admit(roster, grid, MEASURES, Policy(rank_ratio=0.25))["pay"].reasons == ""
    assert shown.tolist() in ([True, True, True, False, False], [True, False, False, True, True])


def test_a_subtree_may_not_be_told_too_closely_inside():
    """Crossing a small unit with everything is refused there, though the whole company could bear it."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"respondent": [f"p{i}" for i in range(600)]})
    frame["unit"] = ["small"] * 30 + ["large"] * 570
    frame["tenure"] = [f"t{v}" for v in rng.integers(0, 5, 600)]
    frame.loc[:29, "tenure"] = [f"t{i % 5}" for i in range(30)]
    frame["pay"], frame["pay__fav"] = 3.0, 0.0
    tables = ((), ("unit",), ("tenure",), ("tenure", "unit"))
    roster = Roster.of(frame, ("unit", "tenure"), MEASURES)
    grid = Grid.of(roster, tables)
    reasons = admit(roster, grid, MEASURES, Policy())["pay"].reasons
    cross = pd.Series(reasons, index=list(grid.cells["key"]))[grid.numbers(3)[0] :]
    assert (cross[[key for key in cross.index if key[1] == "small"]] != "").sum() >= 2
    assert (reasons[grid.numbers(1)] == "").all()


def test_one_joiner_hides_the_group_next_time():
    """Ten people, then the same ten and one more: the difference is the joiner's answer."""
    before = people(120, 3, (3, 2, 2))
    before["unit"] = ["a"] * 11 + ["b"] * 49 + ["c"] * 60
    after = before.copy()
    before = before.drop(index=0).reset_index(drop=True)
    first = hidden_cells(before, TABLES, MEASURES, Policy())
    assert first.reasons["pay"][1] == ""
    shown = {name: reasons == "" for name, reasons in first.reasons.items()}
    open_ended = {name: (np.full(len(s), -np.inf), np.full(len(s), np.inf)) for name, s in shown.items()}
    past = Past(first.roster, first.grid, shown, open_ended)
    second = hidden_cells(after, TABLES, MEASURES, Policy(), [past])
    assert second.grid.cells["key"].iloc[1] == ("a",)
    assert second.reasons["pay"][1] == "combination"
    same = hidden_cells(before, TABLES, MEASURES, Policy(), [past])
    assert (same.reasons["pay"] == first.reasons["pay"]).all(), "the same people again say nothing new"


def test_groups_of_the_same_people_are_hidden_together():
    """Two questions that split people alike: hiding a group in one table alone would hide nothing."""
    before = people(120, 3, (3, 2, 2))
    before["unit"] = before["age"] = ["a"] * 11 + ["b"] * 49 + ["c"] * 60
    after = before.copy()
    before = before.drop(index=0).reset_index(drop=True)
    tables = ((), ("unit",), ("age",))
    first = hidden_cells(before, tables, MEASURES, Policy())
    shown = {name: reasons == "" for name, reasons in first.reasons.items()}
    open_ended = {name: (np.full(len(s), -np.inf), np.full(len(s), np.inf)) for name, s in shown.items()}
    past = Past(first.roster, first.grid, shown, open_ended)
    reasons = hidden_cells(after, tables, MEASURES, Policy(), [past]).reasons["pay"]
    assert reasons[1] == reasons[4] == "combination"


def test_joint_leverage_is_that_of_all_releases_stacked():
    frame = people(60, 1)
    later = frame.drop(index=[0, 7, 9]).reset_index(drop=True)
    parts = []
    for each in (later, frame):
        roster = Roster.of(each, ("unit", "tenure", "age"), ["pay"])
        grid = Grid.of(roster, TABLES)
        shown = np.ones(len(grid.cells), dtype=bool)
        parts.append(Past(roster, grid, {"pay": shown}, {}).part("pay"))
    joint = Joint.of(parts[0], parts[1:], PAY)
    stacked = []
    for part in parts:
        for cell in range(len(part.grid.cells)):
            members = part.roster.people[(part.grid.codes == cell).any(axis=1)]
            stacked.append(frame["respondent"].isin(members).to_numpy(float))
    matrix = np.unique(np.array(stacked), axis=0)
    noise = sum_noise(matrix.sum(axis=1), PAY)
    expected = matrix.T @ np.linalg.inv(matrix @ matrix.T + np.diag(noise + 1e-7)) @ matrix
    said = joint.said(np.ones(len(joint.sizes), dtype=bool), 0)
    np.testing.assert_allclose(said.alone[joint.people.of], expected.diagonal(), atol=1e-5)


def least_range(cells, bounds, answers, told):
    """The narrowest range of anybody's answer beside the answers ``told``, by scipy's linear programme."""
    from scipy.optimize import linprog

    ids = sorted(answers)
    matrix = np.array([[float(one in cell) for one in ids] for cell in cells])
    (low, high), box = np.transpose(bounds), [(answers[i],) * 2 if i in told else (1, 5) for i in ids]
    ranges = []
    for place, one in enumerate(ids):
        if one not in told and 0 < sum(one in cell for cell in cells) < len(cells):
            goal, limits = np.eye(len(ids))[place], np.concatenate([high, -low])
            ends = [linprog(s * goal, np.vstack([matrix, -matrix]), limits, bounds=box).fun for s in (1, -1)]
            ranges.append(-ends[1] - ends[0])
    return min(ranges, default=4.0)


@pytest.mark.parametrize(
    "seed",
    [pytest.param(0, marks=pytest.mark.rest), *(pytest.param(one, marks=pytest.mark.slow) for one in (1, 2))],
)
def test_two_releases_against_every_set_of_colluders(seed):
    """Three join, leave or move: each group now, less each group then, against all pairs who may tell."""
    rng = np.random.default_rng([7, seed])
    everyone = people(15, seed, (2, 1, 1)).assign(pay=rng.choice([1.0, 3.0, 5.0], 15, p=[0.2, 0.2, 0.6]))
    answers = dict(zip(everyone["respondent"], everyone["pay"], strict=True))
    now, then = everyone.drop(index=0), everyone.drop(index=[13, 14])
    then = then.assign(unit=then["unit"].where(then["respondent"] != "p0005", "unit0"))
    parts, members, given = [], [], []
    for frame in (now, then):
        roster = Roster.of(frame, ("unit",), ["pay"])
        grid = Grid.of(roster, ((), ("unit",)))
        parts.append(Past(roster, grid, {"pay": np.ones(3, dtype=bool)}, {}, {}).part("pay"))
        members += [set(roster.people[(grid.codes == cell).any(axis=1)]) for cell in range(3)]
        given.append(frame["pay"].to_numpy())
    joint = Joint.of(parts[0], parts[1:], PAY)
    low, high = (np.array([sum(map(answers.get, cell)) for cell in members]) + off for off in (-0.3, 0.3))
    sums = Sums(joint.laid(given), low[:3], high[:3], np.ones(3, dtype=bool), 1.0, 5.0, 1.0)
    used = joint.seen(np.ones(3, dtype=bool))
    expected = set()
    for a, b in itertools.product(np.flatnonzero(used[:3]).tolist(), (np.flatnonzero(used[3:]) + 3).tolist()):
        apart, bounds = sorted(members[a] ^ members[b]), [(low[a], high[a]), (low[b], high[b])]
        for told in itertools.combinations(apart, min(2, len(apart) - 1)):
            if least_range((members[a], members[b]), bounds, answers, set(told)) < 1 - 1e-6:
                expected.add(a)
                break
    assert told_by_pairs(joint, used, low, high, sums, 2) == expected


def test_a_sum_alone_against_every_set_of_colluders():
    rng = np.random.default_rng(4)
    for _ in range(60):
        n = int(rng.integers(5, 9))
        answers = rng.integers(1, 6, n).astype(float)
        low, high = answers.sum() - 0.2, answers.sum() + 0.2
        sums = Sums(answers, np.array([low]), np.array([high]), np.array([True]), 1.0, 5.0, 1.0)
        exposed = False
        for told in itertools.combinations(range(n), 3):
            rest, others = answers[list(told)].sum(), n - 4
            least = max(1.0, low - rest - 5.0 * others)
            exposed |= min(5.0, high - rest - others) - least < 1.0 - 1e-9
        assert lone(sums, np.arange(n), low, high, 3) == exposed


def test_programmes_find_the_range_of_an_answer():
    """Against scipy's plain linear programme over people, one variable each."""
    from scipy.optimize import linprog

    codes, matrix = codes_of(people(18, 2, (2, 2, 2)))
    answers = people(18, 2)["pay"].to_numpy()
    classes = leverage.classes(codes)
    low, high = matrix @ answers - 0.3, matrix @ answers + 0.3
    targets = np.arange(len(classes.size))
    for system, some in systems(classes, low, high, (1.0, 5.0), targets):
        for target in some:
            victim = int(np.flatnonzero(classes.of == target)[0])
            ends = [
                linprog(
                    sign * np.eye(18)[victim],
                    A_ub=np.vstack([matrix, -matrix]),
                    b_ub=np.concatenate([high, -low]),
                    bounds=(1, 5),
                )
                for sign in (1, -1)
            ]
            assert system.width(target) == pytest.approx(-ends[1].fun - ends[0].fun, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_narrow_ranges_are_found_without_solving_for_everyone(seed):
    rng = np.random.default_rng(seed)
    codes, matrix = codes_of(people(40, seed, (6, 4, 3)))
    answers = rng.choice([1.0, 5.0], 40, p=[0.15, 0.85])
    classes = leverage.classes(codes)
    low, high = matrix @ answers - 0.4, matrix @ answers + 0.4
    found = 0
    for system, some in systems(classes, low, high, (1.0, 5.0), np.arange(len(classes.size))):
        widths = {target: system.width(target) for target in some}
        for width in (0.5, 1.0, 2.0, 3.9):
            expected = [target for target in some if widths[target] < width - 1e-6]
            assert system.narrow(some, width - 1e-6) == expected
            found += 0 < len(expected) < len(some)
    assert found


def test_nothing_follows_from_sums_that_no_answers_fit():
    codes, matrix = codes_of(people(18, 2, (2, 2, 2)))
    low = np.zeros(len(matrix))
    low[:2] = [90.0, 0.0]
    for system, some in systems(leverage.classes(codes), low, low + 1, (1.0, 5.0), np.arange(3)):
        assert system.narrow(some, 1.0) == []
        assert system.width(some[0]) == 4.0


def test_a_cell_at_the_end_of_the_scale_is_hidden():
    frame = people(200, 8, (4, 3, 3))
    frame.loc[frame["unit"] == "unit0", ["pay", "pay__fav"]] = [5.0, 1.0]
    few = frame.index[frame["unit"] == "unit0"][8:]
    frame = frame.drop(index=few).reset_index(drop=True)
    hidden = hidden_cells(frame, TABLES, MEASURES, Policy())
    assert hidden.reasons["pay"][1] == "combination", "eight people who all gave the highest answer"
    assert hidden.of(("unit",), pd.DataFrame({"unit": ["unit0"], "scale": ["pay"]}))["mean"].tolist() == [
        "combination"
    ]
