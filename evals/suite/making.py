"""Makes cases from any index: users and their histories where there are events, else made-up likings."""

from __future__ import annotations

import random
from pathlib import Path

from assistant.catalogue import Catalogue
from assistant.facts import select_facts
from assistant.faithfulness import HistoryItem
from assistant.store import Store
from assistant.types import Constraint, Item, Query
from evals.errors import EvaluationError
from evals.suite.cases import Case, FactRow, HistoryEntry

HISTORY = 5
"""Liked items that a case shows of a user."""
_TRIES = 60
"""Items looked at for one that has something in common with the history."""


def make_cases(data: Path, count: int, *, seed: int = 0, per_user: int = 2) -> list[Case]:
    """``count`` cases from the index in ``data``, ``per_user`` of each user; the same for the same seed.

    Half of them carry a request that the item meets. Users are those with events; where there are none, users are made
    up who like a few random items, and their names say ``made-up``. Raises ``NotIndexedError`` without an index.
    """
    with Store(data) as store:
        catalogue = Catalogue.load(store)
        events = store.events()
    if len(catalogue) < 3:
        raise EvaluationError(f"The index in {str(data)!r} has {len(catalogue)} items; cases need at least 3.")
    rng = random.Random(seed)
    liked: dict[str, list[int]] = {}
    for event in events:
        if event.item_id in catalogue.row_of and event.kind not in ("dislike", "skip"):
            liked.setdefault(event.user_id, []).append(catalogue.row_of[event.item_id])
    users = sorted(user for user, rows in liked.items() if len(set(rows)) >= 2)
    if not users:
        users = [f"made-up-{number}" for number in range(max(1, -(-count // per_user)))]
        liked = {user: rng.sample(range(len(catalogue)), min(HISTORY, len(catalogue) - 1)) for user in users}
    rng.shuffle(users)
    cases: list[Case] = []
    number = 0
    while len(cases) < count:
        user = users[(number // per_user) % len(users)]
        number += 1
        rows = list(dict.fromkeys(liked[user]))
        shown = rng.sample(rows, min(HISTORY, len(rows)))
        item = catalogue.item(_related(catalogue, set(rows), shown, rng))
        cases.append(_case(f"c{len(cases) + 1:04}", user, item, [catalogue.item(row) for row in shown], rng))
    return cases


def _labels(item: Item) -> set[str]:
    return {*item.categories, *item.tags, *(person.name for person in item.creators)}


def _related(catalogue: Catalogue, known: set[int], shown: list[int], rng: random.Random) -> int:
    """Of some random unknown items, the one that shares most with the history."""
    wanted = {label for row in shown for label in _labels(catalogue.item(row))}
    tried = [row for row in (rng.randrange(len(catalogue)) for _ in range(_TRIES)) if row not in known]
    if not tried:
        tried = [row for row in range(len(catalogue)) if row not in known] or list(range(len(catalogue)))
    return max(tried, key=lambda row: (len(wanted & _labels(catalogue.item(row))), -row))


def _case(case_id: str, user: str, item: Item, liked: list[Item], rng: random.Random) -> Case:
    constraints: tuple[Constraint, ...] = ()
    request = ""
    if item.categories and rng.random() < 0.5:
        category = rng.choice(item.categories)
        constraints = (Constraint(slot="categories", op="any", values=(category,), words=category.lower()),)
        request = f"something in {category.lower()}"
        if item.year is not None and rng.random() < 0.5:
            decade = item.year // 10 * 10
            words = f"from the {decade}s"
            constraints += (Constraint(slot="year", op="range", low=decade, high=decade + 9, words=words),)
            request += f" {words}"
    history = tuple(HistoryItem(item_id=i.item_id, title=i.title, relation="liked", record=i.slots()) for i in liked)
    facts = select_facts(item, query=Query(text=request, search_text=request, constraints=constraints), history=history)
    return Case(
        id=case_id,
        user=user,
        request=request,
        item_id=item.item_id,
        record=item.slots(),
        facts=tuple(
            FactRow(
                fact_id=f.fact_id,
                source=f.source,
                slot=f.slot,
                value=f.value,
                other_item_id=f.other_item_id,
                shared=f.shared,
            )
            for f in facts
        ),
        history=tuple(HistoryEntry(item_id=h.item_id, title=h.title, record=dict(h.record)) for h in history),
        tags=("with-request",) if request else ("no-request",),
    )
