"""Tone by a transformer of one's own: ``method="onnx"``, against figures worked out word by word."""

import builtins
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_onnx import expected, folder

from engage.cli import run
from engage.errors import InputError, UsageError
from engage.text import local, sentiment, sentiment_blocks
from engage.text.blocks import reader_digest
from engage.text.tone import TONES
from engage.words import LANGUAGES, say

THREE = {"0": "Negative", "1": "neutral", "2": "POS"}
TEXTS = [
    "good rota",
    "bad",
    "the rota is late late bad",
    "太低",
    "太好 good",
    "плохо rota",
    "good " * 40 + "rota",
    "später schön für müde Köche",
    "无",
    "",
]
READ = [text for text in TEXTS if text not in ("无", "")]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return folder(tmp_path_factory.mktemp("models") / "three", THREE)


@pytest.fixture
def copy(model, tmp_path) -> Path:
    return shutil.copytree(model, tmp_path / "model")


def told(path: Path, **config: object) -> Path:
    """Change what a folder's config.json says."""
    document = json.loads((path / "config.json").read_text("utf-8"))
    (path / "config.json").write_text(json.dumps(document | config, ensure_ascii=False), "utf-8")
    return path


def fault(path: Path) -> InputError:
    """Return the error that a folder gives; it must have words in three languages."""
    with pytest.raises(InputError) as caught:
        sentiment(["good"], method="onnx", model=path)
    for lang in LANGUAGES:
        assert caught.value.what(lang)
        assert "{" not in caught.value.what(lang)
        assert caught.value.remedy(lang)
    return caught.value


def test_tone_is_the_softmax_of_the_models_sums_and_the_rest_is_ours(model):
    found = sentiment(TEXTS, method="onnx", model=model)
    own = sentiment(TEXTS)
    pd.testing.assert_frame_equal(
        found[["language", "intent", "theme"]], own[["language", "intent", "theme"]], check_exact=True
    )
    p = expected(READ, 3)
    assert list(found["tone"][: len(READ)]) == [TONES[place] for place in p.argmax(axis=1)]
    np.testing.assert_allclose(found["tone_score"][: len(READ)], p[:, 2], rtol=0, atol=1e-6)
    assert len(set(found["tone"].dropna())) == 3
    assert found["tone"][len(READ) :].isna().all()
    assert found["tone_score"][len(READ) :].isna().all()
    assert own["tone"][READ.index("später schön für müde Köche")] is np.nan
    assert list(sentiment([], method="onnx", model=str(model)).columns) == list(found.columns)


def test_neighbours_of_other_lengths_change_nothing(model):
    texts = [" ".join(["good", "bad", "late"][: n % 3 + 1] * (n % 29 + 1)) + f" {n}" for n in range(150)]
    found = sentiment(texts, method="onnx", model=model)["tone_score"]
    np.testing.assert_allclose(found, expected(texts, 3)[:, 2], rtol=0, atol=2e-6)
    calls: list[tuple[int, int]] = []
    sentiment([*texts, "无"], method="onnx", model=model, progress=lambda *call: calls.append(call))
    assert calls[-1] == (151, 151)
    assert sorted(calls) == calls
    assert len(calls) == 5


