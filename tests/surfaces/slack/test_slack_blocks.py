"""Replies in Block Kit: within Slack's limits, and nothing in them pings, links or acts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

pytest.importorskip("slack_bolt")

from assistant.surfaces.slack.blocks import MAX_TEXTS, blocks, evidence_view, fallback, growing, marked, pressed
from assistant.surfaces.slack.seen import KEPT_SECONDS, Seen
from assistant.surfaces.slack.text import mrkdwn, plain, said
from assistant.types import Constraint, Held, Question, Reply
from tests.assistant.cards import make_card
from tests.surfaces.attacks import acting, attacks

HOSTILE = [
    "<!channel> <!here> <!everyone>", "<@U123> <#C123|general>", "<https://evil.example|Alien>", "&lt;!channel&gt;",
    "a\x1b[31mred\x07\x00\u202egnp\u200b", "*bold* _it_ `code` ```", "x" * 9000, "<" * 9000, "&" * 3000, "\u2028\u2029", "", "🙂" * 2000,
]  # fmt: skip


def made(cards=(), **changes):
    return Reply(
        **{
            "reply_id": "a" * 32,
            "user": "u",
            "conversation": "c",
            "text": "Here.",
            "recommendations": tuple(cards),
            **changes,
        }
    )


def texts(shown):
    """(type, text) of every text object."""
    if isinstance(shown, dict):
        if shown.get("type") in ("mrkdwn", "plain_text"):
            yield shown["type"], shown["text"]
        for value in shown.values():
            yield from texts(value)
    elif isinstance(shown, list):
        for one in shown:
            yield from texts(one)


LIMITS = {"section": 3000, "header": 150, "context": 2000}


PINGS = re.compile(r"<[!@#]|<https?:|<mailto:")


def check(shown, *, most=MAX_TEXTS):
    assert 0 < len(shown) <= 50
    for block in shown:
        for kind, text in texts(block):
            assert text
            if block["type"] != "actions" and "accessory" not in block:
                assert len(text) <= LIMITS[block["type"]]
            assert not PINGS.search(text)
            assert acting(text, line_ends=False) == [] or (kind == "mrkdwn" and acting(text) == [])
            if kind == "mrkdwn":
                assert "<" not in text
                assert ">" not in text
        if block["type"] == "section":
            assert block["text"]["verbatim"] is True
        for one in block.get("elements", []):
            if one["type"] == "button":
                assert len(one["text"]["text"]) <= 75
                assert len(one["value"]) <= 150
            for option in one.get("options", ()):
                assert len(option["text"]["text"]) <= 75
        if block["type"] == "actions":
            ids = [one["action_id"] for one in block["elements"]]
            assert len(set(ids)) == len(ids) <= 25
    assert sum(len(text) for _, text in texts(shown)) <= most + 500


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("count", [1, 5, 10, 11, 50])
def test_limits_hold_and_nothing_is_injected(hostile, count):
    hold(hostile, count)


def test_no_text_of_an_attack_pings_links_or_acts():
    for text in attacks(shared=True):
        hold(text, 2)


def hold(hostile, count):
    cards = []
    for position in range(1, count + 1):
        card = make_card(position, hostile, label=hostile or None)
        explanation = replace(
            card.explanation,
            text=hostile or "x",
            claims=(),
            facts=tuple(replace(f, value=hostile) for f in card.explanation.facts),
        )
        item = replace(card.item, categories=(hostile,))
        cards.append(replace(card, explanation=explanation, item=item))
    held = tuple(
        Held(
            held_id=f"h{n}",
            constraint=Constraint(slot="tags", op="any", values=(f"{n} {hostile}",)),
            promised=True,
            turn=1,
        )
        for n in range(30)
    )
    options = tuple(f"{n} {hostile}" for n in range(120))
    reply = made(
        cards,
        text=hostile,
        held=held,
        answer=cards[0].explanation,
        question=Question(slot="tags", text=hostile, options=options),
    )
    check(blocks(reply))
    check(growing(hostile, (hostile,), cards[:-1], count))
    told = cards[0].explanation
    told = replace(told, claims=tuple(replace(claim, text=hostile) for claim in make_card().explanation.claims))
    view = evidence_view(hostile, told)
    assert len(view["title"]["text"]) <= 24
    check(view["blocks"], most=100_000)  # Slack sets no such limit for a modal
    assert 0 < len(fallback(reply)) <= 3000
    assert "<" not in fallback(reply)


def test_a_card_has_its_reason_its_facts_and_its_buttons():
    top, header, context, reason, actions = blocks(made([make_card(1, "Tom & Jerry <3")]))
    assert top["text"]["text"] == "Here."
    assert header["text"] == {"type": "plain_text", "text": "1. Tom & Jerry <3 (1999)", "emoji": False}
    assert "Comedy" in context["elements"][0]["text"]
    assert reason["text"]["text"] == "A charming comedy by Dean Parisot, and you liked Alien."
    assert [one["text"]["text"] for one in actions["elements"]] == ["Like", "Dislike", "Seen it", "Why?"]


def test_evidence_names_each_fact_and_the_words_that_it_bears():
    lines = [text for _, text in texts(evidence_view("A", make_card().explanation)["blocks"])]
    assert "“Dean Parisot” ← catalogue · director: Dean Parisot" in lines
    assert any(line.startswith("“charming” ← an opinion") for line in lines)


def test_nothing_can_be_clicked_before_the_reply_is_stored():
    shown = growing("Here.", ("comedy",), [make_card()], 5)
    assert not [block for block in shown if block["type"] == "actions"]
    assert "4 more to come" in shown[-1]["elements"][0]["text"]


def test_feedback_marks_its_button_and_takes_the_mark_from_the_other():
    shown = blocks(made([make_card(1), make_card(2)]))
    liked = marked(shown, f"like:{'a' * 32}:1")
    names = [[one["text"]["text"] for one in block["elements"]] for block in liked if block["type"] == "actions"]
    assert names == [["Like", "Dislike", "Seen it", "Why?"], ["✓ Like", "Dislike", "Seen it", "Why?"]]
    back = marked(liked, f"dislike:{'a' * 32}:1")
    assert [one.get("style") for one in back[-1]["elements"]] == [None, "primary", None, None]


@pytest.mark.parametrize(
    "value",
    [None, 7, "", "like", "like:abc", "like:abc:-1", "like:abc:1٣", "eval:abc:1", "like:a/b:1", "like:abc:99999"],
)
def test_values_of_others_are_not_read(value):
    assert pressed(value) is None


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("<@UBOT> a western", "a western"),
        ("<!channel> tell <@U2|bob> of <#C1|films> &amp; &lt;3", "tell of films & <3"),
        ("like <https://example.org/x|Alien>", "like Alien"),
        ("see <https://example.org/x>", "see https://example.org/x"),
    ],
)
def test_what_was_typed_is_read_from_the_text_of_an_event(raw, words):
    assert said(raw) == words


def test_escaping_never_cuts_an_escape_in_two():
    for length in range(2, 60):
        cut = mrkdwn("&<>" * 40, length * 5)
        assert len(cut) <= length * 5
        assert set(cut.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")) <= {"…"}
    assert plain("<@U1> & <b>", 75) == "‹@U1> & <b>"


def test_an_id_is_claimed_once_also_by_another_process_and_for_an_hour(tmp_path):
    now = 1000.0
    first = Seen(tmp_path, clock=lambda: now)
    assert first.claim("a", "m")
    assert not first.claim("a")
    assert not first.claim("b", "m")
    other = Seen(tmp_path, clock=lambda: now)
    assert not other.claim("a")
    now += KEPT_SECONDS - 1
    assert not first.claim("a")
    now += 62
    assert first.claim("a")
    assert b"event/" not in (tmp_path / "slack.sqlite3").read_bytes()
    first.close()
    other.close()


def test_what_goes_by_one_label_has_one_chip():
    """As a word does that is a genre and a mood."""
    held = tuple(
        Held(
            held_id=f"h{number}",
            constraint=Constraint(slot=slot, op="any", values=("funny",)),
            promised=False,
            turn=1,
        )
        for number, slot in enumerate(("tags", "moods"))
    )
    shown = blocks(made([make_card(1)], held=held))
    chips = [one for block in shown for one in block.get("elements", ()) if one.get("value", "").startswith("drop:")]
    assert [chip["text"]["text"] for chip in chips] == ["✕ funny"]
