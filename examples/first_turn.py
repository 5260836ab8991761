"""A first turn on the sample films: what is recommended, why, and what each reason rests on.

python examples/first_turn.py
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from assistant import Settings, connect, index_items

SAMPLE = Path(__file__).parent / "data"


def main() -> None:
    with TemporaryDirectory() as data:
        index_items(SAMPLE / "films.jsonl", data, interactions=SAMPLE / "interactions.csv")
        # Templates phrase the reasons, so that this runs anywhere. Without settings, a local model does where one is
        # installed: see docs/models.md.
        with connect(data, settings=Settings(llm="none")) as assistant:
            reply = assistant.chat("something funny set in space, not animated", user="ana")

    print(reply.text)
    print("acting on:", ", ".join(reply.acting_on))
    for card in reply.recommendations:
        print(f"\n{card.position}. {card.title} ({card.year})")
        print(f"   {card.explanation.text}")
        for claim in card.explanation.claims:
            print(f"     {claim.text!r} is {claim.verdict}: {claim.source} {claim.slot}")


if __name__ == "__main__":
    main()
