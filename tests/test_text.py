import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from engage.errors import UsageError
from engage.text import matched_themes, redact, sentiment, team_tone, theme_shares, themes, tone_by
from engage.text.intent import INTENTS
from engage.text.language import detect
from engage.text.redact import Entity
from engage.text.themes import THEMES, theme_of
from engage.text.tone import CUTS, TONES, cut, score
from engage.words import LANGUAGES, catalogue

SAMPLE = Path(__file__).parents[1] / "data" / "sample" / "texts"

# Small sentences of our own with the tone anybody would give them. Easier than real comments: they only
# show that the parts are wired up the right way round.
POLAR = {
    "zh": {
        "negative": [
            "服务太差了",
            "耳机很差，听不清，非常失望",
            "太吵了，环境又脏又乱",
            "系统垃圾，慢得要命",
            "管理混乱，态度恶劣",
            "食堂难吃，不值",
        ],
        "positive": [
            "我很喜欢这个团队",
            "班长人很好，非常满意",
            "环境干净，交通方便，很舒服",
            "培训非常不错，推荐",
            "大家热情友好",
            "工作很愉快，很有收获",
        ],
    },
    "en": {
        "negative": [
            "The noise is awful.",
            "I hate the new system.",
            "Our pay is terrible",
            "The rules are unfair and stupid.",
        ],
        "positive": [
            "I love my team.",
            "Great training, thank you!",
            "My supervisor is wonderful",
            "Happy with the new chairs.",
        ],
    },
    "ru": {
        "negative": [
            "Начальник постоянно кричит.",
            "Система ужасно тормозит",
            "Обидно и несправедливо.",
            "Стресс, все устали",
        ],
        "positive": [
            "Люблю свою команду!",
            "Отличный коллектив, все помогают",
            "Спасибо за поддержку",
            "Руководитель никогда не кричит",
        ],
    },
}
# As staff write: polite suggestions, questions, negated bad things, complaints without a bad word.
WORKPLACE = {
    "zh": {
        "negative": [
            "交了三次申请，三次都说没收到",
            "孩子开家长会，我在接线",
            "一个月换了四个班次，身体吃不消",
            "提意见的人后来都被调走了",
        ],
        "neutral": [
            "建议把早会挪到九点半",
            "请问调班要提前几天申请",
            "希望茶水间加一台冰箱",
            "我在投诉组，做了两年",
        ],
        "positive": [
            "主管从来没有骂过人",
            "换了椅子以后腰不疼了",
            "三年前不敢接投诉，现在专门接投诉",
            "徒弟的第一封感谢信写的是我",
        ],
    },
    "en": {
        "negative": [
            "Applied three times and was told three times it never arrived.",
            "Parents' evening came and went while I took calls.",
            "Whoever speaks up gets moved to nights.",
            "Four rota changes in a month.",
        ],
        "neutral": [
            "Please move the morning meeting to half past nine.",
            "How many days' notice does a swap need?",
            "A fridge in the kitchen would be useful.",
            "I have been in complaints for two years.",
        ],
        "positive": [
            "My supervisor has never once shouted at anybody.",
            "No more back pain since the new chairs.",
            "I used to dread complaint calls, these days I volunteer for them.",
            "My trainee's first thank-you letter was about me.",
        ],
    },
    "ru": {
        "negative": [
            "Трижды подавала заявление, трижды сказали, что не дошло.",
            "Кто высказался, того перевели в ночь.",
            "Четыре раза за месяц поменяли график.",
            "Родительское собрание прошло, пока я принимала звонки.",
        ],
        "neutral": [
            "Предлагаю перенести планёрку на половину десятого.",
            "За сколько дней нужно просить замену?",
            "На кухню бы холодильник.",
            "Работаю в группе претензий два года.",
        ],
        "positive": [
            "Старшая ни разу ни на кого не накричала.",
            "С новыми креслами спина больше не болит.",
            "Раньше боялась претензий, теперь беру их сама.",
            "Первое благодарственное письмо моей ученицы — про меня.",
        ],
    },
}
# Fewest right of the plain sentences and of the twelve workplace ones, by the stock parts and by the models.
FLOOR = {
    "snownlp": {"zh": (10, 2), "en": (7, 1), "ru": (7, 5)},
    "model": {"zh": (10, 8), "en": (6, 8), "ru": (6, 7)},
}


