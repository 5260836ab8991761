"""How a reply looks: on a terminal, and as HTML for a notebook. Pure: values in, renderables or text out.

Every string of an item, a user or a model is data here. On a terminal it goes through ``safe`` into a ``rich.Text``, so
that neither an escape sequence nor rich's own markup in it does anything; in HTML it is escaped.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.text import clean, fold
from assistant.types import Claim, Explanation, Fact, Item, Recommendation, Reply, Value

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.text import Text

SHOWN_CATEGORIES = 3
SHOWN_PEOPLE = 2
MAX_TITLE = 200
"""Characters of a title that a card shows."""
MIN_COLUMNS = 12
"""Text is not wrapped to fewer columns than these."""
MAX_VALUE = 160
"""Characters of a fact's value that the evidence shows."""

MAKERS = (("director", "directed by"), ("author", "by"), ("artist", "by"), ("writer", "written by"), ("creators", "by"))
"""Roles that a card names, the first that an item has, and the words before the names."""

_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC and other strings, to their end
)

_SLOT_WORDS = {
    "asked_for": "you asked for",
    "like": "you named",
    "liked": "you liked",
    "disliked": "you disliked",
    "seen": "you know",
    "bought": "you bought",
    "often_likes": "you often like",
    "told": "you told me",
    "told_not": "you told me",
    "position": "its position",
    "position_of": "of so many",
    "moved_by": "counted for it",
    "behind_in": "another has more",
}


def safe(text: str) -> str:
    """Text that a terminal prints as it stands: no escape sequences, no control or invisible characters, one line."""
    kept = clean(_ESCAPE_SEQUENCE.sub("", text))
    # Without what was cleaned away, a letter and an accent may stand side by side that make one character.
    return kept if kept.isascii() else unicodedata.normalize("NFC", kept)


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters, cut at a space where there is one near, with an ellipsis."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip(" ,;:") + "…"


def value_text(value: Value) -> str:
    """A slot's value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def slot_text(slot: str) -> str:
    """A slot's name in words."""
    return _SLOT_WORDS.get(slot, slot.replace("_", " "))


def heading(title: str, year: int | None) -> str:
    """``Alien (1979)``."""
    shown = shorten(safe(title), MAX_TITLE) or "untitled"
    return f"{shown} ({year})" if year is not None else shown


