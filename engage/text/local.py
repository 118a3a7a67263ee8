"""Tone by a transformer of the user's own: a folder on this machine, run by onnxruntime. Nothing is fetched.

The folder is laid out as Hugging Face's exports are: ``config.json`` (with ``id2label``), ``tokenizer.json``,
and ``model.onnx`` or ``onnx/model.onnx``. Needs the extra ``engage[onnx]``.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engage.errors import InputError
from engage.text.model import softmax
from engage.text.tone import TONES

Floats = npt.NDArray[np.float64]

_LONGEST: Final = 512  # tokens; a comment hardly ever has more
_CHARACTERS: Final = 2000  # read of each text, as by the shipped models
_AT_ONCE: Final = 32  # texts of like length in a batch
_TOKENISED: Final = 4096  # texts whose tokens are held at a time
_INPUTS: Final = ("input_ids", "attention_mask", "token_type_ids")
_WHOLE: Final = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
# Their positions are numbered from behind the padding's, so that many fewer tokens fit.
_OFFSET: Final = frozenset({"roberta", "xlm-roberta", "xlm-roberta-xl", "camembert"})
_DEGREE: Final = re.compile(r"^(?:very|extremely|strongly|slightly|somewhat|weakly|mostly)[\s_-]+")
_STARS: Final = re.compile(r"^([1-5])\s*(?:stars?|星)$|^(?:stars?|star rating)[\s_-]*([1-5])$")
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "negative": ("negative", "neg", "负面", "负向", "消极", "негативный", "негативная", "отрицательный"),
    "neutral": ("neutral", "neu", "中性", "中立", "нейтральный", "нейтральная"),
    "positive": ("positive", "pos", "正面", "正向", "积极", "позитивный", "позитивная", "положительный"),
}


@dataclass(frozen=True, slots=True)
class LocalModel:
    """What a folder says of its model. ``tones[i]``: the place among ``TONES`` of the model's label i.

    ``band``: P(positive) from the first number to the second is neutral; only for models of two labels.
    """

    network: Path
    tokenizer: Path
    labels: tuple[str, ...]
    tones: tuple[int, ...]
    longest: int
    padding: int | None
    band: tuple[float, float] | None


def local_model(folder: str | Path) -> LocalModel:
    """Return what the folder says, without loading the model.

    Raises ``InputError`` without the extra, where a file is missing or unreadable, and where the labels can't
    be told to be negative, neutral or positive.
    """
    root = Path(folder)
    if not all(map(find_spec, ("onnxruntime", "tokenizers"))):
        raise InputError("text.onnx_extra", where="engage[onnx]")
    if not root.is_dir():
        raise InputError("text.onnx_no_folder", where=str(root))
    places = (root / "model.onnx", root / "onnx" / "model.onnx")
    network = next((path for path in places if path.is_file()), None)
    lacking = [name for name in ("config.json", "tokenizer.json") if not (root / name).is_file()]
    if network is None:
        lacking.append("model.onnx")
    if network is None or lacking:
        raise InputError("text.onnx_no_file", where=str(root), names=lacking)
    config = _document(root / "config.json")
    labels = _labels(config, root)
    tones = _tones(labels, root)
    return LocalModel(
        network=network,
        tokenizer=root / "tokenizer.json",
        labels=labels,
        tones=tones,
        longest=_longest(config, root),
        padding=_whole(config.get("pad_token_id")),
        band=_band(config, set(tones), root),
    )


def folder_digest(folder: str | Path) -> str:
    """Return a digest of everything in a folder; raises as :func:`local_model`."""
    local_model(folder)
    digest = hashlib.blake2b()
    for path in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
        with path.open("rb") as file:
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()


def tones_by(
    folder: str | Path, texts: Sequence[str], progress: Callable[[int], None] | None = None
) -> tuple[npt.NDArray[np.object_], Floats]:
    """Return the tone of each text and P(positive); ``progress`` is told how many more are done.

    P is the softmax of the model's outputs, summed over the labels of a tone; the tone is the likeliest, or
    ``neutral`` where P lies in the band that the folder states. Raises as :func:`local_model`, and
    ``InputError`` where the model can't be run.
    """
    known = local_model(folder)
    stamp = tuple((path, path.stat().st_mtime_ns) for path in (known.network, known.tokenizer))
    run = _runner(known, stamp)
    p = np.zeros((len(texts), len(TONES)))
    for start in range(0, len(texts), _TOKENISED):
        part = [text[:_CHARACTERS] for text in texts[start : start + _TOKENISED]]
        found = run(part, progress)
        for label, tone in enumerate(known.tones):
            p[start : start + len(part), tone] += found[:, label]
    tone = np.array(TONES, dtype=object)[p.argmax(axis=1)]
    positive: Floats = p[:, TONES.index("positive")]
    if known.band is not None:
        tone[(positive >= known.band[0]) & (positive <= known.band[1])] = "neutral"
    return tone, positive


Run = Callable[[Sequence[str], Callable[[int], None] | None], Floats]


@lru_cache(maxsize=1)
def _runner(known: LocalModel, _stamp: object) -> Run:
    import onnxruntime
    import tokenizers

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised; warnings about the graph help nobody here
    options.intra_op_num_threads = 1  # the same figures however many processes share the work
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(known.tokenizer))
    except Exception as error:  # its errors are plain Exceptions
        raise InputError("text.onnx_unreadable", where=known.tokenizer.name) from error
    try:
        session = onnxruntime.InferenceSession(
            str(known.network), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's errors have no base of their own
        raise InputError("text.onnx_unreadable", where=known.network.name) from error
    wanted = {one.name: one.type for one in session.get_inputs()}
    strange = [name for name, kind in wanted.items() if name not in _INPUTS or kind not in _WHOLE]
    if strange or "input_ids" not in wanted:
        raise InputError("text.onnx_inputs", where=known.network.name, names=strange or list(wanted))
    padding = _prepared(tokenizer, known)
    types = {name: _WHOLE[kind] for name, kind in wanted.items()}
    outputs = [one.name for one in session.get_outputs()]
    output = "logits" if "logits" in outputs else outputs[0]

    def run(texts: Sequence[str], progress: Callable[[int], None] | None) -> Floats:
        found = np.empty((len(texts), len(known.labels)))
        codes = tokenizer.encode_batch(list(texts))
        order = np.argsort([len(code) for code in codes], kind="stable")
        for start in range(0, len(order), _AT_ONCE):
            places = order[start : start + _AT_ONCE]
            batch = _batch([codes[place] for place in places], padding)
            try:
                logits = session.run(
                    [output], {name: batch[name].astype(kind) for name, kind in types.items()}
                )
            except Exception as error:
                raise InputError("text.onnx_run", where=known.network.name) from error
            found[places] = softmax(_checked(logits[0], len(places), known))
            if progress is not None:
                progress(len(places))
        return found

    return run


def _prepared(tokenizer: Any, known: LocalModel) -> int:
    """Set the tokenizer to cut long texts and leave padding to us; return the padding's token."""
    stated = (tokenizer.truncation or {}).get("max_length", known.longest)
    tokenizer.enable_truncation(max_length=min(known.longest, stated))
    of_file = (tokenizer.padding or {}).get("pad_id")
    tokenizer.no_padding()
    return next((one for one in (known.padding, of_file) if one is not None), 0)


