"""Workbooks to cells, through a child process under limits of memory and time (``sheet_child``)."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np

from engage.errors import InputError
from engage.ingest.cells import MAX_CELLS, MAX_COLUMNS, Cells, Coded, Rows, trimmed

_WALL_SECONDS: Final = 27
_REFUSALS: Final = {"password": "sheet_password", "empty": "empty", "cells": "sheet_too_big"}


def read_workbook(data: bytes, sheet: str) -> tuple[Cells, Rows, dict[str, Any]]:
    """Return the cells of one sheet, the width of each row, and ``{"sheet", "others"}``.

    Raises ``InputError`` for a locked, broken or empty workbook and for one that breaks a limit.
    """
    output = memoryview(_run_child(data, sheet))
    line, output = _line(output)
    head: dict[str, Any] = json.loads(line or b'{"error": "broken"}')
    if "error" in head:
        if head["error"] == "empty" and sheet:
            raise InputError("ingest.no_sheet", sheet=sheet)
        code = _REFUSALS.get(head["error"], "sheet_broken")
        raise InputError(f"ingest.{code}", limit=f"{MAX_CELLS:,}")
    columns = []
    for _ in range(head["width"]):
        line, output = _line(output)
        columns.append(Coded(np.frombuffer(output, np.int32, head["height"]), json.loads(line)))
        output = output[4 * head["height"] :]
    if head["width"] > MAX_COLUMNS:
        raise InputError("ingest.too_wide", columns=head["width"], limit=f"{MAX_COLUMNS:,}")
    cells, filled = trimmed(
        Cells(tuple(columns), head["height"]), np.full(head["height"], len(columns), dtype=np.int64)
    )
    if not cells.size:
        raise InputError("ingest.empty")
    return cells, filled, head


def _line(output: memoryview) -> tuple[bytes, memoryview]:
    """Return the first line (its length stands before it) and the rest."""
    if len(output) < 8:
        return b"", output
    size = int.from_bytes(output[:8], "little")
    return bytes(output[8 : 8 + size]), output[8 + size :]


def _run_child(data: bytes, sheet: str) -> bytes:
    """Return what the child wrote; ``InputError`` if it ran into a limit or could not read the workbook."""
    root = str(Path(__file__).parents[2])
    search = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "engage.ingest.sheet_child", str(MAX_CELLS), sheet],
            input=data,
            capture_output=True,
            timeout=_WALL_SECONDS,
            check=False,
            env={**os.environ, "PYTHONPATH": search},
        )
    except subprocess.TimeoutExpired as error:
        raise InputError("ingest.sheet_time", seconds=_WALL_SECONDS) from error
    if done.returncode == 0:
        return done.stdout
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise InputError("ingest.sheet_time", seconds=_WALL_SECONDS)
    exhausted = done.returncode < 0 or b"MemoryError" in done.stderr or b"capacity overflow" in done.stderr
    if exhausted:
        raise InputError("ingest.sheet_too_big", limit=f"{MAX_CELLS:,}")
    raise InputError("ingest.sheet_broken")
