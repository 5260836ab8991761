"""The chat page in a real browser: what people do with it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

import assistant
from assistant.ingest import index_items
from tests.assistant.catalogues import FILMS
from tests.surfaces.attacks import attacks, batches
from tests.surfaces.served import served
from tests.surfaces.web.browsing import Watched
from vectorstore.embed_hashing import HashingEmbedder

SAMPLE = Path(__file__).resolve().parents[3] / "examples" / "data" / "films.jsonl"
STATIC = Path(assistant.__file__).parent / "surfaces" / "web" / "static"
FIRST_LOAD = 60_000  # bytes, gzipped
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 1}


@pytest.fixture
def seen(browser, server) -> Iterator[Watched]:
    """An open page; at its end nothing bad has happened on it."""
    watched = Watched(browser, server)
    yield watched
    watched.close()


def titles(page: Any) -> list[str]:
    return page.locator(".card-title").all_inner_texts()


def pressed(page: Any) -> list[str]:
    return page.locator(".card [aria-pressed=true]").evaluate_all("(all) => all.map((one) => one.dataset.kind)")


def focused(page: Any) -> str:
    return page.evaluate(
        "document.activeElement.ariaLabel || document.activeElement.innerText || document.activeElement.id"
    )


def test_first_load_is_small():
    assert sum(len(gzip.compress(path.read_bytes())) for path in STATIC.iterdir()) <= FIRST_LOAD


def test_all_modules_are_asked_for_at_once():
    """Each module is named in the page, so that none waits until another was read."""
    named = set(re.findall(r'/static/(\w+\.\w+)"', (STATIC / "index.html").read_text(encoding="utf-8")))
    assert named == {path.name for path in STATIC.iterdir()} - {"index.html"}


# conversations


def test_a_whole_conversation(browser, tmp_path):
    index_items(SAMPLE, tmp_path, embedder=HashingEmbedder())  # films enough to refine among
    with served(tmp_path, web_rate="10000/minute") as server:
        seen = Watched(browser, server)
        converse(seen)
        seen.close()


def converse(seen: Watched) -> None:
    page = seen.page
    page.locator(".welcome button").first.click()  # one of the examples
    page.locator(".card").first.wait_for()
    seen.finished()
    page.get_by_role("button", name="New conversation").click()
    page.locator(".welcome").wait_for()
    seen.say("a drama")
    seen.say("before 2005")
    assert page.locator(".held .chip").all_inner_texts() == ["Drama", "up to 2004"]
    card = page.locator(".turn").nth(1).locator(".card").first
    assert int(card.locator(".card-year").inner_text()) <= 2004
    title = card.locator(".card-title").inner_text().rsplit(" ", 1)[0]
    card.locator("summary").click()
    assert card.locator(".claim-row .source").count() > 0
    card.get_by_role("button", name="Why this?").click()
    page.locator(".turn").nth(2).locator(".evidence").wait_for()
    seen.finished()
    card.get_by_role("button", name="Why not …").click()
    assert page.input_value("#message") == f"Why not … instead of {title}?"
    page.keyboard.type("WALL-E")  # in the place of the dots, which are selected
    assert page.input_value("#message") == f"Why not WALL-E instead of {title}?"
    page.keyboard.press("Enter")
    page.locator(".turn").nth(3).wait_for()
    seen.finished()
    assert "WALL-E" in page.locator(".turn").last.locator(".reply").inner_text()
    history = page.locator(".history a")
    assert history.count() == 2
    page.get_by_role("button", name="New conversation").click()
    page.locator(".welcome").wait_for()
    seen.say("a western")
    history.nth(2).wait_for()
    history.get_by_text("a drama").click()
    page.locator(".turn").nth(3).wait_for()
    page.go_back()
    page.locator(".said p", has_text="a western").wait_for()
    assert page.locator(".turn").count() == 1


def test_a_conversation_is_restored_by_reload_and_can_be_deleted(seen):
    page = seen.page
    seen.say("a drama")
    before = titles(page)
    assert before
    page.reload()
    page.locator(".card").first.wait_for()
    assert titles(page) == before
    page.get_by_role("button", name="Delete “a drama”").click()
    page.get_by_role("button", name="Cancel").click()
    assert titles(page) == before
    page.get_by_role("button", name="Delete “a drama”").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.locator(".welcome").wait_for()
    page.locator(".history a").wait_for(state="detached")
    assert "#" not in page.url


def test_a_conversation_that_is_gone_is_told(seen):
    page = seen.page
    seen.say("a drama")
    assert page.evaluate("fetch('/api/me', {method: 'DELETE'}).then((answer) => answer.status)") == 200
    page.reload()
    page.locator(".welcome").wait_for()
    assert "not there any more" in page.locator(".log").inner_text()
    assert page.locator(".card").count() == 0
    assert "#" not in page.url


def test_what_goes_by_one_label_is_one_chip(seen):
    """As a word does that is a genre and a mood."""
    page = seen.page

    def relabel(route: Any) -> None:
        answer = route.fetch()
        assert '"label":"up to 1969"' in answer.text()
        route.fulfill(response=answer, body=answer.text().replace('"label":"up to 1969"', '"label":"Comedy"'))

    page.route("**/api/chat", relabel)
    seen.say("a comedy before 1970")
    page.unroute("**/api/chat")
    assert page.locator(".held .chip").all_inner_texts() == ["Comedy"]
    page.get_by_role("button", name="Take back: Comedy").click()
    page.locator(".turn").nth(1).locator(".card").first.wait_for()
    seen.finished()
    assert page.locator(".held").count() == 0


def test_what_is_offered_to_be_left_out_is_by_a_click(seen):
    page = seen.page
    seen.say("a western before 1900")
    assert "Shall I leave out “up to 1899”?" in page.locator(".question").inner_text()
    page.get_by_role("button", name="Yes").click()
    page.locator(".turn").nth(1).locator(".card").first.wait_for()
    seen.finished()
    assert page.locator(".said p").last.inner_text() == "Took back: up to 1899"
    assert page.locator(".held .chip").all_inner_texts() == ["Western"]


def test_refined_taken_back_and_said_otherwise(seen):
    page = seen.page
    seen.say("a comedy")
    seen.say("before 1970")
    page.get_by_role("button", name="Take back: Comedy").click()
    page.locator(".turn").nth(2).locator(".held").wait_for()
    assert page.locator(".held .chip").all_inner_texts() == ["up to 1969"]
    seen.finished()
    seen.say("a drama after 1990 in English")
    page.get_by_role("button", name="Edit").click()
    assert page.input_value("#message") == "a drama after 1990 in English"
    assert page.get_by_text("You are editing your last message").is_visible()
    page.get_by_role("button", name="Cancel").click()
    assert page.input_value("#message") == ""
    page.get_by_role("button", name="Edit").click()
    page.fill("#message", "a western")
    page.keyboard.press("Enter")
    page.get_by_text("a drama after 1990 in English").wait_for(state="detached")
    seen.finished()
    assert page.locator(".turn").count() == 4
    assert page.locator(".turn").last.locator(".said p").inner_text() == "a western"
    page.reload()  # and the server forgot what was edited too
    page.locator(".turn").nth(3).wait_for()
    assert page.locator(".said p").all_inner_texts() == ["a comedy", "before 1970", "Took something back", "a western"]


def test_feedback_changes_the_next_reply_and_stays_marked(seen):
    page = seen.page
    seen.say("something in space")
    disliked = titles(page)[0]
    first, second = page.locator(".card").first, page.locator(".card").nth(1)
    first.get_by_role("button", name="Dislike", exact=True).click()
    page.get_by_text("Noted that you do not like it.").wait_for(state="attached")
    second.get_by_role("button", name="Seen", exact=True).click()
    page.get_by_text("Noted as seen.").wait_for(state="attached")
    page.reload()
    first.wait_for()
    assert pressed(page) == ["dislike", "seen"]
    first.get_by_role("button", name="Like", exact=True).click()
    page.get_by_text("Noted that you like it.").wait_for(state="attached")
    assert pressed(page) == ["like", "seen"]  # the last word counts
    first.get_by_role("button", name="Dislike", exact=True).click()
    page.get_by_text("Noted that you do not like it.").wait_for(state="attached")
    page.get_by_role("button", name="New conversation").click()
    page.locator(".welcome").wait_for()
    seen.say("something in space")
    assert titles(page)
    assert disliked not in titles(page)


def test_a_reaction_that_was_not_kept_is_not_shown_as_kept(seen):
    page = seen.page
    seen.say("a drama")
    page.route("**/api/events", lambda route: route.abort())
    page.locator(".card").first.get_by_role("button", name="Like", exact=True).click()
    page.get_by_text("The server cannot be reached.").wait_for(state="attached")
    assert pressed(page) == []


def test_stopped_in_mid_reply_and_asked_again(browser, stalling):
    seen = Watched(browser, stalling)
    page = seen.page
    page.fill("#message", "a drama")
    page.keyboard.press("Enter")
    page.locator(".card:not(.skeleton)").wait_for()
    assert page.locator(".skeleton").count() > 0
    assert not page.get_by_role("button", name="Send").is_visible()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("Nothing of this reply was kept").wait_for()
    assert page.locator(".card").count() == 0
    assert page.evaluate("fetch('/api/conversations').then((answer) => answer.json())") == []
    assert page.get_by_role("button", name="Send").is_visible()
    assert page.evaluate("document.activeElement.id") == "message"
    page.get_by_role("button", name="Try again").click()
    page.locator(".skeleton").first.wait_for()
    assert page.locator(".turn").count() == 1
    page.get_by_role("button", name="New conversation").click()  # leaving stops it as well
    page.locator(".welcome").wait_for()
    assert page.get_by_role("button", name="Send").is_visible()
    seen.close()


def test_a_reply_that_takes_long_says_so(browser, stalling):
    seen = Watched(browser, stalling)
    seen.page.clock.install()
    seen.page.fill("#message", "a drama")
    seen.page.keyboard.press("Enter")
    seen.page.get_by_text("Checking the reasons …").wait_for()  # the last that is told before the model falls silent
    assert not seen.page.get_by_text("Still working.").is_visible()
    seen.page.clock.fast_forward(6_000)
    seen.page.get_by_text("Still working.").wait_for()
    seen.close()


def test_a_reply_is_announced_once_when_it_is_finished(browser, server):
    seen = Watched(browser, server)
    page = seen.page
    page.evaluate(
        """() => {
          window.told = [];
          for (const live of document.querySelectorAll('[aria-live=polite]')) {
            new MutationObserver((changes) => {
              for (const change of changes) for (const node of change.addedNodes) window.told.push(node.textContent);
            }).observe(live, {childList: true, characterData: true, subtree: true});
          }
        }"""
    )
    assert page.get_by_role("log").get_attribute("aria-live") == "off"  # not each card as it comes
    seen.say("a drama")
    (told,) = page.evaluate("window.told")
    assert all(title.split("\n")[0].rsplit(" ", 1)[0] in told for title in titles(page))
    seen.say("before 2000")
    assert len(page.evaluate("window.told")) == 2
    seen.close()


# what is kept


def test_tastes_are_seen_corrected_and_deleted(seen):
    page = seen.page
    seen.say("I never watch horror")
    page.get_by_role("button", name="Taste memory").click()
    entry = page.locator(".tastes li")
    entry.wait_for()
    assert "Avoids Horror" in entry.inner_text()
    entry.get_by_text("Correct").click()
    entry.get_by_label("What").fill("Western")
    entry.get_by_label("You").select_option("true")
    entry.get_by_role("button", name="Save").click()
    page.get_by_text("Likes Western").wait_for()
    page.get_by_role("button", name="Guess from what I did").click()
    page.get_by_text("Too little to guess from").wait_for()
    entry.get_by_role("button", name="Delete").click()
    page.get_by_text("Nothing yet.").wait_for()


def test_everything_is_exported_and_deleted(seen):
    page = seen.page
    seen.say("a drama")
    page.get_by_role("button", name="My data").click()
    page.get_by_text("Kept about you: 1 conversation, 0 reactions, 0 tastes.").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download my data").click()
    assert download.value.suggested_filename == "my-data.json"
    kept = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert "a drama" in json.dumps(kept)
    page.get_by_role("button", name="Delete my data").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="My data").click()
    page.get_by_role("button", name="Delete my data").click()
    page.get_by_role("button", name="Delete everything").click()
    page.get_by_text("Everything that was kept about you is deleted.").wait_for()
    page.keyboard.press("Escape")
    page.locator(".history a").wait_for(state="detached")
    page.locator(".welcome").wait_for()
    page.get_by_role("button", name="My data").click()
    page.get_by_text("Kept about you: 0 conversations").wait_for()


# ways to use it


def test_with_the_keyboard_alone(seen):
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
    seen.finished()
    page.locator(".log").focus()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(focused(page))
    for name in ("Edit", "Take back: Drama", "Like", "Dislike", "Seen", "Why this?", "Why not …"):
        assert name in reached, reached
    page.locator(".card summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".card details[open]").count() == 1
    page.locator(".card").first.get_by_role("button", name="Like", exact=True).focus()
    page.keyboard.press("Space")
    page.get_by_text("Noted that you like it.").wait_for(state="attached")
    assert pressed(page) == ["like"]
    page.get_by_role("button", name="Take back: Drama").focus()
    page.keyboard.press("Enter")
    page.locator(".turn").nth(1).wait_for()
    seen.finished()
    assert page.evaluate("document.activeElement !== document.body")  # what was pressed is gone
    page.get_by_role("button", name="Taste memory").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    for _ in range(6):  # a dialog keeps the focus, but for the browser's own controls
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert focused(page) == "Taste memory"


def test_on_a_phone(browser, server):
    seen = Watched(browser, server, **PHONE)
    page = seen.page
    assert not page.get_by_role("button", name="Taste memory").is_visible()
    seen.say("a drama")
    assert seen.wide() == []
    for one in page.locator(".card button:visible").all()[:5]:
        assert one.bounding_box()["height"] >= 24  # WCAG 2.2, 2.5.8
    page.get_by_role("button", name="Menu").click()
    assert page.get_by_role("button", name="Menu").get_attribute("aria-expanded") == "true"
    page.locator(".log").click(position={"x": 380, "y": 300})  # beside it
    page.get_by_role("button", name="Taste memory").wait_for(state="hidden")
    page.get_by_role("button", name="Menu").click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Taste memory").wait_for(state="hidden")
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="New conversation").click()
    page.locator(".welcome").wait_for()
    page.get_by_role("button", name="Taste memory").wait_for(state="hidden")
    assert seen.wide() == []
    seen.close()


MOVING = "document.getAnimations().filter((one) => one.playState === 'running').length"


@pytest.mark.parametrize(("wish", "moves"), [("reduce", False), ("no-preference", True)])
def test_nothing_moves_where_less_motion_is_wanted(browser, stalling, wish, moves):
    seen = Watched(browser, stalling, reduced_motion=wish)
    seen.page.fill("#message", "a drama")
    seen.page.keyboard.press("Enter")
    seen.page.locator(".skeleton").first.wait_for()
    assert (seen.page.evaluate(MOVING) > 0) is moves
    seen.close()


def test_a_chosen_theme_stays(browser, server):
    seen = Watched(browser, server, color_scheme="light")
    page = seen.page
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Theme: as the system").click()
    page.get_by_role("button", name="Theme: light").click()
    page.get_by_role("button", name="Theme: dark").wait_for()
    dark = page.evaluate(paper)
    assert dark != light
    page.reload()
    page.locator(".welcome").wait_for()
    assert page.evaluate(paper) == dark
    page.get_by_role("button", name="Theme: dark").click()
    assert page.evaluate(paper) == light
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) == dark
    seen.close()


def test_offline_is_told_and_the_words_are_not_lost(seen):
    page = seen.page
    seen.context.set_offline(True)
    page.fill("#message", "a drama")
    page.keyboard.press("Enter")
    page.locator(".trouble").wait_for()
    assert "You are offline" in page.locator(".trouble").inner_text()
    assert page.get_by_text("a drama").is_visible()
    assert page.locator(".banner").is_visible()
    seen.context.set_offline(False)
    page.locator(".banner").wait_for(state="hidden")
    page.get_by_role("button", name="Try again").click()
    page.locator(".held").wait_for()
    assert page.locator(".card").count() > 0
    assert page.locator(".turn").count() == 1


def test_a_limit_is_told_with_the_time_to_wait(browser, tmp_path):
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    with served(tmp_path, web_rate="6/minute") as server:
        seen = Watched(browser, server)
        page = seen.page
        for _ in range(6):
            page.evaluate("fetch('/api/me').then((answer) => answer.status)")
        page.fill("#message", "a drama")
        page.keyboard.press("Enter")
        page.locator(".trouble").wait_for()
        assert re.search(r"Try again in \d+ seconds?", page.locator(".trouble").inner_text())
        assert page.get_by_text("a drama").is_visible()
        seen.close()


@pytest.mark.parametrize("shared", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_every_text_of_a_reply_is_text(browser, server, shared):
    """Each line as a message kept and as every text of a card, in a stored conversation that the page restores."""
    seen = Watched(browser, server, bypass_csp=True)
    held: list[str] = []

    def told(route):
        route.fulfill(json={"conversation": "c", "turns": [turn(line) for line in held]})

    seen.page.route("**/api/conversations/c*", told)
    for number, held in enumerate(batches(attacks(shared=shared), 200)):
        seen.page.evaluate(f"location.hash = 'c{number}'")
        seen.page.locator(".turn").nth(len(held) - 1).wait_for()
        seen.page.evaluate("for (const one of document.querySelectorAll('#app details')) one.open = true")
        seen.assert_inert()
        assert seen.wide() == []
    seen.close()


def turn(words: str) -> dict[str, Any]:
    """A turn of a transcript that says the same everywhere."""
    fact = {"fact_id": "f", "source": "catalogue", "item_id": "i", "slot": words, "value": words, "other_item_id": None,
            "shared": [{"slot": words, "value": words + "."}]}  # fmt: skip
    claim = {"item_id": "i", "slot": words, "positive": True, "source": words, "verdict": "supported", "tier": "slots",
             "text": words, "start": 0, "end": len(words), "value": words, "fact_ids": ["f"]}  # fmt: skip
    reason = {"text": words, "phrased_by": "model", "model": words, "prompt": None, "facts": [fact],
              "claims": [claim, claim | {"verdict": words, "fact_ids": []}], "rejected": []}  # fmt: skip
    card = {"item_id": words, "title": words, "year": words, "position": words, "score": 1.0, "explanation": reason,
            "label": words, "details": words, "picture": words, "reactions": [words]}  # fmt: skip
    held = {"held_id": words, "label": words, "slot": words, "words": words, "promised": True, "turn": 1}
    question = {"text": words, "slot": words, "options": [words, words]}
    reply = {"text": words, "language": words, "held": [held], "question": question, "answer": None}
    return {"message": words, "reply": reply, "cards": [card]}
