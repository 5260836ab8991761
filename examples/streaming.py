"""The events of a turn as they happen: candidates, the order, each card once it is verified, the reply.

A card is the unit of streaming, since a word that was shown cannot be taken back.

    python examples/streaming.py
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from assistant import Assistant, Message, RankedList, Recommended, Replied, Retrieved, Settings, index_items

SAMPLE = Path(__file__).parent / "data"


async def turn(data: str) -> None:
    async with Assistant.open(data, settings=Settings(llm="none")) as assistant:
        async for event in assistant.stream(Message(user="ben", text="a lonely detective who drinks too much")):
            match event:
                case Retrieved():
                    print(f"{len(event.candidates)} candidates from {', '.join(event.sources)}")
                case RankedList():
                    print("order:", ", ".join(ranked.item_id for ranked in event.ranking))
                case Recommended():
                    card = event.recommendation
                    print(f"card {card.position}: {card.title}: {card.explanation.text}")
                case Replied():
                    print("reply:", event.reply.text)


def main() -> None:
    with TemporaryDirectory() as data:
        index_items(SAMPLE / "films.jsonl", data, interactions=SAMPLE / "interactions.csv")
        asyncio.run(turn(data))


if __name__ == "__main__":
    main()