def _batch(codes: Sequence[Any], padding: int) -> dict[str, npt.NDArray[np.int64]]:
    """Return the inputs of texts as wide as the longest: (texts, tokens) each."""
    width = max(1, *(len(code) for code in codes))
    ids = np.full((len(codes), width), padding, dtype=np.int64)
    mask, types = np.zeros_like(ids), np.zeros_like(ids)
    for row, code in enumerate(codes):
        ids[row, : len(code)] = code.ids
        mask[row, : len(code)] = code.attention_mask
        types[row, : len(code)] = code.type_ids
    return dict(zip(_INPUTS, (ids, mask, types), strict=True))


def _checked(logits: Any, texts: int, known: LocalModel) -> Floats:
    shape = getattr(logits, "shape", ())
    if shape != (texts, len(known.labels)):
        raise InputError(
            "text.onnx_output", where=known.network.name, shape=list(shape), labels=len(known.labels)
        )
    found: Floats = logits.astype(np.float64)
    if not np.isfinite(found).all():
        raise InputError("text.onnx_run", where=known.network.name)
    return found


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("text.onnx_unreadable", where=path.name) from error
    if not isinstance(document, dict):
        raise InputError("text.onnx_unreadable", where=path.name)
    return document


def _labels(config: Mapping[str, Any], root: Path) -> tuple[str, ...]:
    named = config.get("id2label")
    count = len(named) if isinstance(named, dict) else 0
    if not isinstance(named, dict) or set(named) != {str(n) for n in range(count)} or count < 2:
        raise InputError("text.onnx_no_labels", where=str(root / "config.json"))
    return tuple(str(named[str(n)]) for n in range(count))


def _tones(labels: tuple[str, ...], root: Path) -> tuple[int, ...]:
    """Return the tone of each label by its name; of stars, one and two are negative and three neutral."""
    plain = [label.strip().casefold() for label in labels]
    stars = [match and int(match[1] or match[2]) for match in map(_STARS.match, plain)]
    if sorted(star or 0 for star in stars) == [1, 2, 3, 4, 5]:
        return tuple(int(np.sign((star or 0) - 3)) + 1 for star in stars)
    names = {name: tone for tone, known in enumerate(TONES) for name in _NAMES[known]}
    found = [names.get(_DEGREE.sub("", label)) for label in plain]
    known = {tone for tone in found if tone is not None}
    if None in found or not {TONES.index("negative"), TONES.index("positive")} <= known:
        raise InputError("text.onnx_labels", where=str(root / "config.json"), names=labels[:6])
    return tuple(tone for tone in found if tone is not None)


def _band(config: Mapping[str, Any], tones: set[int], root: Path) -> tuple[float, float] | None:
    band = config.get("neutral_band")
    if band is None:
        return None
    numbers = isinstance(band, list) and len(band) == 2 and all(type(end) in (int, float) for end in band)
    if not numbers or not 0 <= band[0] <= band[1] <= 1 or TONES.index("neutral") in tones:
        raise InputError("text.onnx_band", where=str(root / "config.json"))
    return float(band[0]), float(band[1])


def _longest(config: Mapping[str, Any], root: Path) -> int:
    """Return how many tokens the model can take, or 512 if that is less."""
    limits = [_LONGEST]
    positions = _whole(config.get("max_position_embeddings"))
    if positions is not None:
        offset = (_whole(config.get("pad_token_id")) or 0) + 1 if config.get("model_type") in _OFFSET else 0
        limits.append(positions - offset)
    told = root / "tokenizer_config.json"
    if told.is_file():
        limits.append(_whole(_document(told).get("model_max_length")) or _LONGEST)
    return max(1, min(limits))


def _whole(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None