@pytest.mark.parametrize("language", POLAR)
@pytest.mark.parametrize("method", ["model", pytest.param("snownlp", marks=pytest.mark.rest)])
def test_plain_and_workplace_sentences_read(language: str, method: str) -> None:
    for kind, sentences, floor in zip(
        ("plain", "workplace"), (POLAR[language], WORKPLACE[language]), FLOOR[method][language], strict=True
    ):
        texts = [(tone, text) for tone, list_ in sentences.items() for text in list_]
        found = sentiment([text for _, text in texts], method=method)
        assert set(found["language"]) == {language}
        right = sum(tone == got for (tone, _), got in zip(texts, found["tone"], strict=True))
        print(f"{language} {method}: {right} of {len(texts)} {kind} sentences")
        assert right >= floor


def test_result_has_the_columns_and_index_of_the_interface() -> None:
    texts = pd.Series(["I love it", None, "无", "工资太低了", "  ", "Спасибо"], index=list("abcdef"))
    before = texts.copy()
    found = sentiment(texts)
    assert list(found.columns) == ["language", "tone", "tone_score", "intent", "theme"]
    assert list(found.index) == list("abcdef")
    assert list(found["language"]) == ["en", "none", "none", "zh", "none", "ru"]
    assert set(found["intent"]) <= set(INTENTS)
    assert set(found["theme"]) <= set(THEMES)
    assert set(found["tone"].dropna()) <= set(TONES)
    pd.testing.assert_series_equal(texts, before)
    assert list(sentiment(["good", "bad"]).index) == [0, 1]
    assert sentiment([]).empty


def test_texts_that_say_nothing_have_no_tone() -> None:
    found = sentiment(
        [
            "无",
            "没什么意见。",
            "N/A",
            "-",
            "нет",
            "",
            "👍",
            "12345",
            "Das wäre natürlich schöner, müßte möglich sein",
        ]
    )
    assert list(found["language"]) == ["none"] * 8 + ["other"]
    assert found["tone"].isna().all()
    assert found["tone_score"].isna().all()
    assert list(found["theme"]) == ["none"] * 9
    assert list(found["intent"]) == ["other"] * 9


def test_scores_are_the_stock_models_own() -> None:
    from snownlp import SnowNLP
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    zh, en = "夜班补贴太少，但是同事很好", "The noise is awful but I love my team."
    found = sentiment([zh, en], method="snownlp")["tone_score"]
    assert found[0] == pytest.approx(SnowNLP(zh).sentiments, abs=1e-12)
    compound = SentimentIntensityAnalyzer().polarity_scores(en)["compound"]
    assert found[1] == pytest.approx((compound + 1) / 2, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "positive", "negative"),
    [
        ("Отличный график", 1, 0),
        ("Не отличный график", 0, 1),
        ("Никогда не кричит", 1, 0),
        ("Не знаю, кричит ли он", 0, 1),  # the negator is in another clause
        ("Хороший коллектив, но ужасный шум и духота", 1, 2),
        ("Стол и окно", 0, 0),
    ],
)
def test_russian_counts_words_and_turns_negation_round(text: str, positive: int, negative: int) -> None:
    assert score(text, "ru") == pytest.approx((positive + 0.5) / (positive + negative + 1))


def test_russian_list_is_large_enough_and_unambiguous() -> None:
    words = yaml.safe_load(
        (Path(sys.modules["engage.text"].__file__).parent / "lexicons/ru_tone.yaml").read_text("utf-8")
    )
    groups = [words[name] for name in ("positive", "negative", "neutral")]
    assert sum(map(len, groups)) >= 200
    stems = [stem for group in groups for stem in group]
    assert len(stems) == len(set(stems))


