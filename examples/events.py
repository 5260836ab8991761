"""What a user does changes the next list.

python examples/events.py
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from assistant import BlockingAssistant, Settings, connect, index_items

SAMPLE = Path(__file__).parent / "data"
REQUEST = "something to watch tonight"


def ask(assistant: BlockingAssistant, conversation: str) -> None:
    # Within one conversation nothing is shown twice; a new one starts with a clean slate.
    reply = assistant.chat(REQUEST, user="new-here", conversation=conversation)
    print(f"\n{conversation}:")
    for card in reply.recommendations:
        print(f"  {card.title}: {card.explanation.text}")


def main() -> None:
    with TemporaryDirectory() as data:
        index_items(SAMPLE / "films.jsonl", data, interactions=SAMPLE / "interactions.csv")
        with connect(data, settings=Settings(llm="none")) as assistant:
            ask(assistant, "nothing known")
            for film in ("alien-1979", "moon-2009", "silent-running-1972"):
                assistant.add_event("new-here", film, "like")
            ask(assistant, "three films liked")
            # With an event_id of your own, sending the same event again changes nothing.
            first = assistant.add_event("new-here", "blade-runner-1982", "seen", event_id="web-1")
            again = assistant.add_event("new-here", "blade-runner-1982", "seen", event_id="web-1")
            print(f"\nrecorded: {first}; recorded again: {again}")


if __name__ == "__main__":
    main()
