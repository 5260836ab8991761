from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console, Group

from assistant.surfaces.render import (
    card,
    details,
    evidence,
    facts_line,
    heading,
    plain,
    reply_html,
    safe,
    shorten,
    terminal,
    value_text,
)
from assistant.types import Claim, Explanation, Fact, Item, Person
from tests.assistant.cards import make_card, make_reply

TEMPLATE_ELEMENTS = {"div", "p", "ol", "li", "ul", "strong", "span", "details", "summary"}


def attack_strings(folder: Path) -> list[str]:
    """Every string of the attack files: lines of text files, strings anywhere in JSON files, keys included."""

    def strings(value: object) -> list[str]:
        if isinstance(value, str):
            return [value]
        if isinstance(value, dict):
            return [text for key, entry in value.items() for text in (key, *strings(entry))]
        return [text for entry in value for text in strings(entry)] if isinstance(value, list) else []

    found: list[str] = []
    for path in sorted((folder / "attacks").iterdir()):
        text = path.read_text(encoding="utf-8")
        found.extend(text.split("\n") if path.suffix == ".txt" else strings(json.loads(text)))
    return sorted(set(found))


def hostile_reply(text: str):
    """A reply with the string wherever a string of an item, a user or a model can be."""
    fact = Fact(fact_id="f", source="catalogue", item_id="i", slot=text, value=(text, "x"), shared=((text, text),))
    claim = Claim(
        text=text, start=0, end=len(text), item_id="i", slot=text, value=text, verdict="supported", fact_ids=("f",)
    )
    bare = Claim(text=text, start=3, end=9, item_id="i", slot=text, value=text, verdict="supported")
    explanation = Explanation(
        text=f"{text} and {text}",
        phrased_by="model",
        model=text,
        prompt=text,
        facts=(fact,),
        claims=(claim, bare),
        rejected=(text,),
    )
    item = Item(
        item_id=text,
        title=text,
        categories=(text,),
        creators=(Person(name=text, role="director"),),
        attributes={"runtime": 90},
    )
    hostile = make_card(title=text, item_id=text, explanation=explanation, item=item)
    return make_reply(hostile, text=text, user=text, acting_on=(text,))


def terminal_output(renderable, *, width: int = 80, colour: bool = True) -> str:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=colour, color_system="truecolor" if colour else None,
        highlight=False, legacy_windows=False,
    )  # fmt: skip
    console.print(renderable)
    return console.file.getvalue()


def test_a_card_at_80_columns():
    assert plain([card(make_card())]) == (
        " 1  Galaxy Quest (1999)\n"
        "    Comedy, Science fiction · 102 min · directed by Dean Parisot\n"
        "    A charming comedy by Dean Parisot, and you liked Alien.\n"
        "      “charming” ← an opinion, not checked\n"
        "      “comedy” ← catalogue · categories: Comedy, Science fiction\n"
        "      “Dean Parisot” ← catalogue · director: Dean Parisot\n"
        "      “you liked Alien” ← history · you liked: Alien (both: space)\n"
        "      phrased by template\n"
    )


@pytest.mark.parametrize("width", [24, 40, 80, 120])
def test_no_line_is_wider_than_the_terminal(width):
    reply = make_reply(make_card(title="A very long title that goes on and on " * 3), make_card(10, "東京物語" * 20))
    for line in plain([terminal(reply)], width=width).splitlines():
        assert cell_len(line) <= width


def test_a_reply_says_what_it_acts_on():
    text = plain([terminal(make_reply())])
    assert text.startswith("Two suggestions.\nacting on: comedy · not animated\n\n 1  Galaxy Quest (1999)\n")
    assert " 2  Spaceballs (1999)" in text


def test_no_cards_is_readable():
    empty = make_reply(recommendations=(), text="Nothing in this catalogue is comedy.")
    assert plain([terminal(empty)]) == "Nothing in this catalogue is comedy.\nacting on: comedy · not animated\n"
    assert "<ol" not in reply_html(empty)


