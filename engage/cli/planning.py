"""``engage plans``: what was decided on, by whom and until when, and whether the factor moved since."""

from typing import Annotated

import typer

from engage.cli.commands import Wave, app, opened, print_answer
from engage.cli.output import print_json
from engage.cli.settings import Folder, Json, Lang, conditions
from engage.errors import UsageError
from engage.words import say


@app.command()
def plans(
    add: Annotated[str, typer.Option("--add", metavar="FACTOR", help="Note a plan about a factor.")] = "",
    lever: Annotated[str, typer.Option("--lever", help="With --add: a lever of levers.yaml.")] = "",
    action: Annotated[str, typer.Option("--action", help="With --add: what is to be done, in words.")] = "",
    owner: Annotated[str, typer.Option("--owner", help="With --add: who does it.")] = "",
    due: Annotated[str, typer.Option("--due", help="With --add: until when, YYYY-MM-DD.")] = "",
    where: Annotated[
        str, typer.Option("--where", help="With --add: the group, DEMOGRAPHIC=VALUE; else everybody.")
    ] = "",
    change: Annotated[str, typer.Option("--set", metavar="PLAN", help="Note a plan's status.")] = "",
    status: Annotated[
        str, typer.Option("--status", help="With --set: open, underway, done or dropped.")
    ] = "",
    remark: Annotated[str, typer.Option("--remark", help="With --set: a remark.")] = "",
    who: Annotated[
        str, typer.Option("--who", help="Who notes it; by default the user of this machine.")
    ] = "",
    wave: Wave = None,
    workspace: Folder = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Print the action plans and whether each factor moved since its wave; note one, or its status."""
    settings, space = opened(workspace, lang, as_json)
    if add and change:
        raise UsageError("cli.one_at_a_time", where="plans", options=["--add", "--set"])
    if add or change:
        if add:
            by, level = next(iter(conditions(where).items()), ("", ""))
            made = space.add_plan(
                add, lever=lever, action=action, owner=owner, due=due, by=by, level=level, wave=wave, who=who
            )
        else:
            made = space.set_plan(change, status, remark=remark, who=who)
        if as_json:
            print_json({"id": made.id, "plan": made.target or made.id, "who": made.who})
        else:
            typer.echo(say("cli.noted", settings.lang, id=made.id))
        return
    table = space.plans()
    if not as_json:
        from engage.present.labels import Names
        from engage.present.plan_sentences import plans as told

        for line in told(table, Names(space.instrument(), settings.lang)):
            typer.echo(line)
    print_answer(table, space, wave, settings)
