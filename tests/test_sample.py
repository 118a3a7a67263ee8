"""The sample files themselves: made again byte for byte, of the right size, with the quirks of real exports.

Whether analyses find what was planted is tested where the analyses are.
"""

import csv
import importlib.util
import io
import re
import sys
import zipfile
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import yaml

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
sys.path.insert(0, str(SAMPLE))

from world import make_world  # noqa: E402
from world import planted as p  # noqa: E402

RESPONSES = {
    "2025H1": "responses_2025H1.csv",
    "2025H2": "responses_2025H2.xlsx",
    "2026H1": "responses_2026H1.xlsx",
}
META = ["序号", "提交答卷时间", "所用时间", "来源", "来源详情", "来自IP"]


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("sample_generate", SAMPLE / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def world():
    return make_world()


@pytest.fixture(scope="module")
def truth():
    return yaml.safe_load((SAMPLE / "TRUTH.yaml").read_text(encoding="utf-8"))


def read_csv(name, encoding):
    text = (SAMPLE / name).read_bytes().decode(encoding)
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.fixture(scope="module")
def exports():
    tables = {"2025H1": read_csv(RESPONSES["2025H1"], "gbk")}
    for wave in ("2025H2", "2026H1"):
        book = openpyxl.load_workbook(SAMPLE / RESPONSES[wave], read_only=True)
        tables[wave] = [list(row) for row in book.active.iter_rows(values_only=True)]
    return tables


def members(workbook):
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return {info.filename: (info.date_time, archive.read(info)) for info in archive.infolist()}


def test_the_files_are_what_the_generator_writes(generate, world, truth):
    made = generate.files(world, estimated=truth["estimated"])
    boxes = {f"suggestion_box_{wave}.csv" for wave in p.WAVES}
    others = {"people.csv", "service.csv", "programmes.csv", "tickets.csv", "inspections.csv", "TRUTH.yaml"}
    others |= {
        "plan.csv",
        "activities.csv",
        *(f"{name}_2026H1.xlsx" for name in ("competence", "service_value")),
    }
    assert set(made) == {*RESPONSES.values(), *boxes, *others}
    for name, content in made.items():
        stored = (SAMPLE / name).read_bytes()
        if name.endswith(".xlsx"):  # compressed bytes may differ between builds of zlib
            assert members(content) == members(stored), name
        else:
            assert content == stored, name


def test_the_sample_is_small_enough_to_keep():
    files = [path for path in SAMPLE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) < 4_500_000


def test_size_of_the_call_centre(world, truth):
    assert 2_300 <= len(world.people) <= 2_600
    assert world.people["respondent"].is_unique
    assert len(world.teams) == p.TEAMS
    assert set(world.teams["role_group"]) == {
        "management", "operations_support", "smart_service", "traditional_service"
    }  # fmt: skip
    planned = world.teams["planned"]
    assert planned.max() == 60
    assert 4 <= planned.min() <= 7
    assert 3 <= (planned < 8).sum() <= 10
    for wave in p.WAVES:
        people = world.panel[world.panel["wave"] == wave]
        assert 0.75 < people["responded"].mean() < 0.85
        assert 22 <= people["age"].mean() <= 27
        assert (people["gender"] == "female").mean() > 0.7
        assert people["education"].nunique() == 4
        assert 0.03 < people["left"].mean() < 0.13
        assert 0.3 < (people["contract"] == "regular").mean() < 0.6
        facts = truth["sample"]["waves"][wave]
        assert facts["in_post"] == len(people)
        assert facts["respondents"] == people["responded"].sum()
    careless = world.panel.loc[world.panel["responded"], "careless"] != ""
    assert 0.03 < careless.mean() < 0.05


def test_panel_has_joiners_leavers_and_movers(world):
    by_wave = [set(world.panel.loc[world.panel["wave"] == wave, "respondent"]) for wave in p.WAVES]
    for before, after in pairwise(by_wave):
        assert len(after - before) > 100
        assert len(before - after) > 100
        assert len(before & after) > 1_500
    teams = world.panel.groupby("respondent")["team"].nunique()
    assert (teams > 1).sum() > 30
    paths = world.panel.groupby("team")["org_path"].nunique()
    assert 2 <= (paths > 1).sum() <= 5


def test_leaving_lies_within_the_horizon_of_the_wave(world):
    left = world.panel[world.panel["left"]].merge(world.people[["respondent", "leave_date", "leave_type"]])
    assert (left["leave_type"] == "voluntary").all()
    for row in left.itertuples():
        first, last = p.WAVE_DATES[row.wave]
        assert last < row.leave_date <= first + timedelta(days=180)
    types = world.people["leave_type"].value_counts()
    assert set(types.index) == {"voluntary", "dismissed", "contract_end", "transfer", "probation", "other"}
    assert types["voluntary"] == world.panel["left"].sum()


def test_planted_leaving_is_the_logit_of_careful_scores():
    """In a large draw the share leaving is the mean planted probability, whatever the group."""
    large = make_world(7, people=20_000, teams=640).panel
    logit = p.LEAVING_BASE + p.LEAVING_PER_YEAR * np.minimum(large["tenure_years"], p.LEAVING_YEARS)
    for scale, slope in p.LEAVING.items():
        logit = logit + slope * (large[scale] - 3)
    chance = 1 / (1 + np.exp(-logit))
    for group in (chance > 0, chance > 0.2, large["star"] >= 4):
        spread = np.sqrt((chance[group] * (1 - chance[group])).sum()) / group.sum()
        assert abs(large["left"][group].mean() - chance[group].mean()) < 4 * spread


def test_planted_nulls_are_nulls(truth):
    assert truth["planted"]["leaving"]["per_star_given_tenure"] == 0
    estimated = truth["estimated"]
    assert abs(estimated["leaving"]["with_tenure_and_star"]["star"]) < 0.03
    for scale in p.HYGIENE:
        assert abs(estimated["drivers"]["engagement"][scale]) < 0.02
        assert abs(estimated["shortfall"]["satisfaction"][scale]["above"]) < 0.04
        assert estimated["shortfall"]["satisfaction"][scale]["below"] > 0.2


def test_headers_are_the_tools(exports, world):
    instrument = world.instrument
    for wave, rows in exports.items():
        header = rows[0]
        assert header[:6] == META
        assert header[6:8] == ["1、您的工号", "2、您所在的班组"]
        assert header[15].startswith("10、")
        assert (header[-1] == "总分") == (wave == "2025H2")
        texts = [re.sub(r"^\d+、", "", title) for title in header]
        for thing in (*instrument.items, *instrument.demographics, *instrument.questions):
            assert texts.count(thing.text["zh"]) == 1
        numbers = [int(m[1]) for title in header if (m := re.match(r"(\d+)、", title))]
        assert numbers == list(range(1, len(numbers) + 1))


def test_rows_have_the_tools_shape(exports):
    network = re.compile(r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}\(.+-.+\)")
    for wave, rows in exports.items():
        first, last = p.WAVE_DATES[wave]
        for row in rows[1:]:
            assert len(row) == len(rows[0])
            when = datetime.strptime(row[1], "%Y/%m/%d %H:%M:%S")
            assert first <= when.date() <= last
            assert re.fullmatch(r"\d+秒", row[2])
            assert network.fullmatch(row[5])
            assert re.fullmatch(r"E1\d{4}", row[6])
    assert exports["2025H1"][1][1].startswith("2025/3/10 8:")


def test_answers_are_words_or_numbers_of_the_instrument(exports, world):
    items = {item.text["zh"]: item for item in world.instrument.items}
    for wave, rows in exports.items():
        for place, title in enumerate(rows[0]):
            item = items.get(re.sub(r"^\d+、", "", title))
            if item is None:
                continue
            found = {row[place] for row in rows[1:]}
            if wave == "2026H1":
                assert found <= {-2, -3, *(option.value for option in item.options)}
            else:
                words = {str(answer).strip() for answer in found}
                assert words <= {"(空)", "(跳过)", *(option.label["zh"] for option in item.options)}


def test_quirks_are_there(exports):
    for wave, rows in exports.items():
        cells = Counter(str(cell) for row in rows[1:] for cell in row)
        blanks = ("-2", "-3") if wave == "2026H1" else ("(空)", "(跳过)")
        assert all(cells[blank] > 20 for blank in blanks)
        numbers = Counter(row[0] for row in rows[1:])
        assert max(numbers.values()) == 2
        people = Counter(row[6] for row in rows[1:])
        assert sum(n == 2 for n in people.values()) == 8
        assert max(people.values()) == 2
        if wave != "2026H1":
            assert sum(cell.endswith(" ") for row in rows[1:] for cell in row if isinstance(cell, str)) > 50
        comments = [str(row[place]) for row in rows[1:] for place in range(len(row) - 3, len(row))]
        assert any("\n" in text for text in comments)
        assert any('"' in text for text in comments)
    seconds = [int(row[2].removesuffix("秒")) for rows in exports.values() for row in rows[1:]]
    assert 20 < min(seconds) < 60
    assert 300 < float(np.median(seconds)) < 500


def test_workbooks_carry_a_fixed_date():
    for wave in ("2025H2", "2026H1"):
        book = openpyxl.load_workbook(SAMPLE / RESPONSES[wave], read_only=True)
        made = p.WAVE_DATES[wave][1] + timedelta(days=3)
        assert book.properties.created == datetime(made.year, made.month, made.day, 9)
        assert book.sheetnames == ["Sheet1"]


def test_staff_list(world):
    rows = read_csv("people.csv", "utf-8-sig")
    columns = dict(zip(rows[0], zip(*rows[1:], strict=True), strict=True))
    waves = Counter(columns["调查轮次"])
    assert waves[""] == len(world.people)
    for wave in p.WAVES:
        assert waves[wave] == (world.panel["wave"] == wave).sum()
    pairs = Counter(zip(columns["工号"], columns["调查轮次"], strict=True))
    assert max(pairs.values()) == 1
    for row in rows[1:]:
        record = dict(zip(rows[0], row, strict=True))
        assert date.fromisoformat(record["入职日期"]) <= date.fromisoformat(record["数据日期"]) <= p.EXTRACT
        assert bool(record["离职日期"]) == bool(record["离职类型"])
        if record["离职日期"]:
            assert record["调查轮次"] == ""  # not known as of the wave
            assert record["入职日期"] < record["离职日期"]
        assert record["组织路径"].endswith("/" + record["班组"])
        assert record["星级"] in "12345"


def test_service_and_programmes(world):
    rows = read_csv("service.csv", "utf-8-sig")
    assert rows[0] == ["班组", "月份", "满意度", "及时率", "质检得分", "受理量"]
    serving = world.teams[world.teams["role_group"].isin(["smart_service", "traditional_service"])]
    assert {(row[0], row[1]) for row in rows[1:]} == {
        (team, month.strftime("%Y-%m")) for team in serving["team"] for month in p.MONTHS
    }
    values = np.array([row[2:] for row in rows[1:]], dtype=float)
    assert ((values[:, 0] > 50) & (values[:, 0] <= 100)).all()
    assert ((values[:, 1] > 0.5) & (values[:, 1] <= 1)).all()
    assert (values[:, 3] > 0).all()

    programmes = read_csv("programmes.csv", "utf-8-sig")
    for row in programmes[1:]:
        start = date.fromisoformat(row[2])
        assert any(a[1] < start < b[0] for a, b in zip(*_neighbours(), strict=True))
        assert row[5] in (set(world.teams["team"]) if row[4] == "班组" else set(world.people["respondent"]))
    accepted = Counter(row[7] for row in programmes[1:] if row[4] == "个人")
    assert min(accepted["是"], accepted["否"]) > 30


def _neighbours():
    dates = [p.WAVE_DATES[wave] for wave in p.WAVES]
    return dates, [*dates[1:], (date.max, date.max)]


def test_comments(exports, world):
    known = Counter()
    for path in (SAMPLE / "texts").glob("*.yaml"):
        known.update(_bare(entry["text"]) for entry in yaml.safe_load(path.read_text(encoding="utf-8")))
    written = Counter()
    for wave, rows in exports.items():
        titles = [re.sub(r"^\d+、", "", title) for title in rows[0]]
        of_wave = Counter()
        latest = {row[6]: row for row in rows[1:]}
        for question in world.instrument.questions:
            place = titles.index(question.text["zh"])
            texts = [str(row[place]) for row in latest.values()]
            of_wave.update(_bare(text) for text in texts if text not in ("(空)", "(跳过)", "-2", "-3"))
        assert 250 < of_wave.total() < 600, wave
        assert all(n <= known[text] for text, n in of_wave.items())  # no text twice in a wave
        written += of_wave
    boxes = [read_csv(f"suggestion_box_{wave}.csv", "utf-8-sig") for wave in p.WAVES]
    assert all(box[0] == ["日期", "工号", "班组", "来源", "内容"] for box in boxes)
    box = [boxes[0][0], *(row for rows in boxes for row in rows[1:])]
    assert {row[3] for row in box[1:]} == {"员工", "客户转述"}
    assert 80 < sum(bool(row[1]) for row in box[1:]) < 200
    assert all(row[1] == "" for row in box[1:] if row[3] == "客户转述")
    written.update(_bare(row[4]) for row in box[1:])
    assert set(written) <= set(known)
    assert all(n <= 3 * known[text] for text, n in written.items())
    assert 1_300 < written.total() < 1_900
    han = sum(n for text, n in written.items() if re.search(r"[一-鿿]", text))
    cyrillic = sum(n for text, n in written.items() if re.search(r"[а-яё]", text, re.I))
    assert han > 0.75 * written.total()
    assert min(cyrillic, written.total() - han - cyrillic) > 60


def _bare(text):
    return re.sub(r"[\s\"“”«»]", "", text)


def test_comment_tone_follows_the_climate(generate, world):
    """Planted: a negative answer to "what should we change" is likelier where the climate is poor."""
    texts = generate.load_texts(SAMPLE / "texts")
    comments, box = generate.write_comments(world, texts, world.seed)
    assert len(box) > 300
    climate = generate.composites(world.panel, world.scores).set_index(["team", "wave"])["climate"]
    here = climate.reindex(list(zip(world.panel["team"], world.panel["wave"], strict=True))).to_numpy()
    for question, tone, sign in (("change", "negative", -1), ("proud", "positive", 1)):
        wrote = (comments[question] != "").to_numpy()
        toned = (comments.loc[wrote, f"{question}_tone"] == tone).to_numpy()
        gap = here[wrote][toned].mean() - here[wrote][~toned].mean()
        assert sign * gap > 0.05


def test_a_small_world_for_other_tests():
    small = make_world(3, people=300, teams=12)
    again = make_world(3, people=300, teams=12)
    assert small.panel.equals(again.panel)
    assert small.answers.equals(again.answers)
    assert not small.panel.equals(make_world(4, people=300, teams=12).panel)
    assert len(small.scores) == len(small.panel) == len(small.answers)
    frame = small.analysed()
    assert frame["responded"].all()
    careful = frame[(frame["careless"] == "")]
    merged = careful.merge(small.panel, on=["respondent", "wave"], suffixes=("", "_true"))
    close = (merged["growth"] - merged["growth_true"]).abs()
    assert close.dropna().max() < 1.4  # only missing single answers tell the two apart
    assert (close > 1e-9).mean() < 0.05
