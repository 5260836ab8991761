"""Hostile text in the HTML of a notebook: the elements are ours, and the text is text."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from assistant.surfaces.render import reply_html, safe
from assistant.types import Claim, Question, Reply
from tests.assistant.cards import make_card
from tests.surfaces.attacks import acting, attacks

ALLOWED = {
    "div": {"style"}, "p": {"style"}, "ol": {"style"}, "ul": {"style"}, "li": {"style", "value"}, "span": {"style", "title"},
    "strong": set(), "small": set(), "details": {"style"}, "summary": {"style"},
}  # fmt: skip
"""Elements that a snippet has, with their attributes."""


class Seen(HTMLParser):
    """What a browser would make of it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text: list[str] = []
        self.styles: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        assert {name for name, _ in attrs} <= ALLOWED[tag], attrs
        self.styles |= {value or "" for name, value in attrs if name == "style"}
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def test_a_snippet_holds_only_its_own_elements():
    styles: set[str] | None = None
    for text in attacks(shared=True):
        claim = Claim(
            text=text, start=0, end=len(text), item_id="i", slot=text, value=text, verdict="supported", fact_ids=("f1",)
        )
        card = make_card(1, text, label=text)
        facts = tuple(replace(fact, value=text, slot=text) for fact in card.explanation.facts)
        reason = replace(card.explanation, text=text, model=text, claims=(claim,), facts=facts)
        card = replace(card, explanation=reason, item=replace(card.item, categories=(text,)))
        reply = Reply(
            reply_id="r", user="u", conversation="c", text=text, recommendations=(card,), acting_on=(text,),
            question=Question(slot="tags", text=text), answer=reason,
        )  # fmt: skip
        made = reply_html(reply)
        seen = Seen()
        seen.feed(made)
        seen.close()
        assert seen.open == []
        assert acting(made) == []
        assert "".join(seen.text).count(safe(text)[:100]) >= 4
        styles = seen.styles if styles is None else styles
        assert seen.styles <= styles, text  # no text becomes a style
