"""What tools, spreadsheets and people do to a file on its way: none of it changes what is read."""
# ruff: noqa: E501

import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ingest_files import csv_bytes, ods_bytes, xls_bytes, xlsx_bytes
from test_ingest_dialects import assert_is_the_wave
from tool_exports import (
    INSTRUMENT,
    LABELS,
    PEOPLE,
    end,
    google,
    limesurvey,
    microsoft,
    plain,
    qualtrics,
    surveymonkey,
    tencent,
    wenjuanxing,
    zipped,
)

from engage.errors import InputError
from engage.ingest import read
from engage.ingest.dates import dates
from engage.ingest.dialects import Column
from engage.ingest.encodings import decode, encoding_choices
from engage.ingest.likeness import likenesses
from engage.ingest.scales import families
from engage.instrument import Instrument, available, load_instrument
from engage.workspace import Workspace

Rows = list[list[object]]


@pytest.fixture(scope="module")
def climate(tmp_path_factory: pytest.TempPathFactory) -> Instrument:
    path = tmp_path_factory.mktemp("surveys") / "climate.yaml"
    path.write_text(INSTRUMENT, encoding="utf-8")
    return load_instrument(path)


def changed(rows: Rows, change: Callable[[int, int, object], object]) -> Rows:
    """Return rows with each cell changed by its row, column and value."""
    return [[change(r, c, cell) for c, cell in enumerate(row)] for r, row in enumerate(rows)]


def labelled(lang: str, form: str) -> bytes:
    """Return a plain file whose answers carry their number as a tool writes it."""
    words = LABELS[lang]

    def change(_r: int, _c: int, cell: object) -> object:
        return form.format(label=cell, n=words.index(cell) + 1, a="ABCDE"[words.index(cell)]) if cell in words else cell  # fmt: skip

    return csv_bytes(changed(plain(lang, "text", "label"), change))


def headed(lang: str, form: str) -> bytes:
    head, *rows = plain(lang, "text", "label")
    return csv_bytes([[form.format(n=n, text=cell) for n, cell in enumerate(head, 1)], *rows])


EN, RU, ZH = (plain(lang, "text", "label") for lang in ("en", "ru", "zh"))
CODED = plain("en", "id", "code")
FULL_WIDTH = str.maketrans("12345", "１２３４５")

HABITS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "Excel's separator line": ("ru", lambda: b'"sep=;"\r\n' + csv_bytes(RU, "cp1251", ";")),
    "Excel's Unicode text": ("zh", lambda: csv_bytes(ZH, "utf-16", "\t")),
    "old line ends": ("en", lambda: csv_bytes(EN).replace(b"\r\n", b"\r")),
    "blank columns and rows": ("en", lambda: csv_bytes([*([*row, "", ""] for row in EN), *[[""] * 9] * 30])),
    "two byte order marks": ("en", lambda: b"\xef\xbb\xbf" * 2 + csv_bytes(EN)),
    "blank lines between": ("en", lambda: csv_bytes([line for row in EN for line in (row, [])])),
    "a title above": ("en", lambda: csv_bytes([["Survey of 2026"], [], *EN])),
    "hard spaces": ("ru", lambda: csv_bytes(changed(RU, lambda r, c, x: f"{x}\xa0" if r == 0 or c < 6 else x))),
    "zero-width marks": ("en", lambda: csv_bytes(changed(EN, lambda _r, c, x: f"\u200b{x}\u200f" if c < 6 else x))),
    "full-width digits": ("en", lambda: csv_bytes(changed(CODED, lambda _r, c, x: str(x).translate(FULL_WIDTH) if 1 < c < 5 else x))),
    "points and noughts": ("en", lambda: csv_bytes(changed(CODED, lambda _r, c, x: f"{x}.0" if isinstance(x, int) and c < 6 else x))),
    "decimal commas": ("en", lambda: csv_bytes(changed(CODED, lambda _r, c, x: f"{x},0" if isinstance(x, int) and c < 6 else x), delimiter=";")),
    "capitals": ("en", lambda: csv_bytes(changed(EN, lambda _r, c, x: str(x).upper() if 1 < c < 6 else x))),
    "wrapped headings": ("en", lambda: csv_bytes([[str(cell).replace(" ", "\n") for cell in EN[0]], *EN[1:]])),
    "numbered headings": ("ru", lambda: headed("ru", "Q{n}. {text}")),
    "starred headings": ("en", lambda: headed("en", "* {text} (required)")),
    "HTML in headings": ("zh", lambda: headed("zh", "<p><b>{text}</b>&nbsp;</p>")),
    "number before": ("en", lambda: labelled("en", "{n} - {label}")),
    "number behind": ("zh", lambda: labelled("zh", "{label}（{n}分）")),
    "letter before": ("zh", lambda: labelled("zh", "{a}、{label}")),
    "equals": ("ru", lambda: labelled("ru", "{n}={label}")),
}  # fmt: skip
LIGHT = {"zero-width marks", "decimal commas", "HTML in headings", "number behind", "Excel's separator line"}


