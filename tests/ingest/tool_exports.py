"""One survey as every tool would export it: the same truth in the form, language and coding of each.

``WAVE`` is what each export must be read as.
"""

# ruff: noqa: E501, UP031 (headings in wide characters, as the tools write them)
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest_files import csv_bytes, xls_bytes, xlsx_bytes

INSTRUMENT = """
instrument: climate
version: 1
name: {zh: 小调查, en: Small climate survey, ru: Малый опрос}
source: made for a test
licence: MIT
responses:
  agree5:
    - {value: 1, zh: 非常不同意, en: Strongly disagree, ru: Совершенно не согласен}
    - {value: 2, zh: 不同意, en: Disagree, ru: Не согласен}
    - {value: 3, zh: 一般, en: Neither agree nor disagree, ru: Затрудняюсь сказать}
    - {value: 4, zh: 同意, en: Agree, ru: Согласен}
    - {value: 5, zh: 非常同意, en: Strongly agree, ru: Полностью согласен}
  ten: [%s]
scales:
  pay:
    role: hygiene
    name: {zh: 薪酬, en: Pay, ru: Оплата}
    responses: agree5
    items:
      pay_1: {zh: 我的工资合理。, en: My pay is fair., ru: Моя зарплата справедлива.}
      pay_2: {zh: 我常觉得工资太低。, en: I often find my pay too low., ru: Мне часто кажется что платят мало., reverse: true}
      pay_3: {zh: 加班有相应的报酬。, en: Overtime is paid for., ru: Сверхурочная работа оплачивается.}
  enps:
    role: outcome
    name: {zh: 净推荐, en: eNPS, ru: eNPS}
    responses: ten
    items:
      enps_1: {zh: "您愿意推荐本公司吗？", en: "Would you recommend us?", ru: "Порекомендуете ли Вы нас?"}
demographics:
  team: {name: {zh: 班组, en: Team, ru: Команда}, text: {zh: 您所在的班组, en: Your team, ru: Ваша команда}}
questions:
  change: {zh: "您最想改变什么？", en: "What should we change?", ru: "Что нам изменить?"}
""" % ", ".join(f'{{value: {n}, zh: "{n}", en: "{n}", ru: "{n}"}}' for n in range(11))

ITEMS = ("pay_1", "pay_2", "pay_3")
LABELS = {
    "zh": ("非常不同意", "不同意", "一般", "同意", "非常同意"),
    "en": ("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree"),
    "ru": ("Совершенно не согласен", "Не согласен", "Затрудняюсь сказать", "Согласен", "Полностью согласен"),
}
TEXT = {
    "zh": {"id": "您的工号", "team": "您所在的班组", "pay_1": "我的工资合理。", "pay_2": "我常觉得工资太低。",
           "pay_3": "加班有相应的报酬。", "enps_1": "您愿意推荐本公司吗？", "change": "您最想改变什么？",
           "matrix": "请评价以下说法", "perks": "您看重哪些福利？"},
    "en": {"id": "Employee ID", "team": "Your team", "pay_1": "My pay is fair.", "pay_2": "I often find my pay too low.",
           "pay_3": "Overtime is paid for.", "enps_1": "Would you recommend us?", "change": "What should we change?",
           "matrix": "How far do you agree?", "perks": "Which perks matter to you?"},
    "ru": {"id": "Табельный номер", "team": "Ваша команда", "pay_1": "Моя зарплата справедлива.",
           "pay_2": "Мне часто кажется что платят мало.", "pay_3": "Сверхурочная работа оплачивается.",
           "enps_1": "Порекомендуете ли Вы нас?", "change": "Что нам изменить?",
           "matrix": "Насколько Вы согласны?", "perks": "Какие льготы для Вас важны?"},
}  # fmt: skip
TEAMS = {"zh": ("一班", "二班", "三班"), "en": ("Blue", "Red", "Green"), "ru": ("Первая", "Вторая", "Третья")}
WORDS = {
    "zh": "排班早点公布，最好“提前”两周",
    "en": 'Publish shifts earlier, please, "two weeks"',
    "ru": "Публикуйте график раньше, «за две недели»",
}
PERKS = {
    "zh": ("食堂", "班车", "体检"),
    "en": ("Canteen", "Shuttle", "Check-up"),
    "ru": ("Столовая", "Автобус", "Осмотр"),
}
START = datetime(2026, 9, 3, 9, 0, 0)


