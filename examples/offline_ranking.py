"""Ranking without words: for a user, for a history that is nobody's, and of candidates that you choose.

python examples/offline_ranking.py
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from assistant import Settings, connect, index_items

SAMPLE = Path(__file__).parent / "data"


def main() -> None:
    with TemporaryDirectory() as data:
        index_items(SAMPLE / "films.jsonl", data, interactions=SAMPLE / "interactions.csv")
        with connect(data, settings=Settings(llm="none")) as assistant:
            print("for ana:")
            for item_id, score in assistant.rank(user="ana", k=5):
                print(f"  {score:.3f}  {item_id}")

            print("after Spirited Away, then My Neighbor Totoro:")
            for item_id, score in assistant.rank(history=["spirited-away-2001", "my-neighbor-totoro-1988"], k=5):
                print(f"  {score:.3f}  {item_id}")

            print("these four, in order; an item that the catalogue does not have comes last, without a score:")
            candidates = ["tokyo-story-1953", "no-such-film", "princess-mononoke-1997", "12-angry-men-1957"]
            for item_id, score in assistant.rank(history=["spirited-away-2001"], candidates=candidates):
                print(f"  {'    -' if score is None else f'{score:.3f}'}  {item_id}")


if __name__ == "__main__":
    main()
