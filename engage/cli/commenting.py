"""``engage comments``: their tone, the comments that may be read, wishes and their status, corrections."""

from typing import TYPE_CHECKING, Annotated

import typer

from engage.cli.commands import Wave, app, opened, print_answer
from engage.cli.output import as_rows, print_json
from engage.cli.settings import Folder, Json, Lang, Settings
from engage.errors import UsageError
from engage.words import say

if TYPE_CHECKING:
    from engage.privacy import SafeTable
    from engage.store import Note
    from engage.workspace import Workspace

_SHOWN = ("read", "wishes", "emerging", "agreement")


@app.command()
def comments(
    wave: Wave = None,
    by: Annotated[str, typer.Option("--by", help="theme, wave, or a demographic.")] = "theme",
    read: Annotated[bool, typer.Option("--read", help="Print the comments that may be read.")] = False,
    theme: Annotated[
        str, typer.Option("--theme", help="With --read: on this theme; with --correct: the right one.")
    ] = "",
    search: Annotated[str, typer.Option("--search", help="With --read: those with these words.")] = "",
    typical: Annotated[bool, typer.Option("--typical", help="With --read: typical ones only.")] = False,
    wishes: Annotated[
        bool, typer.Option("--wishes", help="Print what many people ask for, and its status.")
    ] = False,
    emerging: Annotated[bool, typer.Option("--emerging", help="Print themes that no word list has.")] = False,
    agreement: Annotated[bool, typer.Option("--agreement", help="Print words beside scores.")] = False,
    follow: Annotated[str, typer.Option("--follow", metavar="WISH", help="Note what became of a wish.")] = "",
    status: Annotated[
        str, typer.Option("--status", help="With --follow: open, planned, done or declined.")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", help="With --follow: why; needed to decline.")] = "",
    correct: Annotated[
        str, typer.Option("--correct", metavar="COMMENT", help="Correct how a comment was read.")
    ] = "",
    tone: Annotated[str, typer.Option("--tone", help="With --correct: negative, neutral or positive.")] = "",
    intent: Annotated[
        str,
        typer.Option("--intent", help="With --correct: complaint, suggestion, praise, question or other."),
    ] = "",
    learn: Annotated[
        bool, typer.Option("--learn", help="Learn from the corrections, if that reads better.")
    ] = False,
    notes: Annotated[
        bool, typer.Option("--notes", help="List statuses, corrections and models noted.")
    ] = False,
    undo: Annotated[str, typer.Option("--undo", metavar="NOTE", help="Take a note back.")] = "",
    who: Annotated[
        str, typer.Option("--who", help="Who notes it; by default the user of this machine.")
    ] = "",
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Print the tone of comments, or the comments that may be read, wishes, emerging themes; note what
    became of them.
    """
    settings, space = opened(workspace, lang, as_json)
    asked = [name for name, given in (
        ("read", read), ("wishes", wishes), ("emerging", emerging), ("agreement", agreement),
        ("follow", follow), ("correct", correct), ("learn", learn), ("notes", notes), ("undo", undo),
    ) if given]  # fmt: skip
    if len(asked) > 1:
        raise UsageError("cli.one_at_a_time", where="comments", options=[f"--{name}" for name in asked])
    what = asked[0] if asked else ""
    if what in _SHOWN:
        tables = {
            "read": lambda: space.comments(theme, wave, search=search, typical=typical),
            "wishes": space.wishes, "emerging": space.emerging, "agreement": space.agreement,
        }  # fmt: skip
        _tell(tables[what](), what, space, wave, settings)
    elif what == "learn":
        _learn(space, who, settings)
    elif what == "notes":
        _list(space.notes(), settings)
    elif what:
        noted = {
            "follow": lambda: space.follow(follow, status, reason=reason, who=who),
            "correct": lambda: space.correct(correct, tone=tone, intent=intent, theme=theme, who=who),
            "undo": lambda: space.take_back(undo, who=who),
        }  # fmt: skip
        _print_note(noted[what](), settings)
    else:
        print_answer(space.tone(by, wave), space, wave, settings)


def _tell(table: "SafeTable", what: str, space: "Workspace", wave: str | None, settings: Settings) -> None:
    """Print a released table, the wishes with a sentence before it."""
    if what == "wishes" and not settings.as_json:
        from engage.present import voice_sentences
        from engage.present.labels import Names

        for line in voice_sentences.wishes(table, Names(space.instrument(), settings.lang)):
            typer.echo(line)
    print_answer(table, space, wave, settings)


def _learn(space: "Workspace", who: str, settings: Settings) -> None:
    done = space.learn(who=who)
    if settings.as_json:
        print_json({"note": done.note, "reports": as_rows(done)})
        return
    from engage.present import voice_sentences
    from engage.present.labels import Names

    for line in voice_sentences.learned(done.reports, bool(done.note), Names(None, settings.lang)):
        typer.echo(line)


def _list(notes: "tuple[Note, ...]", settings: Settings) -> None:
    rows = [
        {
            "id": note.id, "at": note.at.isoformat(timespec="seconds"), "kind": note.kind, "who": note.who,
            "about": note.marks[0] if note.marks else "", "value": note.value, "reason": note.reason,
        }
        for note in notes
    ]  # fmt: skip
    if settings.as_json:
        print_json({"notes": rows})
        return
    for row in rows:
        typer.echo("  ".join(str(value) for value in row.values() if value))
    if not rows:
        typer.echo(say("cli.nothing", settings.lang))


def _print_note(note: "Note", settings: Settings) -> None:
    if settings.as_json:
        print_json(
            {"id": note.id, "kind": note.kind, "who": note.who, "value": note.value, "reason": note.reason}
        )
    else:
        typer.echo(say("cli.noted", settings.lang, id=note.id))