@dataclass(frozen=True)
class Answered:
    """One respondent: item values (None: not answered), the team's number, whether there is a comment."""

    id: str
    team: int
    pay: tuple[int | None, ...]
    enps: int
    commented: bool
    start: datetime
    seconds: int
    perks: tuple[int, ...]


def people() -> list[Answered]:
    """Return twelve respondents whose second item runs against the first."""
    found = []
    for n in range(12):
        level = 1 + n % 5
        pay = (level, None if n == 4 else 6 - level, max(1, level - (n % 2)))
        start = START + timedelta(days=n % 3, minutes=7 * n)
        found.append(
            Answered(f"E{n + 1:03d}", n % 3, pay, (2 * level) % 11, n % 4 == 0, start, 60 + 5 * n, (n % 3, 2))
        )
    return found


PEOPLE = people()


@dataclass(frozen=True)
class Export:
    """A file as a tool writes it, and what must be recognised of it."""

    name: str
    dialect: str
    lang: str
    make: Callable[[], bytes]
    mapping: dict[str, object] | None = None
    started: bool = True


def label(lang: str, value: int | None, blank: str = "") -> str:
    return blank if value is None else LABELS[lang][value - 1]


def comment(lang: str, one: Answered, blank: str = "") -> str:
    return WORDS[lang] if one.commented else blank


