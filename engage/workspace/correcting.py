"""What people of the company corrected of the readings, and the workspace's own model learned from it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from engage.errors import InputError, UsageError
from engage.privacy import SafeTable
from engage.store import Note, Store
from engage.text.language import detect
from engage.text.own import LABELS, Example, HeadReport, OwnLayer, learn

_MOST_OTHERS: Final = 2000


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of learning from corrections: a report per head, and the note by which the model was taken.

    ``note`` is ``""`` where nothing was better, so that nothing was taken and what was in force stays.
    """

    reports: tuple[HeadReport, ...]
    note: str = ""

    def tidy(self) -> pd.DataFrame:
        """Return one row per head."""
        return pd.DataFrame([{name: getattr(one, name) for name in one.__slots__} for one in self.reports])

    def _repr_html_(self) -> str:
        return str(self.tidy().to_html(index=False))


def own_layer(store: Store) -> OwnLayer | None:
    """Return the workspace's own model in force, if there is one.

    Raises ``InputError`` if its file is gone or is not what was learned.
    """
    notes = [note for note in store.notes() if note.kind == "model"]
    if not notes:
        return None
    file = store.model_file(notes[-1].value)
    content = file.read_bytes() if file.is_file() else b""
    if model_name(content) != notes[-1].value:
        raise InputError("workspace.model_broken", where=file.name)
    return OwnLayer.from_bytes(content)


def model_name(content: bytes) -> str:
    """Return the name of a file of weights: it holds a digest of them."""
    return f"own_{hashlib.sha256(content).hexdigest()[:16]}.npz"


def as_value(labels: Mapping[str, str]) -> str:
    """Return labels as a note keeps them.

    Raises ``UsageError`` for a label that is not known.
    """
    for head, label in labels.items():
        if label not in LABELS[head]:
            raise UsageError("workspace.unknown_label", where=head, name=label, known=LABELS[head])
    return ";".join(f"{head}={labels[head]}" for head in LABELS)


def labels_of(value: str) -> dict[str, str]:
    """Return the labels that :func:`as_value` wrote."""
    return dict(part.split("=", 1) for part in value.split(";"))


def corrections(notes: Sequence[Note]) -> dict[str, Note]:
    """Return the last standing correction of each comment."""
    return {note.marks[0]: note for note in notes if note.kind == "correct"}


def learned(shown: SafeTable, given: Mapping[str, Note]) -> tuple[OwnLayer, tuple[HeadReport, ...]]:
    """Learn from the corrected ones among ``shown`` comments, in the words that are shown."""
    frame = shown.tidy().drop_duplicates("comment")
    frame = frame.assign(language=detect(frame["text"].tolist()))
    corrected, others = [], []
    for row in frame.itertuples(index=False):
        note = given.get(str(row.comment))
        if note is not None:
            corrected.append(Example(str(row.text), str(row.language), labels_of(note.value)))
        else:
            others.append(Example(str(row.text), str(row.language), {}))
    return learn(corrected, others[:_MOST_OTHERS])
