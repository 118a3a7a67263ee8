"""A transformer's folder so small that its figures can be worked out by hand, written without ``onnx``.

The network adds up the weights of the tokens that the attention mask leaves: ``logits = Σ W[id]``.
ONNX files are protocol buffers; the few messages needed are put together here (field numbers as in the
published ``onnx.proto``).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

FLOAT, INT64 = 1, 7
WORDS = ("[PAD]", "[UNK]", "[CLS]", "bad", "good", "late", "rota", "太", "低", "好", "плохо")


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | bytes | str) -> bytes:
    """One field: a number as varint, anything else with its length before it."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def node(kind: str, inputs: Sequence[str], output: str, **attributes: int) -> bytes:
    body = b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, kind)
    for name, value in attributes.items():
        body += field(5, field(1, name) + field(3, value) + field(20, 2))
    return field(1, body)


def tensor(name: str, array: np.ndarray) -> bytes:
    kind = FLOAT if array.dtype == np.float32 else INT64
    dims = b"".join(field(1, size) for size in array.shape)
    return field(5, dims + field(2, kind) + field(8, name) + field(9, array.tobytes()))


def value(name: str, kind: int, dims: Sequence[str]) -> bytes:
    shape = b"".join(field(1, field(2, dim)) for dim in dims)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))


def network(weights: np.ndarray, inputs: Sequence[str], output: str = "logits") -> bytes:
    """Return a model that sums the weights of each text's tokens: (texts, labels)."""
    graph = node("Gather", ["W", "input_ids"], "each", axis=0)
    if "attention_mask" in inputs:
        graph += node("Cast", ["attention_mask"], "mask", to=FLOAT)
        graph += node("Unsqueeze", ["mask", "last"], "column") + node("Mul", ["each", "column"], "counted")
    else:
        graph += node("Identity", ["each"], "counted")
    graph += node("ReduceSum", ["counted", "middle"], output, keepdims=0)
    graph += field(2, "sum of weights")
    graph += tensor("W", weights.astype(np.float32))
    graph += tensor("last", np.array([2])) + tensor("middle", np.array([1]))
    graph += b"".join(field(11, value(name, INT64, ("texts", "tokens"))) for name in inputs)
    graph += field(12, value(output, FLOAT, ("texts", "labels")))
    return field(1, 8) + field(8, field(1, "") + field(2, 13)) + field(7, graph)


def weights(labels: int) -> np.ndarray:
    """One row per word; the padding's is large, so that counting it would be seen."""
    table = np.random.default_rng(5).normal(size=(len(WORDS), labels)).round(2)
    table[0] = 9.0
    return table


def folder(
    path: Path,
    labels: Mapping[str, str],
    *,
    inputs: Sequence[str] = ("input_ids", "attention_mask"),
    config: Mapping[str, object] | None = None,
    where: str = "model.onnx",
    outputs: int | None = None,
) -> Path:
    """Write the folder of such a model; ``config`` adds to its ``config.json``."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    (path / where).parent.mkdir(parents=True, exist_ok=True)
    (path / where).write_bytes(network(weights(outputs or len(labels)), inputs))
    document = {"id2label": dict(labels), "model_type": "bert", "pad_token_id": 0, **(config or {})}
    (path / "config.json").write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A", pair="[CLS] $A $B:1", special_tokens=[("[CLS]", 2)]
    )
    tokenizer.save(str(path / "tokenizer.json"))
    return path


def expected(texts: Sequence[str], labels: int, most: int = 512) -> np.ndarray:
    """Return the probabilities of the labels, worked out word by word: (texts, labels)."""
    table = weights(labels).astype(np.float32).astype(float)
    found = []
    for text in texts:
        spaced = "".join(f" {c} " if "一" <= c <= "鿿" else c for c in text.lower())
        ids = [2, *(WORDS.index(w) if w in WORDS else 1 for w in spaced.split())][:most]
        raised = np.exp(table[ids].sum(axis=0))
        found.append(raised / raised.sum())
    return np.array(found)
