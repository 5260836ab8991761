"""A page in a real browser, and what happened on it that must not."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.surfaces.served import Served

CHROMIUM = Path("/usr/bin/chromium")
HOOK = """
window.__ran = [];
for (const name of ["alert", "confirm", "prompt", "print", "open"]) window[name] = (...given) => { window.__ran.push(name); };
"""
"""Before any script of a page: what scripts of others call, so that it is known that one ran."""
TAGS = frozenset(
    [
        "A",
        "ARTICLE",
        "BUTTON",
        "DETAILS",
        "DIALOG",
        "DIV",
        "FORM",
        "H1",
        "H2",
        "H3",
        "HEADER",
        "IMG",
        "INPUT",
        "LABEL",
        "LI",
        "MAIN",
        "NAV",
        "OL",
        "OPTION",
        "P",
        "PATH",
        "Q",
        "SECTION",
        "SELECT",
        "SPAN",
        "STRONG",
        "SUMMARY",
        "SVG",
        "TEXTAREA",
        "UL",
    ]
)
"""Elements that the page makes."""
STRANGERS = """(tags) => [...document.querySelectorAll("#app *")].flatMap((one) => {
  const wrong = [];
  if (!tags.includes(one.tagName.toUpperCase())) wrong.push(one.tagName);
  for (const {name, value} of one.attributes) {
    if (name.startsWith("on") || ["style", "srcdoc", "srcset", "action", "formaction"].includes(name)) wrong.push(name);
    if (name === "href" && !value.startsWith("#") && value !== "/api/me/export") wrong.push(value);
    if (name === "src" && !/^[/]pictures[/][^/?#]+$/.test(value)) wrong.push(value);
  }
  return wrong;
})"""
ACTING = r"""() => document.body.innerText.match(
  /[\x00-\x7f][\u200c\u200d]|[\u200c\u200d][\x00-\x7f]|(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu
)?.map((one) => one.codePointAt(0).toString(16)) ?? []"""
"""Characters on the page that show nothing; joiners may stand between letters or pictures."""

WIDE = """[document.documentElement, ...document.querySelectorAll("#app *")].filter((one) =>
  one.scrollWidth > one.clientWidth + 1 && one.tagName !== "TEXTAREA" &&
  (one === document.documentElement || ["auto", "scroll"].includes(getComputedStyle(one).overflowX))
).map((one) => `${one.tagName}.${one.className}`)"""


class Watched:
    """An open page. ``bad`` collects errors, requests to other servers, and what the content security policy had to stop."""

    def __init__(self, browser: Any, server: Served, *, settled: bool = True, **options: Any) -> None:
        """``settled`` waits for the page to be ready; ``options`` are those of a context."""
        self.context = browser.new_context(**({"reduced_motion": "reduce"} | options))
        self.context.add_init_script(HOOK)
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.bad: list[str] = []
        ours = urlsplit(server.url).netloc
        self.page.on("request", lambda made: self._check(made.url, ours))
        self.page.on("pageerror", lambda error: self.bad.append(f"error: {error}"))
        self.page.on("console", lambda said: self.bad.append(said.text) if "Content Security" in said.text else None)
        self.page.on("dialog", lambda dialog: (self.bad.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.goto(server.url)
        if settled:
            self.page.locator(".welcome button").first.wait_for()

    def _check(self, url: str, ours: str) -> None:
        if urlsplit(url).netloc != ours:
            self.bad.append(f"asked elsewhere: {url}")

    def say(self, text: str) -> None:
        """Type and send it, and wait until the reply is finished."""
        before = self.page.locator(".turn").count()
        self.page.fill("#message", text)
        self.page.keyboard.press("Enter")
        self.page.locator(".turn").nth(before).wait_for()
        self.finished()

    def finished(self) -> None:
        """Wait until no reply is coming."""
        self.page.locator(".log:not([aria-busy])").wait_for()

    def assert_inert(self) -> None:
        """That nothing shown became markup, ran, or asked elsewhere."""
        assert self.page.evaluate(STRANGERS, sorted(TAGS)) == []
        assert self.page.evaluate("window.__ran") == []
        assert self.page.evaluate(ACTING) == []
        assert self.bad == []

    def wide(self) -> list[str]:
        """What would have to be scrolled sideways."""
        return self.page.evaluate(WIDE)

    def close(self) -> None:
        """Close it; nothing bad has happened."""
        assert self.bad == []
        self.context.close()
