"""A local model through llama.cpp, run in a worker process of its own (``llama_cpp_worker``)."""

from __future__ import annotations

import asyncio
import collections
import importlib.util
import itertools
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import assistant
from assistant.errors import (
    BadModelOutput,
    ContextOverflow,
    MissingExtraError,
    ProviderError,
    ProviderUnavailable,
    Unsupported,
)
from assistant.llm.answers import as_records, finished
from assistant.llm.base import ChatMessage, JsonSchema, Sampling, StreamEvent, TextDelta, Usage
from assistant.llm.deadline import Deadline
from assistant.llm.llama_cpp_worker import read_frame, write_frame
from assistant.llm.weights import verify_weights

Frame = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class LlamaCppConfig:
    """How a local model runs."""

    context_tokens: int = 2048
    """Tokens of prompt and answer together. Memory grows with it (about 23 MB per 1,000 for SmolLM2-135M)."""
    threads: int | None = None
    """Threads that compute; None is one for each processor that this process may use."""
    batch: int = 64
    """Prompt tokens computed at once. A cancelled request stops between two batches, and a prompt that begins like an
    earlier one reuses whole batches of it. Larger ones compute a prompt at most a tenth faster."""
    queue: int = 8
    """Requests that may run or wait; one more is refused as ``ProviderUnavailable``."""
    timeout: float | None = 120.0
    """Seconds for a whole answer, waiting and loading included, where the caller gives none."""
    sha256: tuple[str, ...] = ()
    """Digests of further files that may be loaded."""
    unresponsive: float = 10.0
    """Seconds after which a worker that has not obeyed a cancellation is killed by the next request."""


