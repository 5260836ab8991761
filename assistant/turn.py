"""One chat turn: understand, profile, retrieve, score, facts, explain, verify, reply."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import replace
from pathlib import Path

from assistant.arranging.arranger import Arranger
from assistant.conversation import check_message
from assistant.deciding import Draft, Plan, decide, evidence_for, load_profile
from assistant.errors import UnknownNameError, did_you_mean
from assistant.explain import Explainer
from assistant.faithfulness import Evidence
from assistant.feedback import make_event, record_event
from assistant.llm.base import ChatMessage, LanguageModel, Usage
from assistant.merging import request_of
from assistant.rank import rank
from assistant.retrieve import RetrievalSettings
from assistant.serving import Serving, load_serving
from assistant.settings import Settings
from assistant.store import Impression, Store
from assistant.telemetry import NOTHING, OFF, Stage, Telemetry, messages_json, stage_of, tell_explanation, tell_reply
from assistant.threads import one_blas_thread
from assistant.types import (
    Context,
    Explanation,
    Fact,
    Item,
    Message,
    Query,
    Ranked,
    RankedList,
    Recommendation,
    Recommended,
    Replied,
    Reply,
    Retrieved,
    TurnEvent,
)
from assistant.understand import understand
from vectorstore.base import Embedder

LOCAL_MODEL = "llama-cpp:"
"""How the names of models begin whose weights this machine loads."""


class Assistant:
    """The recommender. Open one with ``Assistant.open``; everything else is a shell over ``stream``."""

    def __init__(
        self,
        *,
        store: Store,
        embedder: Embedder,
        explainer: Explainer,
        arranger: Arranger,
        model: LanguageModel | None,
        settings: Settings,
        telemetry: Telemetry = OFF,
    ) -> None:
        """Made by ``assistant.build``, which chooses the backends."""
        self.store = store
        self.settings = settings
        self._embedder = embedder
        self._explainer = explainer
        self._arranger = arranger
        self._model = model
        self.telemetry = telemetry
        self._retrieval = RetrievalSettings()
        self._serving: Serving | None = None
        self._reloading = asyncio.Lock()
        self._sessions: dict[str, str] = {}

    @classmethod
    def open(
        cls, data: str | Path, *, settings: Settings | None = None, model: LanguageModel | None = None
    ) -> AbstractAsyncContextManager[Assistant]:
        """An assistant over the data folder ``data``, freed when the context ends.

        ``settings`` default to those of the environment and of ``assistant.toml`` in the folder; ``model`` replaces the
        language model that they name. Raises ``NotIndexedError``, ``SettingsError``, ``EmbedderMismatchError``,
        ``MissingExtraError``.
        """
        from assistant.build import open_assistant

        return open_assistant(data, settings=settings, model=model)

    async def reply(self, message: Message) -> Reply:
        """The reply at the end of ``stream``."""
        async with aclosing(self.stream(message)) as events:
            async for event in events:
                if isinstance(event, Replied):
                    return event.reply
        raise AssertionError("a turn ended without a reply")

    async def stream(self, message: Message) -> AsyncGenerator[TurnEvent, None]:
        """One turn as events: ``Retrieved``, ``RankedList``, a ``Recommended`` per card as it is verified, ``Replied``.

        The reply is complete within ``settings.reply_within`` seconds: cards that the model has not phrased by then are
        phrased by template. Closing the iterator stops the model. Raises ``UserError`` for a message without text or user.
        """
        check_message(message)
        conversation = message.conversation or self._sessions.setdefault(message.user, uuid.uuid4().hex[:12])
        with self.telemetry.turn(message.user, conversation) as turn:
            turn.quote("gen_ai.input.messages", lambda: messages_json([("user", message.text)]))
            async with aclosing(self._turn(message, conversation, turn)) as events:
                async for event in events:
                    yield event

    async def _turn(self, message: Message, conversation: str, turn: Stage) -> AsyncGenerator[TurnEvent, None]:
        started = time.monotonic()
        deadline = started + self.settings.reply_within
        with self.telemetry.within(turn):
            serving = await self.serving()
            plan = await self._decide(serving, message, conversation, deadline)
        yield Retrieved(candidates=plan.found.candidates, sources=plan.found.sources)
        yield RankedList(ranking=plan.ranking, text=plan.text, acting_on=plan.acting_on)

        cards: list[Recommendation] = []
        first_card = None
        explainer = self._explainer.using(serving.checker)
        async with aclosing(
            self._phrase(serving, plan, explainer, deadline, turn)
        ) as phrased:  # a reader that leaves stops the model
            async for card in phrased:
                first_card = first_card or time.monotonic() - started
                cards.append(card)
                yield Recommended(recommendation=card)

        spent = [*plan.arranged.spent, *explainer.spent]
        reply = self._reply(serving, message.user, conversation, plan, cards, spent, started, first_card)
        await asyncio.to_thread(self._remember, message, plan, reply, serving.ranker.version)
        serving.index.open_in_background()
        tell_reply(turn, reply, self._model, spent)
        yield Replied(reply=reply)

    async def explain(self, user: str, item_id: str) -> Recommendation:
        """Why ``item_id`` would be recommended to ``user``. Raises ``UnknownNameError`` for an unknown item."""
        deadline = time.monotonic() + self.settings.reply_within
        serving = await self.serving()
        row = serving.catalogue.row_of.get(item_id)
        if row is None:
            raise UnknownNameError(f"There is no item {item_id!r}.{did_you_mean(item_id, serving.catalogue.ids)}")

        def prepare() -> tuple[Ranked, Evidence]:
            profile = load_profile(self.store, serving, user)
            (ranked,) = serving.ranker.rank(profile.history, serving.catalogue.rows([item_id]), k=1)
            return ranked, evidence_for(serving, profile, Query(text=""), ranked)

        with self.telemetry.apart("explain") as stage, self.telemetry.within(stage):
            ranked, evidence = await asyncio.to_thread(prepare)
            item = serving.catalogue.item(row)
            explainer = self._explainer.using(serving.checker)
            explanation = await explainer.explain(item, evidence.facts, evidence, used=[], deadline=deadline)
            tell_explanation(stage, explanation)
        return _card(item, ranked, 1, explanation)

    async def candidates(self, text: str, *, user: str = "", k: int = 10) -> list[tuple[Item, float]]:
        """The ``k`` items that suit a request best with their scores, best first. No conversation is begun or remembered.

        What ``user`` knows or a rule withholds is left out; a blank user has no history.
        """
        serving = await self.serving()

        def find() -> list[tuple[Item, float]]:
            profile = load_profile(self.store, serving, user)
            hidden = profile.known_items | self._arranger.withheld(serving.catalogue)
            query = request_of(understand(text, serving.vocabulary, Context()), excluded=hidden)
            found = serving.find(
                query,
                profile,
                store=self.store,
                embedder=self._embedder,
                limit=max(self.settings.candidates, k),
                settings=self._retrieval,
            )
            rows = serving.catalogue.rows(candidate.item_id for candidate in found.candidates)
            ranking = serving.ranker.rank(profile.history, rows, relevance=found.relevance, k=min(k, len(rows)))
            return [(serving.catalogue.item(ranked.row), ranked.score) for ranked in ranking]

        with self.telemetry.within(NOTHING):
            return await asyncio.to_thread(find)

    async def rank(
        self,
        *,
        user: str | None = None,
        history: Sequence[str] | None = None,
        candidates: Sequence[str] | None = None,
        k: int | None = None,
        diversity: float | None = None,
    ) -> list[tuple[str, float | None]]:
        """See ``assistant.rank.rank``; ``diversity`` None is the setting's."""
        serving = await self.serving()
        return await asyncio.to_thread(
            rank,
            self.store,
            serving.catalogue,
            serving.ranker,
            user=user,
            history=history,
            candidates=candidates,
            k=k,
            arrange=self._arranger.answering(serving, diversity),
        )

    # the stages

    async def _decide(self, serving: Serving, message: Message, conversation: str, deadline: float) -> Plan:
        """The list is arranged, perhaps with the say of a model, before any fact is selected."""
        draft = await asyncio.to_thread(self._draft, serving, message, conversation)
        if isinstance(draft, Plan):
            return draft
        with stage_of("rank"):
            arranged = await self._arranger.arranged(
                draft.listing,
                serving,
                draft.profile,
                draft.query,
                turn=(message.user, conversation, message.text),
                deadline=deadline,
            )
        return await asyncio.to_thread(draft.finish, arranged)

    def _draft(self, serving: Serving, message: Message, conversation: str) -> Plan | Draft:
        with one_blas_thread():
            return decide(
                serving,
                message,
                conversation,
                store=self.store,
                embedder=self._embedder,
                settings=self.settings,
                retrieval=self._retrieval,
                withheld=self._arranger.withheld(serving.catalogue),
            )

    async def _phrase(
        self, serving: Serving, plan: Plan, explainer: Explainer, deadline: float, turn: Stage
    ) -> AsyncGenerator[Recommendation, None]:
        """Verified cards in the order of the ranking, each as soon as it and those before it are ready."""
        used: list[str] = []
        places = asyncio.Semaphore(self.settings.phrase_at_once)

        async def phrase(item: Item, facts: tuple[Fact, ...], evidence: Evidence) -> Explanation:
            async with places:
                with stage_of("explain", {"assistant.facts": len(facts)}) as stage:
                    explanation = await explainer.explain(item, facts, evidence, used=used, deadline=deadline)
                    tell_explanation(stage, explanation)
                return explanation

        with self.telemetry.within(turn):
            tasks = [
                asyncio.create_task(phrase(serving.catalogue.item(ranked.row), evidence.facts, evidence))
                for ranked, evidence in zip(plan.ranking, plan.evidence, strict=True)
            ]
        try:
            for position, (ranked, task) in enumerate(zip(plan.ranking, tasks, strict=True), 1):
                card = _card(serving.catalogue.item(ranked.row), ranked, position, await task)
                yield replace(card, title=serving.catalogue.title_in(ranked.row, plan.query.language))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _reply(
        self,
        serving: Serving,
        user: str,
        conversation: str,
        plan: Plan,
        cards: list[Recommendation],
        spent: Sequence[Usage],
        started: float,
        first_card: float | None,
    ) -> Reply:
        return Reply(
            reply_id=uuid.uuid4().hex,
            user=user,
            conversation=conversation,
            text=plan.text,
            recommendations=tuple(cards),
            acting_on=plan.acting_on,
            held=plan.held,
            question=plan.question,
            answer=plan.answer,
            query=plan.query,
            language=plan.query.language,
            trace={
                "milliseconds": {
                    **plan.milliseconds,
                    "first_card": None if first_card is None else round(1000 * first_card, 1),
                    "total": round(1000 * (time.monotonic() - started), 1),
                },
                "sources": dict(plan.found.sources),
                "candidates": len(plan.found.candidates),
                "allowed": plan.found.allowed,
                "search": serving.index.state,
                "ranker": serving.ranker.version,
                "model": self._model.name if self._model is not None else None,
                "phrased_by_model": sum(card.explanation.phrased_by == "model" for card in cards),
                "chosen_by_model": sum(
                    card.explanation.phrased_by == "template" and card.explanation.model is not None for card in cards
                ),
                "usage": {
                    "answers": len(spent),
                    "prompt_tokens": sum(usage.prompt_tokens for usage in spent),
                    "completion_tokens": sum(usage.completion_tokens for usage in spent),
                    "cost": None if any(u.cost is None for u in spent) else sum(u.cost or 0.0 for u in spent),
                },
                "rejected": {c.item_id: list(c.explanation.rejected) for c in cards if c.explanation.rejected},
                "contributions": {ranked.item_id: dict(ranked.contributions) for ranked in plan.ranking},
                **plan.arranged.trace(),
            },
        )

    def _remember(self, message: Message, plan: Plan, reply: Reply, ranker: str) -> None:
        """Write the turn with the state it leaves, that its items were shown, and what was accepted."""
        from assistant.documents import RepliedDocument

        for item_id in plan.said.accepted:
            record_event(self.store, make_event(reply.user, item_id, "click", event_id=f"{reply.reply_id}:{item_id}"))
        self.store.conversations.add_turn(
            replaces_last=message.edits,
            user=reply.user,
            conversation=reply.conversation,
            reply_id=reply.reply_id,
            message=message.text,
            reply={
                **RepliedDocument.of(reply).model_dump(mode="json", exclude={"trace"}),
                "state": plan.after([card.item_id for card in reply.recommendations]).document(),
            },
            impressions=[
                Impression(
                    position=card.position,
                    item_id=card.item_id,
                    score=card.score,
                    propensity=ranked.propensity,
                    ranker=ranker,
                    model=card.explanation.model,
                    prompt=card.explanation.prompt,
                )
                for card, ranked in zip(reply.recommendations, plan.ranking, strict=True)
            ],
        )

    # the state of the catalogue

    async def serving(self) -> Serving:
        """The state to serve from: loaded at first use, and again after the catalogue or the model changed."""
        serving = self._serving
        if serving is not None and not await asyncio.to_thread(serving.is_stale, self.store):
            return serving
        async with self._reloading:
            if self._serving is serving:  # nobody else reloaded while this turn waited
                self._serving = await asyncio.to_thread(load_serving, self.store)
                if serving is not None:
                    await asyncio.to_thread(serving.index.close)
            assert self._serving is not None
            return self._serving

    async def wake_model(self) -> None:
        """Let a model on this machine load its weights now rather than in somebody's turn. Raises ``ProviderError``."""
        if self._model is not None and self._model.name.startswith(LOCAL_MODEL):
            await self._model.count_tokens([ChatMessage(role="user", content="Hello")])

    async def aclose(self) -> None:
        """Free the model and the vector index. Idempotent."""
        if self._model is not None:
            await self._model.aclose()
        if self._serving is not None:
            await asyncio.to_thread(self._serving.index.close)
        self.store.close()


def _card(item: Item, ranked: Ranked, position: int, explanation: Explanation) -> Recommendation:
    return Recommendation(
        item_id=item.item_id,
        title=item.title,
        year=item.year,
        position=position,
        score=ranked.score,
        explanation=explanation,
        item=item,
        label=ranked.label,
    )