def test_markup_of_rich_is_printed_as_it_stands():
    for title in ("[bold red]x[/]", "[link=https://example.org]x[/link]", ":smile:", "[/]", "\\[x]"):
        assert title in plain([card(make_card(title=title))])
        assert title in terminal_output(card(make_card(title=title)))


def test_details_name_every_fact_and_every_verdict():
    text = plain([details(make_card())])
    for words in ("“charming” uncheckable", "“comedy” supported", "director: Dean Parisot", "phrased by template"):
        assert words in text


def test_a_fact_that_no_claim_points_at_is_shown_once():
    explanation = Explanation(
        text="Good.",
        phrased_by="template",
        facts=(Fact(fact_id="f", source="catalogue", item_id="i", slot="original_title", value="X"),) * 2,
    )
    assert [row.sentence() for row in evidence(explanation)] == ["catalogue · original title: X"]


def test_small_pieces():
    assert heading("", None) == "untitled"
    assert shorten("one two three", 9) == "one two…"
    assert shorten("unbroken-word", 6) == "unbro…"
    assert [value_text(value) for value in (True, 4.0, 4.25, ("a", "b"), 3)] == ["yes", "4", "4.25", "a, b", "3"]
    assert facts_line(Item(item_id="i", title="t")) == ""
    many = Item(item_id="i", title="t", creators=tuple(Person(name=f"P{n}", role="author") for n in range(4)))
    assert facts_line(many) == "by P0, P1 and 2 more"


def test_whole_escape_sequences_go_not_only_their_first_character():
    assert safe("\x1b[31mred\x1b[0m \x9b1mbold") == "red bold"
    assert safe("\x1b]8;;https://example.org\x07link\x1b]8;;\x07") == "link"
    assert safe("\x1b]0;title\x1b\\after") == "after"
    assert safe("a\u202eb\u200bc\x00d\re\nf") == "abcd e f"


def test_attacks_on_the_terminal(shared):
    attacks = attack_strings(shared)
    assert len(attacks) > 900
    for text in attacks:
        reply = hostile_reply(text)
        coloured = terminal_output(Group(terminal(reply), details(reply.recommendations[0])))
        assert "\x1b[" in coloured
        ours = re.sub(r"\x1b\[[0-9;]*m", "", coloured)  # colours of the template are all that may be there
        assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in ours.replace("\n", "")), repr(text)


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.odd: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, tuple(name for name, _ in attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.odd.append(tag)

    def handle_data(self, data):
        self.text.append(data)

    def handle_comment(self, data):
        self.odd.append(data)

    handle_decl = unknown_decl = handle_pi = handle_comment


def parsed(html: str) -> Elements:
    parser = Elements()
    parser.feed(html)
    parser.close()
    return parser


def test_html_has_what_the_terminal_has():
    text = "".join(parsed(reply_html(make_reply())).text)
    for words in ("Two suggestions.", "acting on: comedy · not animated", "Galaxy Quest (1999)", "phrased by template",
                  "A charming comedy by Dean Parisot, and you liked Alien.", "history · you liked: Alien"):  # fmt: skip
        assert words in text
    assert 'title="catalogue · director: Dean Parisot">Dean Parisot</span>' in reply_html(make_reply())
    assert make_reply()._repr_html_() == reply_html(make_reply())


def test_attacks_on_html(shared):
    allowed_attributes = {"style", "title", "value"}
    for text in attack_strings(shared):
        html = reply_html(hostile_reply(text))
        elements = parsed(html)
        assert not elements.odd, repr(text)
        assert not elements.open, repr(text)
        assert {tag for tag, _ in elements.found} <= TEMPLATE_ELEMENTS, repr(text)
        assert {name for _, names in elements.found for name in names} <= allowed_attributes, repr(text)
        assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in html), repr(text)
        assert safe(f"{text} and {text}") in "".join(elements.text), repr(text)


def test_html_asks_nobody_for_anything():
    html = reply_html(make_reply())
    for word in ("<script", "<img", "<link", "<style", "url(", "http", "onclick", "src="):
        assert word not in html
