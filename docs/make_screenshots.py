"""Make the pictures of the chat page and of Slack for the documentation: real conversations, in a browser without a window.

    python docs/make_screenshots.py [page] [slack]

Writes ``docs/pictures/page-WIDTH-THEME.png`` and ``docs/pictures/slack-THEME.png``. It needs Chromium, the extras ``web`` and
``slack``, and the packages of the tests. The sample films are indexed, the reasons are phrased by template, so that it is the
same on every machine but for its fonts.

Slack draws messages itself and can only be seen in a workspace. Its picture is a preview: the Block Kit JSON that the bot
sends, drawn by the few rules below for its blocks, and says so.
"""

from __future__ import annotations

import html
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from make_pictures import served
from playwright.sync_api import Browser, Page, sync_playwright

from assistant.blocking import connect
from assistant.commands.demo import prepare
from assistant.settings import load_settings
from assistant.surfaces.slack.blocks import blocks
from assistant.types import Reply

PICTURES = Path(__file__).parent / "pictures"
CHROMIUM = "/usr/bin/chromium"
SIZES = {1280: 860, 820: 1060, 390: 844}
"""Heights by width: a desktop, a tablet, a phone."""
THEMES = ("light", "dark")
FIRST, SECOND = "a warm comedy, not animated", "before 2000"


def main() -> None:
    wanted = sys.argv[1:] or ["page", "slack"]
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data = Path(folder)
        prepare(data)
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--font-render-hinting=none"]
        )
        if "page" in wanted:
            with served(data) as address:
                for width, height in SIZES.items():
                    for theme in THEMES:
                        page_picture(browser, address, width, height, theme)
        if "slack" in wanted:
            reply = answered(data)
            for theme in THEMES:
                slack_picture(browser, reply, theme)
        browser.close()


# the page


def page_picture(browser: Browser, address: str, width: int, height: int, theme: str) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce"
    )  # type: ignore[arg-type]  # it is one of ``THEMES``
    page = context.new_page()
    page.goto(address)
    page.locator(".welcome button").first.wait_for()
    say(page, FIRST)
    page.locator(".card").first.get_by_role("button", name="Like", exact=True).click()
    say(page, SECOND)
    card = page.locator(".turn").last.locator(".card").first
    if width > 600:
        card.locator("summary").click()
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)
    page.locator(".turn").last.evaluate(
        "(turn) => { turn.parentElement.scrollTop = turn.offsetTop - turn.parentElement.offsetTop - 12; }"
    )
    page.screenshot(path=PICTURES / f"page-{width}-{theme}.png")
    context.close()


def say(page: Page, text: str) -> None:
    turns = page.locator(".turn").count()
    page.fill("#message", text)
    page.keyboard.press("Enter")
    page.locator(".turn").nth(turns).locator(".card:not(.skeleton)").first.wait_for()
    page.locator(".log:not([aria-busy])").wait_for()


# Slack


def answered(data: Path) -> Reply:
    with connect(data, settings=load_settings(data, llm="none", cards=3)) as assistant:
        assistant.chat(FIRST, user="slack/T1/U1", conversation="slack/T1/D1")
        return assistant.chat(SECOND, user="slack/T1/U1", conversation="slack/T1/D1")


def slack_picture(browser: Browser, reply: Reply, theme: str) -> None:
    context = browser.new_context(viewport={"width": 760, "height": 400}, color_scheme=theme)  # type: ignore[arg-type]  # likewise
    page = context.new_page()
    shown = "".join(map(drawn, blocks(reply)))
    page.set_content(
        f"<!doctype html><meta charset=utf-8><meta name=color-scheme content='light dark'><style>{STYLE}</style>"
        "<p class=note>A preview: what the bot sends to Slack (Block Kit), drawn for this page. Slack’s own look differs.</p>"
        f"<section><b>Ana</b> <time>9:41</time><p>{html.escape(SECOND)}</p></section>"
        f"<section><b>Recommender</b> <span class=app>APP</span> <time>9:41</time>{shown}</section>"
    )
    page.screenshot(path=PICTURES / f"slack-{theme}.png", full_page=True)
    context.close()


STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; padding: 1rem 1.25rem; font: 15px/1.47 "Lato", "Liberation Sans", Arial, sans-serif;
  background: light-dark(#fff, #1a1d21); color: light-dark(#1d1c1d, #d1d2d3); }
.note { margin: 0 0 1rem; padding: 0.3rem 0.6rem; border: 1px dashed light-dark(#868686, #868686); font-size: 12px; }
section { margin-bottom: 1rem; } p { margin: 0.15rem 0; } h3 { margin: 0.9rem 0 0.1rem; font-size: 18px; }
time, .context { color: light-dark(#616061, #ababad); font-size: 12px; }
.app { font-size: 10px; padding: 1px 3px; border-radius: 2px; background: light-dark(#ddd, #35373b); }
.actions { display: flex; flex-wrap: wrap; gap: 8px; margin: 0.4rem 0; }
.actions span { border: 1px solid light-dark(#bbb, #565856); border-radius: 6px; padding: 3px 10px; font-weight: 700; font-size: 13px; }
"""


def drawn(block: dict[str, Any]) -> str:
    """A block that the bot sends, as HTML."""
    kind = block["type"]
    if kind == "header":
        return f"<h3>{html.escape(block['text']['text'])}</h3>"
    if kind == "section":
        text = re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", block["text"]["text"]).replace("\n", "<br>")  # escaped by the bot
        return f"<p>{text}</p>"
    if kind == "context":
        return "".join(f"<div class=context>{html.escape(one['text'])}</div>" for one in block["elements"])
    if kind == "actions":
        return f"<div class=actions>{''.join(f'<span>{html.escape(words(one))}</span>' for one in block['elements'])}</div>"
    raise ValueError(f"no rule for a block of the type {kind!r}")


def words(element: dict[str, Any]) -> str:
    """What a button or a menu shows."""
    return str(element["text"]["text"]) if element["type"] == "button" else f"{element['placeholder']['text']} ▾"


if __name__ == "__main__":
    main()
