"""Put typed placeholders in place of what identifies a person in a comment.

Names and addresses are found by :mod:`engage.text.names`. By pattern: telephone numbers (Chinese mobile,
landline and service numbers, Russian, North American, any number with a country code or after a word such as
电话), e-mail and web addresses, identity card and bank card numbers, employee numbers, WeChat and QQ ids,
licence plates. In doubt a long number is redacted. A name unlike any common one stays: read before
publishing.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from engage.text.names import addresses, people

EntityType = Literal[
    "EMAIL",
    "URL",
    "ID_CARD",
    "BANK_CARD",
    "PHONE",
    "EMPLOYEE_ID",
    "WECHAT",
    "QQ",
    "LICENCE_PLATE",
    "ADDRESS",
    "NAME",
]


class Entity(NamedTuple):
    """A stretch of the original text, ``text[start:end]``, and what it is."""

    start: int
    end: int
    type: EntityType


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with ``[TYPE]`` placeholders; ``entities`` hold their places in the original text, in order."""

    text: str
    entities: tuple[Entity, ...]


_S: Final = r"[ \u00a0\-\u2010-\u2015.－]?"  # what people put between groups of digits
_PLATE_LETTERS: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
_RU_PLATE: Final = "АВЕКМНОРСТУХ"

# In order of precedence: what an earlier pattern has taken a later one can't. Where a pattern has a group,
# only the group is replaced, so that "工号" stays readable.
_PATTERNS: Final[tuple[tuple[EntityType, re.Pattern[str]], ...]] = (
    ("EMAIL", re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63})+")),
    (
        "URL",
        re.compile(
            r"(?:https?://|www\.)[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*[A-Za-z0-9/=#_\-]", re.IGNORECASE
        ),
    ),
    (
        "ID_CARD",
        re.compile(
            r"(?<![\dA-Za-z])[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])"
            r"|(?<!\d)\d{3}-\d{3}-\d{3}[ -]\d{2}(?!\d)"
        ),
    ),
    (
        "ID_CARD",
        re.compile(
            r"(?:паспорт|passport|护照)[^\d\n]{0,12}(\d{2} ?\d{2} ?\d{6}|[A-Z]{1,2}\d{7,8})", re.IGNORECASE
        ),
    ),
    ("BANK_CARD", re.compile(rf"(?<![\d+])\d{{4}}(?:{_S}\d{{4}}){{2}}{_S}\d{{4}}(?:{_S}\d{{1,3}})?(?!\d)")),
    (
        "EMPLOYEE_ID",
        re.compile(
            r"(?:工号|员工编号|员工号|工牌号|(?:employee|staff) (?:id|no\.?|number)"
            r"|табельный(?: номер)?|таб\. ?№|badge(?: number)?|payroll(?: number)?)"
            r"[是为：:\s#№]{0,3}([A-Za-z]{0,3}-?\d{3,10})",
            re.IGNORECASE,
        ),
    ),
    ("QQ", re.compile(r"QQ(?:号码|号|群)?[是为：:\s]{0,3}(\d{5,11})(?!\d)", re.IGNORECASE)),
    ("PHONE", re.compile(rf"(?<!\d)(?:(?:\+|00)86{_S})?1[3-9]\d{_S}\d{{4}}{_S}\d{{4}}(?!\d)")),
    ("PHONE", re.compile(r"(?<!\d)86 ?1[3-9]\d{9}(?!\d)")),
    (
        "PHONE",
        re.compile(
            rf"(?<![\d+])(?:[（(]0\d{{2,3}}[)）]|0\d{{2,3}}){_S}\d{{3,4}}{_S}\d{{4}}"
            r"(?:(?:-|转|ext\.? ?)\d{1,6})?(?!\d)"
        ),
    ),
    ("PHONE", re.compile(rf"(?<!\d)[48]00{_S}\d{{3,4}}{_S}\d{{3,4}}(?!\d)")),
    (
        "PHONE",
        re.compile(rf"(?<!\d)(?:\+7|8|7){_S}[（(]?\d{{3}}[)）]?{_S}{_S}\d{{3}}{_S}\d{{2}}{_S}\d{{2}}(?!\d)"),
    ),
    ("PHONE", re.compile(rf"(?<!\d)\+\d{{1,3}}(?:{_S}\(?\d{{1,4}}\)?){{2,5}}(?!\d)")),
    ("PHONE", re.compile(r"(?<![\d\-])\(?\d{3}\)?[ .\-]{1,2}\d{3}[ .\-]\d{4}(?!\d)")),
    (
        "PHONE",
        re.compile(
            r"(?:电话|手机号码|手机号|手机|联系方式|座机|\btel\b|\bphone\b|\bcall me (?:on|at)|\bтел\b"
            r"|телефон)[^\d\n+]{0,5}(\d(?:[ \-]?\d){5,13})(?!\d)",
            re.IGNORECASE,
        ),
    ),
    (
        "WECHAT",
        re.compile(
            r"(?:微信号?|薇信|weixin|wechat|[vV]信|(?<![A-Za-z])[vVwW][xX])(?: ?id)?"
            r"[是为：:\s]{0,3}([A-Za-z][A-Za-z0-9_\-]{5,19})",
            re.IGNORECASE,
        ),
    ),
    (
        "LICENCE_PLATE",
        re.compile(
            rf"[{_PLATE_LETTERS}][A-Z][·•\s\-]?(?=[A-Z]{{0,5}}\d)[A-HJ-NP-Z0-9]{{4,5}}[A-HJ-NP-Z0-9挂学警港澳]"
        ),
    ),
    (
        "LICENCE_PLATE",
        re.compile(rf"(?<!\w)[{_RU_PLATE}] ?\d{{3}} ?[{_RU_PLATE}]{{2}} ?\d{{2,3}}(?!\d)", re.IGNORECASE),
    ),
)


def redact(text: str) -> Redacted:
    """Return ``text`` with ``[PHONE]``, ``[EMAIL]`` … in place of identifiers, and where they were.

    Offsets count characters of the original text. Types: EMAIL, URL, ID_CARD (身份证, СНИЛС, passport after
    its word), BANK_CARD (16–19 digits), PHONE, EMPLOYEE_ID (after 工号, employee id, табельный номер),
    WECHAT, QQ, LICENCE_PLATE, ADDRESS (to the house), NAME (with its title: 王经理, Mrs. Hill).
    """
    found: list[Entity] = []
    names: tuple[tuple[EntityType, list[tuple[int, int]]], ...]
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span(1 if pattern.groups else 0)
            if all(end <= other.start or start >= other.end for other in found):
                found.append(Entity(start, end, kind))
    names = (("ADDRESS", addresses(text)), ("NAME", people(text)))
    for kind, spans in names:
        # of overlapping spans the longest: a full name, not its first half
        for start, end in sorted(spans, key=lambda span: span[0] - span[1]):
            if all(end <= other.start or start >= other.end for other in found):
                found.append(Entity(start, end, kind))
    found.sort()
    pieces, last = [], 0
    for entity in found:
        pieces += [text[last : entity.start], f"[{entity.type}]"]
        last = entity.end
    return Redacted("".join(pieces) + text[last:], tuple(found))
