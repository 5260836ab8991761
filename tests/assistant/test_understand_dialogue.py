"""Messages read against a conversation: over the sample films, and over catalogues that are not about films."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from assistant.catalogue import Catalogue
from assistant.ingest import index_items
from assistant.store import Store
from assistant.text import fold_title
from assistant.types import Constraint, Context, Held, Question, Statement, Utterance
from assistant.understand import understand
from assistant.vocabulary import Vocabulary, load_language
from tests.assistant.goods import RESTAURANTS, SHOES
from vectorstore.embed_hashing import HashingEmbedder

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2024, 6, 1)
ROWS = [
    tuple(line.split("\t"))
    for line in (ROOT / "tests/data/understood.tsv").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def _vocabulary(items: Any, folder: Path) -> Vocabulary:
    index_items(items, folder, embedder=HashingEmbedder())
    with Store(folder) as store:
        return Vocabulary(Catalogue.load(store), load_language())


@pytest.fixture(scope="module")
def vocabularies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Vocabulary]:
    sources = {"films": ROOT / "examples/data/films.jsonl", "shoes": SHOES, "restaurants": RESTAURANTS}
    return {name: _vocabulary(items, tmp_path_factory.mktemp(name)) for name, items in sources.items()}


def held(number: int, slot: str, op: Any, *values: str, turn: int = 1, promised: bool = True, **more: Any) -> Held:
    return Held(
        held_id=f"h{number}",
        constraint=Constraint(slot=slot, op=op, values=values, **more),
        promised=promised,
        turn=turn,
    )


HELD = (
    held(1, "categories", "any", "Drama", words="drama"),
    held(2, "runtime", "range", high=119, words="under two hours", turn=2),
    held(3, "countries", "any", "France", words="French", turn=2),
    held(4, "year", "range", low=1990, high=1999, words="from the 90s", turn=3),
    held(5, "categories", "none", "Horror", words="horror", turn=3),
    held(6, "moods", "any", "funny", words="funny", turn=3, promised=False),
    held(7, "people", "any", "Isabelle Huppert", words="with Huppert", turn=4),
)
FILMS = ("Taxi Driver", "Amélie", "Arrival", "Some Like It Hot", "The Seventh Seal")


def situations(films: Vocabulary) -> dict[str, tuple[str, Context]]:
    """A catalogue and the conversation before the message, by the name in the table."""
    catalogue = films.catalogue
    table = tuple(catalogue.ids[catalogue.titles[fold_title(title)][0]] for title in FILMS)
    shoes, places = ("ridge", "marsh", "plain", "vale"), ("lantern", "olive", "ember")

    def listed(cards: tuple[str, ...], **more: Any) -> Context:
        return Context(turn=2, table=cards, shown=frozenset(cards), **more)

    def asked(cards: tuple[str, ...], slot: str, *options: str, **more: Any) -> Context:
        return listed(cards, question=Question(slot=slot, text="?", options=options, **more))

    before: dict[str, Any] = {
        "turn": 5,
        "table": table,
        "shown": frozenset(table),
        "held": HELD,
        "search_text": "quiet",
    }
    offer = Question(slot="", text="?", drops=("h2",))
    return {
        "new": ("films", Context()),
        "listed": ("films", Context(**before)),
        "one": ("films", Context(**before, focus=table[2:3])),
        "genre?": ("films", asked(table, "categories", "Comedy", "Drama")),
        "language?": ("films", asked(table, "languages", "French", "English")),
        "year?": ("films", asked(table, "year")),
        "length?": ("films", asked(table, "runtime")),
        "bounds?": ("films", asked(table, "runtime", "≤ 91", "> 106", "91 – 106")),
        "decade?": ("films", asked(table, "year", "2000s", "2010s", "1960s")),
        "drop?": ("films", listed(table, held=HELD, question=offer)),
        "shoes new": ("shoes", Context()),
        "shoes listed": ("shoes", listed(shoes)),
        "shoes one": ("shoes", listed(shoes, focus=("marsh",))),
        "colour?": ("shoes", asked(shoes, "colour", "blue", "brown", "white")),
        "waterproof?": ("shoes", asked(shoes, "waterproof")),
        "price?": ("shoes", asked(shoes, "price")),
        "restaurants new": ("restaurants", Context()),
        "restaurants listed": ("restaurants", listed(places)),
        "restaurants one": ("restaurants", listed(places, focus=("olive",))),
        "district?": ("restaurants", asked(places, "district", "Harbour", "Old Town")),
    }


def _constraint(c: Constraint) -> str:
    low, high = ("" if end is None else f"{end:g}" for end in (c.low, c.high))
    return f"{c.slot} {c.op} {f'{low}..{high}' if c.op in ('range', 'outside') else ','.join(c.values)}"


def _statement(s: Statement) -> str:
    return f"{'likes' if s.likes else 'dislikes'} {s.slot} {s.value} {s.confidence:g}"


def digest(said: Utterance) -> str:
    """All of an utterance but its texts, in a line."""
    parts: list[str] = [said.intent]
    for name in ("references", "asked", "accepted", "rejected", "seen", "like", "again", "take_back", "unknown"):
        if ids := getattr(said, name):
            parts.append(f"{name}: {', '.join(ids)}")
    parts.extend(name.replace("_", " ") for name in ("new_subject", "no_preference") if getattr(said, name))
    if said.k:
        parts.append(f"k {said.k}")
    for name, constraints in (("must", said.constraints), ("may", said.wishes)):
        if constraints:
            parts.append(f"{name}: {'; '.join(map(_constraint, constraints))}")
    for name, statements in (("statements", said.statements), ("unsaid", said.unsaid)):
        if statements:
            parts.append(f"{name}: {'; '.join(map(_statement, statements))}")
    return " | ".join(parts)


@pytest.mark.parametrize(("situation", "text", "expected"), ROWS)
def test_what_a_message_means(situation: str, text: str, expected: str, vocabularies: dict[str, Vocabulary]) -> None:
    name, context = situations(vocabularies["films"])[situation]
    assert digest(understand(text, vocabularies[name], context, today=TODAY)) == expected


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len(ROWS) >= 200
    assert len(set(ROWS)) == len(ROWS)


def test_a_hundred_turns_change_nothing_in_what_a_message_means(vocabularies: dict[str, Vocabulary]) -> None:
    films = vocabularies["films"]
    _, context = situations(films)["listed"]
    long = Context(
        turn=100, table=context.table, held=context.held * 20, search_text="quiet " * 60,
        shown=frozenset(films.catalogue.ids[:400]) | context.shown,
    )  # fmt: skip
    for text in ("shorter", "the Bergman one", "I'll take the second", "too old"):
        assert digest(understand(text, films, long, today=TODAY)) == digest(
            understand(text, films, context, today=TODAY)
        )


def test_years_told_from_now_count_from_the_newest_of_the_catalogue(vocabularies: dict[str, Vocabulary]) -> None:
    films = vocabularies["films"]
    newest = films.newest
    assert newest is not None
    for today, last in ((date(2040, 1, 1), newest), (date(2010, 1, 1), 2010)):
        (promise,) = understand("films from the last five years", films, today=today).constraints
        assert promise.low == last - 4


def test_the_words_of_a_critique_are_kept(vocabularies: dict[str, Vocabulary]) -> None:
    films = vocabularies["films"]
    _, context = situations(films)["one"]
    said = understand("something a bit shorter, same director", films, context)
    assert {c.words for c in said.constraints} == {"shorter", "same director"}
    assert said.search_text == ""


def test_a_statement_keeps_the_users_words(vocabularies: dict[str, Vocabulary]) -> None:
    (statement,) = understand("Honestly, I can't stand musicals. What else?", vocabularies["films"]).statements
    assert statement.words == "I can't stand musicals"


@pytest.mark.parametrize(
    "text", ["", " ", "?", "…", "no", "it", "the", "1", "why", "-", "than", "too", "the one", "🦊", "again"]
)
def test_no_message_is_too_odd(text: str, vocabularies: dict[str, Vocabulary]) -> None:
    for name, context in situations(vocabularies["films"]).values():
        understand(text, vocabularies[name], context)


@pytest.mark.parametrize("text", ["one ﾟﾞ two", "ﾟ", "tagged ﾟﾞ", "about ⓻ ﾟ, not ﾞ"])
@pytest.mark.parametrize("situation", ["new", "genre?", "year?", "length?"])
def test_words_of_which_nothing_is_left_when_folded_are_read(
    text: str, situation: str, vocabularies: dict[str, Vocabulary]
) -> None:
    name, context = situations(vocabularies["films"])[situation]
    assert understand(text, vocabularies[name], context, today=TODAY).text == text
