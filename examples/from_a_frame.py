"""Catalogue and interactions from data frames: polars and pandas alike, neither is needed by the package itself.

python examples/from_a_frame.py
"""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import Any

from assistant import Settings, connect, index_items

COLUMNS: dict[str, list[Any]] = {
    "item_id": ["t1", "t2", "t3", "t4"],
    "title": ["Ridge Path", "Harbour Loop", "Old Mill Trail", "Lakeside Stroll"],
    "category": ["Mountain", "Coast", "Forest", "Lake"],
    "tags": [["views", "steep"], ["views", "boats"], ["birds", "shade"], ["birds", "benches"]],
    "length": [14.5, 6.0, 9.0, None],
}
EVENTS: dict[str, list[Any]] = {
    "user_id": ["kim", "kim", "lou"],
    "item_id": ["t3", "t1", "t2"],
    "rating": [5, 1, 4],
}


def from_polars() -> tuple[Any, Any]:
    import polars as pl

    return pl.DataFrame(COLUMNS), pl.DataFrame(EVENTS)


def from_pandas() -> tuple[Any, Any]:
    import pandas as pd

    return pd.DataFrame(COLUMNS), pd.DataFrame(EVENTS)


def main() -> None:
    for load in (from_polars, from_pandas):
        try:
            trails, ratings = load()
        except ImportError as error:
            print(f"{load.__name__}: {error.name} is not installed")
            continue
        with TemporaryDirectory() as data:
            report = index_items(trails, data, interactions=ratings)
            assert report.events is not None
            print(f"{load.__name__}: {report.items} trails, {report.events.added} ratings")
            with connect(data, settings=Settings(llm="none")) as assistant:
                card = assistant.chat("somewhere with birds", user="kim").recommendations[0]
                print(f"  {card.title}: {card.explanation.text}")


if __name__ == "__main__":
    main()
