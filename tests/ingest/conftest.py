"""Small instruments and files, made in the test."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from ingest_files import wjx_rows

from engage.instrument import Instrument, load_instrument

SMALL = """
instrument: small
version: 1
name: {zh: 小问卷, en: Small}
source: made for a test
licence: MIT
responses:
  agree5:
    - {value: 1, zh: 非常不同意, en: Strongly disagree}
    - {value: 2, zh: 不同意, en: Disagree}
    - {value: 3, zh: 一般, en: Neither}
    - {value: 4, zh: 同意, en: Agree}
    - {value: 5, zh: 非常同意, en: Strongly agree}
  ten: [%s]
scales:
  pay:
    role: hygiene
    name: {zh: 薪酬, en: Pay}
    responses: agree5
    items:
      pay_1: {zh: 我的工资合理。, en: My pay is fair.}
      pay_2: {zh: 我常觉得工资太低。, en: I often find my pay too low., reverse: true}
  enps:
    role: outcome
    name: {zh: 净推荐, en: eNPS}
    responses: ten
    items:
      enps_1: {zh: "您愿意推荐本公司吗？", en: "Would you recommend us?"}
demographics:
  team: {name: {zh: 班组, en: Team}, text: {zh: 您所在的班组, en: Your team}}
  star:
    name: {zh: 星级, en: Star level}
    text: {zh: 您的星级, en: Your star level}
    ordered: true
    levels: {"1": {zh: 一星, en: 1 star}, "2": {zh: 二星, en: 2 stars}}
  gender:
    name: {zh: 性别, en: Gender}
    text: {zh: 您的性别, en: Your gender}
    levels: {female: {zh: 女, en: Female}, male: {zh: 男, en: Male}}
questions:
  change: {zh: "您最想改变什么？", en: "What should we change?"}
"""


@pytest.fixture
def small(tmp_path: Path) -> Instrument:
    ten = ", ".join(f'{{value: {n}, zh: "{n}", en: "{n}"}}' for n in range(11))
    path = tmp_path / "small.yaml"
    path.write_text(SMALL % ten, encoding="utf-8")
    return load_instrument(path)


@pytest.fixture
def plain_scale(tmp_path: Path) -> Callable[..., Instrument]:
    """Make a one-scale English instrument from ``{item id: text}`` and a range."""

    def make(items: dict[str, str], low: int, high: int, demographics: Sequence[str] = ()) -> Instrument:
        options = ", ".join(f'{{value: {n}, en: "{n}"}}' for n in range(low, high + 1))
        lines = [
            "instrument: probe",
            "version: 1",
            "name: {en: Probe}",
            "source: made for a test",
            "licence: MIT",
            "responses:",
            f"  points: [{options}]",
            "scales:",
            "  probe_scale:",
            "    role: outcome",
            "    name: {en: Probe}",
            "    responses: points",
            "    items:",
            *(f"      {id}: {{en: {text!r}}}" for id, text in items.items()),
        ]
        if demographics:
            lines += [
                "demographics:",
                *(f"  {d}: {{name: {{en: {d}}}, text: {{en: {d}}}}}" for d in demographics),
            ]
        path = tmp_path / "probe.yaml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return load_instrument(path)

    return make


@pytest.fixture
def wjx_text() -> list[list[object]]:
    return wjx_rows(
        [
            ["E001", "一班", "一星", "女", "同意", "非常不同意", "9", "多排点休息"],
            ["E002", "二班", "二星", "男", "非常同意", "(空)", "10", "(空)"],
            ["E003", "一班", "二星", "女", "(跳过)", "一般", "0", "加薪"],
        ]
    )


@pytest.fixture
def real() -> Path:
    """The folder of real files beside the checkout; tests that need it skip where it is absent."""
    folder = Path(__file__).parents[3] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside this checkout: the real files are tried only where they lie")
    return folder
