"""Export files in, typed tables out: safe opening, recognition of the survey tool, mapping, checking.

The names are imported on first use: the guarded child process imports this package too, and must not pay
for pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engage.ingest.correcting import faulty_rows, with_corrections
    from engage.ingest.draft import Draft, draft_instrument
    from engage.ingest.encodings import EncodingChoice, encoding_choices
    from engage.ingest.exports import export_responses
    from engage.ingest.reading import KINDS, Kind, Reading, Understood, read
    from engage.ingest.saving import as_yaml
    from engage.ingest.settling import Meaning
    from engage.ingest.teams import TeamMap, load_team_map
    from engage.ingest.templates import TEMPLATES, kind_template

__all__ = [
    "KINDS",
    "TEMPLATES",
    "Draft",
    "EncodingChoice",
    "Kind",
    "Meaning",
    "Reading",
    "TeamMap",
    "Understood",
    "as_yaml",
    "draft_instrument",
    "encoding_choices",
    "export_responses",
    "faulty_rows",
    "kind_template",
    "load_team_map",
    "read",
    "with_corrections",
]

_HOMES: Final = {
    "correcting": ("faulty_rows", "with_corrections"),
    "draft": ("Draft", "draft_instrument"),
    "encodings": ("EncodingChoice", "encoding_choices"),
    "exports": ("export_responses",),
    "saving": ("as_yaml",),
    "settling": ("Meaning",),
    "teams": ("TeamMap", "load_team_map"),
    "templates": ("TEMPLATES", "kind_template"),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(import_module(f"engage.ingest.{_HOME_OF.get(name, 'reading')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
