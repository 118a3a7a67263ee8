"""Word lists that come with the package."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent


@cache
def lexicon(name: str) -> Mapping[str, Any]:
    """Return the word list ``name`` of this folder as written."""
    return dict(yaml.load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))
