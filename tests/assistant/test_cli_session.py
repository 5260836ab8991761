from __future__ import annotations

import io

import pytest
from rich.console import Console

from assistant.commands.session import Session, example_request
from assistant.ingest import index_items
from assistant.store import Store
from tests.assistant.cards import FakeAssistant, connect_to
from tests.assistant.catalogues import FILMS
from vectorstore.embed_hashing import HashingEmbedder


@pytest.fixture
def store(tmp_path):
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    with Store(tmp_path) as opened:
        yield opened


def talk(store: Store, *lines: object, terminal: bool = False, user: str = "ana") -> tuple[str, FakeAssistant]:
    """What a session shows for these lines; an exception among them is raised at the prompt."""
    waiting = list(lines)

    def read(prompt: str) -> str:
        line = waiting.pop(0) if waiting else EOFError()
        if isinstance(line, BaseException):
            raise line
        return str(line)

    fake = FakeAssistant(store)
    out = Console(file=io.StringIO(), width=80, force_terminal=terminal, color_system=None, highlight=False)
    with connect_to(fake) as assistant:
        Session(assistant, user, None, out, read).run()
    return out.file.getvalue(), fake


def test_somebody_new_gets_an_example(store):
    shown, _ = talk(store, "/quit")
    assert "Hello ana, we have not met." in shown
    assert "  something like Alien\n" in shown
    talk(store, "something funny", "/like 1")
    shown, _ = talk(store, "/quit")
    assert "Welcome back, ana." in shown


def test_the_example_names_what_most_know(store, tmp_path):
    from assistant.feedback import make_event

    store.add_events([make_event(user, "her", "like") for user in ("a", "b")])
    assert example_request(store) == "something like Her"
    with Store(tmp_path / "empty", create=True) as empty:
        assert example_request(empty)


def test_cards_come_one_by_one_on_a_terminal(store):
    shown, fake = talk(store, "something funny", terminal=True)
    assert fake.asked[0].text == "something funny"
    places = [
        shown.index(words) for words in ("Two suggestions.", "acting on", "Galaxy Quest (1999)", "Spaceballs (1999)")
    ]
    assert places == sorted(places)
    assert shown.count("Two suggestions.") == 1


def test_liking_disliking_seeing(store):
    shown, _ = talk(store, "something funny", "/like 1", "/dislike 2", "/SEEN 1", "/quit", "never asked")
    assert "Noted: you like Galaxy Quest (1999)." in shown
    assert "Noted: you do not like Spaceballs (1999)." in shown
    assert [event.kind for event in store.events("ana")] == ["like", "dislike", "seen"]


def test_why(store):
    shown, _ = talk(store, "something funny", "/why 1")
    assert "It rests on:" in shown
    assert "catalogue · director: Dean Parisot" in shown


def test_numbers_that_are_no_card(store):
    shown, _ = talk(store, "/why 1", "something funny", "/like", "/like 3", "/like x")
    assert "There are no cards yet." in shown
    assert shown.count("from 1 to 2, as in: /like 1") == 3
    assert not store.events("ana")


def test_unknown_commands_help_and_blank_lines(store):
    shown, fake = talk(store, "", "  ", "/hlep", "/help", "/\x1b[31mx")
    assert "Did you mean 'help'?" in shown
    assert "/dislike N" in shown
    assert "\x1b[31m" not in shown
    assert not fake.asked


def test_errors_are_shown_and_the_session_goes_on(store):
    shown, fake = talk(store, "fail", "x" * 9000, "something funny")
    assert "The model is gone. Start it again." in shown
    assert "9,000 characters" in shown
    assert "Galaxy Quest" in shown
    assert len(fake.asked) == 2


def test_ctrl_c_at_the_prompt_leaves(store):
    with pytest.raises(KeyboardInterrupt):
        talk(store, KeyboardInterrupt())


def test_names_and_titles_cannot_act_on_the_terminal(store):
    shown, _ = talk(store, user="\x1b[31mana[bold]")
    assert "\x1b[31m" not in shown
    assert "Hello ana[bold], we have not met." in shown
