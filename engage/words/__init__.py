"""Every sentence a person reads, in Chinese, English and Russian.

One YAML catalogue per area (a page, a module) and language: ``words/<language>/<area>.yaml``. A key is
``area.name[.name…]``; placeholders are written ``{name}``. Keys and placeholders must be the same in the
three languages (a test checks it). The catalogues lie below every other module because errors speak
through them.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal, get_args

import yaml

Language = Literal["zh", "en", "ru"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

_FOLDER = Path(__file__).parent


@cache
def catalogue(area: str, lang: Language) -> Mapping[str, str]:
    """Return one area's sentences in one language, flattened to ``name.name`` keys.

    Raises ``KeyError`` if the area has no catalogue.
    """
    path = _FOLDER / lang / f"{area}.yaml"
    if not path.is_file():
        raise KeyError(f"no catalogue {lang}/{area}")
    flat: dict[str, str] = {}
    _flatten("", yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER), flat)
    return flat


def say(key: str, lang: Language = "en", /, **params: object) -> str:
    """Return the sentence ``area.name`` in ``lang`` with its placeholders filled.

    Raises ``KeyError`` for a key that is not in the catalogue or a placeholder without a value.
    """
    area, _, name = key.partition(".")
    return catalogue(area, lang)[name].format_map({k: _shown(v, lang) for k, v in params.items()})


def known(key: str, lang: Language = "en") -> bool:
    """Return whether the catalogues hold ``key``."""
    area, _, name = key.partition(".")
    try:
        return name in catalogue(area, lang)
    except KeyError:
        return False


def pick(texts: Mapping[str, str], lang: Language) -> str:
    """Return ``texts[lang]``, else English, else whatever language is there (an instrument's own wording)."""
    return texts.get(lang) or texts.get("en") or next(iter(texts.values()), "")


def _shown(value: object, lang: Language) -> object:
    if isinstance(value, (list, tuple, set, frozenset)):
        return ("、" if lang == "zh" else ", ").join(str(v) for v in value)
    return value


def _flatten(prefix: str, node: object, into: dict[str, str]) -> None:
    if isinstance(node, Mapping):
        for key, value in node.items():
            _flatten(f"{prefix}.{key}" if prefix else str(key), value, into)
    else:
        into[prefix] = str(node)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
