"""The chat page in a real browser."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import assistant
from assistant.ingest import index_items
from assistant.llm.scripted import ScriptedModel
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import good_answer
from tests.surfaces.served import Served, served
from vectorstore.embed_hashing import HashingEmbedder

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = Path("/usr/bin/chromium")
STATIC = Path(assistant.__file__).parent / "surfaces" / "web" / "static"
FIRST_LOAD = 60_000  # bytes, gzipped
HOOK = "window.__pwned = 0; for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => { window.__pwned += 1; };"
LINES = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/a.png)",
    "<iframe srcdoc='<script>parent.alert(1)</script>'>",
    "\u202e<b>turned</b>\u001b[31m",
]
"""Always tried; the lists beside the repository come on top."""


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    if not CHROMIUM.exists():
        pytest.skip("there is no chromium at /usr/bin/chromium")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("page")
    index_items(FILMS, folder, embedder=HashingEmbedder())
    with served(folder, web_rate="10000/minute") as running:
        yield running


class Watched:
    """A page, and what happened on it that must not."""

    def __init__(self, browser: sync_api.Browser, server: Served, **options: object) -> None:
        self.context = browser.new_context(reduced_motion="reduce", **options)
        self.context.add_init_script(HOOK)
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.bad: list[str] = []
        ours = urlsplit(server.url).netloc
        self.page.on("request", lambda made: self._check(made.url, ours))
        self.page.on("pageerror", lambda error: self.bad.append(f"error: {error}"))
        self.page.on("console", lambda said: self.bad.append(said.text) if "Content Security" in said.text else None)
        self.page.goto(server.url)
        self.page.locator(".welcome button").first.wait_for()

    def _check(self, url: str, ours: str) -> None:
        if urlsplit(url).netloc != ours:
            self.bad.append(f"asked elsewhere: {url}")

    def say(self, text: str) -> None:
        before = self.page.locator(".turn").count()
        self.page.fill("#message", text)
        self.page.keyboard.press("Enter")
        self.page.locator(".turn").nth(before).wait_for()
        self.page.locator(".log:not([aria-busy])").wait_for()


def pressed(page: sync_api.Page) -> list[str]:
    return page.locator(".card [aria-pressed=true]").evaluate_all("(all) => all.map((one) => one.dataset.kind)")


def test_first_load_is_small():
    assert sum(len(gzip.compress(path.read_bytes())) for path in STATIC.iterdir()) <= FIRST_LOAD


def test_a_conversation_is_restored_by_reload_and_can_be_deleted(browser, server):
    seen = Watched(browser, server)
    page = seen.page
    seen.say("a drama")
    assert page.locator(".card").count() > 0
    page.locator(".card summary").first.click()
    assert page.locator(".card details[open] .claim-row").count() > 0
    titles = page.locator(".card-title").all_inner_texts()
    page.reload()
    page.locator(".card").first.wait_for()
    assert page.locator(".card-title").all_inner_texts() == titles
    assert page.evaluate("fetch('/api/me', {method: 'DELETE'}).then((answer) => answer.status)") == 200
    page.reload()
    page.locator(".welcome").wait_for()
    assert "not there any more" in page.locator(".log").inner_text()
    assert page.locator(".card").count() == 0
    assert "#" not in page.url
    assert seen.bad == []
    seen.context.close()


def test_refined_taken_back_and_said_otherwise(browser, server):
    seen = Watched(browser, server)
    page = seen.page
    seen.say("a comedy")
    seen.say("before 1970")
    assert page.locator(".held .chip").all_inner_texts() == ["Comedy", "up to 1969"]
    page.get_by_role("button", name="Take back: Comedy").click()
    page.locator(".turn").nth(2).locator(".held").wait_for()
    assert page.locator(".held .chip").all_inner_texts() == ["up to 1969"]
    seen.say("a drama after 1990 in English")
    page.get_by_role("button", name="Edit").click()
    assert page.input_value("#message") == "a drama after 1990 in English"
    page.fill("#message", "a western")
    page.keyboard.press("Enter")
    page.locator(".log:not([aria-busy])").wait_for()
    page.get_by_text("a drama after 1990 in English").wait_for(state="detached")
    assert page.locator(".turn").count() == 4
    assert seen.bad == []
    seen.context.close()


def test_feedback_changes_the_next_reply(browser, server):
    seen = Watched(browser, server)
    page = seen.page
    seen.say("something in space")
    disliked = page.locator(".card-title").first.inner_text()
    page.locator(".card").first.get_by_role("button", name="Dislike", exact=True).click()
    page.locator(".card").first.locator("[aria-pressed=true]").wait_for()
    page.locator(".card").nth(1).get_by_role("button", name="Seen", exact=True).click()
    page.get_by_text("Noted as seen.").wait_for(state="attached")
    before = pressed(page)
    page.reload()
    page.locator(".card").first.wait_for()
    assert pressed(page) == before == ["dislike", "seen"]
    page.locator(".card").first.get_by_role("button", name="Like", exact=True).click()
    page.get_by_text("Noted that you like it.").wait_for(state="attached")
    assert pressed(page) == ["like", "seen"]  # the last word counts
    page.locator(".card").first.get_by_role("button", name="Dislike", exact=True).click()
    page.get_by_text("Noted that you do not like it.").wait_for(state="attached")
    page.get_by_role("button", name="New conversation").click()
    page.locator(".welcome").wait_for()
    seen.say("something in space")
    assert disliked not in page.locator(".card-title").all_inner_texts()
    assert seen.bad == []
    seen.context.close()


def test_stopped_in_mid_reply_and_asked_again(browser, tmp_path):
    class Slow(ScriptedModel):
        async def stream(self, *args, **more):
            await asyncio.sleep(30)
            async for piece in super().stream(*args, **more):
                yield piece

    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    with served(tmp_path, model=Slow(good_answer), reply_within=60.0) as server:
        seen = Watched(browser, server)
        page = seen.page
        page.fill("#message", "a drama")
        page.keyboard.press("Enter")
        page.locator(".skeleton").first.wait_for()
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Nothing of this reply was kept").wait_for()
        assert page.locator(".card").count() == 0
        assert page.evaluate("fetch('/api/conversations').then((answer) => answer.json())") == []
        assert page.get_by_role("button", name="Try again").is_visible()
        assert page.get_by_role("button", name="Send").is_visible()
        assert seen.bad == []
        seen.context.close()


def test_with_the_keyboard_alone(browser, server):
    seen = Watched(browser, server)
    page = seen.page
    assert page.evaluate("document.activeElement.id") == "message"  # one may type at once
    page.locator(".skip").focus()
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "message"
    page.keyboard.type("a drama")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("please")
    assert page.input_value("#message") == "a drama\nplease"
    page.keyboard.press("Enter")
    page.locator(".held").wait_for()
    reached = set()
    page.locator(".log").focus()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent || document.activeElement.ariaLabel"))
    assert any("Evidence" in words for words in reached)
    assert {"Like", "Dislike", "Seen", "Why this?"} <= reached
    page.locator(".card summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".card details[open]").count() == 1
    assert seen.bad == []
    seen.context.close()


def test_tastes_and_everything_else_can_be_deleted_by_hand(browser, server):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    seen = Watched(browser, server)
    page = seen.page
    seen.say("I never watch horror")
    page.get_by_role("button", name="Taste memory").click()
    page.locator(".tastes li").wait_for()
    assert "Horror" in page.locator(".tastes").first.inner_text()
    assert axe.run(page).response["violations"] == []
    page.locator(".tastes").get_by_role("button", name="Delete").click()
    page.get_by_text("Nothing yet.").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="My data").click()
    page.get_by_role("button", name="Delete my data").click()
    assert axe.run(page).response["violations"] == []
    page.get_by_role("button", name="Delete everything").click()
    page.get_by_text("Everything that was kept about you is deleted.").wait_for()
    page.keyboard.press("Escape")
    page.locator(".history a").wait_for(state="detached")
    assert seen.bad == []
    seen.context.close()


def test_offline_is_told_and_the_words_are_not_lost(browser, server):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    seen = Watched(browser, server)
    page = seen.page
    seen.context.set_offline(True)
    page.fill("#message", "a drama")
    page.keyboard.press("Enter")
    page.locator(".trouble").wait_for()
    assert "You are offline" in page.locator(".trouble").inner_text()
    assert page.get_by_text("a drama").is_visible()
    assert axe.run(page).response["violations"] == []
    seen.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    page.locator(".held").wait_for()
    assert page.locator(".card").count() > 0
    seen.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_it_is_accessible_and_fits(browser, server, theme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    seen = Watched(browser, server, color_scheme=theme, viewport={"width": width, "height": 800})
    for state in ("empty", "talked"):
        if state == "talked":
            seen.say("a drama")
            seen.page.locator(".card summary").first.click()
        violations = axe.run(seen.page).response["violations"]
        assert violations == [], (state, [found["id"] for found in violations])
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), state
    assert seen.bad == []
    seen.context.close()


def attacks() -> list[str]:
    """Every line of the lists, and those that are always tried."""
    folder = Path(__file__).resolve().parents[4] / "shared" / "data" / "attacks"
    lines = list(LINES)
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix != ".json":
            lines += text.splitlines()
            continue
        lines += _texts(json.loads(text))
    return [line for line in dict.fromkeys(lines) if line.strip()]


def _texts(found: object) -> list[str]:
    if isinstance(found, str):
        return [found]
    values = found.values() if isinstance(found, dict) else found if isinstance(found, list) else []
    return [text for value in values for text in _texts(value)]


@pytest.mark.parametrize("place", ["message", "reply"])
def test_what_is_said_is_never_markup(browser, server, place):
    """Each line as a message kept, and as every text of the cards: of a stored conversation that the page restores."""
    seen = Watched(browser, server)
    lines = attacks()
    claim = {
        "item_id": "i",
        "slot": "moods",
        "positive": True,
        "source": "catalogue",
        "verdict": "supported",
        "tier": "slots",
    }
    turns = []
    for line in lines:
        words = line if place == "reply" else "plain"
        fact = {
            "fact_id": "f",
            "source": "catalogue",
            "item_id": "i",
            "slot": words,
            "value": words,
            "other_item_id": None,
            "shared": [],
        }
        made = claim | {"text": words, "start": 0, "end": len(words), "value": words, "fact_ids": ["f"]}
        reason = {
            "text": words,
            "phrased_by": "model",
            "model": words,
            "prompt": None,
            "facts": [fact],
            "claims": [made],
            "rejected": [],
        }
        card = {
            "item_id": words,
            "title": words,
            "year": 2000,
            "position": 1,
            "score": 1.0,
            "explanation": reason,
            "label": words,
            "details": words,
            "picture": words,
        }
        reply = {"text": words, "language": "en", "held": [], "question": None, "answer": None, "recommendations": []}
        turns.append({"message": line if place == "message" else "plain", "reply": reply, "cards": [card]})
    told = {"conversation": "c", "turns": turns}
    seen.page.route("**/api/conversations/c", lambda route: route.fulfill(json=told))
    seen.page.evaluate("location.hash = 'c'")
    seen.page.locator(".turn").nth(len(lines) - 1).wait_for()
    seen.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    seen.page.wait_for_timeout(300)
    assert seen.page.evaluate("window.__pwned") == 0
    assert (
        seen.page.evaluate("document.querySelectorAll('.log script, .log iframe, .log img, .log a, .log style').length")
        == 0
    )
    assert seen.bad == []
    seen.context.close()


def test_titles_of_the_catalogue_are_never_markup(browser, tmp_path):
    """Through the whole server: what a catalogue holds, asked for by name."""
    items = [
        {"item_id": f"i{n}", "title": line, "description": line, "year": 2000, "categories": ["Drama", line]}
        for n, line in enumerate(LINES)
    ]
    index_items([*FILMS, *items], tmp_path, embedder=HashingEmbedder())
    with served(tmp_path, web_rate="10000/minute") as running:
        seen = Watched(browser, running)
        for line in LINES:
            seen.say(line)
        assert seen.page.locator(".card").count() > 0
        assert seen.page.evaluate("window.__pwned") == 0
        assert seen.bad == []
        seen.context.close()
