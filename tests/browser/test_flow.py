"""The main job, as a person does it: a GBK 问卷星 file goes in, and drivers of its people come out."""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from upload_files import in_numbers
from walking import LINKS, settle, shot, turn_to

from engage.views.template import PAGES
from engage.words import say

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "responses_2025H1.csv"
DRIVERS, TEAMS, UPLOAD = (PAGES.index(name) for name in ("drivers", "teams", "upload"))

pytestmark = pytest.mark.browser


@pytest.fixture
def own_file(tmp_path):
    """Another company's export: other people, another half-year, GBK as the tool writes it."""
    header, *rows = csv.reader(io.StringIO(SAMPLE.read_bytes().decode("gb18030")))
    who, when = header.index("1、您的工号"), header.index("提交答卷时间")
    for row in rows:
        row[who] = row[who].replace("E", "K")
        row[when] = row[when].replace("2025/", "2026/")
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows[1:700:2]])
    path = tmp_path / "我们的调查.csv"
    path.write_bytes(out.getvalue().encode("gbk", errors="replace"))
    return path


def answer(page):
    return page.locator(".st-key-answer").inner_text()


@pytest.mark.rest
def test_from_own_file_to_own_drivers(sample_copy, own_file, serve, visit):
    page = visit(serve(sample_copy))
    settle(page)
    turn_to(page, DRIVERS)
    before = answer(page)
    clicks = 0

    page.locator(LINKS).nth(UPLOAD).click()
    page.get_by_role("heading", name=say("page_upload.title", "zh")).wait_for()
    clicks += 1
    page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(own_file)
    clicks += 1
    button = page.get_by_role("button", name=say("page_upload.import_button", "zh"), exact=True)
    button.wait_for()
    settle(page)
    assert "问卷星" in page.locator("[data-testid=stMain]").inner_text()
    assert page.get_by_role("textbox", name=say("page_upload.wave", "zh")).input_value() == "2026H1"
    shot(page, "upload-zh-1440-checked")
    button.click()
    clicks += 1
    close = page.get_by_role("button", name=say("page_upload.close_button", "zh"))
    close.wait_for(timeout=120_000)
    settle(page)
    shot(page, "upload-zh-1440-imported")
    close.click()
    clicks += 1
    page.get_by_text(say("page_upload.see_drivers", "zh")).click(timeout=180_000)
    clicks += 1
    page.get_by_role("heading", name=say("page_drivers.title", "zh")).wait_for()
    settle(page)
    assert clicks <= 5
    assert answer(page) != before
    assert page.locator("[data-testid=stVegaLiteChart]").count() == 2
    assert say("app.sample", "zh") not in page.locator("[data-testid=stSidebar]").inner_text()
    shot(page, "drivers-zh-1440-own")


@pytest.mark.rest
def test_switching_the_language_keeps_place_and_choice(sample_copy, serve, visit):
    page = visit(serve(sample_copy))
    settle(page)
    turn_to(page, TEAMS)
    assert page.locator("h1").inner_text() == say("page_teams.title", "zh")
    for lang in ("en", "ru", "zh"):
        page.locator("[data-testid=stSidebar]").get_by_text(say(f"app.tongue_{lang}"), exact=True).click()
        page.get_by_role("heading", name=say("page_teams.title", lang)).wait_for()
        settle(page)
        assert f"lang={lang}" in page.url


@pytest.mark.rest
def test_a_table_can_be_downloaded_and_read(sample_copy, serve, visit, tmp_path):
    page = visit(serve(sample_copy))
    settle(page)
    turn_to(page, DRIVERS)
    page.get_by_text(say("page_drivers.coefficients", "zh")).click()
    settle(page)  # the table draws itself when it is unfolded, and moves the button
    page.wait_for_timeout(1000)
    with page.expect_download() as waiting:
        page.get_by_text(say("app.download", "zh")).click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == "drivers_engagement.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    table = pd.read_csv(path)
    assert {"driver", "estimate", "ci_low", "ci_high", "importance"} <= set(table.columns)
    survey = table[table["block"] != "theme"]
    assert survey["share"].sum() == pytest.approx(1, abs=0.05)
    settle(page)


@pytest.mark.rest
def test_a_file_with_faults_is_refused_with_reasons(sample_copy, serve, visit, tmp_path):
    lines = SAMPLE.read_bytes().decode("gb18030").splitlines(keepends=True)[:60]
    path = tmp_path / "bad.csv"
    path.write_bytes(
        "".join([lines[0], *(line.replace(",同意,", ",差不多吧,") for line in lines[1:])]).encode("gbk")
    )
    page = visit(serve(sample_copy))
    settle(page)
    turn_to(page, UPLOAD)
    page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(path)
    page.locator("[data-testid=stAlert]").first.wait_for()
    settle(page)
    assert page.get_by_role("button", name=say("page_upload.import_button", "zh"), exact=True).count() == 0
    shot(page, "upload-zh-1440-faults")


@pytest.mark.rest
def test_option_numbers_are_settled_imported_and_read_alike_the_next_time(tmp_path, serve, visit):
    """A file that leaves a question open: it is asked, answered, kept, and not asked again."""
    first, second = tmp_path / "按序号.csv", tmp_path / "下一轮.csv"
    first.write_bytes(in_numbers(60))
    second.write_bytes(
        in_numbers(60).decode("gb18030").replace("2026/", "2027/").replace("E", "K").encode("gb18030")
    )
    page = visit(serve(tmp_path / "mine"))
    settle(page)
    turn_to(page, UPLOAD)
    page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(first)
    page.get_by_text(say("page_upload.direction_title", "zh")).wait_for()
    settle(page)
    button = page.get_by_role("button", name=say("page_upload.import_button", "zh"), exact=True)
    assert button.count() == 0
    shot(page, "upload-zh-1440-direction")
    page.locator("[data-testid=stRadio] label").nth(1).click()
    page.get_by_role("button", name=say("page_upload.apply", "zh"), exact=True).first.click()
    button.wait_for()
    settle(page)
    button.click()
    page.get_by_text(say("page_upload.remembered", "zh")).wait_for(timeout=120_000)
    settle(page)
    page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(second)
    button.wait_for()
    settle(page)
    assert page.get_by_text(say("page_upload.direction_title", "zh")).count() == 0
    assert page.get_by_role("button", name=say("page_upload.saved_not", "zh")).count() == 1
    shot(page, "upload-zh-1440-as-last-time")
    button.click()
    page.get_by_text("2027H1").first.wait_for(timeout=120_000)
    settle(page)
