"""Who may do what: the roles, the part of the organisation, and a list that is at fault."""

from pathlib import Path

import pytest

from engage.errors import InputError, UsageError
from engage.privacy import ACTIONS, ROLES, Access, load_access
from engage.words import LANGUAGES
from engage.workspace import Workspace

LISTED = """
people:
  ann@example.org: administrator
  Bob@Example.org: {role: manager, subtree: [Service/Hotline, "Sales / East"]}
  carla: {role: manager, subtree: Service}
  dan: hr
  eve: analyst
"""


def written(folder: Path, text: str) -> Access:
    (folder / "access.yaml").write_text(text, encoding="utf-8")
    return load_access(folder / "access.yaml")


def test_each_role_may_do_its_own_things_and_no_more():
    """The whole matrix, written out by hand."""
    allowed = {
        "manager": {"results", "plans"},
        "hr": {"results", "comments", "notes", "plans", "upload", "own_data"},
        "analyst": {"results", "comments", "raw"},
        "administrator": {
            "results", "comments", "notes", "upload", "own_data", "undo_released", "erase", "policy",
            "attrition", "records", "key", "plans",
        },
    }  # fmt: skip
    assert set(ROLES) == set(allowed)
    found = {role: {action for action in ACTIONS if Access.may(role, action)} for role in ROLES}
    assert found == allowed


def test_people_have_roles_and_managers_a_part_of_the_organisation(tmp_path: Path):
    access = written(tmp_path, LISTED)
    assert not access.single_user
    assert {p.name: p.role for p in access.people.values()} == {
        "ann@example.org": "administrator", "Bob@Example.org": "manager", "carla": "manager", "dan": "hr",
        "eve": "analyst",
    }  # fmt: skip
    bob = access.person(" BOB@example.org ")
    assert bob.subtrees == ("Service/Hotline", "Sales/East")
    for path, sees in {
        "Service/Hotline": True, "Service/Hotline/Team 1": True, "Sales/East/A": True, "Service": False,
        "Service/Hotline 2": False, "Sales/West": False, "": False,
    }.items():  # fmt: skip
        assert bob.sees(path) is sees, path
    assert access.person("dan").sees("Anything")
    keys = {name: access.person(name).key for name in ("ann@example.org", "bob@example.org", "carla", "dan")}
    assert len(set(keys.values())) == 4, "caches are apart by role and subtree"
    access.allow("eve", "raw")
    for name, action in (("dan", "raw"), ("carla", "upload"), ("ann@example.org", "raw")):
        with pytest.raises(UsageError, match="does not allow"):
            access.allow(name, action)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="Nobody of this name"):
        access.allow("mallory", "results")


def test_without_a_list_one_user_may_do_everything(tmp_path: Path):
    access = Workspace(tmp_path / "ws").access
    assert access.single_user
    for action in ACTIONS:
        access.allow("whoever", action)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "access_no_people"),
        ("people: {}", "access_no_people"),
        ("people: [ann]", "access_no_people"),
        ("people: {ann: administrator}\nadmins: [bob]", "access_no_people"),
        ("people: {ann: [", "access_unreadable"),
        ("people: {ann: hr}", "access_no_administrator"),
        ("people: {ann: administrator, ANN: hr}", "access_twice"),
        ("people: {ann: admin}", "access_role"),
        ("people: {ann: {rôle: hr}}", "access_entry"),
        ("people: {ann: 7}", "access_entry"),
        ("people: {ann: {role: manager, subtree: [/]}}", "access_entry"),
        ("people: {ann: {role: manager, subtree: 7}}", "access_entry"),
        ("people: {ann: manager}", "access_subtree_missing"),
        ("people: {ann: {role: hr, subtree: [A]}}", "access_subtree_unused"),
    ],
)
def test_a_list_at_fault_lets_nobody_in_and_says_why(tmp_path: Path, text: str, code: str):
    with pytest.raises(InputError) as caught:
        written(tmp_path, text)
    assert caught.value.code == f"rights.{code}"
    assert all(caught.value.what(lang) and caught.value.remedy(lang) for lang in LANGUAGES)
    assert caught.value.where == "access.yaml"