@pytest.mark.parametrize(
    ("inputs", "where"),
    [
        (("input_ids", "attention_mask", "token_type_ids"), "model.onnx"),
        (("input_ids", "attention_mask"), "onnx/model.onnx"),
    ],
)
def test_usual_inputs_and_places(inputs, where, tmp_path):
    path = folder(tmp_path / "m", THREE, inputs=inputs, where=where)
    found = sentiment(READ, method="onnx", model=path)["tone_score"]
    np.testing.assert_allclose(found, expected(READ, 3)[:, 2], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("config", "most"),
    [
        ({"max_position_embeddings": 8}, 8),
        ({"max_position_embeddings": 8, "model_type": "roberta", "pad_token_id": 1}, 6),
        ({"max_position_embeddings": 4000}, 512),
    ],
)
def test_long_texts_are_cut_where_the_model_ends(config, most, copy):
    texts = ["late " * 5 + "rota " * 390, "good bad late rota good bad late rota"]
    found = sentiment(texts, method="onnx", model=told(copy, **config))["tone_score"]
    np.testing.assert_allclose(found, expected(texts, 3, most)[:, 2], rtol=0, atol=1e-6)
    (copy / "tokenizer_config.json").write_text('{"model_max_length": 5}')
    found = sentiment(texts, method="onnx", model=copy)["tone_score"]
    np.testing.assert_allclose(found, expected(texts, 3, min(most, 5))[:, 2], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("labels", "tones"),
    [
        (["POSITIVE", "NEGATIVE"], [2, 0]),
        (["neg", "neu", "pos"], [0, 1, 2]),
        ([f"{n} star{'s' if n > 1 else ''}" for n in range(1, 6)], [0, 0, 1, 2, 2]),
        (["star 5", "star 4", "star 3", "star 2", "star 1"], [2, 2, 1, 0, 0]),
        (["Very Negative", "Negative", "Neutral", "Positive", "Very Positive"], [0, 0, 1, 2, 2]),
        (["负面", "中性", "正面"], [0, 1, 2]),
        (["позитивный", "негативный", "нейтральный"], [2, 0, 1]),
    ],
)
def test_labels_are_understood(labels, tones, tmp_path):
    path = folder(tmp_path / "m", {str(n): label for n, label in enumerate(labels)})
    assert list(local.local_model(path).tones) == tones
    found = sentiment(READ, method="onnx", model=path)
    p = np.zeros((len(READ), 3))
    for label, tone in enumerate(tones):
        p[:, tone] += expected(READ, len(labels))[:, label]
    np.testing.assert_allclose(found["tone_score"], p[:, 2], rtol=0, atol=1e-6)
    assert list(found["tone"]) == [TONES[place] for place in p.argmax(axis=1)]


def test_two_labels_have_a_neutral_only_within_a_stated_band(tmp_path):
    path = folder(tmp_path / "m", {"0": "negative", "1": "positive"})
    p = expected(READ, 2)[:, 1]
    found = sentiment(READ, method="onnx", model=path)
    assert list(found["tone"]) == ["positive" if one > 0.5 else "negative" for one in p]
    low, high = sorted(p)[1] - 1e-4, sorted(p)[3] + 1e-4
    banded = sentiment(READ, method="onnx", model=told(path, neutral_band=[low, high]))
    assert list(banded["tone"]) == [
        "neutral" if low <= one <= high else "positive" if one > 0.5 else "negative" for one in p
    ]
    assert list(banded["tone"]).count("neutral") == 3
    assert list(banded["tone_score"]) == list(found["tone_score"])


@pytest.mark.parametrize("labels", [["LABEL_0", "LABEL_1"], ["joy", "anger", "fear"], ["positive", "neutral"],
                                    ["1 star", "2 stars", "3 stars"]])  # fmt: skip
