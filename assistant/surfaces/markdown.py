"""A reply as Markdown, for clients that show nothing else. What comes from items, users and models is escaped."""

from __future__ import annotations

import html
import re

from assistant.surfaces.render import by_fact, evidence, facts_line, heading, phrased, safe
from assistant.types import Explanation, Recommendation, Reply

_MARK = re.compile(
    r"[`*_\[\]{}#|~$^@]"  # code, emphasis, links, attributes, cells, formulas, raised text, and whom it would be sent to
    r"|:(?=//)|(?<=mailto):|(?<=xmpp):|(?<=\w)\.(?=[^\W\d_]{2})"  # addresses, which clients make links of
    r"|=(?==)|(?<==)=",
    re.IGNORECASE,
)
"""What means something within a line, in CommonMark and in what clients add to it."""
_START = re.compile(r"^(\d+(?=[.)])|(?=[-+=:]))(.)")
"""What begins a line of a list, or makes a heading of the line above."""


def said(text: str) -> str:
    """Text as it stands: nothing in it becomes a link, an image, a heading, a list, a tag or an address to follow."""
    shown = _START.sub(r"\1\\\2", _MARK.sub(r"\\\g<0>", safe(text).replace("\\", "\x00")))
    return html.escape(shown, quote=False).replace("\x00", "&#92;")


def opening(reply_text: str, acting_on: tuple[str, ...]) -> str:
    """What stands before the cards."""
    labels = " · ".join(shown for label in acting_on if (shown := said(label)))
    return "\n\n".join(part for part in (said(reply_text), f"*{labels}*" if labels else "") if part)


def card(recommendation: Recommendation) -> str:
    """A numbered card: the title, what it is, the reason, and what each part of it rests on."""
    item = recommendation.item
    lines = [f"{recommendation.position}. **{said(heading(recommendation.title, recommendation.year))}**"]
    if line := facts_line(item):
        lines.append(f"   {said(line)}  ")
    if label := said(recommendation.label or ""):
        lines.append(f"   *{label}*  ")
    if reason := said(recommendation.explanation.text):
        lines.append(f"   {reason}")
    lines += [f"   - {row}" for row in _evidence(recommendation.explanation)]
    return "\n".join(lines)


def closing(reply: Reply) -> str:
    """What stands below the cards."""
    parts = []
    if reply.answer is not None and (rows := _evidence(reply.answer)):
        parts.append("\n".join(f"- {row}" for row in rows))
    if reply.question is not None and (question := said(reply.question.text)):
        parts.append(f"**{question}**")
    return "\n\n".join(parts)


def markdown(reply: Reply) -> str:
    """A whole reply."""
    cards = [card(recommendation) for recommendation in reply.recommendations]
    return "\n\n".join(part for part in (opening(reply.text, reply.acting_on), *cards, closing(reply)) if part)


def _evidence(explanation: Explanation) -> list[str]:
    """A line per fact with the words that it bears, then who phrased it."""
    told = [" ← ".join([", ".join(f"“{said(w)}”" for w in words), said(fact)] if words else [said(fact)])
            for fact, words in by_fact(evidence(explanation)).items()]  # fmt: skip
    return [*told, said(phrased(explanation))] if told else []
