"""What the server counts, for Prometheus. No label holds what a user said or who it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from assistant.types import Recommended, Replied, TurnEvent

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)


class Metrics:
    """The counts of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "assistant_http_requests", "Requests answered.", ("route", "method", "status"), registry=self.registry
        )
        self.turns = Counter("assistant_turns", "Finished turns.", ("intent",), registry=self.registry)
        self.cards = Counter("assistant_cards", "Cards shown.", ("phrased_by",), registry=self.registry)
        self.rejected = Counter("assistant_rejected_drafts", "Drafts that were not shown.", registry=self.registry)
        self.tokens = Counter("assistant_tokens", "Tokens of the language model.", ("kind",), registry=self.registry)
        self.unfinished = Counter("assistant_unfinished_turns", "Turns stopped or failed.", registry=self.registry)
        self.running = Gauge("assistant_running_turns", "Turns that run now.", registry=self.registry)
        self.first_card = Histogram(
            "assistant_first_card_seconds", "Until the first card.", buckets=_SECONDS, registry=self.registry
        )
        self.whole = Histogram("assistant_turn_seconds", "Until the reply.", buckets=_SECONDS, registry=self.registry)

    @contextmanager
    def turn(self) -> Iterator[Callable[[TurnEvent], None]]:
        """Count a turn by its events."""
        started = time.perf_counter()
        cards, done = 0, False

        def counted(event: TurnEvent) -> None:
            nonlocal cards, done
            if isinstance(event, Recommended):
                explanation = event.recommendation.explanation
                self.cards.labels(explanation.phrased_by).inc()
                self.rejected.inc(len(explanation.rejected))
                if not cards:
                    self.first_card.observe(time.perf_counter() - started)
                cards += 1
            elif isinstance(event, Replied):
                done = True
                self.whole.observe(time.perf_counter() - started)
                query = event.reply.query
                self.turns.labels(query.intent if query is not None else "recommend").inc()
                usage = event.reply.trace.get("usage")
                if isinstance(usage, dict):
                    for kind in ("prompt", "completion"):
                        self.tokens.labels(kind).inc(usage[f"{kind}_tokens"])

        self.running.inc()
        try:
            yield counted
        finally:
            self.running.dec()
            if not done:
                self.unfinished.inc()

    def text(self) -> bytes:
        """In Prometheus's text format."""
        return generate_latest(self.registry)
