"""Whole replies to messages typed in passing, over the sample films."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import connect
from assistant.blocking import BlockingAssistant
from assistant.ingest import index_items
from tests.assistant.turns import offline_settings
from vectorstore.embed_hashing import HashingEmbedder

FILMS = Path(__file__).resolve().parents[2] / "examples/data/films.jsonl"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlockingAssistant]:
    folder = tmp_path_factory.mktemp("films")
    index_items(FILMS, folder, embedder=HashingEmbedder())
    with connect(folder, settings=offline_settings()) as assistant:
        yield assistant


def text(films: BlockingAssistant, name: str, *messages: str) -> str:
    """The words of the last reply to messages in a conversation of that name."""
    reply = None
    for message in messages:
        reply = films.chat(message, user=name, conversation=name)
    assert reply is not None
    return reply.text


def test_a_missing_title_is_said_with_the_near_one(films: BlockingAssistant) -> None:
    assert text(films, "missing", "why not Aliens?") == "“Aliens” is not in this catalogue. Did you mean Alien?"
    assert text(films, "sequel", "do you have Alien 3?") == "“Alien 3” is not in this catalogue. Did you mean Alien?"


def test_a_title_that_is_there_is_not_denied(films: BlockingAssistant) -> None:
    for question in ("do you have Alien?", "got alien?", "is Alien on your list?", "why not Alien?"):
        assert "not in this catalogue" not in text(films, question, question)


def test_a_quality_is_answered_with_yes_where_the_record_has_it(films: BlockingAssistant) -> None:
    assert text(films, "scary", "tell me about Alien", "is it scary?").startswith("Yes, Alien is filed under Horror")
    assert text(films, "sad", "tell me about Alien", "is it sad?").startswith("I can only say what the record says.")


def test_what_is_shared_is_told_alone(films: BlockingAssistant) -> None:
    said = text(films, "shared", "The Godfather or Goodfellas?", "what do they have in common?")
    assert said.startswith("Both are filed under Crime and Drama")


def test_a_comparison_by_what_no_record_has_says_so(films: BlockingAssistant) -> None:
    said = text(films, "rating", "a comedy", "which of them has the best rating?")
    assert said == "No record of this catalogue says how it was rated."


def test_what_no_record_says_is_not_searched_by(films: BlockingAssistant) -> None:
    said = text(films, "kitsch", "romantic but not kitschy")
    assert said.startswith("No record here says “kitschy”, so I cannot go by that.")


def test_nothing_known_of_an_item_is_said(films: BlockingAssistant) -> None:
    assert text(films, "known", "have I seen Alien?") == "As far as I know, you do not know Alien yet."


def test_one_is_picked_among_those_shown(films: BlockingAssistant) -> None:
    first = films.chat("a western", user="pick", conversation="pick").recommendations[0]
    assert first.title in text(films, "pick", "just pick one for me")


def test_an_answer_is_no_title(films: BlockingAssistant) -> None:
    films.chat("something funny", user="nope", conversation="nope")
    cards = films.chat("nope", user="nope", conversation="nope").recommendations
    assert "Nope" not in [card.title for card in cards[:1]]
