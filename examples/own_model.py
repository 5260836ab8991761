"""A language model of your own: anything with the methods of ``assistant.llm.base.LanguageModel``.

The model here follows a script instead of thinking. It lies in its first draft, and the lie is never shown: the checker
finds it, the model is asked once more, and what it says then is shown. (In tests of your own, ``ScriptedModel`` of
``assistant.llm.scripted`` saves you this class.)

    python examples/own_model.py
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from assistant import connect, index_items
from assistant.errors import Unsupported
from assistant.llm.base import ChatMessage, Generation, JsonSchema, Sampling, StreamEvent, TextDelta

SAMPLE = Path(__file__).parent / "data"


class ScriptedWriter:
    """Writes the reason as JSON: {"text": a sentence, "fact_ids": the facts it rests on}, which ``schema`` describes."""

    name = "scripted-writer"
    context_tokens = 4096

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        sampling: Sampling,
        schema: JsonSchema | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> AsyncIterator[StreamEvent]:
        prompt = messages[-1].content  # the item's title, and its facts, one a line: "f3: director: Ridley Scott"
        directed = re.search(r"^(f\d+): director: (.+?)(?:,|$)", prompt, re.MULTILINE)
        first_try = sampling.seed == 0
        if directed and not first_try:
            answer = {"text": f"This one was directed by {directed[2]}.", "fact_ids": [directed[1]]}
        else:
            answer = {"text": "This one won eleven Oscars and stars Humphrey Bogart.", "fact_ids": ["f1"]}
        text = json.dumps(answer)
        yield TextDelta(text=text)
        yield Generation(text=text, finish_reason="stop")

    async def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        return sum(len(message.content.encode()) for message in messages)  # never too few

    async def loglikelihoods(
        self,
        messages: Sequence[ChatMessage],
        continuations: Sequence[str],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the Protocol's parameter
    ) -> list[float]:
        raise Unsupported(f"{self.name} gives no likelihoods.")

    async def aclose(self) -> None:
        pass


def main() -> None:
    with TemporaryDirectory() as data:
        index_items(SAMPLE / "films.jsonl", data)
        with connect(data, model=ScriptedWriter()) as assistant:
            reply = assistant.chat("a western", user="sam")
    for card in reply.recommendations:
        print(f"\n{card.title}: {card.explanation.text}")
        print(f"  phrased by {card.explanation.phrased_by}")
        for reason in card.explanation.rejected:
            print(f"  an earlier draft was rejected: {reason}")


if __name__ == "__main__":
    main()
