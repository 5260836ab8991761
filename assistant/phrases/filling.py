"""How a sentence with slots becomes words: the notation is that of ``assistant.phrases.templates``, in any language."""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant.phrases.material import Material, Piece, Pieces

_PART = re.compile(r"\[([^\]]*)\]|\{([^}]*)\}")

Fill = Callable[[str], Pieces | None]
"""Slot to its words; None when no fact gives any."""
Fits = Callable[[Pieces, Pieces], bool]
"""Whether a section in brackets (the second) may stand behind what the sentence has so far (the first)."""


def filled(text: str, fill: Fill, material: Material, fits: Fits) -> Pieces | None:
    """The pieces of a sentence, or None when a slot outside brackets cannot be filled.

    What a section left out would have said counts as unsaid again in ``material``.
    """
    pieces: list[Piece] = []
    at = 0
    for part in _PART.finditer(text):
        if part.start() > at:
            pieces.append(Piece(text[at : part.start()]))
        at = part.end()
        if part[1] is not None:
            before = set(material.said)
            section = filled(part[1], fill, material, fits)
            if section is not None and fits(tuple(pieces), section):
                pieces.extend(section)
            else:
                material.said = before
            continue
        slot, *verbs = part[2].split("|")
        words = fill(slot)
        if words is None:
            return None
        pieces.extend(words)
        if verbs:
            pieces.append(Piece(f" {verbs[sum(bool(piece.facts) for piece in words) > 1]}"))
    if at < len(text):
        pieces.append(Piece(text[at:]))
    return tuple(pieces)