def test_cut_offs_are_fixed_and_the_edges_neutral() -> None:
    for language, (low, high) in CUTS.items():
        scores = np.array([low - 1e-9, low, high, high + 1e-9, np.nan])
        found = cut(scores, np.array([language] * 5))
        assert list(found) == ["negative", "neutral", "neutral", "positive", None]
    assert list(cut(np.array([0.1]), np.array(["other"]))) == [None]


@pytest.mark.parametrize("method", ["model", "snownlp"])
def test_progress_counts_different_texts_up_to_the_total(method: str) -> None:
    texts = [f"good day number {chr(97 + n % 7)} {chr(97 + n % 26)}" for n in range(120)] * 2
    different = len(set(texts))
    calls: list[tuple[int, int]] = []
    sentiment(texts, method=method, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (different, different)
    assert sorted(calls) == calls


def test_importing_text_loads_no_model() -> None:
    code = (
        "import sys, engage.text; engage.text.sentiment(['good work', '很好', 'Спасибо']);"
        "stock = ('snownlp', 'sklearn', 'scipy', 'statsmodels', 'vaderSentiment');"
        "print(*[m for m in stock if m in sys.modules]);"
    )
    bare = (
        "import sys, engage.text;"
        "print(*[m for m in ('snownlp', 'vaderSentiment', 'sklearn') if m in sys.modules])"
    )
    for program in (code, bare):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("排班太乱", "zh"),
        ("CRM又崩了, support群里没人理", "zh"),
        ("排班", "zh"),
        ("領導開會講了三次", "zh"),
        ("The rota is late", "en"),
        ("ok", "en"),
        ("График поздно", "ru"),
        ("Ёлка", "ru"),
        ("CRM виснет каждый день", "ru"),
        ("@张三丰 please fix the queue", "en"),
        ("https://example.org/very/long/path/indeed 太慢", "zh"),
        ("发到someone.long.name@example.org 谢谢", "zh"),
        ("见https://example.org/a太慢了真的", "zh"),
        ("シフトが遅すぎて困っています", "other"),
        ("근무표가 늦어요", "other"),
        ("Графік надто пізно, її ніхто не бачить", "other"),
        ("Lịch làm việc quá muộn", "other"),
        ("الجدول متأخر", "other"),
        ("Nothing at the café was fresh", "en"),
        ("！？……", "none"),
        ("@someone https://example.org", "none"),
        ("无。", "none"),
        ("没 有", "none"),
        ("n/a", "none"),
        ("Без комментариев.", "none"),
        ("无人接听", "zh"),
        ("\ud800", "none"),
    ],
)
def test_language_from_scripts(text: str, language: str) -> None:
    assert list(detect([text])) == [language]
    assert list(detect(["排班太乱", text, "The rota"])) == ["zh", language, "en"]  # neighbours don't leak


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("建议增加夜间班车", "suggestion"),
        ("希望早点公布排班表", "suggestion"),
        ("请问年假怎么算？", "question"),
        ("感谢三组的帮助", "praise"),
        ("系统天天卡死，烦死了", "complaint"),
        ("Could we get the rota earlier?", "suggestion"),
        ("When is the next star exam?", "question"),
        ("Thank you, night crew, you are wonderful", "praise"),
        ("Nobody answers our tickets", "complaint"),
        ("Предлагаю сделать график заранее", "suggestion"),
        ("Когда экзамен на звезду?", "question"),
        ("Спасибо ночной смене", "praise"),
        ("Никто не отвечает на заявки", "complaint"),
        ("勤務表はいつですか？", "question"),
        ("بدون", "other"),
    ],
)
def test_intent_of_plain_sentences(text: str, expected: str) -> None:
    assert sentiment([text])["intent"][0] == expected


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("底薪太低，公积金也少", "pay"),
        ("年终奖和季度奖都没发", "bonus"),
        ("竞聘四星的评审不透明", "promotion"),
        ("空调坏了，耳机也坏了", "working_conditions"),
        ("排班表出得太晚，天天加班", "workload"),
        ("系统又卡死机，工单打不开", "tools_and_process"),
        ("Salaries and allowances are too low", "pay"),
        ("The lamp and the chair are broken", "working_conditions"),
        ("Mandatory overtime and no breaks", "workload"),
        ("Зарплата и оклад слишком маленькие", "pay"),
        ("Гарнитура сломана, кондиционер тоже", "working_conditions"),
    ],
)
def test_themes_by_words(text: str, theme: str) -> None:
    assert theme_of(text) == theme
    assert list(themes([text])) == [theme]


