"""The process that runs llama.cpp for ``LlamaCppModel``: ``python -m assistant.llm.llama_cpp_worker``.

It is a process of its own because llama.cpp is not thread-safe and may abort the process that it runs in. Frames go over
stdin and stdout: four bytes of length (big-endian), then one JSON object. Requests carry ``op`` and ``id``; answers carry
``id`` and ``event`` (``ready``, ``delta``, ``done``, ``error``). A ``cancel`` is read while another request runs and is
obeyed before its next token. When stdin ends, the parent is gone and the process exits at once.
"""

from __future__ import annotations

import ctypes
import json
import os
import queue
import signal
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from assistant.llm.sampling import Logits, Sampler, log_probability
from assistant.llm.text_pieces import TextPieces

Send = Callable[[Mapping[str, Any]], None]

SHORTLIST = 256
"""Tokens tried against a grammar before the whole vocabulary: testing 152,000 tokens takes longer than computing one."""

STRING_CHARACTER = r'char ::= [^"\\\x7F\x00-\x1F] | [\\] ["\\/nt]'
"""A character of a JSON string. The rule that llama-cpp-python writes allows raw control characters, which JSON does not,
and \\u escapes, in which small models lose themselves; every other character can stand for itself."""


class RequestError(Exception):
    """A request that fails without harm to the worker. ``kind`` tells the parent which error to raise."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def read_frame(stream: BinaryIO) -> dict[str, Any] | None:
    """The next frame; None at the end of the stream, also in the middle of a frame."""
    header = stream.read(4)
    if len(header) < 4:
        return None
    (length,) = struct.unpack(">I", header)
    body = stream.read(length)
    if len(body) < length:
        return None
    frame: dict[str, Any] = json.loads(body)
    return frame


def write_frame(stream: BinaryIO, frame: Mapping[str, Any]) -> None:
    """Write and flush a frame."""
    body = json.dumps(frame, ensure_ascii=False).encode("utf-8", errors="replace")
    stream.write(struct.pack(">I", len(body)) + body)
    stream.flush()


class Grammar:
    """A grammar over the vocabulary, at its current position. One use only."""

    def __init__(self, api: Any, vocabulary: Any, text: str) -> None:
        self._api = api
        self._sampler = api.llama_sampler_init_grammar(vocabulary, text.encode(), b"root")
        if not self._sampler:
            raise RequestError(
                "unsupported", "llama.cpp does not accept the grammar of this schema; simplify the schema"
            )

    def masked(self, tokens: NDArray[np.intc], logits: Logits) -> Logits:
        """``logits`` (of ``tokens``) with those that the grammar does not allow here at -inf."""
        rows = np.empty(len(tokens), dtype=[("id", np.intc), ("logit", np.single), ("p", np.single)])
        rows["id"], rows["logit"], rows["p"] = tokens, logits, 0
        array = self._api.llama_token_data_array(
            data=rows.ctypes.data_as(self._api.llama_token_data_p), size=len(rows), selected=-1, sorted=False
        )
        self._api.llama_sampler_apply(self._sampler, ctypes.byref(array))
        allowed: Logits = rows["logit"].copy()
        return allowed

    def pick(self, sampler: Sampler, logits: Logits) -> int:
        """A token that the grammar allows, and step over it.

        An unconstrained draw that is allowed is kept; otherwise one is drawn among what is allowed, which (at ``top_p`` 1)
        gives the same distribution as masking first. That second draw is among the likeliest ``SHORTLIST`` tokens, and
        among all only when none of these is allowed.
        """
        token = sampler.pick(logits)
        if not np.isfinite(self.masked(np.array([token], dtype=np.intc), logits[[token]])).all():
            token = self._pick_allowed(sampler, logits)
        self._api.llama_sampler_accept(self._sampler, token)
        return token

    def _pick_allowed(self, sampler: Sampler, logits: Logits) -> int:
        likeliest = np.argpartition(-logits, min(SHORTLIST, len(logits) - 1))[:SHORTLIST]
        for tokens in (np.sort(likeliest), np.arange(len(logits))):
            allowed = self.masked(tokens.astype(np.intc), logits[tokens])
            if np.isfinite(allowed).any():
                return int(tokens[sampler.pick(allowed)])
        raise RequestError("bad_output", "the grammar allows no token here")

    def close(self) -> None:
        self._api.llama_sampler_free(self._sampler)


class Engine:
    """A loaded model and the key-value cache of the last prompt."""

    def __init__(self, *, path: str, context: int, threads: int, batch: int) -> None:
        from llama_cpp import Llama, llama_cpp
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        self._api: Any = llama_cpp
        # Compilers are known to drop the stores that fill AMX's tile configuration, and the first matrix product then
        # dies of a protection fault. The AMX kernels are among the "extra buffer types", so a build with AMX does
        # without these. llama-cpp-python offers no argument for it.
        defaults = llama_cpp.llama_model_default_params
        if b"AMX_INT8 = 1" in llama_cpp.llama_print_system_info():

            def without_extra_buffers() -> Any:
                parameters = defaults()
                parameters.use_extra_bufts = False
                return parameters

            llama_cpp.llama_model_default_params = without_extra_buffers
        options: dict[str, Any] = {"n_ctx": context, "n_batch": batch, "n_threads": threads, "n_threads_batch": threads}
        try:
            self._llama: Any = Llama(path, verbose=False, **options)
        except ValueError:
            Llama(path, verbose=True, **options)  # fails again, and this time says why on stderr
            raise
        finally:
            llama_cpp.llama_model_default_params = defaults
        self._vocabulary = self._llama._model.vocab
        self.context: int = self._llama.n_ctx()
        self.trained_context: int = self._llama._model.n_ctx_train()
        self._batch = batch
        self._size: int = self._llama.n_vocab()
        template = self._llama.metadata.get("tokenizer.chat_template")
        if template is None:
            raise RequestError(
                "failed", "the file has no chat template (tokenizer.chat_template); it is not a chat model"
            )
        texts = [self._llama._model.token_get_text(token) for token in range(self._size) if self._control(token)]
        self._control_texts = sorted((text for text in texts if len(text) > 1), key=len, reverse=True)
        self._format: Any = Jinja2ChatFormatter(
            template=template,
            eos_token=self._token_text(self._llama.token_eos()),
            bos_token=self._token_text(self._llama.token_bos()),
        )
        self._pieces: dict[int, bytes] = {}
        self._reusable = 0
        """Tokens at the beginning of the cache that were computed as whole batches of a prompt."""

    def _control(self, token: int) -> bool:
        return bool(self._api.llama_vocab_is_control(self._vocabulary, token))

    def _token_text(self, token: int) -> str:
        return str(self._llama._model.token_get_text(token)) if token >= 0 else ""

    def prompt(self, messages: Sequence[Mapping[str, str]]) -> list[int]:
        """Tokens of the prompt by the file's own chat template, up to where the answer begins.

        Control tokens written out in a message (``<|im_start|>``) are broken up, so that text cannot open a role.
        """
        safe = [{**message, "content": self._without_control(message["content"])} for message in messages]
        try:
            text: str = self._format(messages=safe).prompt
        except ValueError as error:  # templates call raise_exception on roles that they do not know
            raise RequestError("unsupported", f"the chat template refuses these messages: {error}") from None
        tokens: list[int] = self._llama.tokenize(text.encode("utf-8", errors="replace"), add_bos=False, special=True)
        return tokens

    def _without_control(self, text: str) -> str:
        for marker in self._control_texts:
            text = text.replace(marker, f"{marker[0]} {marker[1:]}")
        return text

    def piece(self, token: int) -> bytes:
        """The bytes a token stands for; none for control tokens."""
        if token not in self._pieces:
            buffer = ctypes.create_string_buffer(512)
            n = self._api.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, False)
            self._pieces[token] = buffer.raw[: max(n, 0)]
        return self._pieces[token]

    def evaluate(self, tokens: Sequence[int], cancelled: Callable[[], bool]) -> Logits:
        """Logits (n_vocab,) after ``tokens``, with the whole batches that the cache shares with them not computed again.

        The last bits of a result depend on how many tokens were computed together, and that is enough to change a greedy
        answer. So prompts are cut into batches at fixed places, and only whole batches of an earlier prompt are reused,
        never tokens that were generated one by one: a cached prompt gives exactly what a cold one gives.
        """
        cached = self._llama.input_ids[: self._reusable]
        shared = min(len(cached), len(tokens) - 1)  # one token is always computed: its logits are needed
        differs = np.flatnonzero(cached[:shared] != np.asarray(tokens[:shared], dtype=cached.dtype))
        shared = int(differs[0]) if len(differs) else shared
        shared -= shared % self._batch
        if self._llama._is_recurrent or self._llama._is_hybrid:  # their state cannot go back to a prefix
            shared = 0
            self._llama.reset()
        self._llama.n_tokens = self._reusable = shared
        for start in range(shared, len(tokens), self._batch):
            if cancelled():
                raise RequestError("cancelled", "cancelled")
            batch = list(tokens[start : start + self._batch])
            self._llama.eval(batch)
            if len(batch) == self._batch:
                self._reusable += self._batch
        return self._last_logits()

    def _last_logits(self) -> Logits:
        pointer = self._api.llama_get_logits_ith(self._llama.ctx, -1)
        return np.ctypeslib.as_array(pointer, shape=(self._size,)).astype(np.float32, copy=True)

    def generate(self, request: Mapping[str, Any], cancelled: Callable[[], bool]) -> Iterator[dict[str, Any]]:
        """Frames of an answer: deltas, then ``done``."""
        sampling = request["sampling"]
        tokens = self.prompt(request["messages"])
        if len(tokens) + sampling["max_tokens"] > self.context:
            raise RequestError("overflow", str(len(tokens)))
        random = np.random.default_rng(sampling["seed"])
        sampler = Sampler(temperature=sampling["temperature"], top_p=sampling["top_p"], random=random)
        pieces = TextPieces(tuple(sampling["stop"]))
        grammar = self._grammar(request["schema"])
        try:
            logits = self.evaluate(tokens, cancelled)
            generated, reason = 0, "length"
            while generated < sampling["max_tokens"]:
                if cancelled():
                    raise RequestError("cancelled", "cancelled")
                token = grammar.pick(sampler, logits) if grammar else sampler.pick(logits)
                if self._api.llama_vocab_is_eog(self._vocabulary, token):
                    reason = "stop"
                    break
                generated += 1
                if text := pieces.feed(self.piece(token)):
                    yield {"event": "delta", "text": text}
                if pieces.stopped:
                    reason = "stop"
                    break
                if generated < sampling["max_tokens"]:
                    self._llama.eval([token])
                    logits = self._last_logits()
        except UnicodeDecodeError:
            raise RequestError("bad_output", "the tokens do not make valid UTF-8") from None
        finally:
            if grammar:
                grammar.close()
        if text := pieces.finish():
            yield {"event": "delta", "text": text}
        yield {"event": "done", "reason": reason, "prompt_tokens": len(tokens), "completion_tokens": generated}

    def _grammar(self, schema: Mapping[str, Any] | None) -> Grammar | None:
        if schema is None:
            return None
        from llama_cpp.llama_grammar import json_schema_to_gbnf

        try:
            text = json_schema_to_gbnf(json.dumps(schema))
        except (AssertionError, AttributeError, KeyError, IndexError, RecursionError, TypeError, ValueError) as error:
            raise RequestError("unsupported", f"the schema has no grammar: {error or type(error).__name__}") from None
        lines = [STRING_CHARACTER if line.startswith("char ::=") else line for line in text.splitlines()]
        return Grammar(self._api, self._vocabulary, "\n".join(lines))

    def score(self, request: Mapping[str, Any], cancelled: Callable[[], bool]) -> list[float]:
        """Summed log-probability of each continuation's tokens after the prompt.

        The prompt is computed once. A continuation is tokenised by itself: in generation, too, the answer's tokens follow
        a finished prompt, so that no token ever spans the two. The end-of-turn token is not part of the sum.
        """
        prompt = self.prompt(request["messages"])
        continuations = [
            self._llama.tokenize(text.encode("utf-8", errors="replace"), add_bos=False, special=False)
            for text in request["continuations"]
        ]
        longest = len(prompt) + max(map(len, continuations), default=0)
        if longest > self.context:
            raise RequestError("overflow", str(longest))
        after_prompt = self.evaluate(prompt, cancelled)
        totals = []
        for tokens in continuations:
            if cancelled():
                raise RequestError("cancelled", "cancelled")
            total = log_probability(after_prompt, tokens[0]) if tokens else 0.0
            for start in range(0, len(tokens) - 1, self._batch):
                inputs = tokens[start : min(start + self._batch, len(tokens) - 1)]
                rows = self._all_logits(inputs, past=len(prompt) + start)
                total += sum(map(log_probability, rows, tokens[start + 1 :]))
            totals.append(total)
        return totals

    def _all_logits(self, tokens: Sequence[int], *, past: int) -> Logits:
        """(len(tokens), n_vocab) logits, with the cache cut back to ``past`` tokens first. Valid until the next decoding.

        ``Llama.eval`` gives only the last row unless every evaluation of the model's life keeps all of them.
        """
        context, batch = self._llama._ctx, self._llama._batch
        context.kv_cache_seq_rm(-1, past, -1)
        batch.set_batch(batch=tokens, n_past=past, logits_all=True)
        context.decode(batch)
        rows = np.ctypeslib.as_array(context.get_logits(), shape=(len(tokens) * self._size,))
        return rows.reshape(len(tokens), self._size)

    def forget(self) -> None:
        """Drop the cache, whose state is unknown after a failure."""
        self._llama.reset()
        self._reusable = 0


def serve(engine: Engine, requests: queue.Queue[dict[str, Any]], cancelled: set[int], send: Send) -> None:
    """Answer requests one after another, for ever."""
    while True:
        request = requests.get()
        identity = request["id"]

        def is_cancelled(identity: int = identity) -> bool:
            return identity in cancelled

        try:
            if request["op"] == "generate":
                for frame in engine.generate(request, is_cancelled):
                    send({"id": identity, **frame})
            elif request["op"] == "count":
                send({"id": identity, "event": "done", "tokens": len(engine.prompt(request["messages"]))})
            else:
                send({"id": identity, "event": "done", "values": engine.score(request, is_cancelled)})
        except RequestError as error:
            send({"id": identity, "event": "error", "kind": error.kind, "message": str(error)})
        except RuntimeError as error:  # llama_decode failed
            engine.forget()
            send({"id": identity, "event": "error", "kind": "failed", "message": str(error)})
        cancelled.discard(identity)


def _listen(stream: BinaryIO, requests: queue.Queue[dict[str, Any]], cancelled: set[int]) -> None:
    while (frame := read_frame(stream)) is not None:
        if frame["op"] == "cancel":
            cancelled.add(frame["id"])
        else:
            requests.put(frame)
    os._exit(0)  # the parent is gone: stop at once, in the middle of a token if need be


def main() -> None:
    """Load the model that the first frame names, then serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; its end is seen on stdin
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever native code prints must not end up among the frames
    lock = threading.Lock()

    def send(frame: Mapping[str, Any]) -> None:
        with lock:
            write_frame(output, frame)

    load = read_frame(sys.stdin.buffer)
    if load is None:
        return
    requests: queue.Queue[dict[str, Any]] = queue.Queue()
    cancelled: set[int] = set()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests, cancelled), daemon=True).start()
    try:
        engine = Engine(path=load["path"], context=load["context"], threads=load["threads"], batch=load["batch"])
    except (ImportError, OSError, RequestError, RuntimeError, ValueError) as error:
        send({"id": load["id"], "event": "error", "kind": "failed", "message": f"{type(error).__name__}: {error}"})
        return
    send({"id": load["id"], "event": "ready", "context": engine.context, "trained_context": engine.trained_context})
    serve(engine, requests, cancelled, send)


if __name__ == "__main__":
    main()
