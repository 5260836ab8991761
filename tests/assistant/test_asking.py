"""When a reply asks back, and what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.asking import AskingSettings, question
from assistant.catalogue import Catalogue
from assistant.ingest import index_items
from assistant.reply_text import phrase_question
from assistant.store import Store
from assistant.types import Question
from vectorstore.embed_hashing import HashingEmbedder


def shop(tmp_path: Path, items: Sequence[dict[str, object]]) -> Catalogue:
    index_items(list(items), tmp_path, embedder=HashingEmbedder())
    with Store(tmp_path) as store:
        return Catalogue.load(store)


@pytest.fixture
def shoes(tmp_path: Path) -> Catalogue:
    """60 shoes: the colour tells most, the material little, the shop nothing."""
    colours = ("red", "blue", "green", "black", "white", "brown")
    return shop(
        tmp_path,
        [
            {"item_id": f"s{n}", "title": f"Shoe {n}", "colour": colours[n % 6], "material": ("leather", "canvas")[n % 2],
             "seller": "Marta", "price": 20 + n, "sku": f"number-{n}"}
            for n in range(60)
        ],
    )  # fmt: skip


def asked(catalogue: Catalogue, **changes: object) -> Question | None:
    given = {
        "k": 5,
        "left": len(catalogue),
        "described": 0,
        "settled": frozenset(),
        "phrase": lambda slot, options: f"{slot}? {'/'.join(options)}",
    }
    return question(catalogue, range(len(catalogue)), **(given | changes))


def test_the_slot_whose_answer_tells_most_is_asked_about(shoes: Catalogue) -> None:
    first = asked(shoes)
    assert first is not None
    assert first.slot == "colour"
    assert set(first.options) <= {"red", "blue", "green", "black", "white", "brown"}
    assert first.text == f"colour? {'/'.join(first.options)}"


def test_never_twice_and_never_what_tells_nothing(shoes: Catalogue) -> None:
    settled: set[str] = set()
    while (one := asked(shoes, settled=frozenset(settled))) is not None:
        assert one.slot not in settled
        settled.add(one.slot)
    assert settled == {"colour", "price", "material"}  # the seller is always Marta, and a sku is an item's own


def test_what_a_question_has_to_tell_grows_with_every_i_dont_mind(shoes: Catalogue) -> None:
    settled = frozenset({"colour", "price"})
    assert asked(shoes, settled=settled, settings=AskingSettings(least_gain=0.9)) is not None
    assert asked(shoes, settled=settled, settings=AskingSettings(least_gain=1.1)) is None
    assert asked(shoes, settled=settled, settings=AskingSettings(least_gain=0.9), passed=2) is None
    assert asked(shoes, settled=settled, settings=AskingSettings(least_gain=0.9), passed=2) != asked(shoes, passed=2)


def test_what_nobody_could_answer_is_not_asked(tmp_path: Path) -> None:
    """A number of readers, an id, a code of a language and an address: none is named so that its name would tell."""
    items: list[dict[str, object]] = [
        {"item_id": f"b{n}", "title": f"Book {n}", "readers": 7 + n + n**4, "record": 90_001 + 13 * ((n * 37) % 60),
         "tongue": ("eng", "fre", "en-US", "ger")[n % 4], "page": f"https://books.example/{n % 5}",
         "pages": 100 + 10 * (n % 20)}
        for n in range(60)
    ]  # fmt: skip
    catalogue = shop(tmp_path, items)
    first = asked(catalogue)
    assert first is not None
    assert first.slot == "pages"
    assert asked(catalogue, settled=frozenset({"pages"})) is None


def test_open_questions_for_what_is_rare_and_flags_by_their_name(tmp_path: Path) -> None:
    items: list[dict[str, object]] = [
        {"item_id": f"b{n}", "title": f"Book {n}", "creators": [f"Author {n % 100}"], "vegan": n % 2 == 0,
         "series": f"Series {n % 100}"}
        for n in range(200)
    ]  # fmt: skip
    catalogue = shop(tmp_path, items)

    def phrase(slot: str, options: Sequence[str]) -> str:
        return phrase_question(slot, options, catalogue, "en")

    texts: dict[str, str] = {}
    while (one := asked(catalogue, settled=frozenset(texts), phrase=phrase)) is not None:
        assert one.options == ()
        texts[one.slot] = one.text
    assert texts == {
        "creators": "Is there somebody you would like it to be by or with?",
        "series": "Do you have a particular series in mind?",
        "vegan": "Does it have to be “vegan”?",
    }


@pytest.mark.parametrize(
    "changes",
    [{"left": 10}, {"described": 5}, {"ignored": 2}, {"settled": frozenset({"colour", "price", "material"})}],
)
def test_quiet_when_a_question_is_not_worth_it(shoes: Catalogue, changes: dict[str, object]) -> None:
    assert asked(shoes, **changes) is None


def test_a_slot_that_few_items_have_tells_little(tmp_path: Path) -> None:
    items: list[dict[str, object]] = [{"item_id": f"i{n}", "title": f"Thing {n}"} for n in range(60)]
    for n in range(8):
        items[50 + n] |= {"shape": f"shape {n}"}
    assert asked(shop(tmp_path, items)) is None


def test_somebody_is_asked_about_last(films: Catalogue) -> None:
    settings = replace(AskingSettings(), lists=1, least_gain=0.3, rare=0.0)
    slots: list[str] = []
    while (one := asked(films, settled=frozenset(slots), settings=settings, k=1)) is not None:
        slots.append(one.slot)
    people = [slot for slot in slots if slot in films.roles]
    assert not people  # "by or with somebody" is one question, whatever the role
    assert slots.index("categories") < slots.index("people")


def test_ranges_have_round_ends_and_stand_in_their_order(shoes: Catalogue) -> None:
    every = frozenset({"colour", "material", "seller", "sku"})
    question = asked(shoes, settled=every)
    assert question is not None
    assert question.slot == "price"
    assert question.options == ("≤ 40", "40 – 60", "> 60")
    assert phrase_question("price", question.options, shoes, "en") == (
        "Which price would suit you: up to 40, 40–60 or over 60?"
    )
