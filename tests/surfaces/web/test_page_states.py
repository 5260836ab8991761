"""Every state of the page, in both themes and at three widths: nothing that axe-core finds, and nothing to scroll sideways."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

from axe_playwright_python.sync_playwright import Axe

from assistant.ingest import index_items
from assistant.surfaces.web.accounts import Keys
from assistant.surfaces.web.pictures import Pictures
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import offline_settings
from tests.surfaces.served import Served, served
from tests.surfaces.web.browsing import Watched
from vectorstore.embed_hashing import HashingEmbedder

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
RULES = '[[pin]]\nname = "pick"\nitem = "suspiria"\nposition = 2\nlabel = "Sponsored"\n'
SIZES = [
    (width, theme, () if (width, theme) in ((360, "dark"), (1280, "light")) else pytest.mark.slow)
    for width in (360, 768, 1280)
    for theme in ("light", "dark")
]


@pytest.fixture(
    params=[pytest.param((width, theme), id=f"{width}-{theme}", marks=marks) for width, theme, marks in SIZES]
)
def size(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Options of a context."""
    width, theme = request.param
    return {"viewport": {"width": width, "height": 800}, "color_scheme": theme}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few films; one is pinned, with a label, and two have pictures, of which one is gone."""
    made = tmp_path_factory.mktemp("states")
    pictures = {"alien": "https://img.example/alien.png", "aliens": "https://img.example/gone.png"}
    index_items(
        [film | {"image_url": pictures.get(film["item_id"])} for film in FILMS], made, embedder=HashingEmbedder()
    )
    (made / "rules.toml").write_text(RULES)
    return made


@pytest.fixture(scope="module")
def talkative(folder: Path) -> Iterator[Served]:
    async def resolve(host: str) -> Sequence[str]:
        return ["93.184.215.14"]

    def picture(request: httpx.Request) -> httpx.Response:
        gone = "gone" in str(request.url)
        return (
            httpx.Response(404) if gone else httpx.Response(200, content=PIXEL, headers={"content-type": "image/png"})
        )

    settings = {"pictures": "proxy", "picture_hosts": ("img.example",), "web_rate": "10000/minute"}
    proxy = Pictures(offline_settings(**settings), transport=httpx.MockTransport(picture), resolve=resolve)
    with served(folder, options={"pictures": proxy}, **settings) as running:
        yield running


LIKE = """(item) => fetch("/api/events", {
  method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({item_id: item, kind: "like"}),
}).then((answer) => answer.status)"""
STARTED = 'event: started\ndata: {"conversation": "c"}\n\n'
ERROR = {"kind": "unexpected", "message": "Something went wrong on this server."}


def check(seen: Watched, state: str) -> None:
    """No violation of any rule of axe-core, its best practices included."""
    found = Axe().run(seen.page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == [], state
    assert seen.wide() == [], state


def answering(answer: dict[str, Any]) -> Any:
    """What answers a request in the place of the server."""
    return lambda route: route.fulfill(**answer)


def menu(seen: Watched) -> None:
    """Open the side where the page is narrow."""
    button = seen.page.get_by_role("button", name="Menu")
    if button.is_visible() and button.get_attribute("aria-expanded") == "false":
        button.click()


def panel(seen: Watched, name: str) -> None:
    menu(seen)
    seen.page.get_by_role("button", name=name).click()
    seen.page.get_by_role("dialog").wait_for()


def test_conversations(browser, talkative, size):
    seen = Watched(browser, talkative, **size)
    page = seen.page
    check(seen, "empty")
    menu(seen)
    check(seen, "drawer, nothing in it")
    page.keyboard.press("Escape")
    seen.say("what do you have?")
    assert page.locator(".question button").count() > 0
    check(seen, "a question with its options")
    seen.say("science fiction")
    assert page.locator(".badge").all_inner_texts() == ["Sponsored"]
    page.locator(".card-picture img").first.wait_for()
    page.locator(".card-picture.blank").first.wait_for()
    page.locator(".card").first.get_by_role("button", name="Like", exact=True).click()
    page.get_by_text("Noted that you like it.").wait_for(state="attached")
    check(seen, "cards, a pressed button, a label, a picture, a blank")
    page.evaluate("for (const one of document.querySelectorAll('.evidence')) one.open = true")
    check(seen, "evidence")
    page.get_by_role("button", name="Why this?").last.click()
    page.locator(".turn").nth(2).locator(".evidence").wait_for()
    seen.finished()
    page.locator(".turn").nth(2).locator("summary").click()
    check(seen, "an answer and its evidence")
    page.get_by_role("button", name="Edit").click()
    check(seen, "editing a message")
    page.get_by_role("button", name="Cancel").click()
    seen.say("a western before 1900")
    page.get_by_role("button", name="Yes").wait_for()
    check(seen, "nothing fits, and what could be left out")
    menu(seen)
    check(seen, "drawer with a history")
    page.get_by_role("button", name="Delete “").first.click()
    check(seen, "before a conversation is deleted")
    page.get_by_role("button", name="Cancel").click()
    page.evaluate("location.hash = 'nowhere'")
    page.get_by_text("not there any more").wait_for()
    check(seen, "a conversation that is gone")
    seen.close()


def test_what_is_kept(browser, talkative, size):
    seen = Watched(browser, talkative, **size)
    page = seen.page
    panel(seen, "Taste memory")
    check(seen, "no tastes")
    page.get_by_role("button", name="Guess from what I did").click()
    page.get_by_text("Too little to guess from").wait_for()
    check(seen, "nothing to guess")
    page.keyboard.press("Escape")
    seen.say("I never watch horror, and I love Jacques Tati")
    for item in ("galaxy", "walle", "playtime"):
        assert page.evaluate(LIKE, item) == 200
    panel(seen, "Taste memory")
    page.get_by_role("button", name="Guess from what I did").click()
    page.get_by_role("button", name="Confirm").first.wait_for()
    page.locator(".tastes summary").first.click()
    check(seen, "tastes, one being corrected, and guesses")
    page.keyboard.press("Escape")
    panel(seen, "My data")
    check(seen, "my data")
    page.get_by_role("button", name="Delete my data").click()
    check(seen, "before everything is deleted")
    page.get_by_role("button", name="Delete everything").click()
    page.get_by_text("Everything that was kept about you is deleted.").wait_for()
    check(seen, "everything is deleted")
    seen.close()


def test_replies_that_are_coming(browser, stalling, size):
    seen = Watched(browser, stalling, **size)
    page = seen.page
    held: list[Any] = []
    page.route("**/api/chat", lambda route: held.append(route))
    page.fill("#message", "a drama")
    page.keyboard.press("Enter")
    page.locator(".skeleton").first.wait_for()
    check(seen, "looking")
    held[0].continue_()
    page.locator(".card:not(.skeleton)").wait_for()
    check(seen, "the first card is there")
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Nothing of this reply was kept").wait_for()
    check(seen, "stopped")
    page.clock.install()
    page.get_by_role("button", name="Try again").click()
    page.locator(".skeleton").first.wait_for()
    page.clock.fast_forward(6_000)
    page.get_by_text("Still working.").wait_for()
    page.clock.resume()
    check(seen, "slow")
    seen.close()


def test_in_chinese(browser, talkative, size):
    seen = Watched(browser, talkative, locale="zh-CN", **size)
    assert seen.page.evaluate("[document.documentElement.lang, document.title]") == ["zh", "推荐助手"]
    check(seen, "empty, in Chinese")
    seen.say("science fiction")
    seen.page.locator(".card summary").first.click()
    assert seen.page.locator(".reply").get_attribute("lang") == "en"  # an answer is in the language of its question
    check(seen, "cards in English on a page in Chinese")
    seen.close()


def test_a_page_that_is_loading(browser, talkative, size):
    seen = Watched(browser, talkative, settled=False, **size)
    seen.page.route("**/api/examples", lambda route: None)
    seen.page.reload()
    seen.page.get_by_text("Opening …").wait_for()
    check(seen, "loading")
    seen.close()


def test_failures(browser, talkative, size):
    seen = Watched(browser, talkative, **size)
    page = seen.page
    seen.context.set_offline(True)
    page.fill("#message", "a drama")
    page.keyboard.press("Enter")
    page.locator(".trouble").wait_for()
    check(seen, "offline")
    seen.context.set_offline(False)
    page.locator(".banner").wait_for(state="hidden")
    stream = {"Content-Type": "text/event-stream"}
    for state, answer in (
        ("an error of the server", {"status": 500, "json": {"error": ERROR}}),
        ("an error in mid-reply", {"body": f"{STARTED}event: error\ndata: {json.dumps(ERROR)}\n\n", "headers": stream}),
        ("cut off", {"body": STARTED, "headers": stream}),
        ("busy", {"status": 503, "json": {"error": ERROR}, "headers": {"Retry-After": "3"}}),
    ):
        page.route("**/api/chat", answering(answer))
        page.get_by_role("button", name="Try again").click()
        page.locator(".trouble").wait_for()
        seen.finished()
        check(seen, state)
        page.unroute("**/api/chat")
    seen.close()


def test_limits_and_keys(browser, folder, tmp_path, size):
    with served(folder, web_rate="5/minute") as server:
        seen = Watched(browser, server, **size)
        for _ in range(5):
            seen.page.evaluate("fetch('/api/me').then((answer) => answer.status)")
        seen.page.fill("#message", "a drama")
        seen.page.keyboard.press("Enter")
        seen.page.get_by_text("Try again in").wait_for()
        check(seen, "a limit is reached")
        seen.close()
    keyed = shutil.copytree(folder, tmp_path / "keyed")
    key = Keys(keyed).add("acme", "ana")
    with served(keyed) as server:
        seen = Watched(browser, server, settled=False, **size)
        seen.page.get_by_text("This server needs a key").wait_for()
        check(seen, "a key is asked for")
        seen.page.get_by_label("Key").fill("not one")
        seen.page.get_by_role("button", name="Enter").click()
        seen.page.get_by_text("This key is not one of this server.").wait_for()
        check(seen, "a key that is none")
        seen.page.get_by_label("Key").fill(key)
        seen.page.get_by_role("button", name="Enter").click()
        seen.page.locator(".welcome button").first.wait_for()
        check(seen, "in with a key")
        seen.close()
