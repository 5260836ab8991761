from __future__ import annotations

import builtins
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from tests.vectorstore.embedder_stand_ins import DIM, EmbeddingServer, tiny_onnx
from vectorstore.embed_hashing import HashingEmbedder
from vectorstore.embed_llama_cpp import LlamaCppEmbedder, LlamaCppSettings
from vectorstore.embed_onnx import OnnxEmbedder, OnnxSettings
from vectorstore.embed_openai import OpenAIEmbedder, OpenAISettings
from vectorstore.embed_wordllama import WordLlamaEmbedder
from vectorstore.embedders import make_embedder
from vectorstore.errors import EmbedderError, MissingExtraError, UnknownEmbedderError

ROOT = Path(__file__).resolve().parents[2]


def run(script, **environment):
    """Run Python in a process of its own with next to no environment."""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def without(monkeypatch, module):
    """Make ``import module`` fail, as if it were not installed."""
    real = builtins.__import__

    def refuse(name, *arguments, **options):
        if name.split(".")[0] == module:
            raise ImportError(f"No module named {module!r}")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)


# settings


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        ("wordllama", WordLlamaEmbedder),
        (" wordllama ", WordLlamaEmbedder),
        ("hashing", HashingEmbedder),
        ("hashing:64", HashingEmbedder),
        ("onnx:/some/dir", OnnxEmbedder),
        ("llama-cpp:/some/file.gguf", LlamaCppEmbedder),
        ("llama-cpp:C:\\models\\file.gguf", LlamaCppEmbedder),
        ("openai:text-embedding-3-small", OpenAIEmbedder),
    ],
)
def test_a_setting_names_an_embedder_and_loads_nothing(setting, kind):
    assert isinstance(make_embedder(setting), kind)


def test_the_dimension_of_hashing_is_part_of_its_name():
    assert make_embedder("hashing:64").info.dim == 64
    assert make_embedder("hashing:64").info != make_embedder("hashing:32").info


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ("wordlama", "Did you mean 'wordllama'"),
        ("open-ai:x", "Did you mean 'openai'"),
        ("llamacpp:x", "Did you mean 'llama-cpp'"),
        ("hashing:0", "hashing:DIM"),
        ("hashing:²", "hashing:DIM"),
        ("onnx", "onnx:DIR"),
        ("openai:", "openai:MODEL"),
        ("", "wordllama"),
    ],
)
def test_an_unknown_setting_is_told_what_there_is(setting, hint):
    with pytest.raises(UnknownEmbedderError, match=hint):
        make_embedder(setting)


def test_importing_the_package_loads_nothing_heavy():
    heavy = "chromadb tokenizers safetensors wordllama openai onnxruntime llama_cpp filelock asyncio"
    script = f"""
        import sys, vectorstore, vectorstore.chroma, vectorstore.search
        from vectorstore import make_embedder
        [make_embedder(name) for name in ("wordllama", "hashing", "onnx:x", "llama-cpp:x", "openai:x")]
        print([name for name in {heavy!r}.split() if name in sys.modules])
    """
    assert run(script) == "[]"


# hashing


def test_hashing_is_the_same_in_every_process():
    script = "from vectorstore import make_embedder; print(make_embedder('hashing:16').embed(['a red film']).tolist())"
    outputs = {run(script, PYTHONHASHSEED=seed) for seed in ("1", "2")}
    assert outputs == {str(make_embedder("hashing:16").embed(["a red film"]).tolist())}


def test_hashing_puts_like_by_like():
    matrix = make_embedder("hashing").embed(["a comedy set in space", "comedies in space", "a war drama in France"])
    assert matrix[0] @ matrix[1] > matrix[0] @ matrix[2] + 0.2


# wordllama


def test_wordllama_gives_the_vectors_of_the_library():
    script = """
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pathlib import Path
            import numpy as np, wordllama
            from wordllama import WordLlama
        model = WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
        texts = ["A comedy set in space.", "Bären über Köln 🎬", "x", "two  spaces and\\na line"]
        theirs = np.concatenate([model.embed([text], norm=True) for text in texts])
        from vectorstore import make_embedder
        print(float(np.abs(make_embedder("wordllama").embed(texts) - theirs).max()))
    """
    assert float(run(script, HOME=str(ROOT / "nowhere"))) < 1e-6


