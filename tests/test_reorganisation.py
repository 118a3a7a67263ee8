"""A reorganisation: teams are renamed and joined; what was imported before goes on under the new names."""

from pathlib import Path

import pandas as pd
import pytest
from workspace_inputs import PULSE, answers, as_csv, people, service

from engage.errors import InputError
from engage.store import Store
from engage.workspace import Workspace
from engage.workspace.linking import service_months

OLD = {"north": 30, "south": 24, "east": 12}
NEW = {"coast": 40, "hills": 24, "north": 9}  # a new team takes an old name
MAP = {"north": "coast", "East ": "coast", "south": "hills"}


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    space = Workspace(tmp_path / "space")
    space.import_file(as_csv(answers(PULSE, OLD)), "responses", "2025H1", PULSE)
    space.import_file(as_csv(service(list(OLD))), "service")
    return space


def second_wave(space: Workspace, **mapping: object) -> None:
    file = as_csv(answers(PULSE, NEW, seed=5, day="2025-09-04", prefix="Q"))
    space.import_file(file, "responses", "2025H2", PULSE, mapping or None)


def teams(space: Workspace, wave: str) -> set[str]:
    return set(space.frame(wave)["team"])


def test_earlier_waves_go_on_under_the_present_names(space: Workspace) -> None:
    space.close("2025H1")
    second_wave(space, teams={"East": "coast", "south": "hills"})
    assert teams(space, "2025H1") == {"north", "coast", "hills"}
    assert space.scores(by="team", wave="2025H1").tidy()["team"].nunique() == 3  # published: as they were
    space.undo("2025H2")
    assert teams(space, "2025H1") == set(OLD)


@pytest.mark.rest
def test_a_new_team_may_take_an_old_name(space: Workspace) -> None:
    space.import_file(as_csv(service(["coast", "hills"], seed=9)), "service", mapping={"teams": MAP})
    second_wave(space)
    assert teams(space, "2025H1") == {"coast", "hills"}
    assert teams(space, "2025H2") == set(NEW)


def test_results_of_joined_teams_are_put_together(space: Workspace) -> None:
    before = service_months(Store.open(space.path).snapshot()).set_index(["team", "month"])
    second_wave(space, teams={"east": "coast"})
    space.import_file(
        b"team,month,csat,handled\ncoast,2024-12,80,10\ncoast,2024-12,80,10\n",
        "service",
        mapping={"teams": {"north": "coast"}},
    )
    months = service_months(Store.open(space.path).snapshot().renamed).set_index(["team", "month"])
    month = pd.Timestamp("2025-03-01", tz=before.index.get_level_values(1).tz)
    both = [before.loc[(team, month), "csat"] for team in ("north", "east")]
    assert months.loc[("coast", month), "csat"] == pytest.approx(sum(both) / 2)
    assert months.loc[("south", month), "csat"] == before.loc[("south", month), "csat"]


@pytest.mark.rest
def test_service_by_new_names_joins_answers_by_old_ones(space: Workspace) -> None:
    alone = Workspace(space.path.parent / "alone")
    alone.import_file(as_csv(answers(PULSE, OLD)), "responses", "2025H1", PULSE)
    alone.import_file(as_csv(service(["coast", "hills"])), "service")
    alone.close("2025H1")
    counts = alone.join_report().tidy().set_index("measure")["n_band"]
    assert counts["service_teams"] == "0"
    staff = people(answers(PULSE, OLD))
    alone.import_file(as_csv(staff), "people", mapping={"teams": MAP, "parents": {"coast": "Region A"}})
    assert alone.join_report().tidy().set_index("measure")["n_band"]["service_teams"] != "0"


def test_parents_give_a_group_that_outlasts_its_teams(space: Workspace) -> None:
    staff = as_csv(people(answers(PULSE, OLD)))
    parents = {"north": "Region A", "east": "Region A", "south": "Region B"}
    space.import_file(staff, "people", mapping={"parents": parents})
    counts = space.frame("2025H1")["unit"].value_counts()
    assert counts.to_dict() == {"Region A": 42, "Region B": 24}


def test_a_map_that_runs_in_circles_is_refused_before_anything_is_written(space: Workspace) -> None:
    events = Store.open(space.path).snapshot().log
    with pytest.raises(InputError) as caught:
        second_wave(space, teams={"a": "b", "b": "a"})
    assert caught.value.code == "ingest.team_map_broken"
    assert Store.open(space.path).snapshot().log == events
    assert not list(space.path.glob("teams/*"))
