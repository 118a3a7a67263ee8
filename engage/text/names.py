"""Where a comment names a person or a place to find one: patterns over lists of common names.

A Chinese name is a surname with a title (王经理), with 小, 老 or 阿 before it (小王), or with given-name
characters after it (张建国) where they are three or something beside them says that it is a name. English and
Russian names are given names from a list, anything after Mr or before a patronymic's ending, and surnames
beside either. A name that is also a word (Will, 高, Вера) needs such a cue.
"""

import re
from functools import cache
from typing import Final

from engage.text.lexicons import lexicon

# Words that begin like 小王, 老李 or 王总 and are none.
_NOT_NICK: Final = (
    "小(?:高峰|高层|马达|马路|马虎|方块|方面|金额|金库|毛病|毛利|毛孩|黄车|黄书|龙虾|白|程序|程度|苏打|江|石头|石子|"
    "何时|季|文章|万|余|安|向|章|夏|田地|牛|贺卡|康|齐|范围|汤|钱|梅雨|路|雷|温|常|武|陶|任务|史|于|单)"
    "|老(?:毛病|方法|方式|方案|黄牛|黄历|白|江湖|陈醋|陈|钱|高|康|史|常|于|任务|范围|余|万|向|何|易|夏|段子|段|许|文|安|章|施|"
    "规程|程序|汤|金|马路|严|温|季|庄|单|路)"
    "|老(?:顾客|顾问)|阿(?:胡|谢|文|常)"
)
_NOT_TITLE: Final = re.compile(
    r"高工资|高总|向总|何总|于总|安总|万总|常总|方总监督|任工|施工|易总|高科|金工|马工|文科|包工"
)
_AFTER_GENERAL: Final = (
    "(?!是|理|共|数|量|额|部|和|分|计|体|得|不|作|资|时|厂|人|程|具|位|牌|号|单|况|伤|期|序|装|会|龄|地|种)"
)
_TITLE_OF_ONE: Final = "总工董科处局台"


