"""A reply in Block Kit. Pure: values in, lists of dicts out, within the limits that Slack sets.

Buttons carry ``KIND:REPLY:N`` and nothing of the content: what stands behind the N-th card, option or constraint of a reply
is looked up in the conversation of whoever clicks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assistant.documents import HeldDocument
from assistant.surfaces.render import (
    Evidence,
    acting_on,
    by_fact,
    evidence,
    facts_line,
    heading,
    phrased,
    safe,
    shorten,
)
from assistant.surfaces.slack.text import MAX_BUTTON, MAX_CONTEXT, MAX_HEADER, MAX_SECTION, escape, mrkdwn, plain
from assistant.types import Explanation, Question, Recommendation, Reply

Block = dict[str, Any]

MAX_BLOCKS = 50
MAX_TEXTS = 10_000
"""Characters of all texts of a message together; Slack refuses somewhat more with ``msg_blocks_too_long``."""
MAX_CHIPS = 20
MAX_OPTIONS = 50
"""Options of a menu; Slack takes 100, but the message has to hold other things as well."""
MAX_TEXT = 2_500
"""Characters of the sentences before the cards."""
MAX_QUESTION = 500
MAX_QUOTED = 300
"""Characters of a stretch of a reason that its evidence repeats."""
OPTION_BUTTONS = 5
"""Up to so many options are buttons; more are a menu."""
FULL_CARDS = 10
"""Up to so many cards have blocks of their own (four each); of more, each is one block with a menu."""

KINDS = {"like": "Like", "dislike": "Dislike", "seen": "Seen it"}
"""The feedback that a card takes, with its words."""
EVIDENCE = "Why?"
ACTION = "recommender"
"""How the ids of all our actions begin."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pressed:
    """What a button or a menu's option stands for."""

    kind: str
    """``like``, ``dislike``, ``seen``, ``why``, ``answer_why``, ``option``, ``yes``, ``drop``."""
    reply_id: str
    number: int
    """Of the card, the option or the constraint, from 0."""


def pressed(value: object) -> Pressed | None:
    """Read the value of a button; None for one that this program did not make."""
    kind, _, rest = value.partition(":") if isinstance(value, str) else ("", "", "")
    reply_id, _, number = rest.partition(":")
    known = (*KINDS, "why", "answer_why", "option", "yes", "drop")
    if kind not in known or not reply_id.isalnum() or not (number.isascii() and number.isdigit() and len(number) < 5):
        return None
    return Pressed(kind=kind, reply_id=reply_id, number=int(number))


def blocks(reply: Reply) -> list[Block]:
    """A finished reply with all that can be clicked."""
    top = _opening(reply.text, ())
    top += _chips(reply)
    bottom: list[Block] = []
    if reply.answer is not None:
        button = _button("What this rests on", f"answer_why:{reply.reply_id}:0")
        bottom.append({"type": "actions", "elements": [button]})
    if reply.question is not None:
        bottom += _question(reply.question, reply)
    return _fitted(top, reply.recommendations, bottom, reply.reply_id)


def growing(text: str, labels: Sequence[str], cards: Sequence[Recommendation], expected: int) -> list[Block]:
    """A reply of which some cards are still to come. Nothing can be clicked before the reply is stored."""
    missing = expected - len(cards)
    bottom = [_context("One more to come …" if missing == 1 else f"{missing} more to come …")] if missing > 0 else []
    return _fitted(_opening(text, labels), cards, bottom, None)


def fallback(reply: Reply) -> str:
    """What a notification, a screen reader, or a client without blocks shows; escaped."""
    titles = "; ".join(heading(card.title, card.year) for card in reply.recommendations)
    parts = [reply.text, titles, reply.question.text if reply.question is not None else ""]
    return mrkdwn(" ".join(part for part in parts if part)) or "…"


def evidence_view(title: str, explanation: Explanation) -> Block:
    """A modal with what a reason or an answer rests on."""
    shown: list[Block] = [_section(f"*{mrkdwn(title, 300)}*")] if title else []
    shown.append(_section(mrkdwn(explanation.text) or "…"))
    shown += [_section(line) for line in evidence_lines(evidence(explanation))[: MAX_BLOCKS - 4]]
    shown.append(_context(phrased(explanation)))
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "What it rests on"},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": shown,
    }


def evidence_lines(rows: Sequence[Evidence]) -> list[str]:
    """A line of mrkdwn per fact, with the words that it bears."""
    lines = []
    for sentence, words in by_fact(rows).items():
        quoted = ", ".join(f"“{shorten(word, MAX_QUOTED)}”" for word in words)
        lines.append(mrkdwn(f"{quoted} ← {sentence}" if quoted else f"← {sentence}"))
    return lines


def marked(shown: Sequence[Block], value: str) -> list[Block]:
    """The blocks of a message with the button of that value pressed, and those of its card that it excludes not."""
    kind, _, card = value.partition(":")
    changed = []
    for block in shown:
        if block.get("type") == "actions" and any(one.get("value") == value for one in block["elements"]):
            elements = []
            for one in block["elements"]:
                other, _, of_card = str(one.get("value", "")).partition(":")
                if of_card == card and other in KINDS:
                    one = {name: kept for name, kept in one.items() if name != "style"}
                    one["text"] = {"type": "plain_text", "text": KINDS[other], "emoji": False}
                    if other == kind:
                        one["style"] = "primary"
                        one["text"]["text"] = f"✓ {KINDS[other]}"
                elements.append(one)
            block = {**block, "elements": elements}
        changed.append(block)
    return changed


