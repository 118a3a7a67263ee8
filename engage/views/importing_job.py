"""The file in hand: what was dropped, what was told of it, and how it reads now. Kept in the session."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import streamlit as st

from engage.errors import EngageError, InputError
from engage.ingest import Kind, Reading, read
from engage.ingest.guessing import read_guessing
from engage.instrument import Instrument, available, load_instrument
from engage.views.importing_words import Words, words_of
from engage.views.template import View
from engage.words import Language, pick
from engage.workspace.mappings import SavedMapping, recall

_JOB: Final = "upload_job"
_LOOK: Final = "upload_reading"
DRAFT: Final = "upload_draft"
"""Where the questionnaire proposed for the file in hand is kept in the session."""
_ROUND: Final = "upload_round"
_COPY: Final = re.compile(r"\.v\d+$")  # the copy of a questionnaire that the workspace keeps


@dataclass(frozen=True, slots=True)
class Job:
    """A file as dropped, with what the user said of it. ``kind`` ``None``: told by its headings.

    ``rules`` is the mapping so far; ``columns`` are those the file showed at first sight, by which a mapping
    is kept. ``drafted``: ``instrument`` is a proposal that was accepted and is not stored yet.
    """

    content: bytes
    name: str
    kind: Kind | None = None
    instrument: Instrument | None = None
    rules: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    use_saved: bool = True
    drafted: bool = False
    corrected: int = 0
    digest: str = ""

    @property
    def key(self) -> str:
        """A digest of everything that decides how the file is read."""
        questionnaire = self.instrument.document if self.instrument else ""
        told = (self.digest, self.kind, questionnaire, dict(self.rules), self.use_saved)
        return hashlib.sha256(repr(told).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Look:
    """How a job reads: the tables and problems, and the mapping in effect.

    ``saved`` is the mapping kept from last time, ``broken`` why it could not be used; ``other`` what kind the
    file looks like where the one that was picked does not fit.
    """

    reading: Reading
    words: Words
    rules: Mapping[str, Any]
    instrument: Instrument | None
    saved: SavedMapping | None = None
    broken: EngageError | None = None
    other: Kind | None = None


def current() -> Job | None:
    """Return the file in hand, if there is one."""
    job: Job | None = st.session_state.get(_JOB)
    return job


def turn() -> int:
    """Return how many files there were before: part of the key of what takes a file."""
    count: int = st.session_state.setdefault(_ROUND, 0)
    return count


def start(job: Job) -> None:
    """Take a new file in hand and run the page again."""
    st.session_state[_ROUND] = turn() + 1
    change(replace(job, digest=hashlib.sha256(job.content).hexdigest()))


def change(job: Job) -> None:
    """Keep what was told of the file and run the page again."""
    st.session_state[_JOB] = job
    st.rerun()


def settle(job: Job, look: Look, rules: Mapping[str, Any]) -> None:
    """Keep a decision: the mapping in effect with something changed in it."""
    change(replace(job, rules=rules, instrument=look.instrument, kind=look.reading.kind, use_saved=False))


def put_away() -> None:
    """Let go of the file and of everything read in it."""
    for key in (_JOB, _LOOK, DRAFT):
        st.session_state.pop(key, None)


def surveys(view: View) -> list[Path]:
    """Return the folder with the workspace's own questionnaires."""
    return [Path(view.tables.folder) / "surveys"]


def titles(view: View) -> dict[str, str]:
    """Return the names of all questionnaires that can be loaded, ``{id: name}``."""
    return _titles(surveys(view), view.lang)


def _titles(folders: list[Path], lang: Language) -> dict[str, str]:
    names = available(folders)
    found: dict[str, str] = {}
    for name in names:
        if _COPY.search(name) and _COPY.sub("", name) in names:
            continue
        try:
            found[name] = pick(load_instrument(name, folders=folders).name, lang)
        except InputError:  # the reading says which questionnaires are broken, and that they were left out
            continue
    return found


def look(view: View, job: Job) -> Look:
    """Read the file, or return what was read: the uploader's own, so in the session, not in a cache.

    A mapping kept from a file with the same columns is used if it reads the file no worse.
    """
    kept = st.session_state.get(_LOOK)
    if kept is not None and kept[0] == job.key:
        found: Look = kept[1]
        if found.words.lang != view.lang:
            found = replace(found, words=words_of(found.reading, view.lang, titles(view)))
        return found
    with view.busy("reading"):
        reading = _read(view, job)
        if not job.columns:
            job = replace(job, columns=reading.understood.columns)
            st.session_state[_JOB] = job
        rules = dict(job.rules)
        found = Look(reading, words_of(reading, view.lang, titles(view)), rules, job.instrument)
        if job.use_saved and not rules:
            found = _as_last_time(view, job, found)
        if job.kind is not None and not found.reading.ok and not rules:
            found = replace(found, other=_other_kind(view, job))
    st.session_state[_LOOK] = (job.key, found)
    return found


def _read(view: View, job: Job) -> Reading:
    rules = dict(job.rules) or None
    if job.kind is None:
        return read_guessing(job.content, job.instrument, rules, name=job.name, surveys=surveys(view))
    return read(job.content, job.kind, job.instrument, rules, name=job.name, surveys=surveys(view))


def _as_last_time(view: View, job: Job, plain: Look) -> Look:
    try:
        saved = recall(Path(view.tables.folder), job.columns)
        if saved is None or (job.kind or saved.kind) != saved.kind:
            return plain
        if dict(saved.mapping) == dict(plain.reading.mapping) and saved.kind == plain.reading.kind:
            return replace(plain, saved=saved)
        instrument = job.instrument or _questionnaire(view, saved)
        again = replace(job, kind=saved.kind, rules=saved.mapping, instrument=instrument)
        reading = _read(view, again)
    except EngageError as error:  # what was kept fits no more; the file is read as if it came first
        return replace(plain, broken=error)
    if plain.reading.ok and not reading.ok:
        return plain
    words = words_of(reading, view.lang, plain.words.titles)
    return Look(reading, words, dict(saved.mapping), instrument, saved)


def _other_kind(view: View, job: Job) -> Kind | None:
    """Return what a file looks like that does not fit the kind picked, if that can be told."""
    guess = _read(view, replace(job, kind=None))
    sure = guess.kind != "responses" or guess.instrument or not guess.understood.dialect.startswith("plain")
    return guess.kind if sure and guess.kind != job.kind else None


def _questionnaire(view: View, saved: SavedMapping) -> Instrument | None:
    name = saved.mapping.get("instrument")
    return load_instrument(str(name), folders=surveys(view)) if name else None


def chosen(view: View, name: str) -> Instrument | None:
    """Return the questionnaire picked by name; ``""``: to be recognised."""
    return load_instrument(name, folders=surveys(view)) if name else None
