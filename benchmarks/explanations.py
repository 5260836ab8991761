"""How reasons read and what they cost: accepted share, time to the first card, time to five cards.

    python benchmarks/explanations.py                                            the template alone
    python benchmarks/explanations.py --llm llama-cpp:smollm2 --show             with a local model, cards printed
    python benchmarks/explanations.py --llm llama-cpp:FILE --sha256 DIGEST --style write --turns 10

Whole turns over the sample catalogue and its made-up users, in process; the index and the model are warm. Times are wall
clock from the message on, so nothing else should be running.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

from assistant.build import build_embedder
from assistant.explain import Explainer, ExplainSettings
from assistant.ingest import index_items
from assistant.llm.make import ModelOptions, make_model
from assistant.settings import load_settings
from assistant.store import Store
from assistant.turn import Assistant
from assistant.types import Message, Recommendation, Recommended

SAMPLE = Path(__file__).resolve().parents[1] / "examples" / "data"
USERS = ("ana", "ben", "chen", "dalia", "emeka", "fumiko", "goran", "hana", "somebody new")
REQUESTS = (
    "something funny set in space, not animated",
    "something like Alien, but funny",
    "a quiet Japanese film about family",
    "a scary movie",
    "surprise me",
    "films from the 1970s about loneliness",
    "a romantic comedy",
    "a documentary about music",
    "something sad but hopeful",
    "science fiction about time travel",
    "what should I watch tonight?",
    "a French drama",
)


async def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Run the turns and print what came of them."""
    settings = load_settings(folder, reply_within=arguments.within)
    options = ModelOptions(sha256=(arguments.sha256,) if arguments.sha256 else (), threads=arguments.threads)
    model = make_model(arguments.llm, options=options)
    explainer = Explainer(model, settings=ExplainSettings(style=arguments.style))
    assistant = Assistant(
        store=Store(folder), embedder=build_embedder(settings), explainer=explainer, model=model, settings=settings
    )
    cards: list[Recommendation] = []
    first: list[float] = []
    whole: list[float] = []
    try:
        await assistant.reply(Message(user="warming up", text="hello"))
        for turn in range(arguments.turns):
            user, text = USERS[turn % len(USERS)], REQUESTS[turn % len(REQUESTS)]
            message = Message(user=user, text=text, conversation=f"benchmark {turn}")
            if arguments.show:
                print(f"\n{user}: {text}")
            started, times = time.monotonic(), []
            async for event in assistant.stream(message):
                if isinstance(event, Recommended):
                    times.append(time.monotonic() - started)
                    cards.append(event.recommendation)
                    if arguments.show:
                        _show(event.recommendation)
            if times:
                first.append(times[0])
                whole.append(times[-1])
    finally:
        await assistant.aclose()
    _report(model.name if model is not None else "none", cards, first, whole)


def _show(card: Recommendation) -> None:
    reason = card.explanation
    print(f"  {card.title} ({card.year}) [{reason.phrased_by}]\n    {reason.text}")
    for why in reason.rejected:
        print(f"    rejected: {why}")


def _report(name: str, cards: list[Recommendation], first: list[float], whole: list[float]) -> None:
    by_model = sum(card.explanation.model is not None for card in cards)
    words = [len(card.explanation.text.split()) for card in cards]
    claims = [claim.verdict for card in cards for claim in card.explanation.claims]
    reasons = Counter(why.partition(":")[0] for card in cards for why in card.explanation.rejected)
    print(f"\nmodel {name}: {len(cards)} cards in {len(whole)} turns")
    print(f"  phrased by the model       {by_model / max(len(cards), 1):.2f}")
    print(f"  drafts rejected            {sum(reasons.values())}  {dict(reasons.most_common(6))}")
    print(
        f"  claims                     {dict(Counter(claims))}, cards without one {sum(not c.explanation.claims for c in cards)}"
    )
    print(f"  words a card               {min(words)} to {max(words)}, mean {sum(words) / len(words):.1f}")
    for label, seconds in (("first card", first), ("all cards of a turn", whole)):
        ordered = sorted(seconds)
        p95 = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
        print(f"  {label:<26} p50 {ordered[len(ordered) // 2]:.2f} s, p95 {p95:.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llm", default="none", help="as the setting llm; llama-cpp:smollm2 is the packaged model")
    parser.add_argument("--sha256", help="digest of the weights of llama-cpp:FILE")
    parser.add_argument("--threads", type=int, help="threads of a local model; by default one a processor")
    parser.add_argument("--style", choices=("auto", "write", "choose"), default="auto")
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--within", type=float, default=20.0, help="deadline of a reply, in seconds")
    parser.add_argument("--show", action="store_true", help="print every card and why drafts were rejected")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index_items(SAMPLE / "films.jsonl", folder, interactions=SAMPLE / "interactions.csv")
        asyncio.run(measure(arguments, Path(folder)))


if __name__ == "__main__":
    main()
