"""A tiny model of natural language inference, made on the spot: a fake, deterministic, and really run by onnxruntime.

It knows a few words. A pair entails when a word of the hypothesis has a synonym in the premise, contradicts when one has an
antonym there, and is neutral otherwise; ``not`` in the hypothesis exchanges the two.
"""

from __future__ import annotations

import json

SYNONYMS = [("cheap", "budget"), ("expensive", "luxury"), ("short", "brief"), ("long", "epic")]
OPPOSITES = [("cheap", "luxury"), ("expensive", "budget"), ("short", "epic"), ("long", "brief")]
LABELS = {"0": "CONTRADICTION", "1": "neutral", "2": "entailment"}
SURE = 8.0
"""Logit of what it finds."""


def tiny_inference(folder, *, labels=LABELS, inputs=("input_ids", "attention_mask", "token_type_ids"), sure=SURE):
    """Write ``model.onnx``, ``tokenizer.json`` and ``config.json`` into ``folder``; returns it."""
    import numpy as np
    import pytest

    onnx = pytest.importorskip("onnx", reason="the development dependency 'onnx' is not installed")
    pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")
    from onnx import TensorProto, helper, numpy_helper
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    words = ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "not", *sorted({w for pair in SYNONYMS + OPPOSITES for w in pair})]
    number = {word: n for n, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocab=number, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 0), ("[SEP]", 1)],
    )
    tokenizer.enable_padding(pad_id=2, pad_token="[PAD]", length=700)  # must be switched off by the tier
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps({"model_type": "tiny", "id2label": labels}), encoding="utf-8")

    size = len(words)
    same, other = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    for matrix, pairs in ((same, SYNONYMS), (other, OPPOSITES)):
        for said, known in pairs:
            matrix[number[said], number[known]] = 1
    denied = np.zeros((size, 1), np.float32)
    denied[number["not"]] = 1
    constants = {
        "eye": np.eye(size, dtype=np.float32),
        "same": same,
        "other": other,
        "denied": denied,
        "one": np.array(1.0, np.float32),
        "sure": np.array(sure, np.float32),
        "neutral": np.array([[0.0, 1.0, 0.0]], np.float32),
        "along": np.array([1]),
        "last": np.array([2]),
    }
    node = helper.make_node
    nodes = [
        node("Gather", ["eye", "input_ids"], ["each"]),
        node("Cast", ["token_type_ids"], ["second"], to=TensorProto.FLOAT),
        node("Sub", ["one", "second"], ["first"]),
        node("Unsqueeze", ["first", "last"], ["first_column"]),
        node("Unsqueeze", ["second", "last"], ["second_column"]),
        node("Mul", ["each", "first_column"], ["each_first"]),
        node("Mul", ["each", "second_column"], ["each_second"]),
        node("ReduceSum", ["each_first", "along"], ["premise"], keepdims=0),
        node("ReduceSum", ["each_second", "along"], ["hypothesis"], keepdims=0),
        node("MatMul", ["hypothesis", "same"], ["wants"]),
        node("MatMul", ["hypothesis", "other"], ["rules_out"]),
        node("Mul", ["wants", "premise"], ["borne"]),
        node("Mul", ["rules_out", "premise"], ["against"]),
        node("ReduceSum", ["borne", "along"], ["entails"], keepdims=1),
        node("ReduceSum", ["against", "along"], ["contradicts"], keepdims=1),
        node("MatMul", ["hypothesis", "denied"], ["flip"]),
        node("Sub", ["one", "flip"], ["keep"]),
        node("Mul", ["entails", "keep"], ["e1"]),
        node("Mul", ["contradicts", "flip"], ["e2"]),
        node("Add", ["e1", "e2"], ["entailment"]),
        node("Mul", ["contradicts", "keep"], ["c1"]),
        node("Mul", ["entails", "flip"], ["c2"]),
        node("Add", ["c1", "c2"], ["contradiction"]),
        node("Sub", ["entailment", "entailment"], ["nothing"]),
        node("Concat", ["contradiction", "nothing", "entailment"], ["found"], axis=1),
        node("Mul", ["found", "sure"], ["weighed"]),
        node("Add", ["weighed", "neutral"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(entry, TensorProto.INT64, ["batch", "length"]) for entry in inputs],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.save(model, str(folder / "model.onnx"))
    return folder
