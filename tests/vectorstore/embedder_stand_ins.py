"""A stand-in for an embedding server, and a tiny ONNX text encoder: both fakes, both deterministic."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from vectorstore.embed_hashing import HashingEmbedder, HashingSettings

DIM = 24


class EmbeddingServer:
    """Speaks ``POST /v1/embeddings`` on the loopback with hashed vectors.

    ``answers`` are given to the next requests instead: a status, bytes for a body of one's own, or seconds (float) to
    stall. ``requests`` holds the bodies it got.
    """

    def __init__(self):
        self.answers, self.requests, self.keys = [], [], []
        stand_in = self
        hashing = HashingEmbedder(HashingSettings(dim=DIM))

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stand_in.requests.append(body)
                stand_in.keys.append(self.headers["Authorization"])
                answer = stand_in.answers.pop(0) if stand_in.answers else 200
                if isinstance(answer, float):
                    time.sleep(answer)
                    answer = 200
                vectors = hashing.embed(body["input"]) * 3.0
                entries = [
                    {"object": "embedding", "index": index, "embedding": vector.tolist()}
                    for index, vector in enumerate(vectors)
                ][::-1]  # in another order than asked: the index counts
                content = (
                    answer
                    if isinstance(answer, bytes)
                    else json.dumps(
                        {
                            "object": "list",
                            "model": body["model"],
                            "data": entries,
                            "usage": {"prompt_tokens": 1, "total_tokens": 1},
                        }
                        if answer == 200
                        else {"error": {"message": f"stand-in says {answer}"}}
                    ).encode()
                )
                try:
                    self.send_response(200 if isinstance(answer, bytes) else answer)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(content)))
                    # The SDK waits as long as it is told to before it tries again.
                    self.send_header("retry-after-ms", "1")
                    self.end_headers()
                    self.wfile.write(content)
                except ConnectionError:
                    pass  # the client gave up, as a test wants it to

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def tiny_onnx(folder, *, name="model.onnx", pooled=False, inputs=("input_ids", "attention_mask")):
    """Write a one-layer encoder (an embedding table) and a byte-level tokenizer into ``folder``; returns it."""
    import numpy as np
    import pytest

    onnx = pytest.importorskip("onnx", reason="the development dependency 'onnx' is not installed")
    from onnx import TensorProto, helper, numpy_helper
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {"[CLS]": 0, **{symbol: number for number, symbol in enumerate(alphabet, 1)}}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 0)])
    tokenizer.enable_padding(length=512)  # must be switched off by the embedder
    tokenizer.save(str(folder / "tokenizer.json"))

    table = np.random.default_rng(0).normal(size=(len(vocabulary), DIM)).astype(np.float32)
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["tokens"])]
    shape = ["batch", "length", DIM]
    output = "tokens"
    if pooled:
        nodes.append(helper.make_node("ReduceMean", ["tokens", "axes"], ["sentence"], keepdims=0))
        shape, output = ["batch", DIM], "sentence"
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(entry, TensorProto.INT64, ["batch", "length"]) for entry in inputs],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([1]), "axes")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.save(model, str(folder / name))
    return folder
