"""What tests of whole turns share: an assistant over a few films, and a scripted model that phrases from the facts."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from assistant.feedback import make_event, record_event
from assistant.llm.base import ChatMessage, LanguageModel
from assistant.settings import Settings, load_settings
from assistant.store import Store
from assistant.turn import Assistant
from assistant.types import EventKind, Message, Recommendation, Reply

_DIRECTOR = re.compile(r"^(f\d+): director: (.+)$", re.M)
_ASKED = re.compile(r"^(f\d+): you asked for (.+)$", re.M)
_ANY_FACT = re.compile(r"^(f\d+): (\w[\w ]*): (.+)$", re.M)


def offline_settings(**changes: object) -> Settings:
    return load_settings(None, **({"embedder": "hashing", "llm": "none"} | changes))


@asynccontextmanager
async def opened(folder: Path, *, model: LanguageModel | None = None, **changes: object) -> AsyncIterator[Assistant]:
    async with Assistant.open(folder, settings=offline_settings(**changes), model=model) as assistant:
        yield assistant


def say(user: str, text: str, conversation: str | None = None) -> Message:
    return Message(user=user, text=text, conversation=conversation)


def did(store: Store, user: str, *item_ids: str, kind: EventKind = "like") -> None:
    """Events of a user, one after the other."""
    for number, item_id in enumerate(item_ids):
        record_event(store, make_event(user, item_id, kind, timestamp=1000.0 + number))


def shown(reply: Reply) -> list[str]:
    return [card.item_id for card in reply.recommendations]


def good_answer(messages: Sequence[ChatMessage]) -> str:
    """What a careful model writes: the director, or another fact of the record, from the list it was given."""
    facts = messages[-1].content
    if match := _DIRECTOR.search(facts):
        return json.dumps({"text": f"It was directed by {match[2]}, so give it a try.", "fact_ids": [match[1]]})
    if match := _ASKED.search(facts):
        return json.dumps({"text": f"You asked for {match[2]}, so give this one a try.", "fact_ids": [match[1]]})
    fact_id, slot, value = _ANY_FACT.findall(facts)[0]
    said = {
        "year": f"It dates from {value}, so give it a try.",
        "countries": f"It comes from {value}, so give it a try.",
    }
    return json.dumps({"text": said.get(slot, f"Here is one with {value}, so give it a try."), "fact_ids": [fact_id]})


def assert_verified(cards: Sequence[Recommendation]) -> None:
    """That every reason is whole and that nothing in it is refuted or missing."""
    for card in cards:
        reason = card.explanation
        assert len(reason.text.split()) >= 3, reason
        assert reason.facts, reason
        assert {claim.verdict for claim in reason.claims} <= {"supported", "uncheckable"}, reason
        assert any(claim.verdict == "supported" for claim in reason.claims), reason
        assert (reason.model is None) == (reason.prompt is None)
        assert reason.phrased_by == "template" or reason.model is not None
