"""An erasure reaches what people of the company noted about a comment, and what was learned from it."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from voices_inputs import W1, box, company, pay_comments

from engage.privacy import possible_marks
from engage.privacy.voices import masked, reference, worded
from engage.store import Note, Store
from engage.text.telling import KnownNames
from engage.workspace import Workspace

WORD = "brimstone quokka"
SAID = f"Salary is far too low for this work and even a {WORD} knows it"


def everything(path: Path) -> bytes:
    """Return every byte of a workspace's tables and models, unpacked."""
    found = []
    for file in sorted(path.rglob("*")):
        if file.is_file() and file.parent.name != "originals":
            found.append(file.name.encode() + file.read_bytes())
            if file.suffix == ".parquet":
                found.append(json.dumps(pq.ParquetFile(file).read().to_pylist(), default=str).encode())
    return b"\0".join(found)


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return company(tmp_path, {W1: [box([SAID, *pay_comments(27)])]})


@pytest.mark.rest
def test_notes_and_the_own_model_forget_with_the_tables(space: Workspace):
    shown = space.comments(wave=W1).tidy().set_index("comment")
    (mine,) = shown.index[shown["text"].str.contains(WORD)]
    for id in shown.index:
        space.correct(id, tone="negative", intent="complaint", who="Personnel office")
    twice = space.correct(mine, tone="neutral", who="Personnel office")
    space.take_back(twice.id)
    other = next(id for id in shown.index if id != mine)
    store = Store.open(space.path)
    wish = store.note(Note("follow", (other, mine), "planned", who="Personnel office"))
    store.note(Note("follow", (mine,), "done", who="Personnel office"))
    model = store.note(Note("model", (), "own_0123456789abcdef.npz", who="x"), model=b"learned from all")
    assert {mine, model.value} <= {
        one for one in (mine, model.value) if one.encode() in everything(space.path)
    }

    removed = space.erase("P1000").removed
    left = everything(space.path)
    for needle in (mine, WORD, model.value, "learned from all"):
        assert needle.encode() not in left
    assert (removed.notes, removed.models, removed.left) == (4, 1, ())
    notes = space.notes()
    assert [note.marks for note in notes if note.id == wish.id] == [(other,)]
    assert {note.marks[0] for note in notes if note.kind == "correct"} == set(shown.index) - {mine}
    assert not [note for note in notes if note.kind == "model"]
    assert (space.audit_log().entries[-1]["notes"], space.audit_log().entries[-1]["models"]) == (4, 1)
    # the packaged model reads on
    more = box(["The base pay is too low"], first=500)
    assert space.import_file(more.to_csv(index=False).encode(), "comments", W1).comments == 1


@pytest.mark.rest
def test_who_wrote_nothing_leaves_the_notes_alone(space: Workspace):
    shown = space.comments(wave=W1).tidy()
    space.correct(shown["comment"].iloc[0], tone="neutral", who="Personnel office")
    Store.open(space.path).note(Note("model", (), "own_0.npz", who="x"), model=b"learned")
    before = space.notes()
    removed = space.erase("P1080").removed
    assert (removed.notes, removed.models) == (0, 0)
    assert space.notes() == before


def test_whatever_of_a_comment_was_shown_its_digest_is_found():
    text = "On 5 March the team in Harbin got 300 yuan less"
    known = KnownNames({})
    found = possible_marks([text], ["none", "change"], ["employee"], known, salt="s")
    part = masked(text, known)
    assert part.found, "it mentions something"
    for words in (worded(part, set()), " ".join(text.split())):
        assert reference("s", "change", "employee", words) in found
        assert reference("t", "change", "employee", words) not in found
    assert (
        possible_marks(["Write to ann@example.org"], ["none"], ["employee"], known, salt="s") == frozenset()
    )
