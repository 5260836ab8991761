"""A reason in one or two plain sentences, made from facts without a model.

``phrase`` chooses among the sentences of ``templates`` by which facts there are, and varies within a reply. Every span of
the text that says something of a fact cites it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from assistant.phrases.fillers import fill
from assistant.phrases.filling import filled
from assistant.phrases.material import Material, Piece, Pieces
from assistant.phrases.span import Phrased, Span
from assistant.phrases.templates import DETAILS, EMPTY, OPENINGS, WORTH, Template
from assistant.types import Fact, Value

__all__ = ["Phrased", "Span", "phrase", "reasons"]

FEWEST_WORDS = 6
"""A reason shorter than this ("Try a western.") comes after all others."""
LEAST_WORDS = 13
"""A first sentence shorter than this gets a second one."""
MOST_WORDS = 38
ENOUGH_WORDS = 22
"""From this length on a first sentence stands alone."""
_REPEATED_SHAPE = 6.0
_REPEATED_OPENING = 4.0
_REPEATED_GROUP = 0.9
_JITTER = 0.7
"""How far chance may move a sentence of equal worth up the list; the chance is a digest of seed and item."""


_BY_NAME = {template.name: template for template in (*OPENINGS, *DETAILS)}


def _any_text(_text: str) -> bool:
    return True


def phrase(
    facts: Sequence[Fact],
    record: Mapping[str, Value],
    *,
    seed: str = "",
    item_id: str = "",
    used: Sequence[str] = (),
    noun: str | None = None,
    accept: Callable[[str], bool] = _any_text,
) -> Phrased:
    """The reason for an item from its ``facts`` (most important first); ``record`` as ``Item.slots()`` gives it.

    Deterministic in its arguments. ``seed`` names the reply; ``used`` holds the shapes of the cards before, which are
    not repeated while others apply. ``noun`` is what the catalogue holds ("film"), guessed from the record when None.
    A text that ``accept`` refuses gives way to the next best; ``EMPTY`` is what is left when none is accepted.
    """
    best = reasons(facts, record, seed=seed, item_id=item_id, used=used, noun=noun, accept=accept)
    return next(best, Phrased(text=EMPTY, spans=(), shape="empty", fact_ids=()))


def reasons(
    facts: Sequence[Fact],
    record: Mapping[str, Value],
    *,
    seed: str = "",
    item_id: str = "",
    used: Sequence[str] = (),
    noun: str | None = None,
    accept: Callable[[str], bool] = _any_text,
) -> Iterator[Phrased]:
    """Every accepted reason, one for each first sentence that applies, the best first. Arguments as for ``phrase``."""
    names = [name for shape in used for name in shape.split("+") if name in _BY_NAME]
    bare: list[Phrased] = []
    for template in _ordered(OPENINGS, names, seed, item_id):
        material = Material(facts=facts, record=record, noun=noun)
        pieces = _render(template.text, material)
        if pieces is None:
            continue
        alone = _joined((pieces,), template.name)
        if not accept(alone.text):
            continue
        made = _with_detail(pieces, material, template, names, seed, item_id, accept) or alone
        if len(made.text.split()) < FEWEST_WORDS:
            bare.append(made)
        else:
            yield made
    yield from bare


def _with_detail(
    pieces: Pieces,
    material: Material,
    opening: Template,
    used: Sequence[str],
    seed: str,
    item_id: str,
    accept: Callable[[str], bool],
) -> Phrased | None:
    """The opening and the best second sentence that fits; None when it needs none or there is none."""
    length = _words(pieces)
    if length >= ENOUGH_WORDS or (length >= LEAST_WORDS and opening.group not in ("past", "named", "asked")):
        return None
    for detail in _ordered(DETAILS, used, seed, item_id):
        if detail.group == opening.group or (detail.group == "past" and opening.group == "named"):
            continue
        trial = Material(facts=material.facts, record=material.record, noun=material.noun, said=set(material.said))
        more = _render(detail.text, trial)
        if more is not None and length + _words(more) <= MOST_WORDS:
            both = _joined((pieces, more), f"{opening.name}+{detail.name}")
            if accept(both.text):
                return both
    return None


def _ordered(templates: Sequence[Template], used: Sequence[str], seed: str, item_id: str) -> list[Template]:
    """The templates, the best for this card first."""
    seen = Counter(used)
    groups = Counter(_BY_NAME[name].group for name in used)
    openings = Counter(_BY_NAME[name].opening for name in used)

    def worth(template: Template) -> float:
        digest = hashlib.blake2b(f"{seed}\0{item_id}\0{template.name}".encode(), digest_size=4).digest()
        return (
            WORTH[template.group]
            + template.worth
            + _JITTER * int.from_bytes(digest) / 2**32
            - _REPEATED_SHAPE * seen[template.name]
            - _REPEATED_OPENING * openings[template.opening]
            - _REPEATED_GROUP * groups[template.group]
        )

    return sorted(templates, key=worth, reverse=True)


def _render(text: str, material: Material) -> Pieces | None:
    """The template's pieces, or None when a slot outside brackets cannot be filled."""
    return filled(text, lambda slot: fill(material, slot), material, _fits)


def _fits(before: Pieces, section: Pieces) -> bool:
    return _words(before) + _words(section) <= MOST_WORDS - 6


def _words(pieces: Sequence[Piece]) -> int:
    return len("".join(piece.text for piece in pieces).split())


def _joined(sentences: Sequence[Pieces], shape: str) -> Phrased:
    text = ""
    spans: list[Span] = []
    for sentence in sentences:
        start_of_sentence = True
        if text:
            text += " "
        for piece in sentence:
            said = piece.text
            if start_of_sentence and said:
                said = said[:1].upper() + said[1:] if not said.startswith("“") else said
                start_of_sentence = False
            if said.startswith(".") and text.endswith((".", "!", "?", ".”", "!”", "?”")):
                said = said[1:]
            if piece.facts and said:
                spans.append(Span(start=len(text), end=len(text) + len(said), fact_ids=piece.facts))
            text += said
    ids = tuple(dict.fromkeys(fact_id for span in spans for fact_id in span.fact_ids))
    return Phrased(text=text, spans=tuple(spans), shape=shape, fact_ids=ids)
