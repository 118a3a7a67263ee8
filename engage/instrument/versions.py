"""Which scales of two questionnaires measure the same thing in the same words, and what broke the others."""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from engage.instrument.model import Instrument, Item

if TYPE_CHECKING:
    import pandas as pd

ChangeKind = Literal["reworded", "added", "dropped", "options", "reversed"]
CHANGES: Final[tuple[ChangeKind, ...]] = get_args(ChangeKind)


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What happened to one item: the ids ``before`` and ``after``, ``""`` where it was not asked.

    ``kind``: ``reworded`` (also under a new id, ``growth_2`` → ``growth_2.v2``), ``added``, ``dropped``,
    ``options`` (other answers to choose from), ``reversed`` (turned round in scoring, or no longer).
    """

    kind: ChangeKind
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ScaleChange:
    """A scale that both questionnaires have: the ids of its items that stayed, and what changed.

    Its means and shares are comparable only if nothing changed. Where something did, ``kept`` can still be
    compared item by item.
    """

    scale: str
    kept: tuple[str, ...]
    changes: tuple[ItemChange, ...]

    @property
    def comparable(self) -> bool:
        """Whether its scores mean the same in both."""
        return not self.changes


@dataclass(frozen=True, slots=True)
class VersionComparison:
    """Two questionnaires beside each other: the ``scales`` they share, and those only one of them has."""

    scales: tuple[ScaleChange, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    @property
    def comparable(self) -> tuple[str, ...]:
        """The scales whose scores mean the same in both."""
        return tuple(scale.scale for scale in self.scales if scale.comparable)

    @property
    def broken(self) -> tuple[str, ...]:
        """The scales that both have, whose trend breaks between them."""
        return tuple(scale.scale for scale in self.scales if not scale.comparable)

    def tidy(self) -> "pd.DataFrame":
        """Return ``scale, comparable, change, before, after``: a row per change, one where there is none.

        ``change`` of a scale that only one of them has is ``scale_dropped`` or ``scale_added``.
        """
        import pandas as pd

        rows: list[tuple[str, bool, str | None, str | None, str | None]] = []
        for scale in self.scales:
            if scale.comparable:
                rows.append((scale.scale, True, None, None, None))
            rows += [(scale.scale, False, c.kind, c.before or None, c.after or None) for c in scale.changes]
        rows += [(scale, False, "scale_dropped", None, None) for scale in self.only_before]
        rows += [(scale, False, "scale_added", None, None) for scale in self.only_after]
        return pd.DataFrame(rows, columns=["scale", "comparable", "change", "before", "after"])

    def _repr_html_(self) -> str:
        return str(self.tidy().to_html(index=False, na_rep=""))


def compare_versions(before: Instrument, after: Instrument) -> VersionComparison:
    """Return which scales of two versions of a questionnaire are comparable, and why the others are not.

    A scale is comparable if it has the same items in the same words (of every language that both are in),
    with the same answer options and key. Capitals, spaces and punctuation don't count; the order of items
    doesn't either. Ids that differ in ``.v2``, ``.v3`` … only are wordings of one item.
    """
    old, new = {scale.id for scale in before.scales}, {scale.id for scale in after.scales}
    return VersionComparison(
        tuple(scale_change(before, after, scale.id) for scale in after.scales if scale.id in old),
        tuple(scale.id for scale in before.scales if scale.id not in new),
        tuple(scale.id for scale in after.scales if scale.id not in old),
    )


def scale_change(before: Instrument, after: Instrument, scale: str) -> ScaleChange:
    """Return what changed in one scale; see :func:`compare_versions`.

    Raises ``UsageError`` if one of the two lacks it.
    """
    old, new = _by_root(before, scale), _by_root(after, scale)
    kept: list[str] = []
    changes: list[ItemChange] = []
    for root, item in new.items():
        if root not in old:
            changes.append(ItemChange("added", "", item.id))
            continue
        found = [ItemChange(kind, old[root].id, item.id) for kind in _differences(old[root], item)]
        changes += found
        if not found:
            kept.append(item.id)
    changes += [ItemChange("dropped", item.id, "") for root, item in old.items() if root not in new]
    return ScaleChange(scale, tuple(kept), tuple(changes))


def _by_root(instrument: Instrument, scale: str) -> dict[str, Item]:
    items = (instrument.item(id) for id in instrument.scale(scale).items)
    return {item.root: item for item in items}


def _differences(old: Item, new: Item) -> Iterator[ChangeKind]:
    if old.id != new.id or not _same_words(old.text, new.text):
        yield "reworded"
    values = [option.value for option in old.options] == [option.value for option in new.options]
    labels = zip(old.options, new.options, strict=False)
    if not values or not all(_same_words(a.label, b.label) for a, b in labels):
        yield "options"
    if old.reverse_keyed != new.reverse_keyed:
        yield "reversed"


def _same_words(old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    return all(_words(old[lang]) == _words(new[lang]) for lang in old if lang in new)


def _words(text: str) -> str:
    """Return the letters and digits of ``text``, in one form."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