def test_matched_themes_say_which_words() -> None:
    found = dict(matched_themes("话务高峰排班太乱，客户骂我们，客户还投诉"))
    assert found.get("workload", ("话务高峰", "排班")) == ("话务高峰", "排班")  # the longest word counts
    assert found.get("customers", ("客户", "骂", "投诉")) == ("客户", "骂", "投诉")
    assert found
    assert matched_themes("spaying") == ()  # English words begin at a word's start
    assert matched_themes("بدون") == ()
    assert matched_themes("") == ()


def test_theme_file_names_every_theme_in_every_language() -> None:
    document = yaml.safe_load((Path(__file__).parents[1] / "surveys" / "themes.yaml").read_text("utf-8"))
    assert set(document) == set(THEMES) - {"none"}
    for words in document.values():
        assert set(words) == set(LANGUAGES)
        for listed in words.values():
            assert len(listed) >= 8
            assert all(isinstance(word, str) and word for word in listed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_name_everything(language: str) -> None:
    names = catalogue("text", language)
    for group, ids in {"tone": TONES, "intent": INTENTS, "theme": THEMES}.items():
        assert {f"{group}.{one}" for one in ids} <= set(names)
    assert set(names) == set(catalogue("text", "en"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("打我手机13800001234吧", [("13800001234", "PHONE")]),
        ("手机：138-0000-1234，谢谢", [("138-0000-1234", "PHONE")]),
        ("＋86的号 +86 139 0000 4321 不通", [("+86 139 0000 4321", "PHONE")]),
        ("座机010-55550123转8801", [("010-55550123转8801", "PHONE")]),
        ("热线400-555-0199", [("400-555-0199", "PHONE")]),
        ("звоните +7 (900) 000-12-34 вечером", [("+7 (900) 000-12-34", "PHONE")]),
        ("тел. 8 900 000 12 34", [("8 900 000 12 34", "PHONE")]),
        ("ring +44 20 7946 0958 now", [("+44 20 7946 0958", "PHONE")]),
        ("or (202) 555-0142", [("(202) 555-0142", "PHONE")]),
        ("电话6555 0123", [("6555 0123", "PHONE")]),
        ("邮箱night.shift@example.com联系", [("night.shift@example.com", "EMAIL")]),
        ("见https://example.org/a?b=1，第二页", [("https://example.org/a?b=1", "URL")]),
        ("身份证11010519900307123X", [("11010519900307123X", "ID_CARD")]),
        ("卡号6222 0000 1111 2222 333", [("6222 0000 1111 2222 333", "BANK_CARD")]),
        ("паспорт 45 10 123456", [("45 10 123456", "ID_CARD")]),
        ("我的工号E12345", [("E12345", "EMPLOYEE_ID")]),
        ("工号：20417，请查", [("20417", "EMPLOYEE_ID")]),
        ("Employee ID: AB-7788", [("AB-7788", "EMPLOYEE_ID")]),
        ("加我微信wx_kefu0731要截图", [("wx_kefu0731", "WECHAT")]),
        ("QQ：123456789", [("123456789", "QQ")]),
        ("车停在楼下，粤B·12F45挪一下", [("粤B·12F45", "LICENCE_PLATE")]),
        ("машина А123ВС77 мешает", [("А123ВС77", "LICENCE_PLATE")]),
        ("工号E12345 手机13800001234", [("E12345", "EMPLOYEE_ID"), ("13800001234", "PHONE")]),
    ],
)
def test_redact_finds_identifiers_at_their_places(text: str, expected: list[tuple[str, str]]) -> None:
    found = redact(text)
    assert [(text[start:end], kind) for start, end, kind in found.entities] == expected
    rebuilt = text
    for start, end, kind in reversed(found.entities):
        rebuilt = f"{rebuilt[:start]}[{kind}]{rebuilt[end:]}"
    assert found.text == rebuilt
    assert all(part not in found.text for part, _ in expected)
    assert redact(found.text).entities == ()


@pytest.mark.parametrize(
    "text",
    [
        "2025年11月23日开始，连续38个月",
        "及时率98.85%，比去年高3.2个百分点",
        "2024-01-15 到 2024-12-31",
        "接了110000个电话，7×24小时",
        "工号要统一，微信公众号也要改，QQ群太多",
        "底薪3200，到手4500",
        "from 9:00 to 18:30, 1,250 calls",
        "с 9:00 до 18:00, 12 500 звонков",
        "",
    ],
)
def test_redact_leaves_other_numbers_alone(text: str) -> None:
    assert redact(text).text == text


def test_entity_is_a_plain_triple() -> None:
    assert redact("工号E12345").entities == (Entity(2, 8, "EMPLOYEE_ID"),) == ((2, 8, "EMPLOYEE_ID"),)


@pytest.fixture
def comments() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    n = 400
    scores = rng.uniform(size=n)
    table = pd.DataFrame(
        {
            "team": rng.choice(["A", "B", "C"], n),
            "wave": rng.choice(["1", "2"], n),
            "question": rng.choice(["change", "proud"], n),
            "source": rng.choice(["employee", "customer_relayed"], n),
            "tone_score": scores,
            "tone": np.select([scores < 0.4, scores > 0.6], ["negative", "positive"], "neutral"),
            "theme": rng.choice(list(THEMES), n),
        }
    )
    table.loc[:9, ["tone", "tone_score"]] = np.nan
    table.loc[10:14, "team"] = None
    return table


def test_tone_by_is_brute_force_within_question_and_source(comments: pd.DataFrame) -> None:
    before = comments.copy()
    found = tone_by(comments, ["team"])
    assert list(found.columns) == ["team", "question", "source", "n", *TONES, "tone_score"]
    assert len(found) == 3 * 2 * 2
    for row in found.itertuples():
        mine = [
            r
            for r in comments.itertuples()
            if (r.team, r.question, r.source) == (row.team, row.question, row.source) and not pd.isna(r.tone)
        ]
        assert row.n == len(mine)
        for tone in TONES:
            assert getattr(row, tone) == pytest.approx(
                sum(r.tone == tone for r in mine) / len(mine), abs=1e-12
            )
        assert row.tone_score == pytest.approx(sum(r.tone_score for r in mine) / len(mine), abs=1e-12)
    pd.testing.assert_frame_equal(comments, before)


def test_grouping_can_not_pool_questions_or_sources(comments: pd.DataFrame) -> None:
    for by in ((), ("question",), ("source", "wave"), ("team", "team")):
        found = tone_by(comments, by)
        keys = [*dict.fromkeys([*by, "question", "source"])]
        assert not found.duplicated(keys).any()
        assert len(found) == len(comments.dropna(subset=[*keys, "tone"])[keys].drop_duplicates())
    for function in (team_tone, theme_shares):
        assert {"question", "source"} <= set(function(comments).columns)


def test_team_tone_is_shrunken_and_centred_on_wave_question_and_source(comments: pd.DataFrame) -> None:
    found = team_tone(comments, prior=5)
    assert list(found.columns) == ["team", "wave", "question", "source", "n", "tone"]
    kept = comments.dropna()
    for row in found.itertuples():
        cell = kept[(kept.wave == row.wave) & (kept.question == row.question) & (kept.source == row.source)]
        mine = [s for s, team in zip(cell.tone_score, cell.team, strict=True) if team == row.team]
        mean = sum(cell.tone_score) / len(cell)
        assert row.n == len(mine)
        assert row.tone == pytest.approx(sum(s - mean for s in mine) / (len(mine) + 5), abs=1e-12)
    balance = (found.tone * (found.n + 5)).groupby([found.wave, found.question, found.source]).sum()
    assert balance.abs().max() < 1e-12


def test_team_tone_ignores_what_a_question_asks_for() -> None:
    # team A answers only the negative question, team B only the positive one: neither is above average
    table = pd.DataFrame(
        {
            "team": ["A", "A", "B", "B"],
            "wave": "1",
            "question": ["change", "change", "proud", "proud"],
            "source": "employee",
            "tone": ["negative", "negative", "positive", "positive"],
            "tone_score": [0.1, 0.1, 0.9, 0.9],
        }
    )
    assert team_tone(table).tone.abs().max() < 1e-12
    assert team_tone(table, prior=0).tone.abs().max() < 1e-12


def test_theme_shares_are_negative_comments_over_all(comments: pd.DataFrame) -> None:
    found = theme_shares(comments)
    kept = comments.dropna()
    assert list(found.columns) == ["team", "wave", "question", "source", "theme", "n", "share"]
    assert len(found) == 3 * 2 * 2 * 2 * len(THEMES)
    for row in found.sample(60, random_state=1).itertuples():
        mine = kept[
            (kept.team == row.team)
            & (kept.wave == row.wave)
            & (kept.question == row.question)
            & (kept.source == row.source)
        ]
        hits = sum(t == "negative" and th == row.theme for t, th in zip(mine.tone, mine.theme, strict=True))
        assert row.n == len(mine)
        assert row.share == pytest.approx(hits / len(mine), abs=1e-12)
    totals = found.groupby(["team", "wave", "question", "source"]).share.sum().reset_index()
    negative = tone_by(comments.dropna(), ["team", "wave"]).merge(totals)
    assert np.allclose(negative.share, negative.negative)


def test_missing_columns_and_bad_prior_are_refused_in_words(comments: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="source") as caught:
        tone_by(comments.drop(columns="source"), ["team"])
    assert caught.value.code == "text.no_column"
    for language in LANGUAGES:
        assert "source" in caught.value.what(language)
    with pytest.raises(UsageError) as caught:
        team_tone(comments, prior=-1)
    assert caught.value.code == "text.prior"


def test_groupings_of_nothing_are_empty(comments: pd.DataFrame) -> None:
    for found in (
        tone_by(comments.iloc[:0], ["team"]),
        team_tone(comments.iloc[:0]),
        theme_shares(comments.iloc[:0]),
    ):
        assert found.empty


def _sample(language: str) -> pd.DataFrame:
    return pd.DataFrame(yaml.safe_load((SAMPLE / f"{language}.yaml").read_text("utf-8")))


@pytest.mark.parametrize(("language", "least"), [("zh", 520), ("en", 110), ("ru", 110)])
def test_sample_texts_are_many_different_and_labelled(language: str, least: int) -> None:
    texts = _sample(language)
    assert len(texts) >= least
    assert list(texts.columns) == ["text", "theme", "tone", "question", "source", "intent"]
    assert set(texts.theme) == set(THEMES)
    assert set(texts.tone) == set(TONES)
    assert set(texts.intent) == set(INTENTS)
    assert set(map(tuple, texts[["question", "source"]].to_numpy())) == {
        ("change", "employee"),
        ("proud", "employee"),
        ("box", "employee"),
        ("box", "customer_relayed"),
    }
    assert set(detect(list(texts.text))) == {language, "none"}
    grams = [{t[i : i + 3] for i in range(len(t) - 2)} for t in texts.text.str.lower() if len(t) > 8]
    assert max(len(a & b) / len(a | b) for a, b in itertools.combinations(grams, 2)) < 0.4


def test_sample_texts_hold_a_few_identifiers() -> None:
    found = [
        kind
        for language in LANGUAGES
        for text in _sample(language).text
        for *_, kind in redact(text).entities
    ]
    assert 5 <= len(found) <= 12
    assert {"PHONE", "EMAIL", "EMPLOYEE_ID", "WECHAT"} <= set(found)


def test_sample_texts_sound_as_their_questions_ask() -> None:
    texts = _sample("zh")
    found = tone_by(texts[["question", "source"]].join(sentiment(texts.text)))
    score = found.set_index(["question", "source"]).tone_score
    assert score["proud", "employee"] > score["change", "employee"] + 0.05