def test_wordllama_needs_no_network_no_home_and_no_environment(tmp_path):
    script = """
        import socket
        def refuse(*arguments, **options): raise SystemExit(f"tried to reach {arguments!r}")
        socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
        from vectorstore import make_embedder
        embedder = make_embedder("wordllama")
        import logging
        print(embedder.embed(["film"]).shape, embedder.info.dim, logging.getLogger().handlers)
    """
    home = tmp_path / "home"
    assert run(script, HOME=str(home)) == "(1, 256) 256 []"
    assert not home.exists()


def test_wordllama_version_names_package_and_weights():
    version = WordLlamaEmbedder().info.version
    assert version.startswith("0.4")
    assert len(version.rsplit("-", 1)[1]) == 12


def test_wordllama_missing_or_other(monkeypatch, tmp_path):
    with monkeypatch.context() as patched:
        patched.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(EmbedderError, match="pip install wordllama"):
            WordLlamaEmbedder().embed(["film"])

    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr("importlib.util.find_spec", lambda name: Spec)
    with pytest.raises(EmbedderError, match=r"weights/l2_supercat_256\.safetensors"):
        WordLlamaEmbedder().embed(["film"])


# onnx


def test_onnx_pools_over_the_tokens(tmp_path):
    pytest.importorskip("onnxruntime")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    mean = OnnxEmbedder(tiny_onnx(tmp_path / "a"))
    pooled = OnnxEmbedder(tiny_onnx(tmp_path / "b", name="other.onnx", pooled=True))
    texts = ["film", "a longer one"]
    assert mean.info.dim == pooled.info.dim == DIM
    np.testing.assert_allclose(mean.embed(texts), pooled.embed(texts), atol=1e-6)


def test_onnx_cuts_at_its_tokens(tmp_path):
    pytest.importorskip("onnxruntime")
    embedder = OnnxEmbedder(tiny_onnx(tmp_path), OnnxSettings(max_tokens=5))
    np.testing.assert_array_equal(*embedder.embed(["abcd", "abcdefgh"]))
    assert embedder.info.version != OnnxEmbedder(tmp_path).info.version


def test_onnx_says_what_is_wrong_with_the_folder(tmp_path):
    pytest.importorskip("onnxruntime")
    with pytest.raises(EmbedderError, match=r"tokenizer\.json"):
        OnnxEmbedder(tmp_path).embed(["film"])
    tiny_onnx(tmp_path, inputs=("input_ids", "pixels"))
    with pytest.raises(EmbedderError, match="not a text encoder"):
        OnnxEmbedder(tmp_path).embed(["film"])
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(EmbedderError, match="cannot be loaded"):
        OnnxEmbedder(tmp_path).embed(["film"])


def test_onnx_names_its_extra(monkeypatch, tmp_path):
    without(monkeypatch, "onnxruntime")
    with pytest.raises(MissingExtraError, match=r"recommender-assistant\[onnx\]") as caught:
        OnnxEmbedder(tmp_path).embed(["film"])
    assert caught.value.extra == "onnx"


# llama.cpp


def test_llama_cpp_refuses_other_weights(tmp_path):
    pytest.importorskip("llama_cpp")
    file = tmp_path / "model.gguf"
    with pytest.raises(EmbedderError, match="cannot be read"):
        LlamaCppEmbedder(file, LlamaCppSettings(expected_sha256="0" * 64)).embed(["film"])
    file.write_bytes(b"GGUF and then nothing")
    with pytest.raises(EmbedderError, match="not the expected"):
        LlamaCppEmbedder(file, LlamaCppSettings(expected_sha256="0" * 64)).embed(["film"])
    with pytest.raises(EmbedderError, match="cannot be loaded"):
        LlamaCppEmbedder(file).embed(["film"])


def test_llama_cpp_names_its_extra(monkeypatch):
    without(monkeypatch, "llama_cpp")
    with pytest.raises(MissingExtraError, match=r"recommender-assistant\[local\]"):
        LlamaCppEmbedder("model.gguf").embed(["film"])


