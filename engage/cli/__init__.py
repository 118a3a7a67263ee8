"""The ``engage`` command. Exit codes: 0 done, 1 the input is at fault, 2 wrong usage, 3 our fault."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from engage.cli import analyses as _analyses  # noqa: F401  # its commands join the others
from engage.cli import commenting as _commenting  # noqa: F401  # its commands join the others
from engage.cli import desk as _desk  # noqa: F401  # its commands join the others
from engage.cli import keeping as _keeping  # noqa: F401  # its commands join the others
from engage.cli import norms as _norms  # noqa: F401  # its command joins the others
from engage.cli import planning as _planning  # noqa: F401  # its command joins the others
from engage.cli import questionnaires as _questionnaires  # noqa: F401  # its commands join the others
from engage.cli import reporting as _reporting  # noqa: F401  # its command joins the others
from engage.cli import rights as _rights  # noqa: F401  # its commands join the others
from engage.cli import sentiment as _sentiment  # noqa: F401  # its command joins the others
from engage.cli import staffing as _staffing  # noqa: F401  # its commands join the others
from engage.cli.commands import app
from engage.cli.output import print_failure
from engage.cli.settings import language_of
from engage.errors import EngageError, UsageError

__all__ = ["app", "main", "run"]


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A console that can't show a character gets a "?", not an error.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    # Models here are many small matrices: several threads would wait for each other most of the time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(run(sys.argv[1:]))


def run(args: Sequence[str]) -> int:
    """Run one command and return its exit code; a fault is printed as a sentence, never as a traceback."""
    try:
        return _attempt(list(args))
    except Exception as error:  # the last resort; the error's own text may quote data, so its kind is enough
        from engage.store.switching import is_full

        if is_full(error):
            return _fail(EngageError("store.disk_full"), args)
        return _fail(EngageError("cli.internal", kind=type(error).__name__), args)


def _attempt(args: list[str]) -> int:
    try:
        code = app(args, prog_name="engage", standalone_mode=False)
        sys.stdout.flush()
    except EngageError as error:
        return _fail(error, args)
    except TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "engage"
        detail = error.format_message() or "engage COMMAND"
        return _fail(UsageError("cli.usage", where=command, detail=detail, command=command), args)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has seen enough; typer leaves with 1 then, too
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code if isinstance(code, int) else 0


def _fail(error: EngageError, args: Sequence[str]) -> int:
    print_failure(error, language_of(args), as_json="--json" in args)
    return error.exit_code