def test_labels_that_say_nothing_are_asked_about(labels, copy):
    error = fault(told(copy, id2label={str(n): label for n, label in enumerate(labels)}))
    assert error.code == "text.onnx_labels"
    assert labels[0] in error.what("zh")
    assert "id2label" in error.remedy("ru")


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"id2label": None}, "text.onnx_no_labels"),
        ({"id2label": {"0": "negative"}}, "text.onnx_no_labels"),
        ({"id2label": {"0": "negative", "2": "positive"}}, "text.onnx_no_labels"),
        ({"id2label": {"0": "negative", "1": "positive"}}, "text.onnx_output"),
        ({"neutral_band": [0.4, 0.6]}, "text.onnx_band"),
        ({"id2label": {"0": "neg", "1": "pos"}, "neutral_band": [0.6, 0.4]}, "text.onnx_band"),
        ({"id2label": {"0": "neg", "1": "pos"}, "neutral_band": "0.4"}, "text.onnx_band"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(config, code, copy):
    assert fault(told(copy, **config)).code == code


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.onnx"])
def test_missing_and_broken_files_are_named(name, copy):
    (copy / name).write_bytes(b"\x08\xff not what it says")
    assert fault(copy).code == "text.onnx_unreadable"
    assert fault(copy).where == name
    (copy / name).unlink()
    assert fault(copy).code == "text.onnx_no_file"
    assert name in fault(copy).what("ru")
    assert fault(copy / "nowhere").code == "text.onnx_no_folder"


def test_inputs_that_cannot_be_given_are_named(tmp_path):
    path = folder(tmp_path / "m", THREE, inputs=("input_ids", "attention_mask", "pixel_values"))
    error = fault(path)
    assert error.code == "text.onnx_inputs"
    assert "pixel_values" in error.what("en")
    assert "input_ids" not in error.what("en")


def test_a_model_that_fails_on_a_text_quotes_nothing(model, tmp_path):
    path = shutil.copytree(model, tmp_path / "m")
    document = json.loads((path / "tokenizer.json").read_text("utf-8"))
    document["model"]["vocab"]["secret"] = 99  # beyond the network's table
    (path / "tokenizer.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(InputError) as caught:
        sentiment(["the secret rota"], method="onnx", model=path)
    assert caught.value.code == "text.onnx_run"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("library", ["onnxruntime", "tokenizers"])
def test_without_the_extra_it_is_asked_for(library, model, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    error = fault(model)
    assert error.code == "text.onnx_extra"
    assert "engage[onnx]" in error.remedy("zh")


def test_method_and_model_go_together(model):
    with pytest.raises(UsageError) as caught:
        sentiment(["good"], method="onnx")
    assert caught.value.code == "text.model_needed"
    for method in ("model", "snownlp"):
        with pytest.raises(UsageError) as caught:
            sentiment(["good"], method=method, model=model)
        assert caught.value.code == "text.model_unused"
        assert method in caught.value.what("en")


def test_our_own_models_load_none_of_it():
    code = (
        "import sys, engage.cli, engage.text; engage.text.sentiment(['good work', '很好']);"
        "print(*[m for m in ('onnxruntime', 'tokenizers', 'huggingface_hub') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_nothing_is_fetched(model, monkeypatch):
    import socket

    def refused(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("the network was asked")

    local._runner.cache_clear()
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    imports = builtins.__import__

    def guarded(name: str, *args: object, **kwargs: object) -> object:
        assert not name.startswith(("huggingface_hub", "transformers")), name
        return imports(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", guarded)
    assert sentiment(["good"], method="onnx", model=model)["tone"].notna().all()


def test_the_command_takes_a_folder(model, tmp_path, capfd):
    texts = tmp_path / "in.csv"
    pd.DataFrame({"text": TEXTS, "no": range(len(TEXTS))}).to_csv(texts, index=False)
    args = ["sentiment", str(texts), "--column", "text", "--out", str(tmp_path / "out.csv")]
    assert run([*args, "--method", "onnx", "--model", str(model)]) == 0
    found = pd.read_csv(tmp_path / "out.csv", keep_default_na=False)
    assert list(found["tone"]) == list(sentiment(TEXTS, method="onnx", model=model)["tone"].fillna(""))
    (tmp_path / "out.csv").unlink()
    capfd.readouterr()
    for more, code, exit_code in (
        (["--method", "onnx"], "text.model_needed", 2),
        (["--model", str(model)], "text.model_unused", 2),
        (["--method", "magic"], "text.method", 2),
        (["--method", "onnx", "--model", str(tmp_path)], "text.onnx_no_file", 1),
    ):
        assert run([*args, *more, "--lang", "ru"]) == exit_code
        params = {"method": more[-1] if code == "text.method" else "model"}
        names = ["config.json", "tokenizer.json", "model.onnx"]
        assert say(f"{code}.what", "ru", names=names, **params) in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_digest_changes_with_the_model(model, copy):
    assert reader_digest("onnx", model) == reader_digest("onnx", copy)
    before = reader_digest("onnx", copy)
    told(copy, neutral_band=None)
    assert reader_digest("onnx", copy) != before
    assert len({before, reader_digest("model", None), reader_digest("snownlp", None)}) == 3


@pytest.mark.rest
def test_two_processes_read_the_same_and_pass_errors_on(model, copy):
    blocks = [READ, [f"good rota {n}" for n in range(50)], READ[::-1]]
    one, two = (list(sentiment_blocks(blocks, method="onnx", model=model, workers=n)) for n in (1, 2))
    for left, right in zip(one, two, strict=True):
        pd.testing.assert_frame_equal(left, right, check_exact=True)
    (copy / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(InputError) as caught:
        list(sentiment_blocks(blocks, method="onnx", model=copy, workers=2))
    assert (caught.value.code, caught.value.where) == ("text.onnx_unreadable", "model.onnx")
