"""Run the notebooks as they are; python notebooks/run.py --write also stores what comes out."""

import copy
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
NOTEBOOKS = tuple(sorted(HERE.glob("*.ipynb")))
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# One thread: the same figures on machines with many cores, and the time promised above.
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
_RICHEST = ("text/html", "text/markdown", "text/plain")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")


def executed(path: Path) -> nbformat.NotebookNode:
    """Return the notebook with the outputs of a fresh kernel, without what changes from run to run.

    Raises ``CellExecutionError`` for a cell that fails, ``AssertionError`` for one that warns.
    """
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(HERE)}},
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],  # else it warns that it talks to this machine unencrypted
    )
    return cleaned(client.execute())


def cleaned(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a copy whose metadata are always the same; of each result the richest form."""
    clean = copy.deepcopy(notebook)
    clean.metadata = nbformat.from_dict(METADATA)
    for cell in clean.cells:
        cell.metadata = nbformat.from_dict({})
        for output in cell.get("outputs", ()):
            assert output.get("name") != "stderr", f"a cell warns: {output.text}"
            output.pop("metadata", None)
            if "data" in output:
                output.metadata = nbformat.from_dict({})
                richest = next(kind for kind in _RICHEST if kind in output.data)
                output.data = nbformat.from_dict({richest: output.data[richest]})
    return clean


def differences(stored: nbformat.NotebookNode, fresh: nbformat.NotebookNode) -> Iterator[str]:
    """Say where outputs differ; a number may be one off in its last digit, since processors round apart."""
    for place, (old, new) in enumerate(zip(stored.cells, fresh.cells, strict=True)):
        before, after = _text(old), _text(new)
        if not _alike(before, after):
            yield f"cell {place}:\n{before}\n--- is now\n{after}"


def _text(cell: nbformat.NotebookNode) -> str:
    shown = (output.get("text") or output.get("data", {}) for output in cell.get("outputs", ()))
    return "\n".join(one if isinstance(one, str) else "\n".join(map(str, one.values())) for one in shown)


def _alike(before: str, after: str) -> bool:
    if _NUMBER.split(before) != _NUMBER.split(after):
        return False
    pairs = zip(_NUMBER.findall(before), _NUMBER.findall(after), strict=True)
    return all(abs(_value(a) - _value(b)) <= max(_step(a), _step(b)) for a, b in pairs if a != b)


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _step(number: str) -> float:
    """Return one unit in the last digit of a decimal number, nothing for a whole one."""
    digits, _, power = number.partition("e")
    _, point, decimals = digits.partition(".")
    return 1.001 * 10.0 ** (int(power or 0) - len(decimals)) if point or power else 0.0


def main() -> None:
    """Run all notebooks and say how long each took."""
    for path in NOTEBOOKS:
        begin = time.perf_counter()
        fresh = executed(path)
        print(f"{path.name}: {time.perf_counter() - begin:.0f} s")
        if "--write" in sys.argv:
            nbformat.write(fresh, path)
        elif found := list(differences(nbformat.read(path, as_version=4), fresh)):
            sys.exit(f"{path.name} stores other outputs: run with --write\n" + "\n".join(found))


if __name__ == "__main__":
    main()