def facts_line(item: Item) -> str:
    """What an item is, in one line: categories, length, who made it."""
    parts = []
    if item.categories:
        parts.append(", ".join(item.categories[:SHOWN_CATEGORIES]))
    runtime = item.attributes.get("runtime")
    if isinstance(runtime, (int, float)) and not isinstance(runtime, bool) and 0 < runtime < 100_000:
        parts.append(f"{runtime:.0f} min")
    pages = item.attributes.get("pages")
    if isinstance(pages, (int, float)) and not isinstance(pages, bool) and pages > 0:
        parts.append(f"{pages:.0f} pages")
    for role, words in MAKERS:
        people = item.people(role) if role != "creators" else tuple(p.name for p in item.creators if p.role is None)
        if people:
            more = f" and {len(people) - SHOWN_PEOPLE} more" if len(people) > SHOWN_PEOPLE else ""
            parts.append(f"{words} {', '.join(people[:SHOWN_PEOPLE])}{more}")
            break
    if item.price is not None:
        parts.append(f"{item.price:.2f}")
    return " · ".join(shorten(safe(part), MAX_VALUE) for part in parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A stretch of a reason and what supports it."""

    words: str
    source: str
    slot: str
    value: str
    claim: Claim | None = None

    def sentence(self) -> str:
        """``catalogue · director: Ridley Scott``."""
        if not self.slot:
            return self.source
        return f"{self.source} · {self.slot}: {self.value}"


def evidence(explanation: Explanation) -> list[Evidence]:
    """A row per claim and fact that supports it, in the order of the text; then cited facts that no claim points at."""
    facts = {fact.fact_id: fact for fact in explanation.facts}
    rows: list[Evidence] = []
    used: set[str] = set()
    for claim in sorted(explanation.claims, key=lambda claim: claim.start):
        supporting = [facts[fact_id] for fact_id in claim.fact_ids if fact_id in facts]
        used.update(fact.fact_id for fact in supporting)
        if supporting:
            rows.extend(_row(claim.text, fact, claim) for fact in supporting)
        elif claim.verdict == "supported":
            value = shorten(safe(value_text(claim.value)), MAX_VALUE)
            rows.append(
                Evidence(
                    words=safe(claim.text),
                    source=claim.source,
                    slot=safe(slot_text(claim.slot)),
                    value=value,
                    claim=claim,
                )
            )
        else:
            rows.append(
                Evidence(words=safe(claim.text), source="an opinion, not checked", slot="", value="", claim=claim)
            )
    rows.extend(_row("", fact, None) for fact in explanation.facts if fact.fact_id not in used)
    first: dict[tuple[str, str], Evidence] = {}
    for row in rows:
        first.setdefault((row.words, row.sentence()), row)
    return list(first.values())


def by_fact(rows: Iterable[Evidence]) -> dict[str, list[str]]:
    """What supports a text, as sentences in their order, each with the stretches of the text that it bears."""
    found: dict[str, list[str]] = {}
    for row in rows:
        words = found.setdefault(row.sentence(), [])
        if row.words and row.words not in words:
            words.append(row.words)
    return found


def _row(words: str, fact: Fact, claim: Claim | None) -> Evidence:
    value = shorten(safe(value_text(fact.value)), MAX_VALUE)
    shared = [safe(shared) for _, shared in fact.shared if fold(safe(shared)) != fold(value)]
    if shared:
        words_before = "both" if fact.other_item_id is not None else "has"
        value += f" ({words_before}: {', '.join(shorten(text, MAX_VALUE) for text in shared[:3])})"
    return Evidence(words=safe(words), source=fact.source, slot=safe(slot_text(fact.slot)), value=value, claim=claim)


def phrased(explanation: Explanation) -> str:
    """Who put the reason into words."""
    model = safe(explanation.model) if explanation.model else None
    if explanation.phrased_by == "template":
        return f"phrased by template, chosen by {model}" if model else "phrased by template"
    return f"phrased by {model or 'a model'}"


# terminal


def card(recommendation: Recommendation, *, with_evidence: bool = True) -> RenderableType:
    """A recommendation on a terminal."""
    from rich.console import Group
    from rich.text import Text

    number = f"{recommendation.position:>2}  "
    indent = " " * len(number)
    title = Text(heading(recommendation.title, recommendation.year), style="bold")
    parts: list[RenderableType] = [_Hanging(number, title, style="bold cyan")]
    if line := facts_line(recommendation.item):
        parts.append(_Hanging(indent, Text(line, style="cyan")))
    if recommendation.label is not None:
        parts.append(_Hanging(indent, Text(safe(recommendation.label), style="yellow")))
    parts.append(_Hanging(indent, Text(safe(recommendation.explanation.text))))
    if with_evidence:
        parts.extend(_Hanging(indent + "  ", line) for line in evidence_lines(recommendation.explanation))
    return Group(*parts)


def evidence_lines(explanation: Explanation) -> list[Text]:
    """The evidence of a reason, a line per fact with the words that it bears, and who phrased it."""
    from rich.text import Text

    lines = []
    for sentence, words in by_fact(evidence(explanation)).items():
        quoted = ", ".join(f"“{word}”" for word in words)
        lines.append(Text.assemble((quoted, "dim italic"), (" ← " if quoted else "← ", "dim"), (sentence, "dim")))
    return [*lines, Text(phrased(explanation), style="dim")]


def details(recommendation: Recommendation) -> RenderableType:
    """Everything that a card rests on: every claim with its verdict, every cited fact, drafts that were refused."""
    from rich.console import Group
    from rich.text import Text

    explanation = recommendation.explanation
    parts: list[RenderableType] = [
        Text(heading(recommendation.title, recommendation.year), style="bold"),
        Text(safe(explanation.text)),
    ]
    for claim in sorted(explanation.claims, key=lambda claim: claim.start):
        parts.append(_Hanging("  ", Text.assemble((f"“{safe(claim.text)}” ", "italic"), (claim.verdict, "green"))))
    if explanation.facts:
        parts.append(Text("It rests on:"))
    parts.extend(_Hanging("  ", Text(_row("", fact, None).sentence())) for fact in explanation.facts)
    parts.append(
        Text(phrased(explanation) + (f" ({safe(explanation.prompt)})" if explanation.prompt else ""), style="dim")
    )
    for why in explanation.rejected:
        parts.append(_Hanging("  ", Text(f"a draft was refused: {shorten(safe(why), MAX_VALUE)}", style="dim")))
    return Group(*parts)


def acting_on(labels: Sequence[str]) -> Text:
    """``acting on: comedy · not animated``."""
    from rich.text import Text

    return Text.assemble(("acting on: ", "dim"), (" · ".join(safe(label) for label in labels), "green"))


def opening(text: str, labels: Sequence[str]) -> RenderableType:
    """What stands before the cards, or in their place when there are none: the reply's text and what it acts on."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = []
    if text:
        parts.append(Text(safe(text)))
    if labels:
        parts.append(acting_on(labels))
    return Group(*parts)


def terminal(reply: Reply, *, with_evidence: bool = True) -> RenderableType:
    """A whole reply on a terminal."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [opening(reply.text, reply.acting_on)]
    for recommendation in reply.recommendations:
        parts.extend((Text(""), card(recommendation, with_evidence=with_evidence)))
    for below in closing(reply, with_evidence=with_evidence):
        parts.extend((Text(""), below))
    return Group(*parts)


def closing(reply: Reply, *, with_evidence: bool = True) -> list[RenderableType]:
    """What stands below the cards: what an answer rests on, and the question that the reply asks."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = []
    if reply.answer is not None and with_evidence:
        parts.append(Group(*(_Hanging("  ", line) for line in evidence_lines(reply.answer))))
    if reply.question is not None:
        parts.append(Text(safe(reply.question.text), style="bold"))
    return parts


def plain(renderables: Iterable[RenderableType], *, width: int = 80) -> str:
    """What a terminal without colour and ``width`` columns shows."""
    import io

    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out, width=width, color_system=None, force_terminal=False, highlight=False, legacy_windows=False
    )
    for renderable in renderables:
        console.print(renderable)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


