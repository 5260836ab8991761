"""Cases and models for tests of the prompt suite."""

from __future__ import annotations

import json
import random

from assistant.errors import ProviderUnavailable
from assistant.llm.scripted import ScriptedAnswer, ScriptedModel
from evals.suite.cases import Case, FactRow, HistoryEntry

DIRECTORS = [
    "Agnès Varda",
    "Akira Kurosawa",
    "Jane Campion",
    "Ridley Scott",
    "Claire Denis",
    "Bong Joon-ho",
    "Mira Nair",
]
GENRES = ["Comedy", "Drama", "Science Fiction", "Western", "Romance", "Horror"]
WORDS = ["Harbour", "Lantern", "Orchard", "Signal", "Winter", "Copper", "Paper", "Midnight", "River", "Glass"]


def make_cases(count=24, users=8, seed=0):
    rng = random.Random(seed)
    cases = []
    for number in range(count):
        title = f"The {rng.choice(WORDS)} {rng.choice(WORDS)} {number}"
        director, genre, year = rng.choice(DIRECTORS), rng.choice(GENRES), rng.randint(1950, 2020)
        liked = f"The {rng.choice(WORDS)} of {rng.choice(WORDS)}"
        cases.append(
            Case(
                id=f"c{number:03}",
                user=f"user{number % users}",
                request=f"something in {genre.lower()}" if number % 2 else "",
                item_id=f"i{number}",
                record={"title": title, "director": (director,), "categories": (genre,), "year": year},
                facts=(
                    FactRow(
                        fact_id="f1",
                        source="history",
                        slot="liked",
                        value=liked,
                        other_item_id=f"h{number}",
                        shared=(("categories", genre),),
                    ),
                    FactRow(fact_id="f2", source="catalogue", slot="director", value=(director,)),
                    FactRow(fact_id="f3", source="catalogue", slot="categories", value=(genre,)),
                    FactRow(fact_id="f4", source="catalogue", slot="year", value=year),
                ),
                history=(
                    HistoryEntry(item_id=f"h{number}", title=liked, record={"title": liked, "categories": (genre,)}),
                ),
            )
        )
    return cases


def told(messages):
    """(title, {fact id: (slot, value)} of the record's facts, whether the prompt asks for inventions) from a rendered prompt."""
    text = messages[-1].content
    title = next(line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("Item:"))
    facts = {}
    for line in text.splitlines():
        fact_id, _, rest = line.partition(": ")
        if fact_id[:1] == "f" and fact_id[1:].isdigit() and ": " in rest:
            slot, _, value = rest.partition(": ")
            facts[fact_id] = (slot, value)
    return title, facts, "award" in messages[0].content


def writer(name="writer", *, error_every=0, seed=0):
    """A fake model: it states facts, and where the prompt asks for awards and stars it invents a director."""
    count = 0

    def answer(messages):
        nonlocal count
        count += 1
        if error_every and count % error_every == 0:
            return ScriptedAnswer(error=ProviderUnavailable("the server refused the connection", retryable=True))
        _, facts, invents = told(messages)
        by_slot = {slot: (fact_id, value) for fact_id, (slot, value) in facts.items()}
        director_id, director = by_slot["director"]
        genre_id, genre = by_slot["categories"]
        if invents:
            rng = random.Random(f"{seed}{messages[-1].content}")
            other = rng.choice([d for d in DIRECTORS if d != director])
            text = f"Directed by {other} in 1931, this {genre.lower()} won an Oscar."
            return json.dumps({"text": text, "fact_ids": [genre_id]})
        return json.dumps(
            {"text": f"Directed by {director}, this is a {genre.lower()} for you.", "fact_ids": [director_id, genre_id]}
        )

    return ScriptedModel(answer, name=name)


GOOD = """+++
description = "Reasons from facts."

[variables]
title = "Title of the item."
facts = "Facts, one a line."
+++

## system

Tell in one sentence why the item is recommended, from the facts only.

## user

Item: {{title}}
Facts:
{{facts}}
"""
WORSE = GOOD.replace("from the facts only", "and always mention an award it won, known or not")
SAME = GOOD.replace("Tell in one sentence", "Say in one sentence")


def prompt_folder(folder):
    """A folder of three versions of ``explain``: good, worse, and good in other words."""
    home = folder / "explain"
    home.mkdir(parents=True)
    for version, text in enumerate((GOOD, WORSE, SAME), 1):
        (home / f"v{version}.md").write_text(text, encoding="utf-8")
    return folder
