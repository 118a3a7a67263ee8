"""Where the generated sample lies, and how its imports are told from anybody's own."""

import hashlib
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def sample_folder() -> Path:
    """Return the folder of the sample: in the installed package, or in a checkout."""
    packed = _PACKAGE / "sample"
    return packed if packed.is_dir() else _PACKAGE.parent / "data" / "sample"


@cache
def sample_hashes() -> frozenset[str]:
    """Return the SHA-256 of every sample export."""
    files = (p for p in sample_folder().iterdir() if p.suffix in {".csv", ".xlsx", ".xls"})
    return frozenset(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