@pytest.mark.parametrize(
    "name", [name if name in LIGHT else pytest.param(name, marks=pytest.mark.rest) for name in HABITS]
)
def test_habits_of_spreadsheets_and_people(name: str, climate: Instrument) -> None:
    lang, make = HABITS[name]
    reading = read(make(), instrument=climate)
    if name == "zero-width marks":
        assert set(reading.table["team"]) == {"Blue", "Red", "Green"}
    assert_is_the_wave(reading, lang)


FORMS = (
    *(
        "{n}. {stem}（{row}）",
        "{n}.{stem}_{row}",
        "{n}、{stem}[{row}]",
        "{n}、{stem}|{row}",
        "{n}、{stem}-{row}",
    ),
    *(
        "{n}、{stem}--{row}",
        "{n}、{stem}：{row}",
        "Q{n}_{row}",
        "{n}-{row}",
        "第{n}题({stem}—{row})",
        "{n}、 {row}",
    ),
)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_matrix_heading(form: str, climate: Instrument) -> None:
    reading = read(csv_bytes(wenjuanxing(form, "text"), "gb18030"), instrument=climate)
    assert reading.understood.dialect == "wenjuanxing"
    assert_is_the_wave(reading, "zh")


def stamped(form: str) -> Rows:
    head, *rows = google("en")
    return [head, *([end(one).strftime(form), *row[1:]] for one, row in zip(PEOPLE, rows, strict=True))]


@pytest.mark.parametrize(
    "form",
    [
        *("%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%d-%b-%Y %H:%M:%S", "%b %d, %Y %I:%M:%S %p"),
        *("%m/%d/%y %H:%M", "%d.%m.%y %H:%M", "%Y-%m-%d %H:%M:%S.123", "%Y-%m-%dT%H:%M:%SZ"),
    ],
)
def test_times_of_a_survey_in_every_form(form: str, climate: Instrument) -> None:
    assert_is_the_wave(read(csv_bytes(stamped(form)), instrument=climate), "en")


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("3-Sep-26", "2026-09-03"),
        ("03 сентября 2026 г.", "2026-09-03"),
        ("Sep-26", "2026-09-01"),
        ("12/31/99", "1999-12-31"),
        ("2026/9/3 下午 1:05", "2026-09-03T13:05"),
        ("26-9-3", "NaT"),
        ("2026-02-31", "NaT"),
    ],
)
def test_dates_by_name_and_in_short(written: str, read_as: str) -> None:
    found = dates([written, ""])
    assert np.array_equal(found.value[:1], np.array([read_as], "datetime64[us]"), equal_nan=True)
    assert found.bad.tolist() == [read_as == "NaT", False]


def test_day_and_month_by_how_close_the_answers_lie() -> None:
    values = ["09/03/2026", "09/05/2026"]
    assert (dates(values, close=True).ambiguous, dates(values).ambiguous) == (
        "ambiguous_month",
        "ambiguous_date",
    )


VARIANTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "wenjuanxing under a title": ("zh", lambda: xlsx_bytes([["满意度调查"], *wenjuanxing("{n}、{stem}—{row}", "text")])),
    "wenjuanxing with a type": ("zh", lambda: csv_bytes(changed(wenjuanxing("{n}、{stem}—{row}", "text"), lambda r, c, x: f"{x} [量表题]*" if not r and c > 5 else x))),
    "tencent with dashes": ("zh", lambda: csv_bytes(changed(tencent("text"), lambda r, _c, x: str(x).replace("说法:", "说法——") if not r else x))),
    "qualtrics as tabbed text": ("en", lambda: csv_bytes(qualtrics("en", "text", 3), "utf-16", "\t")),
    "qualtrics with line ends in texts": ("en", lambda: csv_bytes(changed(qualtrics("en", "text", 3), lambda r, _c, x: str(x).replace(" - ", "\n - ") if r == 1 else x))),
    "limesurvey with dotted codes": ("en", lambda: csv_bytes(changed(limesurvey("en", "code", "text"), lambda r, _c, x: re.sub(r"\[(\w+)\]", r".\1.", str(x)) if not r else x))),
    "limesurvey without its own columns": ("en", lambda: csv_bytes([row[10:-2] for row in limesurvey("en", "full", "text")])),
    "google without addresses": ("zh", lambda: csv_bytes([[row[0], *row[2:]] for row in google("zh")])),
    "google with a score": ("en", lambda: csv_bytes([[*row[:2], "3 / 10" if n else "Score", *row[2:]] for n, row in enumerate(google("en"))])),
    "microsoft with points": ("zh", lambda: xlsx_bytes([[*row, "" if n else f"分数 - {row[-1]}"] for n, row in enumerate(microsoft("zh"))])),
    "surveymonkey in American": ("en", lambda: csv_bytes(changed(surveymonkey("en"), lambda _r, c, x: re.sub(r"(\d{4})-(\d\d)-(\d\d) (.*)", r"\2/\3/\1 \4 AM", str(x)) if c in (2, 3) else x))),
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        name if "dot" in name or "dash" in name else pytest.param(name, marks=pytest.mark.rest)
        for name in VARIANTS
    ],
)
def test_variants_of_the_tools(name: str, climate: Instrument) -> None:
    lang, make = VARIANTS[name]
    reading = read(make(), instrument=climate)
    assert name.split()[0] in reading.understood.dialect or "without its" in name
    assert_is_the_wave(reading, lang, started="without its" not in name)


RUSSIAN = "Табельный номер;Команда;Ответ\n1;Первая;Скорее согласен\n2;Вторая;Не согласен, увы\n"


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866", "mac-cyrillic", "iso8859-5"])
@pytest.mark.parametrize("text", [RUSSIAN, RUSSIAN.upper(), "id;x\n1;да\n2;нет\n", "id;x\n1;Ещё Алёна\n"])
def test_russian_in_any_encoding_is_read_or_refused(text: str, encoding: str) -> None:
    found = decode(text.encode(encoding))
    same = {"mac-cyrillic": ("cp1251", "cp866")}.get(encoding, ())  # small letters alone are the same there
    assert found.text == text or found.encoding in same
    assert found.guessed


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("id,team\n1,甲班\n", "gbk"),
        ("id,意见\n1,OK 好的 yes\n", "gbk"),
        ("id,姓名\n1,朱镕基㐂\n", "gb18030"),
        ("編號,意見\n1,很好，謝謝\n", "big5"),
        ("編號,意見\n1,嘅佢哋，唔該晒\n", "big5hkscs"),
        ("id,team\n1,Größe Äpfel Öl\n", "cp1252"),
        ("id;nom\n1;«À l’été» où ça œuvre\n", "cp1252"),
        ("id,ñandú,¿Qué?\n1,¡Año!\n", "cp1252"),
    ],
)
def test_few_foreign_letters_are_enough(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)).text == text


def usual_words(pattern: str) -> list[str]:
    """Return the words of the usual scales that hold a letter of a script."""
    steps = [step for family in families().values() for step in family.values()]
    return sorted({word for words in steps for word in words if re.search(pattern, word)})


@pytest.mark.parametrize(
    ("script", "encoding", "most_wrong"),
    [
        ("[一-鿿]", "gbk", 0),
        ("[一-鿿]", "big5", 0),
        ("[а-я]", "cp1251", 0),
        ("[а-я]", "koi8-r", 3),
        ("[а-я]", "cp866", 3),
    ],
)
def test_four_answers_tell_the_encoding(script: str, encoding: str, most_wrong: int) -> None:
    rng, words, wrong = np.random.default_rng(20261123), usual_words(script), 0
    for _ in range(200):
        text = "id,x\n" + "".join(f"{n},{word}\n" for n, word in enumerate(rng.choice(words, 4)))
        try:
            data = text.encode(encoding)
        except UnicodeEncodeError:
            continue
        wrong += decode(data).text != text
    assert wrong <= most_wrong


