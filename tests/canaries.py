"""Answers that nobody could overlook, planted in a small workspace, and how to find them anywhere."""

import base64
import html
import json
import logging
import pickle
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pytest
from streamlit.runtime.dataframe_source_manager import DataframeSourceManager
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.media_file_manager import MediaFileManager
from workspace_inputs import answers, as_csv, people, questionnaire, service

from engage.workspace import Workspace

PERSON = "QJ7731VEXILLO"
NUMBER = 48.7391
WORDS: dict[str, str] = {
    "respondent": PERSON,
    "comment": "brimstonequokka",
    "e-mail": "zephyr.quince@example.org",
    "phone": "13987650412",
    "team of one": "Tarnhollow",
    "typed in": "鸊鷉蓝靴",
    "staff list": "Gloamstar",
    "suggestion": "wattlegrebe",
    "question of one": "pimpernelpuffin",
    "number": "48.7391",
}
FILE = "pemberquill.csv"
"""The name of the file with the answers: said to who uploads it and takes it back, and nowhere else."""
COMMENT = f"They took the {WORDS['comment']} away! {WORDS['e-mail']} {WORDS['phone']}"
SURVEY = questionnaire(
    "canary", {"pay": "hygiene", "growth": "motivator", "engagement": "outcome"}, ("team", "site")
)
SIZES = {"north": 24, "south": 22, "east": 13, WORDS["team of one"]: 1}
WAVES = ("2025H1", "2025H2")


@dataclass
class Canaries:
    """What must not be found: words, and numbers to more digits than are ever released."""

    words: Mapping[str, str]
    numbers: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def _needles(self) -> tuple[dict[str, list[bytes]], dict[str, list[bytes]]]:
        words = {name: list(ways(word)) for name, word in self.words.items()}
        return words, {name: list(digits(value)) for name, value in self.numbers.items()}

    def in_(self, blob: object) -> list[str]:
        """Return the names of the canaries that are in ``blob``, however they are written there."""
        raw = as_bytes(blob)
        words, numbers = self._needles
        found = []
        for text, needles in ((raw.lower(), words), (raw, numbers)):
            found += [name for name, some in needles.items() if any(one in text for one in some)]
        return found


def as_bytes(blob: object) -> bytes:
    """Return everything that can be reached from ``blob``: text and bytes as they are, else a pickle."""
    if isinstance(blob, bytes):
        return blob
    return blob.encode("utf-8", "surrogatepass") if isinstance(blob, str) else pickle.dumps(blob)