class LlamaCppModel:
    """``llama-cpp:FILE``. The worker starts with the first request and again after it died.

    Requests run one at a time, in order. A model belongs to one event loop at a time. Raises ``MissingExtraError`` when
    llama-cpp-python is not installed, and ``SettingsError`` for a file that is unreadable or not allowed: when it is made,
    so that a wrong setting shows at the start and not in a turn.
    """

    def __init__(self, path: Path, config: LlamaCppConfig | None = None) -> None:
        if importlib.util.find_spec("llama_cpp") is None:
            raise MissingExtraError("A local model", "local")
        self._path = path
        self._config = config or LlamaCppConfig()
        verify_weights(path, self._config.sha256)
        self._worker: _Worker | None = None
        self._turn = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pending = 0
        self._owed: tuple[int, float] | None = None
        """Id and time of the last cancellation that the worker has not confirmed."""

    @property
    def name(self) -> str:
        return f"llama-cpp:{self._path.name}"

    @property
    def context_tokens(self) -> int:
        return self._config.context_tokens

    @property
    def worker_pid(self) -> int | None:
        """Process id of the worker while it lives."""
        return self._worker.pid if self._worker is not None and self._worker.alive else None

    async def start(self) -> None:
        """Load the model now rather than with the first request."""
        async with self._turn_of_this_loop():
            await self._ready_worker(Deadline(self._config.timeout))

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        sampling: Sampling,
        schema: JsonSchema | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> AsyncGenerator[StreamEvent, None]:
        """See ``LanguageModel.stream``. With ``schema`` a grammar allows only documents of it."""
        deadline = self._deadline(timeout)
        request: Frame = {
            "op": "generate",
            "messages": as_records(messages),
            "sampling": asdict(sampling),
            "schema": None if schema is None else dict(schema),
        }
        text = ""
        async with aclosing(self._request(request, deadline)) as frames:
            async for frame in frames:
                if frame["event"] == "delta":
                    text += frame["text"]
                    yield TextDelta(text=frame["text"])
        usage = Usage(prompt_tokens=frame["prompt_tokens"], completion_tokens=frame["completion_tokens"])
        yield finished(self.name, text, frame["reason"], schema=schema, usage=usage, seconds=deadline.elapsed())

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens by the model's own tokenizer and chat template: exact."""
        done = await self._ask({"op": "count", "messages": as_records(messages)}, self._deadline(None))
        return int(done["tokens"])

    async def loglikelihoods(
        self,
        messages: Sequence[ChatMessage],
        continuations: Sequence[str],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> list[float]:
        """See ``LanguageModel.loglikelihoods``. The end-of-turn token is not part of the sum; an empty text gives 0."""
        request: Frame = {"op": "score", "messages": as_records(messages), "continuations": list(continuations)}
        done = await self._ask(request, self._deadline(timeout))
        return [float(value) for value in done["values"]]

    async def aclose(self) -> None:
        """End the worker. A later request would start a new one."""
        if self._worker is not None:
            await asyncio.to_thread(self._worker.end)
            self._worker = None

    def _turn_of_this_loop(self) -> asyncio.Lock:
        """The lock that makes requests take turns; a lock belongs to an event loop, so another loop gets a new one."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._turn, self._pending = loop, asyncio.Lock(), 0
        return self._turn

    def _deadline(self, seconds: float | None) -> Deadline:
        return Deadline(self._config.timeout if seconds is None else seconds)

    async def _ask(self, request: Frame, deadline: Deadline) -> Frame:
        async with aclosing(self._request(request, deadline)) as frames:
            return [frame async for frame in frames][-1]

    async def _request(self, request: Frame, deadline: Deadline) -> AsyncGenerator[Frame, None]:
        """The worker's frames for a request, the last being ``done``; cancels it when its reader leaves."""
        turn = self._turn_of_this_loop()
        if self._pending >= self._config.queue:
            raise ProviderUnavailable(
                f"{self.name} already has {self._pending} requests waiting. Try again, or raise its queue setting.",
                retryable=True,
            )
        self._pending += 1
        try:
            await deadline.within(turn.acquire(), self.name)
            try:
                worker = await self._ready_worker(deadline)
                identity, inbox = worker.send(request)
                done = False
                try:
                    while not done:
                        frame = await deadline.within(inbox.get(), self.name)
                        done = frame["event"] != "delta"
                        if frame["event"] in ("error", "died"):
                            raise self._error(frame)
                        yield frame
                finally:
                    if not done:
                        worker.cancel(identity)
                        self._owed = (identity, time.monotonic())
                    else:
                        worker.forget(identity)
            finally:
                turn.release()
        finally:
            self._pending -= 1

    async def _ready_worker(self, deadline: Deadline) -> _Worker:
        """A live worker with its model loaded. Called while holding the turn."""
        worker = self._worker
        if worker is not None and self._owed is not None:
            identity, since = self._owed
            if not worker.owes(identity):
                self._owed = None
            elif time.monotonic() - since > self._config.unresponsive:
                await asyncio.to_thread(worker.end)
        if worker is None or not worker.alive or worker.loop is not asyncio.get_running_loop():
            if worker is not None:
                await asyncio.to_thread(worker.end)
            self._owed = None
            await deadline.within(
                asyncio.to_thread(verify_weights, self._path, self._config.sha256), f"The check of {self.name}"
            )
            worker = self._worker = _Worker(
                {
                    "op": "load",
                    "path": str(self._path),
                    "context": self._config.context_tokens,
                    "threads": self._config.threads or _usable_processors(),
                    "batch": min(self._config.batch, self._config.context_tokens),
                }
            )
        if not worker.loaded:
            frame = await deadline.within(worker.loading.get(), f"Loading {self.name}")
            if frame["event"] != "ready":
                await asyncio.to_thread(worker.end)  # it is ending anyway; by then all it had to say has been read
                raise self._error({**frame, "said": worker.said()})
            worker.loaded = True
        return worker

    def _error(self, frame: Frame) -> ProviderError:
        if frame["event"] == "died":
            return ProviderUnavailable(
                f"The worker process of {self.name} ended ({frame['cause']}); the next request starts a new one."
                f"{frame['said']}",
                retryable=True,
            )
        message = frame["message"]
        if frame["kind"] == "overflow":
            return ContextOverflow(
                f"A prompt of {int(message):,} tokens and its answer do not fit the {self.context_tokens:,} tokens of"
                f" context of {self.name}. Shorten the prompt or raise the context setting."
            )
        if frame["kind"] == "unsupported":
            return Unsupported(f"{self.name} cannot do this: {message}.")
        if frame["kind"] == "bad_output":
            return BadModelOutput(f"{self.name} gave an unusable answer: {message}. Ask again.", retryable=True)
        return ProviderUnavailable(f"{self.name} failed: {message}.{frame.get('said', '')}")


class _Worker:
    """The process, and who waits for which of its frames."""

    def __init__(self, load: Frame) -> None:
        self.loop = asyncio.get_running_loop()
        self.alive = True
        self.loaded = False
        self._ids = itertools.count(1)
        self._inboxes: dict[int, asyncio.Queue[Frame]] = {}
        self._errors: collections.deque[str] = collections.deque(maxlen=40)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "assistant.llm.llama_cpp_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
        )
        self.pid = self._process.pid
        # A pipe can be full while the worker computes; a thread of its own keeps the event loop from waiting for it.
        self._outbox: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=target, daemon=True) for target in (self._write, self._read, self._read_errors)
        ]
        for thread in self._threads:
            thread.start()
        _, self.loading = self.send(load)

    def send(self, request: Frame) -> tuple[int, asyncio.Queue[Frame]]:
        """Hand over a request; its id, and where its frames will arrive."""
        identity = next(self._ids)
        inbox = self._inboxes[identity] = asyncio.Queue()
        if not self.alive:
            inbox.put_nowait(self._death())
        self._outbox.put({**request, "id": identity})
        return identity, inbox

    def cancel(self, identity: int) -> None:
        self._outbox.put({"op": "cancel", "id": identity})

    def owes(self, identity: int) -> bool:
        """Whether the last frame of a request is still to come."""
        return identity in self._inboxes

    def forget(self, identity: int) -> None:
        self._inboxes.pop(identity, None)

    def end(self) -> None:
        """Kill the process and wait for it. Idempotent; may be called from any thread."""
        self._process.kill()
        self._outbox.put(None)
        self._process.wait()
        for thread in self._threads:
            thread.join()

    def _write(self) -> None:
        assert self._process.stdin is not None
        try:
            with self._process.stdin as pipe:
                while (frame := self._outbox.get()) is not None:
                    write_frame(pipe, frame)  # type: ignore[arg-type]  # a buffered binary pipe
        except (BrokenPipeError, ValueError):
            return  # it died; the reading thread says so

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            while (frame := read_frame(pipe)) is not None:  # type: ignore[arg-type]  # a buffered binary pipe
                if not self._post(self._deliver, frame):
                    break
        self._process.wait()
        self._outbox.put(None)
        self._threads[2].join(timeout=5)  # its last words come before the news of its death
        self.alive = False
        self._post(self._died)

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as pipe:
            for line in pipe:
                self._errors.append(line.decode("utf-8", errors="replace").rstrip())

    def _post(self, call: Any, *arguments: Any) -> bool:
        try:
            self.loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:  # the loop is closed: nobody waits any more
            self._process.kill()
            return False
        return True

    def _deliver(self, frame: Frame) -> None:
        if frame.get("kind") == "failed":
            frame["said"] = self.said()
        if (inbox := self._inboxes.get(frame["id"])) is not None:
            inbox.put_nowait(frame)
            if frame["event"] != "delta":
                self.forget(frame["id"])

    def _died(self) -> None:
        for inbox in self._inboxes.values():
            inbox.put_nowait(self._death())
        self._inboxes.clear()

    def _death(self) -> Frame:
        code = self._process.poll()
        cause = f"exit status {code}"
        if code is not None and code < 0:
            cause = f"signal {signal.Signals(-code).name}"
        return {"event": "died", "cause": cause, "said": self.said()}

    def said(self) -> str:
        """The end of what it wrote to stderr, for an error message."""
        lines = [line for line in self._errors if line.strip()][-5:]
        return f" Its last words: {' | '.join(lines)}" if lines else ""


def _environment() -> Mapping[str, str]:
    """The parent's environment, in which the worker finds this package also when it is run from a source tree.

    llama.cpp's threads meet hundreds of times for each token. By default they spin for milliseconds there, and when other
    processes want the processors too, that makes a token many times slower; the shorter spin costs nothing otherwise.
    """
    environment = {"GOMP_SPINCOUNT": "5000", **os.environ}
    root = Path(assistant.__file__).parent.parent
    if root.name not in ("site-packages", "dist-packages"):
        path = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{root}{os.pathsep}{path}" if path else str(root)
    return environment


def _usable_processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