def people(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of every name of a person in ``text``."""
    found = []
    for pattern in (*_chinese(), *_english(), *_russian()):
        for match in pattern.finditer(text):
            start, end = match.span("name")
            if end > start and not _NOT_TITLE.match(text, start):
                found.append((start, end))
    return found


def addresses(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of every postal address in ``text``."""
    return [match.span("place") for pattern in _ADDRESSES for match in pattern.finditer(text)]


def _any(words: list[str]) -> str:
    return "|".join(sorted((re.escape(str(word)) for word in words), key=len, reverse=True))


@cache
def _chinese() -> tuple[re.Pattern[str], ...]:
    names = lexicon("names")
    surname = f"(?:{_any(names['zh_surnames'])})"
    plain = f"(?:{_any([s for s in names['zh_surnames'] if s not in names['zh_words']])})"
    given = f"[{names['zh_given']}]"
    long_titles = _any([title for title in names["zh_titles"] if len(title) > 1])
    before, after = _any(names["zh_cues_before"]), _any(names["zh_cues_after"])
    posts = _any(names["zh_posts"])
    edge = r"(?=$|[，。！？、；：,.!?;:\s）)])"
    return tuple(
        re.compile(pattern)
        for pattern in (
            rf"(?P<name>(?!任(?:{long_titles})|(?<=[谢感多])谢){surname}{given}{{0,2}}(?:{long_titles}))"
            r"(?!室|岗|级|证|工资|费|会议)",
            rf"(?P<name>{surname}[{_TITLE_OF_ONE}]){_AFTER_GENERAL}",
            rf"(?P<name>(?!于哥|向哥){surname}[姐哥])(?!妹|弟|们)",
            rf"(?P<name>阿(?!姨){given})(?:(?={after})|{edge})",
            rf"(?P<name>(?!{_NOT_NICK})[小老阿]{surname})(?!师|板|{surname})",
            rf"(?P<name>{plain}{given}{{2}})",
            rf"(?:^|(?<=[，。！？、；：,.!?;:\s])|{before}|{posts})(?P<name>{surname}{given}{{2}})(?:(?={after})|{edge})",
            rf"(?:叫|姓名[是：:]?|名字[是叫：:]?|联系人[是：:]?|我是|本人|找|表扬|感谢|投诉|让|{posts})"
            rf"(?P<name>{plain}{given}{{1,2}})(?:(?={after})|{edge})",
        )
    )


@cache
def _english() -> tuple[re.Pattern[str], ...]:
    names = lexicon("names")
    sure = [name for name in names["en_first"] if name not in names["en_words"]]
    any_first = f"(?:{_any([*names['en_first'], *names['en_words']])})"
    capital = r"(?:[A-Z]['’])?[A-Z][a-z]+(?:[-'’][A-Z][a-z]+)?"
    cue = (
        r"(?:called|named|name is|ask|asked|thank|thanks to|contact|manager|supervisor|colleague|boss|lead|"
        r"mentor|with|told|by|from|and|to|see|call)"
    )
    not_name = r"(?!Street|Road|Avenue|Lane|Hall|Day|Bank|Park|Hospital|School|House|Island|Week)"
    return tuple(
        re.compile(pattern)
        for pattern in (
            rf"\b(?P<name>(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir)\.? {capital}(?: {capital})?)",
            rf"\b(?P<name>(?:{_any(sure)})(?:(?: [A-Z]\.)? {not_name}{capital}| [A-Z]\.)?)(?![a-z])",
            rf"\b(?P<name>{any_first}(?: [A-Z]\.)? {not_name}[A-Z][a-z]{{2,}}(?:[-'’][A-Z][a-z]+)?)(?![a-z])",
            rf"\b(?i:{cue}) (?P<name>{any_first})(?![a-z])",
        )
    )


@cache
def _russian() -> tuple[re.Pattern[str], ...]:
    names = lexicon("names")
    sure = [name for name in names["ru_first"] if name not in names["ru_words"]]
    first, any_first = _declined(sure), _declined(names["ru_first"])
    father = r"[А-ЯЁ][а-яё]+(?:ович|евич|ич|овн|евн|ичн|иничн)(?:ем|ом|ой|ей|ею|а|у|е|ы)?"
    last = (
        r"[А-ЯЁ][а-яё]{2,}(?:(?:ов|ев|ёв|ин|ын)(?:ым|ой|ых|а|у|е)?|(?:ск|цк)(?:ий|ого|ому|им|ом|ая|ой|ую)"
        r"|енко|чук|юк|ян)"
    )
    place = f"(?!(?:{_any(names['ru_places'])}))"
    start = r"(?<![А-Яа-яёЁ-])"
    end = r"(?![А-Яа-яёЁ-])"
    inner = r"(?<=[а-яё,:»\d] )"
    return tuple(
        re.compile(pattern)
        for pattern in (
            rf"{start}(?P<name>(?:[А-ЯЁ][а-яё]+ )?[А-ЯЁ][а-яё]+ {father}(?: {last})?){end}",
            rf"{start}(?P<name>{any_first} {place}{last}|{place}{last} {any_first}){end}",
            rf"{start}(?P<name>{place}{last} [А-ЯЁ]\. ?(?:[А-ЯЁ]\.)?|[А-ЯЁ]\. ?(?:[А-ЯЁ]\. ?)?{place}{last})",
            rf"{start}(?P<name>{first}){end}",
            rf"{inner}(?P<name>{any_first}){end}",
            rf"{inner}(?P<name>{place}{last}){end}",
            r"(?P<name>(?i:тёт[яеиуей]+|дяд[яеиюей]+|баб[аеыу]|господин\w*|госпож\w+|г-н\w?|г-ж\w)"
            r" [А-ЯЁ][а-яё]+)",
        )
    )


def _declined(names: list[str]) -> str:
    """Return a pattern of given names in every case."""
    stems: dict[str, set[str]] = {"": set(), "а": set(), "й": set(), "ь": set()}
    for name in names:
        if name[-1] in "ая":
            stems["а"].add(name[:-1])
        elif name[-1] == "й":
            stems["й"].add(name[:-1])
        elif name[-1] == "ь":
            stems["ь"].add(name[:-1])
        else:
            stems[""].add(name)
    return (
        f"(?:(?:{_any(sorted(stems['']))})(?:ом|ем|а|у|е|ы)?"
        f"|(?:{_any(sorted(stems['а']))})(?:ой|ей|ёй|ою|ею|а|я|ы|и|е|у|ю)"
        f"|(?:{_any(sorted(stems['й']))})(?:ем|й|я|ю|е|и)"
        f"|(?:{_any(sorted(stems['ь']))})(?:ём|ем|ью|ь|я|ю|е|и))"
    )


_HAN: Final = "\u4e00-\u9fff"
_UNIT: Final = "(?:号楼|号院|栋|幢|座|单元|层|楼|室|房|号|弄|巷)"
_ADDRESSES: Final = (
    re.compile(
        rf"(?:家住|住在|住址[是：:]?|地址[是为：:]?|住|在|到|去|寄到)?(?P<place>(?:[{_HAN}]{{2,7}}?[省市区县镇])*"
        rf"[{_HAN}]{{1,6}}(?:路|街|大道|胡同|巷|弄)\d{{1,5}}{_UNIT}(?:[\dA-Za-z]{{1,4}}{_UNIT})*\d{{0,4}})"
    ),
    re.compile(
        rf"(?:家住|住在|住址[是：:]?|地址[是为：:]?|住|在|到|去)?(?P<place>[{_HAN}]{{2,8}}"
        rf"(?:小区|花园|公寓|家园|苑|新村|嘉园|宿舍)[\dA-Za-z]{{1,4}}{_UNIT}(?:[\dA-Za-z]{{1,4}}{_UNIT})*\d{{0,4}})"
    ),
    re.compile(
        r"(?P<place>(?:(?:Flat|Apt\.?|Apartment|Unit|Room) \w{1,5},? )?\b\d{1,5}[A-Za-z]? "
        r"(?:[A-Z][a-z]+ ){1,3}"
        r"(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Way|Boulevard|Blvd|Court|Ct|Place|Terrace|"
        r"Crescent|Square|Gardens)\b\.?(?:,? (?:Flat|Apt\.?|Apartment|Unit|#) ?\w{1,5})?)"
    ),
    re.compile(
        r"(?P<place>(?:ул\.|улиц[аеуы]|пр-т|пр\.|проспект[аеу]?|пер\.|переул\w+|бульвар\w?|б-р|шоссе|наб\.|"
        r"набережн\w+|площад\w+) ?[А-ЯЁ0-9][\w-]*(?: [А-ЯЁ]?[а-яё-]+)?,? ?"
        r"(?:д\.|дом\w?)? ?\d{1,4}[а-яё]?(?:/\d+)?"
        r"(?:,? ?(?:корп\.?|корпус|к\.|стр\.|кв\.?|квартир\w) ?\d{1,4})*)"
    ),
)
