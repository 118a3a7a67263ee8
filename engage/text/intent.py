"""What the writer of a comment wants: to complain, suggest, praise or ask. Stated rules, no model.

The rules are tried in this order and the first that fits decides: an open question (请问, "does anyone
know"), a suggestion (建议, could we, прошу), thanks or praise, a complaint, a closing question mark. A
comment without any of these marks takes its intent from its tone: negative → complaint, positive → praise,
neutral → other.
"""

import re
from typing import Final, Literal

Intent = Literal["complaint", "suggestion", "praise", "question", "other"]
INTENTS: Final[tuple[Intent, ...]] = ("complaint", "suggestion", "praise", "question", "other")


# Each rule is a list of alternatives; ``_any`` joins them.
def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


_RULES: Final[dict[str, tuple[tuple[Intent, re.Pattern[str]], ...]]] = {
    "zh": (
        ("question", _any("请问|想问|问一下|請問|询问|客户问|用户问", "听说.*吗", "^为什么")),
        (
            "suggestion",
            _any(
                "建议|建議|希望(?!越来越)|盼望|提议|提出|求求|麻烦.{0,12}(?:看看|处理|尽快)",
                "能不能|能否|可不可以|是不是可以|是否可以|有没有可能|行不行|好不好",
                "可以.{0,18}(?:吗|[？?])",
                "请(?!问|教|假)(?:.{0,3}把|给|将|尽快|公开|安排|考虑|允许|别|不要)",
                "应该(?!的)|最好|就好了|^别|别再|让我们|客户想(?:要|在|让|知道)",
                "(?:换|放|贴|恢复|开|改|加).{0,8}吧[。！]?$",
                "(?:少|多|短|长|快|早)一点|^(?:给|减少|增加|取消)",
            ),
        ),
        (
            "praise",
            _any(
                "感谢|谢谢|多谢|致谢|感謝|谢[！!。]?$",
                "(?:要|想)表扬|点赞|称赞|夸|鼓掌|服气|开心|感动|自豪|骄傲|辛苦了|太好了|真好|很棒|超棒",
            ),
        ),
        (
            "complaint",
            _any(
                "投诉|抱怨|反映|不满|凭什么|寒心|气愤|指责|怒|受不了|石沉大海|朝令夕改|太(?:差|低|少|累|慢|吵|晚)",
                "没人|从来没|都没有|谁(?:还|负责)|扣|骂|卡[在一]|坏|烂|拖|罚|白干",
            ),
        ),
        ("question", _any(r"[？?]\s*$", "吗[。.]?$")),
    ),
    "en": (
        (
            "question",
            _any(
                r"^(?:when|who|where|which|is it true|does any|are the|is \w+ \d)",
                r"\basks (?:whether|if|when)\b",
            ),
        ),
        (
            "suggestion",
            _any(
                r"\b(?:suggest|propose|please|could (?:we|you|the|a|i)|can we|would like)\b",
                r"\bi'd (?:love|like)\b",
                r"\b(?:should (?!be part)|it would help|would (?:save|be (?:handy|nice|good|great|better)))",
                r"\b(?:how about|why not|is there a way|needs? to be|asks for|let us|let people)\b",
                r"\b(?:tell us|give us)\b",
                r"^(?:mix|say|add|schedule|publish|stop|start|give|make|short|a second|more|less|fewer)\b",
            ),
        ),
        (
            "praise",
            _any(
                r"\b(?:thank(?:s|ed|ful)?|shout-out|well done|great|love|proud(?!\?)|best)\b",
                r"\b(?:kudos|brilliant|finally)\b",
            ),
        ),
        (
            "complaint",
            _any(
                r"\b(?:complain\w*|never|nobody|no one|unfair|again|awful|terrible|broken|freez\w+)\b",
                r"\b(?:ignored?|conned|worst)\b",
                r"\b(?:can't|doesn't|hasn't|won't|not one|unpaid|only ever)\b",
            ),
        ),
        ("question", _any(r"\?\s*$")),
    ),
    "ru": (
        ("question", _any("^(?:когда|кто|где|правда ли|есть ли|спрашива)", "подскажите|интересует")),
        (
            "suggestion",
            _any(
                "предлага|прошу|просьба|просит|просят (?!поблагодар)",
                "пожалуйста|хотелось бы|хорошо бы|можно |нельзя ли",
                "нуж(?:ен|на|но|ны) |пусть |стоит |следует |лучше |хочу ",
                "долж(?:на|ен|но|ны) быть|готова? попроб",
                "давайте|дайте|добавьте|сделайте|разрешите|проводите|хвалите|уберите|верните",
                "^(?:больше|меньше) ",
            ),
        ),
        (
            "praise",
            _any(
                "спасибо(?!, конечно)|благодар|молод(?:ец|цы)|горжусь(?! тем, что ещё)",
                "отличн|лучши[ейх]|приятно|здорово",
            ),
        ),
        (
            "complaint",
            _any(
                "жал[оу]|обид|никогда|никто|почему|зачем|какой смысл|надоел|ужас|виснет|опять",
                "обман|молчат|плакал",
                "не меня|не работает|сколько можно",
            ),
        ),
        ("question", _any(r"\?\s*$")),
    ),
    "other": (("question", _any(r"[?？؟]\s*$")),),
}
_BY_TONE: Final[dict[str | None, Intent]] = {"negative": "complaint", "positive": "praise"}


def intent(text: str, language: str, tone: str | None = None) -> Intent:
    """Return the intent of one comment by the rules of its language; ``tone`` decides where no rule fits.

    An unknown language or ``none`` without a tone gives ``other``.
    """
    stripped = text.strip()
    for kind, pattern in _RULES.get(language, ()):
        if pattern.search(stripped):
            return kind
    return _BY_TONE.get(tone, "other")