def ways(word: str) -> Iterator[bytes]:
    """Give the ways a word may be written, in lower case."""
    plain = word.encode()
    spelt = [word, json.dumps(word)[1:-1], quote(word), quote(word, safe=""), html.escape(word)]
    spelt += [word.replace(".", "\\."), word.encode("unicode_escape").decode()]
    yield from dict.fromkeys(text.encode().lower() for text in spelt)
    yield from (word.encode(name).lower() for name in ("utf-16-le", "utf-16-be", "gb18030"))
    for lead in range(3):  # a base64 text depends on where in it the word begins
        coded = base64.b64encode(b"\0" * lead + plain)
        yield coded[(0, 2, 3)[lead] : len(coded) // 4 * 4 - 4].lower()


def digits(value: float) -> Iterator[bytes]:
    """Give the ways a number may be written: its first digits, or the number as machines keep it."""
    shown = f"{value:.9f}"[:7]
    yield from (shown.encode(), shown.replace(".", ",").encode(), shown.encode("utf-16-le"))
    yield from (struct.pack(form, value) for form in ("<d", ">d", "<f"))


class Records(logging.Handler):
    """Everything that any logger was told, at any level, with tracebacks."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record as a log file would."""
        self.lines.append(logging.Formatter("%(name)s %(levelname)s %(message)s").format(record))


def loggers() -> list[logging.Logger]:
    known = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    return [logging.root, *(one for one in known if not one.propagate)]


class Surfaces:
    """What reached a reader, by where: sent to a browser, printed, offered to download, or logged."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, object]] = []
        self.records = Records()

    def add(self, place: str, blob: object) -> None:
        """Keep ``blob``, to be searched."""
        self.seen.append((place, blob))

    def leaks(self, canaries: Canaries) -> list[tuple[str, str]]:
        """Return where each canary was found."""
        everything = [*self.seen, *(("log", line) for line in self.records.lines)]
        if not canaries.in_(b"\0".join(as_bytes(blob) for _, blob in everything)):
            return []
        return sorted({(place, name) for place, blob in everything for name in canaries.in_(blob)})


@contextmanager
def watching() -> Iterator[Surfaces]:
    """Record what Streamlit sends, offers and keeps for a browser, and what any logger is told."""
    kept = Surfaces()
    send, offer, lay = ForwardMsgQueue.enqueue, MediaFileManager.add, DataframeSourceManager.register_source

    def sent(queue: Any, message: Any) -> None:
        kept.add(f"message {message.WhichOneof('type')}", message.SerializeToString())
        send(queue, message)

    def offered(manager: Any, data: Any, *args: Any, **kwargs: Any) -> str:
        kept.add(f"download {kwargs.get('file_name', '')}", data)
        return offer(manager, data, *args, **kwargs)

    def laid(manager: Any, *args: Any, **kwargs: Any) -> Any:
        kept.add("table kept by the server", [args, kwargs])
        return lay(manager, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ForwardMsgQueue, "enqueue", sent)
        patch.setattr(MediaFileManager, "add", offered)
        patch.setattr(DataframeSourceManager, "register_source", laid)
        levels = {one: one.level for one in loggers()}
        for one in levels:
            one.setLevel(logging.DEBUG)
            one.addHandler(kept.records)
        try:
            yield kept
        finally:
            for one, level in levels.items():
                one.setLevel(level)
                one.removeHandler(kept.records)


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Give every file below ``folder`` but the answers themselves: tables' data. Originals are encrypted.

    With each goes its name, which is searched as well.
    """
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and path.suffix != ".parquet":
            yield name, name.encode() + b"\n" + path.read_bytes()


def wave(place: int) -> pd.DataFrame:
    """Return the answers of a wave: the canary's are the last row."""
    table = answers(SURVEY, SIZES, seed=5 + place, day=f"2025-0{3 + 6 * place}-04", comments=True)
    last = len(table) - 1
    table.loc[last, "employee id"] = PERSON
    table.loc[last, "site"] = f"其他〖{WORDS['typed in']}〗"
    table.loc[last, "change"] = COMMENT
    for item in SURVEY.items:
        table.loc[last, item.id] = "1"
    return table


def staff() -> pd.DataFrame:
    there = wave(0)
    table = (
        people(there, leavers=list(there["employee id"][::3]))
        .drop(columns="contract")
        .assign(star="3", ability=50)
    )
    last = len(table) - 1
    table["ability"] = table["ability"].astype(object)
    table.loc[last, ["star", "ability"]] = [WORDS["staff list"], NUMBER]
    return table


def results() -> pd.DataFrame:
    table = service(list(SIZES))
    table.loc[3, "csat"] = NUMBER
    table.loc[len(table) - 1, "csat"] = NUMBER
    return table


def suggestions() -> pd.DataFrame:
    rows = [("north", "change", f"The queue is too long, number {i}") for i in range(14)]
    rows += [(WORDS["team of one"], WORDS["question of one"], f"{WORDS['suggestion']} {COMMENT}")]
    table = pd.DataFrame(rows, columns=["team", "question", "text"])
    return table.assign(date="2025-03-05", source="employee")


def enrolled() -> pd.DataFrame:
    """Two programmes: the canary applied to one in vain, and its team took part in the other."""
    who = list(wave(0)["employee id"])
    rows = [("mentors", "mentor", "2025-05-01", "person", one, "yes", "yes") for one in who[:24]]
    rows += [("mentors", "mentor", "2025-05-01", "person", one, "yes", "no") for one in who[24:]]
    teams = ("north", "east", WORDS["team of one"])
    rows += [("contest", "contest", "2025-05-01", "team", one, "", "") for one in teams]
    columns = ["programme", "type", "start", "unit", "member", "applied", "accepted"]
    return pd.DataFrame(rows, columns=columns)


def planted(folder: Path) -> tuple[Workspace, Canaries]:
    """Return a workspace with a closed and an open wave, and what must not be found of it."""
    space = Workspace(folder / "space")
    space.import_file(as_csv(staff()), "people", name="staff.csv")
    switch = "attrition: true\nattrition_purpose: to see what it tells\n"
    (space.path / "policy.yaml").write_text(switch, encoding="utf-8")
    space.import_file(as_csv(results()), "service", name="service.csv")
    for place, name in enumerate(WAVES):
        space.import_file(as_csv(wave(place)), wave=name, instrument=SURVEY, name=FILE)
    space.import_file(as_csv(suggestions()), "comments", WAVES[0], name="box.csv")
    space.import_file(as_csv(enrolled()), "programmes", name="programmes.csv")
    space.close(WAVES[0])
    more = {"file name": FILE.removesuffix(".csv"), "pseudonym": space.pseudonyms([PERSON])[PERSON]}
    return space, Canaries({**WORDS, **more}, exact_numbers(space))


def exact_numbers(space: Workspace) -> dict[str, float]:
    """Return means that nobody may see as they are: of everyone, of teams, and the canary's own."""
    frame = space.frame("all")
    means: dict[str, float] = {"a number of the staff list": NUMBER}
    for scale in ("pay", "growth", "engagement"):
        means |= {f"mean {scale} of {w}": float(m) for w, m in frame.groupby("wave")[scale].mean().items()}
        teams = frame.groupby(["wave", "team"])[scale].mean()
        means |= {f"mean {scale} of {key}": float(m) for key, m in teams.items()}
    # a mean such as 3.25 may be anything else as well
    return {name: m for name, m in means.items() if abs(m * 240 - round(m * 240)) > 1e-6 or m == NUMBER}
