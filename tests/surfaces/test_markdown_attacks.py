"""Hostile text in Markdown: what a client renders is the text, and nothing else."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from assistant.surfaces.markdown import markdown, said
from assistant.surfaces.render import safe
from assistant.types import Constraint, Held, Question, Reply
from tests.assistant.cards import make_card
from tests.surfaces.attacks import acting, attacks

ALLOWED = frozenset(
    [
        "paragraph_open",
        "paragraph_close",
        "ordered_list_open",
        "ordered_list_close",
        "bullet_list_open",
        "bullet_list_close",
        "list_item_open",
        "list_item_close",
        "inline",
        "text",
        "text_special",
        "softbreak",
        "hardbreak",
        "strong_open",
        "strong_close",
        "em_open",
        "em_close",
    ]
)
"""What our own Markdown is made of."""


@pytest.fixture(scope="module")
def client() -> MarkdownIt:
    """A renderer that takes tags, and makes links of addresses, tables of bars, and strikes out: as lax as clients are."""
    return MarkdownIt("gfm-like", {"html": True, "linkify": True})


def kinds(client: MarkdownIt, text: str) -> set[str]:
    found = set()
    for token in client.parse(text):
        found |= {token.type} | {inner.type for inner in token.children or ()}
    return found


def rendered(client: MarkdownIt, text: str) -> str:
    return html.unescape(client.render(text).removeprefix("<p>").removesuffix("</p>\n"))


@pytest.mark.parametrize("before", ["", "so ", "- ", "1. ", "**a** "])
def test_a_text_is_rendered_as_it_stands(client, before):
    for text in attacks(shared=True):
        wanted = safe(text)
        if not wanted:
            continue
        made = said(text)
        assert kinds(client, before + made) <= ALLOWED, (text, made)
        if before in ("", "so "):
            assert rendered(client, before + made) == before + wanted, made


def test_a_whole_reply_holds_only_its_own_markup(client):
    for text in attacks(shared=True):
        card = make_card(1, text, label=text)
        reason = replace(
            card.explanation,
            text=text,
            model=text,
            claims=(),
            facts=tuple(replace(fact, value=text, slot=text) for fact in card.explanation.facts),
        )
        card = replace(card, explanation=reason, item=replace(card.item, categories=(text,), creators=()))
        held = Held(held_id="h1", constraint=Constraint(slot="tags", op="any", values=(text,)), promised=True, turn=1)
        reply = Reply(
            reply_id="r", user="u", conversation="c", text=text, recommendations=(card, replace(card, position=2)),
            acting_on=(text, text), held=(held,), question=Question(slot="tags", text=text), answer=reason,
        )  # fmt: skip
        made = markdown(reply)
        assert kinds(client, made) <= ALLOWED, made
        assert acting(made) == []
        assert [token.type for token in client.parse(made)].count("ordered_list_open") == 1
