"""Made-up users and requests over a catalogue: what the tests of facts, phrases and explanations run on."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.facts import select_facts
from assistant.faithfulness import ClaimChecker, Evidence, HistoryItem, Lexicon
from assistant.records import item_from_row
from assistant.text import fold
from assistant.types import Constraint, Fact, Item, Query

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "data" / "films.jsonl"
REQUESTS = (
    ("something funny set in space", "funny space", (Constraint(slot="categories", op="any", values=("Comedy",), words="funny"),)),
    ("a quiet Japanese film about family", "quiet Japanese family", ()),
    ("films from the 1970s about loneliness", "loneliness", (Constraint(slot="year", op="range", low=1970, high=1979, words="from the 1970s"),)),
    ("a scary movie, not animated", "scary", (Constraint(slot="categories", op="any", values=("Horror",), words="scary"),
                                             Constraint(slot="categories", op="none", values=("Animation",), words="not animated"))),
    ("something about magic, murder or music", "magic murder music", ()),
    ("surprise me", "", ()),
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """An item for a user with a request, with its facts."""

    item: Item
    query: Query
    facts: tuple[Fact, ...]
    evidence: Evidence


class World:
    """A catalogue with users made up for it."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], seed: int = 0) -> None:
        self.items = [item_from_row(row) for row in rows]
        self.slots = [item.slots() for item in self.items]
        self.checker = ClaimChecker(Lexicon.from_records(self.slots))
        self._random = random.Random(seed)
        self._holders: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, slots in enumerate(self.slots):
            for slot, value in slots.items():
                for each in value if isinstance(value, tuple) else ():
                    self._holders[slot, each].append(number)
        self._counts = Counter({(slot, fold(value)): len(found) for (slot, value), found in self._holders.items()})

    def commonness(self, slot: str, value: str) -> float:
        return self._counts[slot, fold(value)] / len(self.items)

    def related(self, number: int) -> int:
        """An item that shares some value with the one given."""
        slots = self.slots[number]
        keys = [(slot, each) for slot, value in slots.items() if isinstance(value, tuple) for each in value]
        keys = [key for key in keys if len(self._holders[key]) > 1]
        return self._random.choice(self._holders[self._random.choice(keys)]) if keys else number

    def replies(self, count: int, cards: int = 5) -> Iterator[list[Case]]:
        """``count`` replies of ``cards`` cases each; every seventh user is new."""
        for number in range(count):
            start = self._random.randrange(len(self.items))
            liked = {start} | {self.related(start) for _ in range(4)}
            entries = sorted(liked) if number % 7 else []
            relations = ["liked"] * len(entries)
            if len(entries) > 3:
                relations[0], relations[1] = "disliked", "bought"
            history = tuple(
                HistoryItem(
                    item_id=self.items[i].item_id, title=self.items[i].title, relation=relation, record=self.slots[i]
                )
                for i, relation in zip(entries, relations, strict=True)
            )
            text, search_text, constraints = REQUESTS[number % len(REQUESTS)]
            like = (history[-1].item_id,) if history and number % 4 == 0 else ()
            query = Query(text=text, search_text=search_text, constraints=constraints, like=like)
            often: dict[str, dict[str, float]] = defaultdict(dict)
            for i in entries:
                for slot, value in self.slots[i].items():
                    for each in value if isinstance(value, tuple) else ():
                        often[slot][each] = often[slot].get(each, 0.0) + 1 / len(entries)
            chosen: list[int] = []
            while len(chosen) < cards:
                one = (
                    self.related(self._random.choice(entries))
                    if entries and self._random.random() < 0.7
                    else self._random.randrange(len(self.items))
                )
                if one not in entries and one not in chosen:
                    chosen.append(one)
                elif self._random.random() < 0.1:
                    chosen.append(self._random.randrange(len(self.items)))
            yield [self.case(i, query, history, often) for i in chosen]

    def case(
        self, number: int, query: Query, history: tuple[HistoryItem, ...], often: Mapping[str, Mapping[str, float]]
    ) -> Case:
        item = self.items[number]
        facts = select_facts(item, query=query, history=history, often=often, commonness=self.commonness)
        evidence = Evidence(
            item_id=item.item_id, record=item.slots(), history=history, asked=(query.text,), facts=facts
        )
        return Case(item, query, facts, evidence)


def sample_rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines() if line.strip()]


def shared_rows(folder: Path, name: str, most: int) -> list[dict[str, Any]]:
    """Every so-many-th row of a shared catalogue, at most ``most`` of them, with columns named as the contract names them."""
    with gzip.open(folder / name / "items.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    names = {"genres": "categories", "creator": "creators", "cast": "creators:cast"}
    rows = rows[:: max(1, len(rows) // most)]
    return [{names.get(key, key): value for key, value in row.items()} for row in rows]
