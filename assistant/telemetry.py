"""Traces of turns for OpenTelemetry, by its conventions for generative AI. Nothing is imported until they are wanted.

A turn is one span, ``invoke_agent``, with a span inside for each stage: ``understand``, ``retrieval``, ``rank``, ``answer``
or ``explain``, and a ``chat`` span inside those for each call of a language model. Names and attributes are those of
version 1.41 of the conventions, the last in the main repository
(github.com/open-telemetry/semantic-conventions, ``docs/gen-ai``); what is ours begins with ``assistant.``.

What users and models say, and who they are, is in no span unless ``Settings.telemetry_content`` is on.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from assistant.errors import MissingExtraError, SettingsError, did_you_mean
from assistant.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

    from assistant.llm.base import LanguageModel, Usage
    from assistant.types import Explanation, Reply

NAME = "recommender-assistant"
"""The name of the service, unless ``OTEL_SERVICE_NAME`` gives another, and of the agent."""
CATALOGUE = "catalogue"
"""What retrieval searches, ``gen_ai.data_source.id``."""
SCHEMA = "https://opentelemetry.io/schemas/1.41.0"
STOPPED = "assistant.stopped"
"""Told of a span whose reader had enough, or whose task was cancelled: neither is an error."""

Attribute = str | bool | int | float | Sequence[str]
_log = logging.getLogger("assistant.telemetry")


class Stage:
    """A span that is being made; one without a span ignores what it is told."""

    def __init__(self, span: Span | None = None, *, content: bool = False) -> None:
        self._span = span
        self._content = content

    def tell(self, attributes: Mapping[str, Attribute | None]) -> None:
        """Note what is known now; None is left out."""
        if self._span is not None:
            self._span.set_attributes({name: value for name, value in attributes.items() if value is not None})

    def quote(self, name: str, content: Callable[[], str]) -> None:
        """Note what somebody said, where that is wanted."""
        if self._span is not None and self._content:
            self._span.set_attribute(name, content())

    def fail(self, error: BaseException) -> None:
        """Note that it ended in an error. Messages of errors quote users and data: they are content."""
        if self._span is None:
            return
        from opentelemetry.trace import StatusCode

        if not isinstance(error, Exception):
            self._span.set_attribute(STOPPED, True)
            return
        self._span.set_attribute("error.type", type(error).__qualname__)
        self._span.set_status(StatusCode.ERROR)
        if self._content:
            self._span.record_exception(error)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Spans that begin in this block, and in tasks and threads that it starts, are children of this one."""
        if self._span is None:
            yield
            return
        from opentelemetry.context import attach, detach
        from opentelemetry.trace import set_span_in_context

        token = attach(set_span_in_context(self._span))
        try:
            yield
        finally:
            detach(token)


NOTHING = Stage()


class Telemetry:
    """Makes spans with a tracer; without one, it does nothing and costs next to nothing."""

    def __init__(self, tracer: Tracer | None = None, *, content: bool = False) -> None:
        self._tracer = tracer
        self.content = content

    @property
    def on(self) -> bool:
        return self._tracer is not None

    @contextmanager
    def apart(
        self,
        name: str,
        attributes: Mapping[str, Attribute | None] | None = None,
        *,
        kind: Literal["internal", "client"] = "internal",
    ) -> Iterator[Stage]:
        """A span that is a parent of others only in blocks ``with stage.inside()``.

        So a generator can hold it from its first step to its last, in whatever context each of them is taken.
        """
        if self._tracer is None:
            yield NOTHING
            return
        from opentelemetry.trace import SpanKind

        known = {key: value for key, value in (attributes or {}).items() if value is not None}
        span = self._tracer.start_span(name, kind=SpanKind[kind.upper()], attributes=known)
        stage = Stage(span, content=self.content)
        try:
            yield stage
        except BaseException as error:
            stage.fail(error)
            raise
        finally:
            span.end()

    @contextmanager
    def turn(self, user: str, conversation: str) -> Iterator[Stage]:
        """The span of a turn.

        Its conversation is told by a digest of user and conversation: an id is unique among one user's only, and may be
        chosen by whoever sends it.
        """
        if self._tracer is None:
            yield NOTHING
            return
        told = hashlib.blake2b(f"{user}\0{conversation}".encode("utf-8", "replace"), digest_size=12).hexdigest()
        attributes = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.provider.name": NAME,
            "gen_ai.agent.name": NAME,
            "gen_ai.conversation.id": told,
        }
        with self.apart(f"invoke_agent {NAME}", attributes) as stage:
            stage.quote("user.id", lambda: user)
            yield stage

    @contextmanager
    def within(self, stage: Stage) -> Iterator[None]:
        """In this block, and in tasks and threads that it starts, ``stage_of`` makes spans inside ``stage``."""
        if self._tracer is None:
            yield
            return
        token = _ACTIVE.set(self)
        try:
            with stage.inside():
                yield
        finally:
            _ACTIVE.reset(token)


OFF = Telemetry()
_ACTIVE: ContextVar[Telemetry] = ContextVar("assistant.telemetry", default=OFF)


@contextmanager
def stage_of(name: str, attributes: Mapping[str, Attribute | None] | None = None) -> Iterator[Stage]:
    """A stage of the turn that is running here, around a block that does not yield to another context."""
    with _ACTIVE.get().apart(name, attributes) as stage, stage.inside():
        yield stage


