"""The models of engage.text: how the parts add up, and floors under what benchmarks/text.py measures."""

import csv
import importlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engage.errors import TooLittleData, UsageError
from engage.text import emerging_themes, matched_themes, redact, sentiment, themes
from engage.text.features import CLASSES, class_sequence, classes, normalise, read, word_feature
from engage.text.grams import chain, lay, lookup, salt
from engage.text.kinds import KINDS, kinds
from engage.text.language import detect
from engage.text.lexicons import lexicon
from engage.text.lists import listed, matches, words_of
from engage.text.model import LANGUAGES, logits, model, place_of, probabilities, softmax
from engage.text.tone import TONES
from engage.text.topics import listed_themes

ROOT = Path(__file__).parents[1]
LABELLED = ROOT / "data" / "text"


def rows(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8", newline="") as file:
        return pd.DataFrame(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


# Below what benchmarks/text.py found by a margin: floors against breaking. pairs: share with both right.
FLOORS = {"zh": (0.805, 0.75), "en": (0.735, 0.59), "ru": (0.75, 0.61)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_tone_of_comments_held_apart(language: str) -> None:
    table = rows(LABELLED / f"{language}_test.tsv")
    found = probabilities(list(table["text"]), language).tone
    read_as = np.array(TONES)[found.argmax(axis=1)]
    truth = table["tone"].to_numpy()
    f1 = [
        2 * ((truth == tone) & (read_as == tone)).sum() / ((truth == tone).sum() + (read_as == tone).sum())
        for tone in TONES
    ]
    assert np.mean(f1) >= FLOORS[language][0]
    confidence, right = found.max(axis=1), truth == read_as
    assert abs(confidence.mean() - right.mean()) < 0.08


@pytest.mark.parametrize("language", LANGUAGES)
def test_pairs_that_differ_in_scope_alone(language: str) -> None:
    table = rows(ROOT / "tests" / "data" / f"pairs_{language}.tsv")
    assert len(table) >= 150
    right = np.ones(len(table), dtype=bool)
    for side in "ab":
        found = probabilities(list(table[f"text_{side}"]), language).tone
        right &= np.array(TONES)[found.argmax(axis=1)] == table[f"tone_{side}"].to_numpy()
    assert right.mean() >= FLOORS[language][1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_labelled_comments_are_many_different_and_kept_apart(language: str) -> None:
    train, test = (rows(LABELLED / f"{language}_{part}.tsv") for part in ("train", "test"))
    least = {"zh": 3000, "en": 1500, "ru": 1500}[language]
    assert len(train) + len(test) >= least
    assert len(test) >= 0.24 * least
    assert not set(train["voice"]) & set(test["voice"])
    both = pd.concat([train, test])
    bare = both["text"].map(lambda text: re.sub(r"\W", "", text.lower()))
    assert not bare.duplicated().any()
    size = 2 if language == "zh" else 3
    grams = [frozenset(t[i : i + size] for i in range(len(t) - size + 1)) for t in bare]
    holders: dict[str, list[int]] = {}
    for place in range(len(train), len(both)):
        for gram in grams[place]:
            holders.setdefault(gram, []).append(place)
    for gram_set in grams[: len(train)]:
        shared: dict[int, int] = {}
        for gram in gram_set:
            for place in holders.get(gram, ()):
                shared[place] = shared.get(place, 0) + 1
        for place, count in shared.items():
            if len(gram_set) > 8:
                assert count / (len(gram_set) + len(grams[place]) - count) < 0.75


def test_hash_of_a_stretch_depends_on_its_characters_alone() -> None:
    texts = ["奖金没发", "说是奖金没有发", "x奖金"]
    laid = lay(texts)
    joined = "".join(map(chr, laid.points))
    start = np.array([i for i in range(len(joined)) if joined.startswith("奖金", i)])
    assert len(set(laid.stretch(start, start + 2).tolist())) == 1
    every = np.array([(i, j) for i in range(len(joined)) for j in range(i + 1, len(joined) + 1)])
    hashes = laid.stretch(every[:, 0], every[:, 1])
    assert len(set(hashes.tolist())) == len({joined[i:j] for i, j in every})
    one, two = np.array([3], dtype=np.uint64), np.array([5], dtype=np.uint64)
    assert chain(one, two) != chain(two, one)
    assert salt(one, 1) != salt(one, 2)


def test_lookup_finds_its_entries_and_nothing_else() -> None:
    table = lookup({"奖金": 4, "工资": 9}, kind=1)
    laid = lay(["工资奖金"])
    start = np.array([1, 2, 3])
    assert list(table.find(salt(laid.stretch(start, start + 2), 1))) == [9, -1, 4]
    assert list(lookup({}).find(np.array([1], dtype=np.uint64))) == [-1]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("从不骂人", "zh", "start negator turned_good end"),
        ("总发火", "zh", "start always bad end"),
        ("从不发火", "zh", "start negator turned_good end"),
        ("不公平，但同事好", "zh", "start bad break contrast good end"),
        ("never rude, always kind", "en", "start negator turned_good break always good end"),
        ("Isn't it fair?", "en", "start negator turned_bad asked end"),
        ("Не удобно", "ru", "start negator turned_bad end"),
    ],
)
def test_classes_of_words_in_their_order(text: str, language: str, expected: str) -> None:
    laid = lay(normalise([text], language))
    found = class_sequence(laid, language, None if language == "zh" else words_of(laid))
    got = " ".join(CLASSES[code] for code in found.code)
    assert got == expected


def test_neighbours_in_a_batch_do_not_matter() -> None:
    table = rows(LABELLED / "zh_test.tsv")
    texts = list(table["text"][:60])
    together = probabilities(texts, "zh")
    for place in (0, 17, 59):
        alone = probabilities([texts[place]], "zh")
        for head, one in zip(together, alone, strict=True):
            assert np.allclose(head[place], one[0], atol=1e-9)


@pytest.mark.parametrize(
    "text", ["a", "ab", "a b", "不", "я", "?", "，", "a" * 5000, "\0", "\ud800x", "😀 ok"]
)
def test_odd_texts_are_read(text: str) -> None:
    for language in LANGUAGES:
        for batch in ([text], [text, text], ["", text]):
            for head in probabilities(batch, language):
                assert np.isfinite(head).all()
                assert len(head) == len(batch)


@pytest.mark.parametrize("language", LANGUAGES)
def test_logits_are_the_sums_that_a_plain_loop_gives(language: str) -> None:
    known = model(language)
    text = rows(LABELLED / f"{language}_test.tsv")["text"][5]
    seen = read([text], language)
    total = known.bias.copy()
    for group in seen.groups:
        for what, weight in zip(place_of(group.what), group.weight, strict=True):
            total += known.weights[known.row[what]].astype(float) * float(weight)
    got = logits(seen, language, known)[0]
    if not len(known.review):
        assert np.allclose(got[:8], total[:8], atol=1e-5)
    assert np.allclose(got[3:8], total[3:8], atol=1e-5)
    total[8:] += kinds(seen, language)[0] @ known.kinds
    total[8:-1] += listed_themes(seen, language, known.listed)[0]
    assert np.allclose(got[8:], total[8:], atol=1e-5)


def test_probabilities_of_tone_and_intent_sum_to_one_and_softmax_is_stable() -> None:
    found = probabilities(["工资太低", "谢谢"], "zh")
    for head in (found.tone, found.intent):
        assert np.allclose(head.sum(axis=1), 1)
    assert ((found.theme > 0) & (found.theme < 1)).all()
    assert np.allclose(softmax(np.array([[1e4, 0.0], [-1e4, -1e4]])), [[1, 0], [0.5, 0.5]])
    assert probabilities([], "en").tone.shape == (0, 3)


def test_traditional_characters_and_full_width_letters_read_like_the_usual_ones() -> None:
    assert normalise(["領導從來不罵人"], "zh") == normalise(["领导从来不骂人"], "zh")
    assert normalise(["ＣＲＭ １２"], "zh") == ["crm 00"]
    pair = probabilities(["領導從來不罵人", "领导从来不骂人"], "zh").tone
    assert np.allclose(pair[0], pair[1])


def test_unknown_method_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        sentiment(["x"], method="magic")  # type: ignore[arg-type]
    assert caught.value.code == "text.method"


def test_models_are_small_and_complete() -> None:
    for language in LANGUAGES:
        file = ROOT / "engage" / "text" / "models" / f"{language}.npz"
        assert file.stat().st_size < 9_000_000
        known = model(language)
        assert known.weights.shape[1] == 25 == len(known.bias)
        assert np.isfinite(known.weights).all()
        assert not known.weights[0].any()
    assert set(classes("zh").lengths) >= {1, 2, 3, 4}


def test_scoring_needs_no_training_library_and_little_memory() -> None:
    program = (
        "import sys; from engage.text.model import LANGUAGES, model, probabilities;"
        "[probabilities(['好 good хорошо'], one) for one in LANGUAGES];"
        "known = [model(one) for one in LANGUAGES];"
        "arrays = [getattr(one, name) for one in known for name in one.__slots__];"
        "print(sum(getattr(array, 'nbytes', 0) for array in arrays));"
        "print(*{'sklearn', 'snownlp', 'onnxruntime', 'torch', 'vaderSentiment'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    size, imported = done.stdout.split("\n")[:2]
    assert int(size) < 60e6
    assert not imported


def test_words_that_no_training_comment_holds_have_a_weight_from_their_vectors() -> None:
    with np.load(LABELLED / "ru_vectors.npz") as file:
        words = str(file["words"]).split("\n")
        assert file["vectors"].shape == (len(words), 100)
    known, unseen = model("ru"), 0
    laid = lay(words[::400])
    seen = words_of(laid)
    places = place_of(word_feature(laid.stretch(seen.start, seen.end)))
    assert known.row[places].all()
    assert set(places) <= {int(p) for p in place_of(read(words[::400], "ru").groups[1].what)}
    held = set(" ".join(normalise(list(rows(LABELLED / "ru_train.tsv")["text"]), "ru")).split())
    for word, place in zip(words[::400], places, strict=False):
        if word not in held:
            unseen += 1
            assert known.weights[known.row[place]].any()
    assert unseen > 20


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_models_are_rebuilt_from_the_repository(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(LABELLED))
    train = importlib.import_module("train")
    monkeypatch.setattr(train, "MODELS", tmp_path)
    train.build(language, write=True)
    shipped = ROOT / "engage" / "text" / "models" / f"{language}.npz"
    with np.load(shipped) as old, np.load(tmp_path / f"{language}.npz") as new:
        assert old.files == new.files
        for name in old.files:
            assert np.allclose(old[name].astype(float), new[name].astype(float), rtol=2e-3, atol=1e-3)


def test_an_edited_word_list_counts_at_once(tmp_path: Path) -> None:
    program = (
        "from engage.text import topics; words = dict(topics.document());"
        "words['bonus'] = {**words['bonus'], 'zh': ['弗洛格']}; topics.document = lambda: words;"
        "from engage.text import matched_themes;"
        "print(dict(matched_themes('弗洛格弗洛格', 'zh')).get('bonus'))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "('弗洛格',)"


def test_of_overlapping_entries_the_first_and_longest_hides_only_what_begins_inside_it() -> None:
    known = listed({"ab": 0, "bc": 1, "cd": 2, "cde": 3, "f": 4})
    laid = lay(["abcdef", "xbcd"])
    start, end, number = matches(laid, None, known)
    found = ["".join(map(chr, laid.points[a:b])) for a, b in zip(start, end, strict=True)]
    assert found == ["ab", "cde", "f", "bc"]
    assert list(number) == [0, 3, 4, 1]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("zh", "房东又涨房租", {"household": 2, "money": 0}),
        ("en", "The landlord and the landlord's radiator", {"household": 2, "climate_room": 1}),
        ("ru", "Начальник и начальница", {"boss": 2}),
    ],
)
def test_kinds_are_counted_by_their_listed_words(language: str, text: str, expected: dict[str, int]) -> None:
    assert set(lexicon(f"{language}_kinds")) == set(KINDS)
    found = dict(zip(KINDS, kinds(read([text], language), language)[0] ** 2, strict=True))
    assert {kind: round(found[kind]) for kind in expected} == expected


def test_theme_without_a_listed_word_shows_what_spoke_for_it() -> None:
    for theme, words in matched_themes("嗓子跟砂纸一样，一百八十通"):
        assert theme
        assert all(words)
    assert list(themes(["", None, "بدون"])) == ["none"] * 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_redaction_of_identifiers_held_apart(language: str) -> None:
    found = []
    for line in (ROOT / "tests" / "data" / "identifiers_held_out.tsv").read_text("utf-8").splitlines():
        of, marked = line.split("\t")
        if of != language:
            continue
        spans, text = [], ""
        for plain, inside in re.findall(r"([^⟦]*)(?:⟦\w+:([^⟧]*)⟧)?", marked):
            text += plain + inside
            if inside:
                spans.append((len(text) - len(inside), len(text)))
        covered = np.zeros(len(text), dtype=bool)
        for start, end, _ in redact(text).entities:
            covered[start:end] = True
        found += [covered[start:end].all() for start, end in spans]
    assert np.mean(found) >= 0.9
    clean = rows(LABELLED / f"{language}_test.tsv")["text"]
    assert np.mean([bool(redact(text).entities) for text in clean]) <= 0.05


def test_emerging_themes_find_the_groups_that_were_put_in() -> None:
    said = {
        "班车": "班车又晚点了 早上班车没座位 班车改线以后更远 等班车等了半小时 班车司机开得急",
        "空调": "空调坏了三天 空调对着头吹 空调漏水到桌上 空调温度没人调 夏天空调不开",
        "食堂": "食堂饭菜太油 食堂排队太长 食堂涨价了 食堂晚上没饭 食堂的汤像水",
    }
    texts = [f"{a}，{b}" for lines in said.values() for a in lines.split() for b in lines.split() if a != b]
    found = emerging_themes(texts, count=3, language="zh")
    assert {next(word for word in said if word in " ".join(theme.phrases)) for theme in found} == set(said)
    assert sum(theme.n for theme in found) == len(texts)
    assert found == emerging_themes(texts, count=3, language="zh")
    for theme in found:
        word = next(word for word in said if word in " ".join(theme.phrases))
        assert all(word in texts[place] for place in theme.typical)
    with pytest.raises(TooLittleData) as caught:
        emerging_themes(texts[:10], count=3, language="zh")
    assert caught.value.code == "text.few_texts"
    with pytest.raises(TooLittleData) as caught:
        emerging_themes(["班车晚点"] * 20 + ["空调坏了"] * 20, count=30, language="zh")
    assert caught.value.code == "text.few_terms"


def test_mixed_script_goes_to_the_language_that_carries_it() -> None:
    found = sentiment(["leader很nice，从来不push", "The 班长 is kind and fair", "CRM виснет каждый день"])
    assert list(found["language"]) == ["zh", "en", "ru"] == list(detect(["很", "the", "да"]))
    assert found["tone"].notna().all()