def stamp(at: datetime, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return at.strftime(form)


def end(one: Answered) -> datetime:
    return one.start + timedelta(seconds=one.seconds)


def wenjuanxing(matrix: str, answers: str) -> list[list[object]]:
    """``matrix`` is the form of a row's heading; ``answers``: text, code or one_hot."""
    t = TEXT["zh"]
    head = [
        "序号",
        "提交答卷时间",
        "所用时间",
        "来源",
        "来源详情",
        "来自IP",
        f"1、{t['id']}",
        f"2、{t['team']}",
    ]
    head += [matrix.format(n=3, stem=t["matrix"], row=t[item]) for item in ITEMS]
    head += [f"4、{t['enps_1']}"]
    one_hot = answers == "one_hot"
    head += [f"5、{t['perks']}({perk})" for perk in PERKS["zh"]] if one_hot else [f"5、{t['perks']}"]
    head += [f"6、{t['change']}"]
    rows: list[list[object]] = [head]
    for n, one in enumerate(PEOPLE):
        coded = answers == "code"
        perks = [int(k in one.perks) for k in range(3)]
        shown: list[object] = (
            list(perks) if one_hot else ["┋".join(PERKS["zh"][k] for k in sorted(set(one.perks)))]
        )
        rows.append([
            n + 1, stamp(end(one), "%Y/%m/%d %H:%M:%S"), f"{one.seconds}秒", "微信", "N/A", "1.2.3.4(江苏-南京)",
            one.id, TEAMS["zh"][one.team],
            *((-3 if v is None else v) if coded else label("zh", v, "(跳过)") for v in one.pay),
            one.enps, *shown, comment("zh", one, "-3" if coded else "(空)"),
        ])  # fmt: skip
    return rows


def tencent(answers: str) -> list[list[object]]:
    t = TEXT["zh"]
    head = ["编号", "开始答题时间", "结束答题时间", "答题时长", "语言", "清洗数据结果", "智能清洗数据无效概率", "地理位置国家和地区",
            "地理位置省", "地理位置市", f"1.{t['id']}", f"2.{t['team']}"]  # fmt: skip
    head += [f"3.{t['matrix']}:{t[item]}" for item in ITEMS] + [f"4.{t['enps_1']}"]
    head += [f"5.{t['perks']}:{perk}" for perk in PERKS["zh"]] + [f"6.{t['change']}"]
    head += ["用户类型", "用户标识", "昵称", "自定义字段", "IP", "UA", "Referrer", ""]
    rows: list[list[object]] = [head]
    for n, one in enumerate(PEOPLE):
        perks = [PERKS["zh"][k] if k in one.perks else "" for k in range(3)]
        rows.append([
            n + 1, stamp(one.start), stamp(end(one)), f"{one.seconds // 60}分{one.seconds % 60}秒", "简体中文", "有效", "0.01", "中国",
            "江苏", "南京", one.id, TEAMS["zh"][one.team],
            *("" if v is None else v if answers == "code" else label("zh", v) for v in one.pay),
            one.enps, *perks, comment("zh", one), "微信用户", "oX12345", "小王", "", "1.2.3.4", "Mozilla", "", "",
        ])  # fmt: skip
    invalid = list(rows[1])
    invalid[0], invalid[5], invalid[10] = 99, "无效", "E999"
    return [*rows, invalid]


def qualtrics(lang: str, answers: str, head_rows: int) -> list[list[object]]:
    t = TEXT[lang]
    codes = ["StartDate", "EndDate", "Status", "IPAddress", "Progress", "Duration (in seconds)", "Finished", "RecordedDate",
             "ResponseId", "RecipientLastName", "RecipientFirstName", "RecipientEmail", "UserLanguage",
             "Q1", "Q2", "Q3_1", "Q3_2", "Q3_3", "Q4", "Q5_1", "Q5_2", "Q5_3", "Q6"]  # fmt: skip
    texts = ["Start Date", "End Date", "Response Type", "IP Address", "Progress", "Duration (in seconds)", "Finished",
             "Recorded Date", "Response ID", "Recipient Last Name", "Recipient First Name", "Recipient Email", "User Language",
             t["id"], t["team"], *(f"{t['matrix']} - {t[item]}" for item in ITEMS), t["enps_1"],
             *(f"{t['perks']} - {perk}" for perk in PERKS[lang]), t["change"]]  # fmt: skip
    rows: list[list[object]] = [codes, texts]
    if head_rows == 3:
        rows.append(
            [json.dumps({"ImportId": f"QID{n}", "timeZone": "Asia/Shanghai"}) for n in range(len(codes))]
        )
    coded = answers == "code"

    def row(n: int, one: Answered) -> list[object]:
        perks = [("1" if coded else PERKS[lang][k]) if k in one.perks else "" for k in range(3)]
        status, finished = ("0", "1") if coded else ("IP Address", "True")
        return [
            stamp(one.start), stamp(end(one)), status, "1.2.3.4", "100", one.seconds, finished, stamp(end(one)), f"R_{n:03d}",
            "", "", "", lang.upper(), one.id, TEAMS[lang][one.team],
            *("" if v is None else v if coded else label(lang, v) for v in one.pay),
            one.enps, *perks, comment(lang, one),
        ]  # fmt: skip

    rows += [row(n, one) for n, one in enumerate(PEOPLE)]
    preview, empty = row(90, PEOPLE[0]), row(91, PEOPLE[1])
    preview[2], preview[13] = ("1" if coded else "Survey Preview"), "E998"
    empty[4], empty[6], empty[13:] = "10", ("0" if coded else "False"), [""] * len(empty[13:])
    return [*rows, preview, empty]


LIME_META = {
    "code": ["id", "submitdate", "lastpage", "startlanguage", "seed", "token", "startdate", "datestamp", "ipaddr", "refurl"],
    "en": ["Response ID", "Date submitted", "Last page", "Start language", "Seed", "Access code", "Date started",
           "Date last action", "IP address", "Referrer URL"],
    "zh": ["答复 ID", "提交日期", "最后一页", "起始语言", "种子", "操作代码", "开始日期", "最后操作日期", "IP 地址", "引用 URL"],
    "ru": ["ID ответа", "Дата отправки", "Последняя страница", "Начальный язык", "Начальное число", "Код доступа", "Дата начала",
           "Дата последнего действия", "IP-адрес", "Ссылающийся URL"],
}  # fmt: skip


def limesurvey(lang: str, headings: str, answers: str) -> list[list[object]]:
    """``headings``: code, full, abbreviated or code_text."""
    t = TEXT[lang]
    stem = t["matrix"]
    codes = ["employeeid", "team", "pay[SQ001]", "pay[SQ002]", "pay[SQ003]", "enps[1]", "perks[SQ001]", "perks[SQ002]",
             "perks[other]", "change"]  # fmt: skip
    full = [t["id"], t["team"], *(f"{stem} [{t[item]}]" for item in ITEMS), t["enps_1"],
            *(f"{t['perks']} [{perk}]" for perk in PERKS[lang][:2]), f"{t['perks']} [Other]", t["change"]]  # fmt: skip
    if headings == "code":
        head = [*LIME_META["code"], *codes]
    elif headings == "full":
        head = [*LIME_META[lang], *full]
    elif headings == "code_text":
        head = [*LIME_META[lang], *(f"{c}. {f}" for c, f in zip(codes, full, strict=True))]
    else:
        short = [
            f if len(f) <= 16 else f"{f[:15]}.. "
            for f in (t["id"], t["team"], *(t[i] for i in ITEMS), t["enps_1"])
        ]
        head = [*LIME_META[lang], *short, *full[6:]]
    head += ["interviewtime", "groupTime8020"]
    rows: list[list[object]] = [head]
    for n, one in enumerate(PEOPLE):
        words = comment(lang, one)
        rows.append([
            n + 1, stamp(end(one)), 3, lang, 12345, f"tok{n}", stamp(one.start), stamp(end(one)), "1.2.3.4", "",
            one.id, TEAMS[lang][one.team],
            *("" if v is None else f"A{v}" if answers == "code" else label(lang, v) for v in one.pay),
            one.enps, *(("Y" if answers == "code" else "Yes") if k in one.perks else "" for k in range(2)), "", words,
            float(one.seconds), 12.5,
        ])  # fmt: skip
    return rows


def google(lang: str) -> list[list[object]]:
    t = TEXT[lang]
    first = {
        "zh": ("时间戳记", "电子邮件地址"),
        "en": ("Timestamp", "Email Address"),
        "ru": ("Отметка времени", "Адрес электронной почты"),
    }
    head = [
        *first[lang],
        t["id"],
        t["team"],
        *(f"{t['matrix']} [{t[item]}]" for item in ITEMS),
        t["enps_1"],
        t["perks"],
        t["change"],
    ]
    rows: list[list[object]] = [head]
    for one in PEOPLE:
        at = end(one)
        half = "上午" if at.hour < 12 else "下午"
        written = {
            "zh": f"{stamp(at, '%Y/%m/%d')} {half}{(at.hour - 1) % 12 + 1}:{stamp(at, '%M:%S')}",
            "en": f"{at.month}/{at.day}/{at.year} {at.hour}:{stamp(at, '%M:%S')}",
            "ru": stamp(at, "%d.%m.%Y %H:%M:%S"),
        }
        rows.append([
            written[lang], "a@example.org", one.id, TEAMS[lang][one.team], *(label(lang, v) for v in one.pay), one.enps,
            ", ".join(PERKS[lang][k] for k in sorted(set(one.perks))), comment(lang, one),
        ])  # fmt: skip
    return rows


def microsoft(lang: str) -> list[list[object]]:
    t = TEXT[lang]
    own = {
        "zh": ["ID", "开始时间", "完成时间", "电子邮件", "名称", "上次修改时间"],
        "en": ["Id", "Start time", "Completion time", "Email", "Name", "Last modified time"],
        "ru": [
            "ИД",
            "Время начала",
            "Время выполнения",
            "Адрес электронной почты",
            "Имя",
            "Время последнего изменения",
        ],
    }
    rows: list[list[object]] = [
        [
            *own[lang],
            t["id"] + "\xa0",
            t["team"],
            *(t[item] for item in ITEMS),
            t["enps_1"],
            t["perks"],
            t["change"],
        ]
    ]
    for n, one in enumerate(PEOPLE):
        rows.append([
            n + 1, one.start, end(one), "anonymous", "", "", one.id, TEAMS[lang][one.team], *(label(lang, v) for v in one.pay),
            one.enps, "".join(f"{PERKS[lang][k]};" for k in sorted(set(one.perks))), comment(lang, one),
        ])  # fmt: skip
    return rows


def surveymonkey(lang: str) -> list[list[object]]:
    t = TEXT[lang]
    own = {
        "en": ["Respondent ID", "Collector ID", "Start Date", "End Date", "IP Address", "Email Address", "First Name", "Last Name", "Custom Data 1"],
        "zh": ["受访者 ID", "收集器 ID", "开始日期", "结束日期", "IP 地址", "电子邮件地址", "名字", "姓氏", "自定义数据 1"],
        "ru": ["ИД респондента", "ID сборщика", "Дата начала", "Дата окончания", "IP-адрес", "Адрес электронной почты", "Имя", "Фамилия",
               "Пользовательские данные 1"],
    }  # fmt: skip
    said = {
        "en": ("Response", "Open-Ended Response"),
        "zh": ("答复", "开放式答复"),
        "ru": ("Ответ", "Свободный ответ"),
    }[lang]
    first = [
        *own[lang],
        t["id"],
        t["team"],
        t["matrix"],
        "",
        "",
        t["enps_1"],
        t["perks"],
        "",
        "",
        t["change"],
    ]
    second = [*[""] * 9, said[1], said[0], *(t[item] for item in ITEMS), said[0], *PERKS[lang], said[1]]
    rows: list[list[object]] = [first, second]
    for n, one in enumerate(PEOPLE):
        rows.append([
            10_000_000_000 + n, 400_000_000, stamp(one.start), stamp(end(one)), "1.2.3.4", "", "", "", "",
            one.id, TEAMS[lang][one.team], *(label(lang, v) for v in one.pay), one.enps,
            *(PERKS[lang][k] if k in one.perks else "" for k in range(3)), comment(lang, one),
        ])  # fmt: skip
    return rows


def plain(lang: str, headings: str, answers: str) -> list[list[object]]:
    t = TEXT[lang]
    names = [t[item] for item in (*ITEMS, "enps_1")] if headings == "text" else [*ITEMS, "enps_1"]
    rows: list[list[object]] = [["employee id", "team", *names, t["change"], "submitted at", "seconds"]]
    for one in PEOPLE:
        answered = [("" if v is None else v) if answers == "code" else label(lang, v) for v in one.pay]
        rows.append(
            [
                one.id,
                TEAMS[lang][one.team],
                *answered,
                one.enps,
                comment(lang, one),
                stamp(end(one)),
                one.seconds,
            ]
        )
    return rows


def plain_long(lang: str) -> list[list[object]]:
    rows: list[list[object]] = [["respondent", "team", "item", "answer"]]
    for one in PEOPLE:
        answers = {item: label(lang, v) for item, v in zip(ITEMS, one.pay, strict=True) if v is not None}
        answers |= {"enps_1": str(one.enps)} | ({"change": WORDS[lang]} if one.commented else {})
        rows += [[one.id, TEAMS[lang][one.team], item, answer] for item, answer in answers.items()]
    return rows


LOW = {"first_option": "lowest"}


def _texts(rows: Sequence[Sequence[object]]) -> list[list[object]]:
    return [[stamp(cell) if isinstance(cell, datetime) else cell for cell in row] for row in rows]


def _all() -> list[Export]:
    found = []
    for form in (
        "{n}、{stem}—{row}",
        "第{n}题({row})",
        "{n}、{row}",
        "{n}、{stem}:{row}",
        "{n}、{stem}（{row}）",
    ):
        found.append(
            Export(f"wjx {form}", "wenjuanxing", "zh", lambda f=form: xlsx_bytes(wenjuanxing(f, "text")))
        )
    form = "{n}、{stem}—{row}"
    found += [
        Export("wjx code", "wenjuanxing", "zh", lambda: csv_bytes(wenjuanxing(form, "code"), "gbk"), LOW),
        Export("wjx one-hot xls", "wenjuanxing", "zh", lambda: xls_bytes(wenjuanxing(form, "one_hot"))),
        Export("tencent text", "tencent", "zh", lambda: csv_bytes(tencent("text"), "utf-8-sig")),
        Export("tencent code", "tencent", "zh", lambda: xlsx_bytes(tencent("code")), LOW),
    ]
    for lang in ("zh", "en", "ru"):
        for answers, head in (("text", 3), ("code", 3), ("text", 2)):
            found.append(Export(
                f"qualtrics {lang} {answers} {head}", "qualtrics", lang,
                lambda lang=lang, a=answers, h=head: csv_bytes(qualtrics(lang, a, h), "utf-8-sig"), LOW if answers == "code" else None,
            ))  # fmt: skip
        for headings in ("code", "full", "abbreviated", "code_text"):
            answers, delimiter = ("code", ";") if headings == "code" else ("text", ",")
            found.append(Export(
                f"limesurvey {lang} {headings}", "limesurvey", lang,
                lambda lang=lang, h=headings, a=answers, d=delimiter: csv_bytes(limesurvey(lang, h, a), "utf-8-sig", d),
                LOW if answers == "code" else None,
            ))  # fmt: skip
        found += [
            Export(f"google {lang}", "google_forms", lang, lambda lang=lang: csv_bytes(google(lang))),
            Export(f"microsoft {lang}", "microsoft_forms", lang, lambda lang=lang: xlsx_bytes(microsoft(lang))),
            Export(f"surveymonkey {lang}", "surveymonkey", lang, lambda lang=lang: csv_bytes(surveymonkey(lang), "utf-8")),
            Export(f"plain text {lang}", "plain_wide", lang, lambda lang=lang: csv_bytes(plain(lang, "text", "label"), delimiter=";")),
            Export(f"plain code {lang}", "plain_wide", lang, lambda lang=lang: csv_bytes(plain(lang, "id", "code"), delimiter="\t")),
            Export(f"long {lang}", "plain_long", lang, lambda lang=lang: csv_bytes(plain_long(lang)), started=False),
        ]  # fmt: skip
    return found


EXPORTS = _all()


def zipped(data: bytes, name: str) -> bytes:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()
