"""What a questionnaire is made of, as frozen values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from html import escape
from typing import TYPE_CHECKING, Final, Literal, TypeVar, get_args

from engage.errors import UsageError
from engage.words import Language

if TYPE_CHECKING:
    import pandas as pd

Role = Literal["hygiene", "motivator", "unlabelled", "outcome", "strain", "lift"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
RatedBy = Literal["self", "others"]
RATERS: Final[tuple[RatedBy, ...]] = get_args(RatedBy)

_STORED: Final = "respondent wave import_id started seconds language source question text"
_RELEASED: Final = "scale item value n n_band mean var favourable ci_low ci_high hidden_reason"
RESERVED: Final = frozenset((*_STORED.split(), *_RELEASED.split()))  # columns beside a demographic's own


@dataclass(frozen=True, slots=True)
class Option:
    """One answer option: its stored value and its wording by language."""

    value: int
    label: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a scale; ``options`` ascend by value, one apart."""

    id: str
    scale: str
    text: Mapping[str, str]
    reverse_keyed: bool
    options: tuple[Option, ...]

    @property
    def minimum(self) -> int:
        """The lowest answer value."""
        return self.options[0].value

    @property
    def maximum(self) -> int:
        """The highest answer value."""
        return self.options[-1].value

    @property
    def points(self) -> int:
        """The number of answer options."""
        return len(self.options)

    @property
    def root(self) -> str:
        """The id that all wordings of the item share: ``growth_2`` of ``growth_2`` and ``growth_2.v2``."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Scale:
    """A construct measured by the mean of its items; ``items`` are item ids.

    ``targets`` hold the score asked for, in the unit of the answers, by level of the instrument's
    ``targets_by``; a level that is not there needs no particular score.
    """

    id: str
    name: Mapping[str, str]
    role: Role
    items: tuple[str, ...]
    targets: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Level:
    """One value of a demographic and its wording by language."""

    id: str
    label: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Demographic:
    """A background question; without ``levels`` any value is allowed."""

    id: str
    name: Mapping[str, str]
    text: Mapping[str, str]
    levels: tuple[Level, ...]
    ordered: bool


@dataclass(frozen=True, slots=True)
class Question:
    """An open question."""

    id: str
    text: Mapping[str, str]


_Named = TypeVar("_Named", Item, Scale, Demographic, Question)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A checked questionnaire; ``document`` is the YAML text it was read from.

    ``rated_by`` says whether people answer about themselves, or others rate them or their work: the
    respondent is then who (or what) is rated. ``targets_by`` is the demographic that the scales' targets are
    set by, ``""`` where there are none.
    """

    id: str
    version: int
    name: Mapping[str, str]
    source: str
    licence: str
    languages: tuple[Language, ...]
    items: tuple[Item, ...]
    scales: tuple[Scale, ...]
    demographics: tuple[Demographic, ...]
    questions: tuple[Question, ...]
    document: str
    rated_by: RatedBy = "self"
    targets_by: str = ""

    def item(self, id: str) -> Item:
        """Return the item ``id``; ``UsageError`` with the nearest name if there is none."""
        return self._find(self.items, id)

    def scale(self, id: str) -> Scale:
        """Return the scale ``id``; ``UsageError`` with the nearest name if there is none."""
        return self._find(self.scales, id)

    def demographic(self, id: str) -> Demographic:
        """Return the demographic ``id``; ``UsageError`` with the nearest name if there is none."""
        return self._find(self.demographics, id)

    def question(self, id: str) -> Question:
        """Return the open question ``id``; ``UsageError`` with the nearest name if there is none."""
        return self._find(self.questions, id)

    def scales_with(self, *roles: Role) -> tuple[Scale, ...]:
        """Return the scales whose role is one of ``roles``, in the instrument's order."""
        return tuple(scale for scale in self.scales if scale.role in roles)

    def tidy(self, lang: Language = "en") -> "pd.DataFrame":
        """Return one row per item: scale, role, item, reverse_keyed, points, text.

        The text is in ``lang``, or in the questionnaire's first language where it is not in that one.
        """
        import pandas as pd

        roles = {scale.id: scale.role for scale in self.scales}
        rows = [
            (
                item.scale,
                roles[item.scale],
                item.id,
                item.reverse_keyed,
                item.points,
                self._in(lang, item.text),
            )
            for item in self.items
        ]
        return pd.DataFrame(rows, columns=["scale", "role", "item", "reverse_keyed", "points", "text"])

    def _repr_html_(self) -> str:
        name = f"{self._in('en', self.name)} ({self.id}, {self.version})"
        return f"<p>{escape(name)}</p>{self.tidy().to_html(index=False, border=0)}"

    def _in(self, lang: Language, text: Mapping[str, str]) -> str:
        return text[lang if lang in self.languages else self.languages[0]]

    def _find(self, things: Sequence[_Named], id: str) -> _Named:
        for thing in things:
            if thing.id == id:
                return thing
        raise UsageError(
            "instrument.no_such_id",
            where=id,
            id=id,
            instrument=self.id,
            nearest=nearest(id, [t.id for t in things]),
        )


def nearest(name: str, known: Sequence[str]) -> str:
    """Return the known names most like ``name``, for a question such as "did you mean"."""
    return ", ".join(get_close_matches(name, known, n=3) or known[:3]) or "–"
