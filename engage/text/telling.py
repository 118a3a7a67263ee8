"""What in a comment could tell who wrote it although it is no identifier: a room, a machine, a day, a team.

A comment that says "room 412 on 3 March" names nobody, and everybody on that floor knows whose it is. Such
mentions are found by pattern; whether one is rare is for the caller to count.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

MentionType = Literal["DATE", "TIME", "PLACE", "GROUP", "NUMBER", "EMPLOYEE_ID"]


class Mention(NamedTuple):
    """A stretch of a text, ``text[start:end]``, and what it says: a day, a place, a team, a number."""

    start: int
    end: int
    type: MentionType


_ZH: Final = "[〇零一二三四五六七八九十百]"
_NUM: Final = rf"(?:[A-Za-z]{{0,2}}-?\d{{1,5}}|{_ZH}{{1,4}})"
_EN_MONTH: Final = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
_RU_MONTH: Final = r"(?:январ|феврал|март|апрел|ма[яй]|июн|июл|август|сентябр|октябр|ноябр|декабр)[а-я]*"
_EN_ORDINAL: Final = r"(?:\d{1,2}(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"

_WRITTEN: Final[tuple[tuple[MentionType, str], ...]] = (
    ("DATE", r"\d{4}年(?:\d{1,2}月(?:\d{1,2}[日号])?)?|\d{1,2}月\d{1,2}[日号]?"),
    (
        "DATE",
        rf"{_ZH}{{1,3}}月(?:份)?{_ZH}{{1,3}}[日号]|(?<!\d)\d{{1,2}}号(?=[那当早上下晚白夜中]|$|[，。,.])",
    ),
    ("DATE", r"(?<!\d)(?:19|20)\d{2}[-/.]\d{1,2}(?:[-/.]\d{1,2})?(?!\d)"),
    ("DATE", r"(?<![\d.])\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})(?!\d)"),
    (
        "DATE",
        rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_EN_MONTH}|{_EN_MONTH} \d{{1,2}}(?:st|nd|rd|th)?)\b",
    ),
    ("DATE", rf"\b\d{{1,2}}(?:-?го)? {_RU_MONTH}"),
    ("TIME", r"(?<!\d)(?:[01]?\d|2[0-3])[:：][0-5]\d(?!\d)"),
    (
        "PLACE",
        rf"(?<!第){_NUM}\s?(?:号楼|栋|幢|楼|层|号?房间|室|号?车间|号?库房|号?仓库?|号?门岗?|号岗|号?工位|号?机位|号?机台|号机"
        rf"|号台|号?台席|号?坐席|号线|号窗口?|号柜台?|号?病区|号?床)(?!工|务|主管)",
    ),
    (
        "PLACE",
        r"\b(?:room|floor|building|block|desk|line|machine|press|bay|booth|counter|dock|gate|ward|unit|seat"
        r"|station|warehouse|office|bed|lift|truck|van|bus|route|aisle|shop)"
        r" (?:no\.? ?|number |#)?[a-z]?-?\d+[a-z]?\b",
    ),
    ("PLACE", rf"\b{_EN_ORDINAL} floor\b"),
    (
        "PLACE",
        r"\b(?:каб(?:инет)?[а-я]*|комнат[а-я]*|этаж[а-я]*|корпус[а-я]*|цех[а-я]*|стан(?:ок|к)[а-я]*|лини[а-я]+"
        r"|стол[а-я]*|окн[а-я]+"
        r"|пост[а-я]*|склад[а-я]*|участ(?:ок|к)[а-я]*|палат[а-я]+|маршрут[а-я]*)\.? ?№? ?\d+",
    ),
    ("PLACE", r"\b(?:перв|втор|трет|четв[её]рт|пят|шест|седьм|восьм|девят)[а-я]* этаж[а-я]*"),
    (
        "PLACE",
        r"\b\d+-?(?:й|м|ом|ем|го|я|ю|ой)? "
        r"(?:этаж|корпус|цех|участ|склад|лини|кабинет|комнат|палат)[а-я]*",
    ),
    (
        "GROUP",
        rf"(?:\d{{1,3}}|(?<![每同全各两这那第上下半一]){_ZH}{{1,3}})(?:班组|小组|组|队|科|中心|营业厅|支行|分店)(?!长)"
        rf"|(?:\d{{1,3}}|{_ZH}{{1,3}})班(?!倒|车|次)",
    ),
    ("GROUP", r"\b(?:team|group|shift|crew|squad|desk|branch|store|class) (?:no\.? ?|number |#)?\d+\b"),
    (
        "GROUP",
        r"\b(?:бригад|групп|смен|отдел|команд|магазин|филиал)[а-я]* ?№? ?\d+"
        r"|\b\d+-?[а-я]{0,2} (?:бригад|смен|отдел)[а-я]*",
    ),
    ("NUMBER", r"(?<![\d.,])[A-Za-z]{0,3}-?\d{3,}(?:[.,]\d+)?(?!\d)"),
)
_PATTERNS: Final = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _WRITTEN)


def mentions(text: str, known: "KnownNames | None" = None) -> tuple[Mention, ...]:
    """Return the mentions of ``known`` names, days, times, places, teams and long numbers in ``text``, in
    order.

    Numbers of one or two digits are no mention by themselves. Where two overlap, the earlier kind stands:
    known names, then the others in the order above.
    """
    found: list[Mention] = [] if known is None else known.found(text)
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if all(end <= other.start or start >= other.end for other in found):
                found.append(Mention(start, end, kind))
    return tuple(sorted(found))


class KnownNames:
    """Names that a workspace knows (of its teams, units, people), found in texts as they are written.

    Spelling counts but for case; a name that begins or ends with a letter of an alphabet or a digit is found
    as a word only. Names of one character are left out.
    """

    __slots__ = ("_starts",)

    def __init__(self, names: Mapping[str, MentionType]) -> None:
        starts: dict[str, list[tuple[str, MentionType]]] = {}
        for name, kind in names.items():
            bare = name.strip().casefold()
            if len(bare) > 1:
                starts.setdefault(bare[:2], []).append((bare, kind))
        for some in starts.values():
            some.sort(key=lambda one: -len(one[0]))
        self._starts = starts

    def found(self, text: str) -> list[Mention]:
        """Return where known names stand in ``text``, the longest where several begin at one place."""
        low = text.casefold()
        if len(low) != len(text):  # a letter that folds into two: places would be wrong
            low = text
        places: list[Mention] = []
        at = 0
        while at < len(low) - 1:
            some = self._starts.get(low[at : at + 2], ()) if self._starts else ()
            name = next((one for one in some if _there(low, at, one[0])), None)
            if name is None:
                at += 1
                continue
            places.append(Mention(at, at + len(name[0]), name[1]))
            at += len(name[0])
        return places


def _there(text: str, at: int, name: str) -> bool:
    end = at + len(name)
    return (
        text.startswith(name, at)
        and not (at > 0 and _joined(text[at - 1], name[0]))
        and not (end < len(text) and _joined(name[-1], text[end]))
    )


def _joined(left: str, right: str) -> bool:
    """Return whether two neighbouring characters belong to one word of an alphabet."""
    return all(one.isalnum() and not "\u3400" <= one <= "\u9fff" for one in (left, right))


def with_placeholders(text: str, found: Iterable[Mention]) -> str:
    """Return ``text`` with ``[TYPE]`` in place of each mention."""
    pieces, last = [], 0
    for mention in found:
        pieces += [text[last : mention.start], f"[{mention.type}]"]
        last = mention.end
    return "".join(pieces) + text[last:]
