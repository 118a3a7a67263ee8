"""Faults that the trial files brought to light, on small files of our own."""

from pathlib import Path

from engage import Workspace, read

QUESTIONNAIRE = """
instrument: {id}
version: 1
name: {{en: {id}}}
source: made for a test
licence: MIT
responses:
  three: [{{value: 1, en: low}}, {{value: 2, en: middle}}, {{value: 3, en: high}}]
scales:
  {scale}:
    role: {role}
    name: {{en: {scale}}}
    responses: three
    items: {{{scale}_1: {{en: {head}}}}}
"""
IDS = [f"p{number:03d}" for number in range(40)]


def questionnaire(folder: Path, id: str, scale: str, role: str, head: str) -> Path:
    path = folder / f"{id}.yaml"
    path.write_text(QUESTIONNAIRE.format(id=id, scale=scale, role=role, head=head), encoding="utf-8")
    return path


def export(folder: Path, head: str, values: list[str], ids: list[str]) -> Path:
    path = folder / f"{head}.csv"
    path.write_text(
        "\n".join([f"id,{head}", *(f"{id},{value}" for id, value in zip(ids, values, strict=True))]),
        encoding="utf-8",
    )
    return path


def test_a_mapping_names_other_once_whatever_was_typed_beside_it(tmp_path):
    survey = questionnaire(tmp_path, "small", "noise", "hygiene", "Noise")
    words = ["low", "high", "其他【请注明】〖the fan〗", "其他【请注明】〖the street〗"]
    path = export(tmp_path, "Noise", words, ["a", "b", "c", "d"])
    assert not read(path, instrument=survey).ok
    reading = read(path, instrument=survey, mapping={"values": {"noise_1": {"其他【请注明】": 2}}})
    assert reading.ok
    assert reading.table["noise_1"].tolist() == [1, 3, 2, 2]


def test_two_questionnaires_and_people_in_one_wave(tmp_path):
    space = Workspace(tmp_path / "workspace")
    words = ["low", "middle", "high"]
    mine = [words[place % 3] for place in range(40)]
    theirs = [words[place % 2] for place in range(40)]
    backwards = IDS[::-1]
    for head, values, ids in (("Noise", mine, IDS), ("Effort", theirs, backwards)):
        survey = questionnaire(tmp_path, head.lower(), head.lower(), "unlabelled", head)
        path = export(tmp_path, head, values, ids)
        space.import_file(path, wave="one", instrument=str(survey))
    people = export(tmp_path, "Gender", ["f", "m"] * 20, IDS)
    space.import_file(people, "people", mapping={"demographics": {"Gender": "gender"}})

    assert set(space.close("one").tidy()["n"]) == {40}
    assert set(space.scores(by="gender").tidy()["gender"]) == {"f", "m"}
    frame = space.frame("one", ids=IDS).sort_values("respondent")
    assert frame["respondent"].tolist() == IDS
    effort = dict(zip(backwards, theirs, strict=True))
    assert frame["noise"].tolist() == [words.index(word) + 1 for word in mine]
    assert frame["effort"].tolist() == [words.index(effort[id]) + 1 for id in IDS]
