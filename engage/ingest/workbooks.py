"""Workbooks to cells, through a child process under limits of memory and time (``sheet_child``)."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engage.errors import InputError
from engage.ingest.cells import MAX_CELLS, MAX_COLUMNS, Cells, Coded, Rows, trimmed

_WALL_SECONDS: Final = 27
_SPARSE: Final = 20  # sorting a column costs about as much as looking at this many values per row
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
    width = head["indent"] + head["width"]
    if width > MAX_COLUMNS:
        raise InputError("ingest.too_wide", columns=width, limit=f"{MAX_COLUMNS:,}")
    line, output = _line(output)
    codes = np.frombuffer(output, np.int32).reshape(head["height"], head["width"])
    blank = Coded.of(np.zeros(head["height"], np.int32), [""])
    columns = (*[blank] * head["indent"], *_columns(codes, json.loads(line)))
    cells, filled = trimmed(
        Cells(columns, head["height"]), np.full(head["height"], len(columns), dtype=np.int64)
    )
    if not cells.size:
        raise InputError("ingest.empty")
    return cells, filled, head


def _columns(codes: npt.NDArray[np.int32], values: Sequence[str]) -> list[Coded]:
    """Return each column by the values that it holds itself; ``codes`` number those of the whole sheet."""
    columns = []
    for column in np.ascontiguousarray(codes.T):
        if len(column) * _SPARSE < len(values):
            held, own = np.unique(column, return_inverse=True)
        else:
            used = np.zeros(len(values), dtype=bool)
            used[column] = True
            held, own = np.flatnonzero(used), (np.cumsum(used, dtype=np.int32) - 1)[column]
        columns.append(Coded.of(own.astype(np.int32, copy=False), [values[n] for n in held.tolist()]))
    return columns


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
