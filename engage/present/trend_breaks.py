"""Where and why a trend breaks, in words."""

from collections.abc import Iterable, Iterator

from engage.instrument import ScaleChange
from engage.present.labels import Names
from engage.words import say
from engage.workspace import Break


def trend_breaks(breaks: Iterable[Break], names: Names) -> tuple[str, ...]:
    """Return a line per break: which figures don't compare, and what changed; none where nothing broke."""
    return tuple(_line(one, names) for one in breaks)


def _line(one: Break, names: Names) -> str:
    reasons = [reason for change in one.changes for reason in _reasons(change, one.scale, names)]
    for key, parts in (("scale_added", one.joined), ("scale_dropped", one.left)):
        if parts:
            named = [names.inline(names.scale(part)) for part in parts]
            reasons.append(say(f"sentences.trend_break.{key}", names.lang, scales=named))
    return say(
        "sentences.trend_break.line",
        names.lang,
        scale=names.inline(names.scale(one.scale)),
        before=one.wave_from,
        after=one.wave_to,
        reasons=("；" if names.lang == "zh" else "; ").join(reasons),
    )


def _reasons(change: ScaleChange, of: str, names: Names) -> Iterator[str]:
    """Give what changed in a scale, by kind; of a composite, only which of its scales changed."""
    if change.scale != of:
        yield say("sentences.trend_break.part", names.lang, scale=names.inline(names.scale(change.scale)))
        return
    for kind in dict.fromkeys(item.kind for item in change.changes):
        items = [item.after or item.before for item in change.changes if item.kind == kind]
        yield say(f"sentences.trend_break.{kind}", names.lang, items=items)
