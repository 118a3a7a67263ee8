"""What comments say, in plain sentences: wishes, emerging themes, words beside scores, a learned model."""

from collections.abc import Sequence

from engage.present import numbers
from engage.present.labels import Names, is_missing
from engage.present.look import released
from engage.present.voice_tables import part_of, wish_name
from engage.privacy import SafeTable
from engage.text.own import FEWEST, HeadReport
from engage.words import say


def wishes(table: SafeTable, names: Names, *, question: str = "", source: str = "") -> tuple[str, ...]:
    """Return which wish is shared most, and how many are open, within a question and source or at all."""
    frame = released(table, "wishes")
    if question:
        frame = part_of(frame, question, source)
    shown = frame[frame["wish"].notna()]
    if shown.empty:
        return (say("voices.no_wish", names.lang),)
    sizes = shown["n"].astype("Float64").fillna(0)
    top = shown.iloc[int(sizes.to_numpy().argmax())]
    head = say(
        "voices.top_wish", names.lang, wish=wish_name(top, names), wave=top["wave"],
        n=names.n(top["n"], top["n_band"]),
        status=say(f"labels.status.{top['status']}", names.lang),
    )  # fmt: skip
    counts = shown["status"].value_counts()
    states = [
        say(
            "voices.of_status",
            names.lang,
            status=say(f"labels.status.{one}", names.lang),
            count=int(counts[one]),
        )
        for one in ("open", "planned", "done", "declined")
        if one in counts
    ]
    return head, say("voices.statuses", names.lang, count=len(shown), states=states)


def emerging(table: SafeTable, names: Names, *, question: str, source: str) -> str:
    """Return which emerging themes grew or shrank beyond chance, else which is the largest."""
    frame = part_of(released(table, "emerging"), question, source)
    if frame.empty:
        return say("voices.no_emerging", names.lang)
    told = {key: frame[frame["change"] == key] for key in ("more", "less")}
    lines = [
        say(
            f"voices.emerging_{key}",
            names.lang,
            themes=["·".join(phrases[:2]) for phrases in some["phrases"]],
        )
        for key, some in told.items()
        if len(some)
    ]
    if lines:
        return (" " if names.lang != "zh" else "").join(lines)
    top = frame.iloc[0]
    return say(
        "voices.emerging_top",
        names.lang,
        theme="·".join(top["phrases"][:2]),
        share=numbers.percent(top["share"]),
    )


def agreement(table: SafeTable, names: Names, *, question: str, source: str, wave: str) -> str:
    """Return whether words and scores put the factors of a wave in the same order, and where they don't."""
    frame = part_of(released(table, "agreement"), question, source)
    frame = frame[frame["wave"] == wave]
    if frame.empty or is_missing(frame["tau"].iloc[0]):
        return say("voices.agreement_few", names.lang)
    tau, p = float(frame["tau"].iloc[0]), float(frame["p_value"].iloc[0])
    key = "agree" if p <= 0.05 and tau > 0 else "disagree" if p <= 0.05 else "cannot_tell"
    head = say(
        f"voices.{key}",
        names.lang,
        themes=int(frame["themes"].iloc[0]),
        tau=numbers.decimal(tau, names.lang, 2),
    )
    parts = [head]
    for verdict in ("words_worse", "scores_worse"):
        some = [names.inline(names.theme(theme)) for theme in frame.loc[frame["verdict"] == verdict, "theme"]]
        if some:
            parts.append(say(f"voices.{verdict}", names.lang, themes=some))
    return (" " if names.lang != "zh" else "").join(parts)


def learned(reports: Sequence[HeadReport], taken: bool, names: Names) -> tuple[str, ...]:
    """Return what came of learning from corrections: by how much each reading is better, or that it is
    not.
    """
    if not reports or max(one.n for one in reports) < FEWEST:
        n = max((one.n for one in reports), default=0)
        return (say("voices.learn_few", names.lang, n=n, needed=FEWEST),)
    lines = [
        say(
            f"voices.learned_{'better' if one.better else 'not_better'}", names.lang,
            head=say(f"voices.head.{one.head}", names.lang), n=one.n, before=one.before, after=one.after,
            moved=numbers.percent(one.moved),
        )
        for one in reports
    ]  # fmt: skip
    return (*lines, say("voices.taken" if taken else "voices.not_taken", names.lang))