# openai


@pytest.fixture
def server():
    pytest.importorskip("openai")
    with EmbeddingServer() as stand_in:
        yield stand_in


def client(server, **settings):
    return OpenAIEmbedder("stand-in", base_url=server.url, api_key="secret", settings=OpenAISettings(**settings))


def test_openai_batches_and_skips_the_empty(server):
    embedder = client(server, batch=2)
    matrix = embedder.embed(["a", "", "b", "c"])
    assert [len(request["input"]) for request in server.requests] == [1, 2, 1]  # the first asks for the dimension
    assert set(server.keys) == {"Bearer secret"}
    assert not matrix[1].any()
    np.testing.assert_allclose(matrix[[0, 2, 3]], make_embedder(f"hashing:{DIM}").embed(["a", "b", "c"]), atol=1e-6)


def test_openai_batches_by_characters_and_cuts(server):
    embedder = client(server, batch_chars=10, max_chars=6)
    embedder.embed(["abcdefgh", "abc", "abc"])
    assert [request["input"] for request in server.requests[1:]] == [["abcdef", "abc"], ["abc"]]


def test_openai_asks_for_a_dimension_only_when_told(server):
    client(server).embed(["a"])
    client(server, dim=DIM).embed(["a"])
    assert [request.get("dimensions") for request in server.requests] == [None, None, DIM, DIM]


@pytest.mark.parametrize(("status", "retryable"), [(401, False), (404, False), (400, False), (429, True), (503, True)])
def test_openai_failures_say_whether_to_try_again(server, status, retryable):
    server.answers = [status] * 3
    with pytest.raises(EmbedderError, match=f"answered {status}: .*stand-in says {status}") as caught:
        client(server).embed(["a"])
    assert (caught.value.status, caught.value.retryable) == (status, retryable)
    assert len(server.requests) == (3 if retryable else 1)


def test_openai_tries_again(server):
    server.answers = [500, 429]
    assert client(server).info.dim == DIM
    assert len(server.requests) == 3


def test_openai_stalls(server):
    server.answers = [0.6] * 2
    with pytest.raises(EmbedderError, match=r"within 0\.2 s") as caught:
        client(server, timeout=0.2, retries=1).embed(["a"])
    assert caught.value.retryable


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"\xff\xfe",
        b"{}",
        b'{"data": []}',
        b'{"data": [{"index": 7, "embedding": [1.0]}]}',
        b'{"data": [{"index": 0, "embedding": []}]}',
        b'{"data": [{"index": 0, "embedding": ["a"]}]}',
        b'{"data": [{"index": 0, "embedding": [NaN]}]}',
    ],
)
def test_openai_answers_that_are_none(server, body):
    server.answers = [body] * 3
    with pytest.raises(EmbedderError, match="gave") as caught:
        client(server).embed(["a"])
    assert caught.value.retryable


def test_openai_changes_its_dimension(server):
    embedder = client(server)
    assert embedder.info.dim == DIM
    server.answers = [b'{"data": [{"index": 0, "embedding": [1.0, 2.0]}]}']
    with pytest.raises(EmbedderError, match="dimension 2 after 24"):
        embedder.embed(["a"])


def test_openai_is_not_there():
    pytest.importorskip("openai")
    with EmbeddingServer() as gone:
        url = gone.url
    embedder = OpenAIEmbedder("stand-in", base_url=url, settings=OpenAISettings(retries=0))
    with pytest.raises(EmbedderError, match="cannot be reached") as caught:
        embedder.embed(["a"])
    assert caught.value.retryable


def test_openai_needs_a_key_for_the_real_one_and_names_its_extra(monkeypatch):
    pytest.importorskip("openai")
    with pytest.raises(EmbedderError, match="API key"):
        OpenAIEmbedder("text-embedding-3-small").embed(["a"])
    without(monkeypatch, "openai")
    with pytest.raises(MissingExtraError, match=r"recommender-assistant\[openai\]"):
        OpenAIEmbedder("text-embedding-3-small", api_key="key").embed(["a"])