# parts


def _fitted(
    top: list[Block], cards: Sequence[Recommendation], bottom: list[Block], reply_id: str | None
) -> list[Block]:
    """All of it within the limits: cards become compact, and are then left out from the end, and that is said."""
    full = len(cards) <= FULL_CARDS
    each = [
        _card(card, number, reply_id) if full else _compact(card, number, reply_id) for number, card in enumerate(cards)
    ]
    room = MAX_BLOCKS - len(top) - len(bottom) - 1
    characters = MAX_TEXTS - _characters([*top, *bottom])
    middle: list[Block] = []
    for number, made in enumerate(each):
        characters -= _characters(made)
        if len(middle) + len(made) > room or characters < 0:
            middle.append(_context(f"… and {len(each) - number} more than fit into one message."))
            break
        middle += made
    return [*top, *middle, *bottom] or [_section("…")]


def _characters(shown: Any) -> int:
    if isinstance(shown, dict):
        return sum(
            len(value) if name == "text" and isinstance(value, str) else _characters(value)
            for name, value in shown.items()
        )
    return sum(_characters(one) for one in shown) if isinstance(shown, list) else 0


def _opening(text: str, labels: Sequence[str]) -> list[Block]:
    parts = [_section(mrkdwn(text, MAX_TEXT))] if safe(text) else []
    if labels:
        parts.append(_context(acting_on(labels).plain))
    return parts


def _chips(reply: Reply) -> list[Block]:
    """The constraints and wishes that the reply acts on, each removed by a click, with all that go by its label."""
    if not reply.held:
        return _opening("", reply.acting_on)
    numbers: dict[str, int] = {}
    for number, held in enumerate(reply.held):
        numbers.setdefault(HeldDocument.of(held, reply.language).label, number)
    buttons = [
        _button(f"✕ {plain(label, MAX_BUTTON - 2)}", f"drop:{reply.reply_id}:{number}")
        for label, number in list(numbers.items())[:MAX_CHIPS]
    ]
    return [{"type": "actions", "elements": buttons}]


def _card(card: Recommendation, number: int, reply_id: str | None) -> list[Block]:
    title = plain(f"{card.position}. {heading(card.title, card.year)}", MAX_HEADER)
    parts: list[Block] = [{"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}]
    line = " · ".join(part for part in (card.label or "", facts_line(card.item)) if part)
    if line:
        parts.append(_context(line))
    parts.append(_section(mrkdwn(card.explanation.text) or "…"))
    if reply_id is not None:
        buttons = [_button(words, f"{kind}:{reply_id}:{number}") for kind, words in KINDS.items()]
        buttons.append(_button(EVIDENCE, f"why:{reply_id}:{number}"))
        parts.append({"type": "actions", "elements": buttons})
    return parts


def _compact(card: Recommendation, number: int, reply_id: str | None) -> list[Block]:
    title = mrkdwn(f"{card.position}. {heading(card.title, card.year)}", 600)
    label = f" ({mrkdwn(card.label, 200)})" if card.label else ""
    reason = mrkdwn(card.explanation.text, MAX_SECTION - len(title) - len(label) - 4)
    block = _section(f"*{title}*{label}\n{reason}")
    if reply_id is not None:
        options = [_option(words, f"{kind}:{reply_id}:{number}") for kind, words in (*KINDS.items(), ("why", EVIDENCE))]
        block["accessory"] = {"type": "overflow", "action_id": f"{ACTION}:card:{number}", "options": options}
    return [block]


def _question(question: Question, reply: Reply) -> list[Block]:
    parts = [_section(f"*{mrkdwn(question.text, MAX_QUESTION)}*")]
    if question.drops:
        parts.append({"type": "actions", "elements": [_button("Yes", f"yes:{reply.reply_id}:0")]})
    options = [(plain(option, MAX_BUTTON), f"option:{reply.reply_id}:{n}") for n, option in enumerate(question.options)]
    if len(options) > OPTION_BUTTONS:
        menu = {
            "type": "static_select",
            "action_id": f"{ACTION}:options",
            "placeholder": {"type": "plain_text", "text": "Choose one"},
            "options": [_option(words, value) for words, value in options[:MAX_OPTIONS]],
        }
        parts.append({"type": "actions", "elements": [menu]})
    elif options:
        parts.append({"type": "actions", "elements": [_button(words, value) for words, value in options]})
    return parts


def _button(words: str, value: str) -> Block:
    text = {"type": "plain_text", "text": words, "emoji": False}
    return {"type": "button", "text": text, "action_id": f"{ACTION}:{value.replace(':', '-')}", "value": value}


def _option(words: str, value: str) -> Block:
    return {"text": {"type": "plain_text", "text": words, "emoji": False}, "value": value}


def _section(text: str) -> Block:
    """Of text that is escaped. ``verbatim``: addresses and names in it do not become links or mentions."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "plain_text", "text": plain(text, MAX_CONTEXT), "emoji": False}]}


__all__ = [
    "Block", "Pressed", "blocks", "escape", "evidence_lines", "evidence_view", "fallback", "growing", "marked", "pressed",
]  # fmt: skip