def test_text_that_makes_no_sense_is_refused_and_may_be_told() -> None:
    data = "番号,チーム,意見\n1,あか,そう思います\n".encode("shift_jis")
    with pytest.raises(InputError) as caught:
        read(data, "people")
    assert caught.value.code == "ingest.encoding_unknown"
    assert {one.encoding for one in encoding_choices(data)} <= {"cp1251", "cp1252", "koi8-r", "cp866", "mac-cyrillic", "gb18030"}  # fmt: skip
    assert decode(data, "shift_jis").text.startswith("番号")


@pytest.mark.parametrize("name", ["undefined", "idna", "hex", "no such", "utf\0", "utf-16"])
def test_an_encoding_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(InputError) as caught:
        decode(RUSSIAN.encode() + b"x", name)
    assert caught.value.code == "ingest.encoding"


def test_letters_lost_before_are_counted() -> None:
    assert decode("id,team\n1,K\ufffdln\n".encode()).bad == 1


CONTAINERS: dict[str, Callable[[Rows], bytes]] = {
    "a.csv": csv_bytes,
    "a.tsv": lambda rows: csv_bytes(rows, "utf-8", "\t"),
    "a.xlsx": xlsx_bytes,
    "a.xls": xls_bytes,
    "a.ods": ods_bytes,
    "a.zip": lambda rows: zipped(csv_bytes(rows, "gbk"), "目录/导出.csv"),
    "b.zip": lambda rows: zipped(ods_bytes(rows), "a.ods"),
    "a.csv.gz": lambda rows: gzip.compress(csv_bytes(rows)),
    "a.xls.gz": lambda rows: gzip.compress(xls_bytes(rows)),
}
MISNAMED = {"a.ods": "x.csv", "a.csv.gz": "x.xlsx", "a.xls": "x.ods", "a.tsv": "x.zip", "a.xlsx": "x.gz", "a.zip": "x.xls"}  # fmt: skip


@pytest.mark.parametrize(
    "name", [n if n in ("a.ods", "a.csv.gz") else pytest.param(n, marks=pytest.mark.rest) for n in CONTAINERS]
)
def test_every_kind_of_file_under_its_own_and_a_wrong_name(
    name: str, climate: Instrument, tmp_path: Path
) -> None:
    data = CONTAINERS[name](wenjuanxing("{n}、{stem}—{row}", "text"))
    for called in filter(None, (name, MISNAMED.get(name))):
        path = tmp_path / called
        path.write_bytes(data)
        assert_is_the_wave(read(path, instrument=climate), "zh")


@pytest.mark.parametrize("name", ["a.ods", *(pytest.param(n, marks=pytest.mark.rest) for n in CONTAINERS)])
def test_every_kind_of_file_is_imported(name: str, climate: Instrument, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(CONTAINERS[name](wenjuanxing("{n}、{stem}—{row}", "text")))
    done = Workspace(tmp_path / "space").import_file(path, "responses", "2026H2", climate)
    assert (done.rows, done.comments) == (12, 3)


def reworded(text: str, lang: str, rng: np.random.Generator) -> str:
    """Return a wording with a type behind it, a letter less, a letter more, or an opening before it."""
    way, at = int(rng.integers(4)), int(rng.integers(len(text)))
    tag, letter, opening = {
        "zh": ("（单选）", "的", "总的来说，"),
        "en": (" (single choice)", "e", "Overall, "),
        "ru": (" (один ответ)", "а", "В целом "),
    }[lang]
    return (text + tag, text[:at] + text[at + 1 :], text[:at] + letter + text[at:], opening + text)[way]


@pytest.mark.rest
def test_wordings_changed_a_little_are_found_and_none_is_taken_for_another() -> None:
    rng = np.random.default_rng(5)
    asked = nearest = wrong = 0
    for instrument in map(load_instrument, available()):
        for lang in ("zh", "en", "ru"):
            texts = {item.text[lang]: item.id for item in instrument.items if lang in item.text}
            for text, id in texts.items():
                column = Column(0, "h", (reworded(text, lang, rng),), "question")
                found = likenesses([column], texts)
                asked, nearest = asked + 1, nearest + any(one.id == id for one in found)
                wrong += any(one.sure and one.id != id for one in found)
                others = {other: its for other, its in texts.items() if its != id}
                wrong += any(one.sure for one in likenesses([replace(column, names=(text,))], others))
    assert asked > 400
    assert nearest >= 0.98 * asked
    assert wrong == 0
