"""How results stand beside norms, in words: certain only where the interval leaves the norm out."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from engage.instrument import Norm, sources
from engage.present.labels import Names
from engage.present.look import released
from engage.privacy import SafeTable
from engage.words import say

_NAMED: Final = 5


def beside_norms(scores: SafeTable, norms: Sequence[Norm], names: Names) -> tuple[str, ...]:
    """Return a line per source: which scales stand above and below its norm, and how many can't be told.

    ``scores``: of one wave, totals or one group. Above means that the whole 95 % interval of the favourable
    share lies above the norm, which is taken as exact. Norms that are means alone have no such interval here.
    """
    frame = released(scores, "scores").dropna(subset=["favourable"]).drop_duplicates("scale")
    ends = zip(frame["ci_low"].astype(float), frame["ci_high"].astype(float), strict=True)
    rows = dict(zip(frame["scale"].astype(str), ends, strict=True))
    return tuple(
        _line(label, [norm for norm in norms if norm.label == label], rows, names) for label in sources(norms)
    )


def _line(label: str, norms: Sequence[Norm], rows: Mapping[str, tuple[float, float]], names: Names) -> str:
    lang = names.lang
    shares = [one for one in norms if one.scale in rows and not math.isnan(one.favourable)]
    above = [one.scale for one in shares if rows[one.scale][0] > one.favourable]
    below = [one.scale for one in shares if rows[one.scale][1] < one.favourable]
    means = sum(math.isnan(one.favourable) for one in norms)
    parts = [
        say(f"norms.{key}", lang, scales=_named(scales, names))
        for key, scales in (("above", above), ("below", below))
        if scales
    ]
    unsure = len(shares) - len(above) - len(below)
    parts += [say("norms.unsure", lang, count=unsure)] if unsure else []
    parts += [say("norms.means", lang, count=means)] if means else []
    said = ("；" if lang == "zh" else "; ").join(parts) or say("norms.nothing_to_compare", lang)
    return say("norms.beside", lang, source=f"“{label}”" if lang == "zh" else label, parts=said)


def _named(scales: Sequence[str], names: Names) -> list[str]:
    called = [names.inline(names.scale(scale)) for scale in scales[:_NAMED]]
    return called + (["…"] if len(scales) > _NAMED else [])
