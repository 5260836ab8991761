"""Conditions of different slots of which one is enough, from the message to the reply."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.catalogue import Catalogue
from assistant.conversation import State
from assistant.facts import select_facts
from assistant.ingest import index_items
from assistant.merging import hear
from assistant.reply_words import reply_words
from assistant.store import Store
from assistant.types import Constraint, Context, Held, Query, Question, Utterance
from assistant.understand import understand
from assistant.understanding.held import held_by
from assistant.vocabulary import Vocabulary, load_language
from vectorstore.embed_hashing import HashingEmbedder

COMEDY = Constraint(slot="categories", op="any", values=("Comedy",))
SEVENTIES = Constraint(slot="year", op="range", low=1970, high=1979, words="from the 70s")
EITHER = replace(COMEDY, words="a comedy or from the 70s", either=(SEVENTIES,))


def held(constraint: Constraint, number: int = 1) -> Held:
    return Held(held_id=f"h{number}", constraint=constraint, promised=True, turn=1)


def test_it_is_met_by_whatever_meets_one_of_them(films: Catalogue) -> None:
    both = films.satisfies(COMEDY) | films.satisfies(SEVENTIES)
    assert np.array_equal(films.satisfies(EITHER), both)
    assert 0 < films.satisfies(COMEDY).sum() < both.sum() < len(films)


@pytest.mark.parametrize(
    ("text", "slots", "label"),
    [
        ("a western or in French", ["categories", "languages"], "Western or French"),
        ("from France or a comedy, under 100 minutes", ["countries", "categories"], "France or Comedy"),
        ("a comedy, or something from the 1950s", ["categories", "year"], "Comedy or 1950–1959"),
    ],
)
def test_a_message_says_that_one_is_enough(films: Catalogue, text: str, slots: list[str], label: str) -> None:
    said = understand(text, Vocabulary(films, load_language("en")))
    either = [constraint for constraint in said.constraints if constraint.either]
    assert [[one.slot for one in constraint.alternatives()] for constraint in either] == [slots]
    assert reply_words("en").label(either[0]) == either[0].label() == label
    assert len(said.constraints) == 1 + ("under" in text)


@pytest.mark.parametrize(
    "text", ["a comedy or a drama from France", "a western, not in French or German", "a comedy in French"]
)
def test_no_alternatives_where_no_or_stands_between_them(films: Catalogue, text: str) -> None:
    said = understand(text, Vocabulary(films, load_language("en")))
    assert said.constraints
    assert not any(constraint.either for constraint in said.constraints)


def test_a_state_reads_it_as_it_wrote_it() -> None:
    state = State(held=(held(EITHER),))
    assert State.of(state.document()) == state


def test_it_is_taken_back_by_any_of_its_values(films: Catalogue) -> None:
    vocabulary = Vocabulary(films, load_language("en"))
    assert held_by("comedy", vocabulary, Context(held=(held(EITHER),))) == [held(EITHER)]


def test_what_is_ruled_out_later_leaves_the_other(films: Catalogue) -> None:
    no_comedy = Utterance(text="no comedies", constraints=(replace(COMEDY, op="none"),))
    kept = hear(State(turns=1, held=(held(EITHER),), next_held=2), no_comedy, films).state.held
    assert [one.constraint.slot for one in kept] == ["year", "categories"]
    narrower = Utterance(text="with Tom Hanks", constraints=(Constraint(slot="cast", op="any", values=("Tom Hanks",)),))
    assert held(EITHER) in hear(State(turns=1, held=(held(EITHER),), next_held=2), narrower, films).state.held


def test_a_reason_says_which_of_them_the_item_has(films: Catalogue) -> None:
    only_old = films.satisfies(SEVENTIES) & ~films.satisfies(COMEDY)
    item = films.item(int(np.flatnonzero(only_old)[0]))
    facts = select_facts(item, query=Query(text=EITHER.words, constraints=(EITHER,)), ranked=None, history=())
    assert ("asked_for", (("year", str(item.year)),)) in [(fact.slot, fact.shared) for fact in facts]
    assert not [fact for fact in facts if fact.slot == "asked_for" and fact.shared[0][0] == "categories"]


def test_values_of_one_slot_are_alternatives_whichever_was_read_first(tmp_path: Path) -> None:
    items: list[dict[str, object]] = [
        {
            "item_id": f"i{n}",
            "title": f"Thing {n}",
            "tags": [("widow", "black and white", "war")[n % 3]],
            "year": 1980 + n,
        }
        for n in range(12)
    ]
    index_items(items, tmp_path, embedder=HashingEmbedder())
    with Store(tmp_path) as store:
        vocabulary = Vocabulary(Catalogue.load(store), load_language("en"))
    for text in ("with the tag widow or black and white", "tagged black and white or widow, after 1985"):
        tags = [constraint for constraint in understand(text, vocabulary).constraints if constraint.slot == "tags"]
        assert [set(constraint.values) for constraint in tags] == [{"widow", "black and white"}]


def test_a_point_inside_a_name_ends_no_negation(tmp_path: Path) -> None:
    names = ("Brian K. Vaughan", "Kurt Vonnegut Jr.", "Ida Weiss")
    items: list[dict[str, object]] = [
        {"item_id": f"i{n}", "title": f"Thing {n}", "creators": [names[n % 3]], "tags": ["war"]} for n in range(9)
    ]
    index_items(items, tmp_path, embedder=HashingEmbedder())
    with Store(tmp_path) as store:
        vocabulary = Vocabulary(Catalogue.load(store), load_language("en"))
    for text in ("not by Brian K. Vaughan or Ida Weiss", "nothing by Kurt Vonnegut Jr. or Ida Weiss, please"):
        said = understand(text, vocabulary).constraints
        assert {constraint.op for constraint in said} == {"none"}
        assert len({value for constraint in said for value in constraint.values}) == 2


def test_the_longest_tag_behind_the_name_of_its_slot_is_meant(tmp_path: Path) -> None:
    tags = ("time travel", "time", "travel")
    items: list[dict[str, object]] = [
        {"item_id": f"i{n}", "title": f"Thing {n}", "runtime": 90 + n, "tags": [tags[n % 3]]} for n in range(9)
    ]
    index_items(items, tmp_path, embedder=HashingEmbedder())
    with Store(tmp_path) as store:
        vocabulary = Vocabulary(Catalogue.load(store), load_language("en"))
    for text, meant in (("tagged time travel", "time travel"), ("with the tag time", "time")):
        assert [constraint.values for constraint in understand(text, vocabulary).constraints] == [(meant,)]


def test_somebody_whose_first_name_is_anothers_last_name_is_one_person(tmp_path: Path) -> None:
    names = ("Simms Taback", "Ruth Simms")
    items: list[dict[str, object]] = [
        {"item_id": f"i{n}", "title": f"Thing {n}", "creators": [names[n % 2]], "year": 1990 + n} for n in range(8)
    ]
    index_items(items, tmp_path, embedder=HashingEmbedder())
    with Store(tmp_path) as store:
        vocabulary = Vocabulary(Catalogue.load(store), load_language("en"))
    asked = Context(turn=2, question=Question(slot="creators", text="By whom?"))
    said = understand("by Simms Taback, please", vocabulary, asked)
    assert [(constraint.op, constraint.values) for constraint in said.constraints] == [("any", ("Simms Taback",))]
