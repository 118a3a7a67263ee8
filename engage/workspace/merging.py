"""Several questionnaires asked in one wave, laid together."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from engage.instrument import Instrument
from engage.store import Snapshot


class _Named(Protocol):
    @property
    def id(self) -> str: ...


_T = TypeVar("_T", bound=_Named)


def wave_instrument(snapshot: Snapshot, wave: str | None) -> Instrument:
    """Return all that ``wave`` was asked, as it was worded then; ``None``: any wave, newest words."""
    return merged_instrument([snapshot.instrument(id, wave) for id in snapshot.instruments(wave)])


def merged_instrument(instruments: Sequence[Instrument]) -> Instrument:
    """Return one questionnaire with everything the given ones ask; the first of equal ids stands."""
    first = instruments[0]
    if len(instruments) == 1:
        return first

    def every(part: Callable[[Instrument], Iterable[_T]]) -> tuple[_T, ...]:
        found: dict[str, _T] = {}
        for instrument in instruments:
            for entry in part(instrument):
                found.setdefault(entry.id, entry)
        return tuple(found.values())

    return replace(
        first,
        items=every(lambda i: i.items),
        scales=every(lambda i: i.scales),
        demographics=every(lambda i: i.demographics),
        questions=every(lambda i: i.questions),
    )
