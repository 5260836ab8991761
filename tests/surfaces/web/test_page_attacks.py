"""Hostile text, through the real command, server, adapter and checker, in a real browser: nothing runs, nothing is asked
elsewhere, nothing becomes markup. The browser ignores the content security policy here, which is a second line: what the
page makes of text has to be harmless without it.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from assistant.documents import MAX_MESSAGE
from assistant.errors import ProviderUnavailable
from assistant.llm.base import ChatMessage
from assistant.llm.scripted import ScriptedAnswer, ScriptedModel
from assistant.text import clean
from tests.assistant.turns import good_answer
from tests.surfaces.attacks import LANES, OURS, SIZE, attacks, batches, index_attacks, items_of, word_of
from tests.surfaces.served import Served, ask, served
from tests.surfaces.web.browsing import Watched


@pytest.fixture(scope="module", params=LANES)
def texts(request: pytest.FixtureRequest) -> list[str]:
    return attacks(shared=request.param == "all")


@pytest.fixture(scope="module")
def folder(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Indexed by the command."""
    return index_attacks(texts, tmp_path_factory.mktemp("attacked"))


@contextmanager
def opened(folder: Path, **more: Any) -> Iterator[Served]:
    settings = {"cards": SIZE, "web_rate": "1000000/minute", "pictures": "proxy", "picture_hosts": ("evil.example",)}
    with served(folder, **(settings | more)) as running:
        yield running


def same_user(seen: Watched, server: Served) -> httpx.Client:
    """A client with the session of a page."""
    (cookie,) = [one for one in seen.context.cookies() if one["name"] == "session"]
    client = server.client()
    client.cookies.set("session", cookie["value"])
    return client


def some(texts: list[str]) -> list[str]:
    """Every third of ours, where each takes a turn of its own; all of them where the collections are read too."""
    return texts[::3] if len(texts) == len(OURS) else texts


def open_all(seen: Watched) -> None:
    seen.page.evaluate("for (const one of document.querySelectorAll('#app details')) one.open = true")


def test_titles_descriptions_and_names_of_a_catalogue(browser, texts, folder):
    with opened(folder) as server:
        seen = Watched(browser, server, bypass_csp=True)
        seen.page.route("**/pictures/**", lambda route: route.fulfill(status=404))  # no test fetches one
        titles = set()
        for number, batch in enumerate(batches(texts, SIZE)):
            seen.page.get_by_role("button", name="New conversation").click()
            seen.page.locator(".welcome").wait_for()
            seen.say(word_of(number))
            shown = seen.page.locator(".card-title").all_text_contents()
            assert len(shown) == len(batch)
            titles |= set(shown)
            open_all(seen)
            seen.assert_inert()
        wanted = [str(item["title"]) for item in items_of(texts, SIZE)]
        assert all(any(clean(title) in shown for shown in titles) for title in wanted if len(title) < 200)
        seen.page.get_by_role("button", name="Why this?").first.click()  # what questions say of an item
        seen.finished()
        open_all(seen)
        seen.assert_inert()
        assert seen.wide() == []
        seen.close()


def test_what_users_say(browser, texts, folder):
    said = [text[:MAX_MESSAGE] for text in some(texts)]
    with opened(folder, cards=3) as server:
        seen = Watched(browser, server, bypass_csp=True)
        with same_user(seen, server) as client:
            for number, batch in enumerate(batches(said, 100)):
                for text in batch:
                    ask(client, text, conversation=f"c{number}")
                seen.page.evaluate(f"location.hash = 'c{number}'")
                seen.page.locator(".turn").nth(len(batch) - 1).wait_for()
                open_all(seen)
                seen.assert_inert()
        for text in said[:: len(said) // 20]:  # as it comes, rather than from the store
            seen.say(text.replace("\r", " "))
            seen.assert_inert()
        seen.close()


def test_what_is_kept_of_users(browser, texts, folder):
    """Titles of conversations, the taste memory, and the export, which is no page."""
    with opened(folder, cards=1) as server:
        for batch in batches(some(texts), 100):  # of a user each
            seen = Watched(browser, server, bypass_csp=True, viewport={"width": 360, "height": 800})
            titles = batch[::4]
            with same_user(seen, server) as client:
                for number, text in enumerate(titles):
                    ask(client, text[:MAX_MESSAGE], conversation=f"{number}{text[:100]}")
                for number, text in enumerate(batch):
                    taste = {"slot": "tags", "value": text[:500], "words": text[:500], "likes": bool(number % 2)}
                    assert client.post("/api/tastes", json=taste).status_code in (200, 422)  # blank ones are refused
                told = client.get("/api/me/export")
            assert told.headers["content-type"] == "application/json"
            assert told.headers["content-disposition"] == 'attachment; filename="my-data.json"'
            assert told.headers["x-content-type-options"] == "nosniff"
            kept = len(told.json()["taste"])
            assert kept > len(batch) * 0.8
            seen.page.reload()
            seen.page.locator(".history a").nth(len(titles) - 1).wait_for(state="attached")
            seen.page.get_by_role("button", name="Menu").click()
            seen.assert_inert()
            for number in range(min(5, len(titles))):  # the address holds the hostile name of a conversation
                entry = seen.page.locator(".history li").nth(number)
                entry.locator("a").click()
                entry.locator("a[aria-current=page]").wait_for(state="attached")
                assert seen.page.locator(".turn").count() == 1, seen.page.url
                seen.page.get_by_role("button", name="Menu").click()
            seen.page.get_by_role("button", name="Taste memory").click()
            seen.page.locator(".tastes li").nth(kept - 1).wait_for()
            open_all(seen)
            seen.assert_inert()
            assert seen.wide() == []
            seen.close()


class Hostile(ScriptedModel):
    """Writes a reason from the facts with a hostile text before, in, or behind it, or that text alone; now and then it
    breaks off with it."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.given = itertools.cycle(texts)
        self.turn = itertools.count()
        super().__init__(self.answer)

    def answer(self, messages: Sequence[ChatMessage]) -> str | ScriptedAnswer:
        text, form = next(self.given), next(self.turn) % 5
        if form == 4:
            return ScriptedAnswer(error=ProviderUnavailable(text))
        made = json.loads(good_answer(messages))
        said = [f"{text} {made['text']}", f"{made['text']} {text}", made["text"].replace(", so", f", {text}, so"), text]
        return json.dumps(made | {"text": said[form]})


def test_what_a_model_writes(browser, texts, folder):
    with opened(folder, model=Hostile(texts), cards=20, phrasing="write", reply_within=60.0) as server:
        seen = Watched(browser, server, bypass_csp=True)
        for number in range(len(texts) // SIZE):
            seen.say(word_of(number))
            open_all(seen)
            seen.assert_inert()
        assert seen.page.locator(".card").count() > 0
        seen.close()
