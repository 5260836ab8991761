from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from assistant.errors import ProviderUnavailable, UnknownNameError, UserError
from assistant.store import Store
from assistant.types import RankedList, Recommended, Replied, Retrieved
from tests.assistant.cards import FakeAssistant, connect_to


def test_chat_returns_the_reply():
    fake = FakeAssistant()
    with connect_to(fake) as assistant:
        reply = assistant.chat("something funny", user="bo", conversation="x")
    assert (reply.user, reply.conversation) == ("bo", "x")
    assert fake.asked[0].text == "something funny"
    assert fake.closed == 1


def test_stream_gives_every_event_in_order():
    with connect_to(FakeAssistant()) as assistant:
        events = list(assistant.stream("something funny", user="bo"))
    assert [type(event) for event in events] == [Retrieved, RankedList, Recommended, Recommended, Replied]


def test_events_arrive_before_the_turn_ends():
    with connect_to(fake := FakeAssistant()) as assistant:
        stream = assistant.stream("wait", user="bo")
        assert isinstance(next(stream), Retrieved)
        assert isinstance(next(stream), RankedList)
        stream.close()
        assert assistant.chat("and now", user="bo").recommendations
    assert fake.cancelled == 1


def test_errors_of_the_turn_are_raised_and_the_assistant_goes_on():
    with connect_to(FakeAssistant()) as assistant:
        with pytest.raises(ProviderUnavailable, match="gone"):
            assistant.chat("fail", user="bo")
        with pytest.raises(ZeroDivisionError):
            assistant.chat("fault", user="bo")
        assert assistant.chat("again", user="bo").text


def test_it_works_where_a_loop_is_running():
    async def cell() -> str:
        with connect_to(FakeAssistant()) as assistant:
            return assistant.chat("in a notebook", user="bo").text

    assert asyncio.run(cell()) == "Two suggestions."


def test_several_threads_share_it():
    with connect_to(FakeAssistant()) as assistant, ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda n: assistant.chat("hello", user=f"user-{n}"), range(40)))
    assert [reply.user for reply in replies] == [f"user-{n}" for n in range(40)]


def test_explain():
    with connect_to(FakeAssistant()) as assistant:
        assert assistant.explain("bo", "galaxy").title == "Galaxy Quest"
        with pytest.raises(UnknownNameError, match="Did you mean 'galaxy'"):
            assistant.explain("bo", "galaxi")


def test_events_are_written_and_checked(tmp_path):
    with Store(tmp_path, create=True) as store, connect_to(FakeAssistant(store)) as assistant:
        assert assistant.add_event("bo", "alien", "like", event_id="e1")
        assert not assistant.add_event("bo", "alien", "like", event_id="e1")
        assert assistant.add_event("bo", "alien", "rating", value=4.5, timestamp=7.0)
        kinds = {event.kind: event for event in store.events("bo")}
        assert kinds["rating"].value == 4.5
        assert kinds["rating"].timestamp == 7.0
        with pytest.raises(UserError, match="kind"):
            assistant.add_event("bo", "alien", "adore")
        with pytest.raises(UserError, match="value"):
            assistant.add_event("bo", "alien", "rating", value=float("nan"))
        with pytest.raises(UserError, match="user_id"):
            assistant.add_event(" ", "alien")
        with pytest.raises(UserError, match="years 1 to 9999"):
            assistant.add_event("bo", "alien", timestamp=1e15)
        with pytest.raises(UserError, match=r"'e1' belongs to another event already: 'bo', like, 'alien'"):
            assistant.add_event("ana", "alien", "like", event_id="e1")


def test_closing_ends_a_turn_that_nobody_reads_any_more():
    fake = FakeAssistant()
    with connect_to(fake) as assistant:
        stream = assistant.stream("wait", user="bo")
        next(stream)
        next(stream)
    assert (fake.cancelled, fake.closed) == (1, 1)
    with pytest.raises(UserError, match="closed"):
        next(stream)


def test_an_interrupt_while_a_turn_starts_leaves_nothing_running(monkeypatch):
    fake = FakeAssistant()
    with connect_to(fake) as assistant:
        start = assistant._portal.start_task_soon

        def interrupted(*arguments: object) -> None:
            start(*arguments)
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(assistant._portal, "start_task_soon", interrupted)
            with pytest.raises(KeyboardInterrupt):
                assistant.chat("wait", user="bo")
    assert fake.closed == 1


def test_closing_twice_is_fine_and_afterwards_it_says_so():
    assistant = connect_to(FakeAssistant())
    assistant.close()
    assistant.close()
    with pytest.raises(UserError, match="closed"):
        assistant.chat("hello", user="bo")
    with pytest.raises(UserError, match="closed"):
        assistant.explain("bo", "galaxy")