@contextmanager
def retrieval(query: str) -> Iterator[Stage]:
    """The stage that finds candidates."""
    attributes = {"gen_ai.operation.name": "retrieval", "gen_ai.data_source.id": CATALOGUE}
    with stage_of(f"retrieval {CATALOGUE}", attributes) as stage:
        stage.quote("gen_ai.retrieval.query.text", lambda: query)
        yield stage


def messages_json(messages: Sequence[tuple[str, str]], finish_reason: str | None = None) -> str:
    """(role, text) pairs in the form of ``gen_ai.input.messages`` and, with a reason, ``gen_ai.output.messages``."""
    end = {} if finish_reason is None else {"finish_reason": finish_reason}
    return json.dumps(
        [{"role": role, "parts": [{"type": "text", "content": text}], **end} for role, text in messages],
        ensure_ascii=False,
    )


def tell_reply(turn: Stage, reply: Reply, model: LanguageModel | None, spent: Sequence[Usage]) -> None:
    """What is known of a turn at its end; ``spent`` is what its answers of the model cost."""
    turn.tell(
        {
            "gen_ai.request.model": None if model is None else model.name.partition(":")[2] or model.name,
            "gen_ai.response.id": reply.reply_id,
            "gen_ai.usage.input_tokens": sum(usage.prompt_tokens for usage in spent),
            "gen_ai.usage.output_tokens": sum(usage.completion_tokens for usage in spent),
            "assistant.intent": None if reply.query is None else reply.query.intent,
            "assistant.language": reply.language,
            "assistant.cards": len(reply.recommendations),
        }
    )
    turn.quote("gen_ai.output.messages", lambda: messages_json([("assistant", _in_words(reply))], "stop"))


def _in_words(reply: Reply) -> str:
    return "\n".join([reply.text, *(f"{card.title}: {card.explanation.text}" for card in reply.recommendations)])


def tell_explanation(stage: Stage, explanation: Explanation) -> None:
    """How a reason came about."""
    stage.tell({"assistant.phrased_by": explanation.phrased_by, "assistant.rejected": len(explanation.rejected)})
    stage.quote("assistant.explanation", lambda: explanation.text)


# who it is sent to


def telemetry_for(settings: Settings) -> Telemetry:
    """Traces as ``Settings.telemetry`` wants them.

    Where the program that uses this package has a tracer provider, spans go to it; else one is made that exports as the
    standard ``OTEL_*`` variables say. Raises ``MissingExtraError`` and ``SettingsError``.
    """
    if settings.telemetry == "off" or os.environ.get("OTEL_SDK_DISABLED", "").strip().casefold() == "true":
        return OFF
    named = exporters_named()
    if settings.telemetry == "auto" and not named and not _provided():
        return OFF
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        if settings.telemetry == "auto":
            _log.warning("OTEL_ variables name an exporter, and nothing is traced: %s", MissingExtraError("It", "otel"))
            return OFF
        raise MissingExtraError("Telemetry", "otel")
    from opentelemetry import trace

    if not _provided():
        provider = _provider(named or ("otlp",))
        trace.set_tracer_provider(provider)
    return Telemetry(trace.get_tracer(NAME, schema_url=SCHEMA), content=settings.telemetry_content)


def exporters_named() -> tuple[str, ...]:
    """The exporters that the standard variables name, ``otlp`` where only an address is given; empty where nothing is."""
    named = os.environ.get("OTEL_TRACES_EXPORTER", "").strip()
    if named:
        return tuple(name.strip() for name in named.split(",") if name.strip() not in ("", "none"))
    addresses = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return ("otlp",) if any(os.environ.get(address, "").strip() for address in addresses) else ()


def _provided() -> bool:
    """Whether there is a tracer provider already."""
    trace = sys.modules.get("opentelemetry.trace")  # who has set one has imported it
    return trace is not None and type(trace.get_tracer_provider()).__name__ != "ProxyTracerProvider"


def _provider(names: Sequence[str]) -> TracerProvider:
    """A provider that exports in the background; sampling, batching and addresses are read by the SDK itself."""
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create()
    if str(resource.attributes.get(SERVICE_NAME, "unknown_service")).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: NAME}))
    provider = TracerProvider(resource=resource)
    known = {entry.name: entry for entry in entry_points(group="opentelemetry_traces_exporter")}
    for name in names:
        chosen = _protocol() if name == "otlp" else name
        if chosen not in known:
            if name == "otlp":
                raise MissingExtraError(f"Telemetry over {chosen!r}", "otel")
            raise SettingsError(
                f"OTEL_TRACES_EXPORTER names {name!r}, and no installed package exports to it."
                f"{did_you_mean(name, ('otlp', *known))}"
            )
        provider.add_span_processor(BatchSpanProcessor(known[chosen].load()()))
    return provider


def _protocol() -> str:
    """The exporter of the protocol that is set."""
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL")
    return "otlp_proto_grpc" if protocol == "grpc" else "otlp_proto_http"


@contextmanager
def continued(headers: Mapping[str, str]) -> Iterator[None]:
    """In this block spans continue the trace that the headers of a request belong to, where they name one."""
    from opentelemetry.context import attach, detach
    from opentelemetry.propagate import extract

    context: Context = extract(headers)
    token = attach(context)
    try:
        yield
    finally:
        detach(token)
