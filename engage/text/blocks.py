"""More comments than fit into memory: block after block, by several processes if so told."""

import hashlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from engage.errors import UsageError
from engage.text.local import folder_digest
from engage.text.topics import themes_file

Method = Literal["model", "snownlp", "onnx"]
METHODS: Final[tuple[Method, ...]] = get_args(Method)


def check_method(method: Method, model: str | Path | None) -> None:
    """Raise ``UsageError`` for an unknown method, or for a model that is missing or not used."""
    if method not in METHODS:
        raise UsageError("text.method", where="method", method=method)
    if method == "onnx" and model is None:
        raise UsageError("text.model_needed", where="model")
    if method != "onnx" and model is not None:
        raise UsageError("text.model_unused", where="model", method=method)


def sentiment_blocks(
    blocks: Iterable[Sequence[str]],
    *,
    method: Method = "model",
    model: str | Path | None = None,
    workers: int = 1,
) -> Iterator[pd.DataFrame]:
    """Return what ``sentiment`` makes of each block of texts, in their order, as soon as it is there.

    Memory holds as many blocks as are worked on: ``2 * workers``, or one. Equal texts are scored once within
    a block. The figures are the same for any number of ``workers``, as each works on one core. Processes are
    spawned, so a script that asks for more than one needs ``if __name__ == "__main__":``. Missing data and
    errors as ``sentiment``.
    """
    if workers == 1:
        for block in blocks:
            yield _scored(block, method, model)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)
    waiting: deque[Future[pd.DataFrame]] = deque()
    try:
        for block in blocks:
            waiting.append(pool.submit(_scored, block, method, model))
            if len(waiting) == 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _scored(block: Sequence[str], method: Method, model: str | Path | None) -> pd.DataFrame:
    from threadpoolctl import threadpool_limits

    from engage.text import sentiment

    with threadpool_limits(1):
        return sentiment(block, method=method, model=model)


def _begin() -> None:
    """Leave interruption to the parent, and end with it, even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    os._exit(1)


def reader_digest(method: Method, model: str | Path | None) -> str:
    """Return what changes whenever the same text might be scored otherwise: code, models, word lists.

    Raises as ``sentiment`` for a method or folder that can't be used.
    """
    check_method(method, model)
    digest = hashlib.blake2b(digest_size=16)
    digest.update("\n".join([np.__version__, method]).encode())
    own = Path(__file__).parent
    parts = (path for path in own.rglob("*") if path.suffix in (".py", ".npz", ".yaml"))
    for path in (*sorted(parts), themes_file()):
        digest.update(hashlib.blake2b(path.read_bytes()).digest())
    if method == "snownlp":
        digest.update("".join(metadata.version(name) for name in ("snownlp", "vadersentiment")).encode())
    if model is not None:
        digest.update(folder_digest(model).encode())
    return digest.hexdigest()
