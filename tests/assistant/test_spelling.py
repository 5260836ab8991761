"""Slips of the keyboard: what is put right, and what is left as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.catalogue import Catalogue
from assistant.ingest import index_items
from assistant.store import Store
from assistant.understand import understand
from assistant.understanding.spelling import is_typing_slip, nearest_title, respell, slips
from assistant.vocabulary import Vocabulary, load_language
from vectorstore.embed_hashing import HashingEmbedder

FILMS = Path(__file__).resolve().parents[2] / "examples/data/films.jsonl"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    folder = tmp_path_factory.mktemp("films")
    index_items(FILMS, folder, embedder=HashingEmbedder())
    with Store(folder) as store:
        return Vocabulary(Catalogue.load(store), load_language())


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("kubrik", "kubrick", 1),
        ("form", "from", 1),
        ("alien", "alien", 0),
        ("jurrasic", "jurassic", 2),
        ("a", "abcd", 3),
    ],
)
def test_slips_are_counted(one: str, other: str, count: int) -> None:
    assert slips(one, other, 2) == slips(other, one, 2) == count


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("recomend", "recommend"),
        ("moive", "movie"),
        ("flim", "film"),
        ("horrror", "horror"),
        ("somethibg", "something"),
    ],
)
def test_slips_of_the_keyboard(typed: str, meant: str) -> None:
    assert is_typing_slip(typed, meant)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("cheesy", "cheery"), ("fist", "first"), ("clover", "lover"), ("films", "film"), ("horror", "horror")],
)
def test_words_of_their_own_are_no_slips(typed: str, meant: str) -> None:
    assert not is_typing_slip(typed, meant)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("anyting by tarkovksy?", "anything by Tarkovsky?"),
        ("i loved teh seventh sael", "i loved the seventh Seal"),
        ("got any scorcese", "got any Scorsese"),
        ("a westren with john wane", "a western with John Wayne"),
        ("smth like jurrasic park", "something like Jurassic Park"),
        ("whats the lenght of the 2nd", "what's the length of the 2nd"),
        ("im looking for a romcom", "I'm looking for a romantic comedy"),
        ("hitchock", "Hitchcock"),
        ("more miyasaki please", "more Miyazaki please"),
        ("films by kurosawa and ozu", "films by Kurosawa and Ozu"),
        ("a documentry, thx", "a documentary, thanks"),
    ],
)
def test_slips_are_put_right(typed: str, meant: str, films: Vocabulary) -> None:
    assert respell(typed, films).casefold() == meant.casefold()


@pytest.mark.parametrize(
    "text",
    [
        "romantic but not cheesy",
        "a comedy about plumbers and a tractor",
        "fist fights, please",
        "why not Aliens?",
        "a sad film for a rainy weekend",
        "Zwölf Uhr mittags",
        "qwrtz plok vrgh nnnn bzzzt kjhgf trewq mnbvc",
        "",
        "kind of blue",
    ],
)
def test_other_words_stay(text: str, films: Vocabulary) -> None:
    assert respell(text, films) == text


def test_a_name_written_small_is_a_name(films: Vocabulary) -> None:
    said = understand("something by kubrick", films)
    assert [c.values for c in said.constraints] == [("Stanley Kubrick",)]


def test_a_misspelt_title_is_resembled(films: Vocabulary) -> None:
    said = understand("somethng like blade runer plz", films)
    assert said.like == ("blade-runner-1982",)
    assert said.unknown == ()


@pytest.mark.parametrize(
    ("words", "title"),
    [("Aliens", "alien"), ("Alien 3", "alien"), ("The Godfahter", "godfather"), ("Xyzzy", None), ("It", None)],
)
def test_the_nearest_title(words: str, title: str | None, films: Vocabulary) -> None:
    assert nearest_title(words, films) == title