class _Hanging:
    """Text behind a fixed start, its further lines indented. Unlike rich's padding it leaves no blanks at line ends."""

    def __init__(self, start: str, text: Text, *, style: str = "") -> None:
        self._start = start
        self._text = text
        self._style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        from rich.text import Text

        width = max(options.max_width - len(self._start), MIN_COLUMNS)
        for number, line in enumerate(self._text.wrap(console, width)):
            line.rstrip()
            yield Text.assemble((" " * len(self._start) if number else self._start, self._style), line)


# HTML


def reply_html(reply: Reply) -> str:
    """A self-contained snippet: no script, no request to anywhere, colours from the page it stands in."""
    parts = ['<div style="font-family:inherit;line-height:1.45;max-width:46em">']
    if reply.text:
        parts.append(f'<p style="margin:.4em 0">{_escape(reply.text)}</p>')
    if reply.acting_on:
        labels = " · ".join(_escape(label) for label in reply.acting_on)
        parts.append(f'<p style="margin:.4em 0;opacity:.75">acting on: {labels}</p>')
    if reply.recommendations:
        cards = "".join(_card_html(recommendation) for recommendation in reply.recommendations)
        parts.append(f'<ol style="padding-left:1.6em;margin:.4em 0">{cards}</ol>')
    if reply.answer is not None:
        parts.append(_evidence_html(reply.answer))
    if reply.question is not None:
        parts.append(f'<p style="margin:.4em 0"><strong>{_escape(reply.question.text)}</strong></p>')
    parts.append("</div>")
    return "".join(parts)


def _card_html(recommendation: Recommendation) -> str:
    explanation = recommendation.explanation
    parts = [
        f'<li value="{recommendation.position:d}" style="margin:.6em 0;padding-left:.4em">',
        f"<strong>{_escape(heading(recommendation.title, recommendation.year))}</strong>",
    ]
    if line := facts_line(recommendation.item):
        parts.append(f'<div style="opacity:.75">{_escape(line)}</div>')
    if recommendation.label is not None:
        parts.append(f"<div><small>{_escape(recommendation.label)}</small></div>")
    parts.append(f"<div>{_marked(explanation)}</div>")
    parts.append(f"{_evidence_html(explanation)}</li>")
    return "".join(parts)


def _evidence_html(explanation: Explanation) -> str:
    """The evidence of a text, folded away."""
    rows = "".join(
        f"<li>{f'“{_escape(row.words)}” ← ' if row.words else ''}{_escape(row.sentence())}</li>"
        for row in evidence(explanation)
    )
    rows = f'<ul style="margin:.2em 0;padding-left:1.4em">{rows}</ul>' if rows else ""
    return (
        '<details style="opacity:.75;font-size:.9em"><summary style="cursor:pointer">evidence · '
        f"{_escape(phrased(explanation))}</summary>{rows}</details>"
    )


def _marked(explanation: Explanation) -> str:
    """The reason with its supported claims underlined, each naming its evidence when pointed at."""
    text = explanation.text
    if safe(text) != text.strip():  # what is cleaned away would shift the claims' places
        return _escape(text)
    by_claim: dict[tuple[int, int], list[str]] = {}
    for row in evidence(explanation):
        if row.claim is not None and row.claim.verdict == "supported":
            by_claim.setdefault((row.claim.start, row.claim.end), []).append(row.sentence())
    parts: list[str] = []
    done = 0
    for (start, end), sentences in sorted(by_claim.items()):
        if start < done or not start < end <= len(text):  # claims may overlap: the first one is marked
            continue
        parts.append(_escape(text[done:start]))
        parts.append(
            f'<span style="border-bottom:1px dotted currentColor" title="{_escape("; ".join(sentences))}">'
            f"{_escape(text[start:end])}</span>"
        )
        done = end
    parts.append(_escape(text[done:]))
    return "".join(parts)


def _escape(text: str) -> str:
    """Escaped for HTML text and attributes, without control and invisible characters; spaces at the ends stay."""
    kept = safe(text)
    start = " " if text[:1].isspace() and kept else ""
    end = " " if text[-1:].isspace() and kept else ""
    if not kept:
        return " " if text and text.isspace() else ""
    return html.escape(f"{start}{kept}{end}", quote=True)
