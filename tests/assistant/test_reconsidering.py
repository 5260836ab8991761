"""What is doubted before it is said that nothing fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.catalogue import Catalogue
from assistant.conversation import State
from assistant.ingest import index_items
from assistant.merging import Merged, hear
from assistant.reconsidering import reconsider
from assistant.store import Store
from assistant.types import Constraint, Utterance
from assistant.vocabulary import Vocabulary, load_language
from vectorstore.embed_hashing import HashingEmbedder


@pytest.fixture
def books(tmp_path: Path) -> Vocabulary:
    """Russian is a language and a theme, and no book in Russian is cheap; few series, many of them tagged, too."""
    items: list[dict[str, object]] = [
        {"item_id": f"b{n}", "title": f"Book {n}", "price": 10 + n, "tags": ["russian"] if n < 5 else ["war"],
         "language": "Russian" if n > 15 else "English", "author": ("Leo", "Anna")[n % 2]}
        for n in range(20)
    ]  # fmt: skip
    index_items(items, tmp_path, embedder=HashingEmbedder())
    with Store(tmp_path) as store:
        return Vocabulary(Catalogue.load(store), load_language("en"))


RUSSIAN = Constraint(slot="language", op="any", values=("Russian",), words="russian")
CHEAP = Constraint(slot="price", op="range", high=14, words="up to 14")
ENGLISH = Constraint(slot="language", op="any", values=("English",), words="English")
WAR = Constraint(slot="tags", op="any", values=("war",), words="war")


def heard(books: Vocabulary, *messages: tuple[Constraint, ...]) -> Merged:
    state, merged = State(), None
    for turn, constraints in enumerate(messages):
        merged = hear(
            State.of({**state.document(), "turns": turn}), Utterance(text="", constraints=constraints), books.catalogue
        )
        state = merged.state
    assert merged is not None
    return merged


def labels(merged: Merged) -> list[str]:
    return [one.constraint.label() for one in merged.state.held]


def test_a_word_with_two_senses_is_taken_in_either_where_nothing_fits_otherwise(books: Vocabulary) -> None:
    merged = reconsider(heard(books, (RUSSIAN, CHEAP)), books)
    assert labels(merged) == ["Russian or russian", "price up to 14"]
    assert [one.constraint.slot for one in merged.reread] == ["language"]
    assert books.catalogue.allowed([one.constraint for one in merged.state.held]).sum() == 5


def test_nothing_is_doubted_where_something_fits(books: Vocabulary) -> None:
    merged = heard(books, (RUSSIAN,))
    assert reconsider(merged, books, denied=True) is merged


def test_what_was_shown_already_is_no_reason_to_doubt_a_sense(books: Vocabulary) -> None:
    merged = heard(books, (RUSSIAN,))
    assert reconsider(merged, books, excluded=["b16", "b17", "b18", "b19"]) is merged


def test_who_says_it_again_after_a_denial_is_taken_by_the_last_words(books: Vocabulary) -> None:
    dear = Constraint(slot="price", op="range", low=28, words="from 28")
    again = heard(books, (WAR, ENGLISH, dear), (WAR, ENGLISH))
    assert reconsider(again, books) is again  # nothing was denied
    alone = reconsider(again, books, denied=True)
    assert labels(alone) == ["war", "English"]
    assert [one.constraint for one in alone.replaced] == [dear]


def test_who_adds_a_condition_after_a_denial_says_nothing_again(books: Vocabulary) -> None:
    dear = Constraint(slot="price", op="range", low=28, words="from 28")
    added = heard(books, (WAR, ENGLISH, dear), (Constraint(slot="author", op="any", values=("Leo",), words="Leo"),))
    assert reconsider(added, books, denied=True) is added


def test_a_denial_that_is_right_stays(books: Vocabulary) -> None:
    never = heard(books, (ENGLISH, Constraint(slot="price", op="range", high=1, words="up to 1")))
    assert reconsider(never, books) is never


def test_what_is_ruled_out_and_wanted_in_the_same_breath_is_wanted(books: Vocabulary) -> None:
    both = heard(books, (Constraint(slot="tags", op="none", values=("war",), words="war"), WAR, ENGLISH))
    taken = reconsider(both, books)
    assert labels(taken) == ["war", "English"]
    assert [one.constraint.op for one in taken.replaced] == ["none"]


def test_a_role_that_was_said_stays_where_nothing_fits_in_it(tmp_path: Path) -> None:
    items: list[dict[str, object]] = [
        {"item_id": f"f{n}", "title": f"Film {n}", "categories": ["Drama" if n else "Comedy"],
         "creators": [{"name": "Ida", "role": "director" if n else "cast"}]}
        for n in range(3)
    ]  # fmt: skip
    index_items(items, tmp_path, embedder=HashingEmbedder())
    with Store(tmp_path) as store:
        films = Vocabulary(Catalogue.load(store), load_language("en"))
    asked = heard(
        films,
        (
            Constraint(slot="cast", op="any", values=("Ida",), words="Ida"),
            Constraint(slot="categories", op="any", values=("Drama",), words="drama"),
        ),
    )
    assert [one.constraint.slot for one in reconsider(asked, films).state.held] == ["cast", "categories"]
