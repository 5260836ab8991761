"""Making values harmless in a prompt: text of a catalogue or of a user is data, never structure."""

from __future__ import annotations

import re
import unicodedata

_DROPPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Control, format (zero-width, direction, tag), surrogate, private and unassigned characters."""

_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters that show nothing and are of no category that says so."""

_VARIATION_SELECTORS = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF), (0x180B, 0x180F))

_MARKERS = re.compile(
    r"<\|"  # <|im_start|>, <|endoftext|>, <|start_header_id|>
    r"|<\uff5c"  # the same with a full-width bar
    r"|\|>|\uff5c>"
    r"|</?s>"
    r"|\[/?(?:INST|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT)\]"
    r"|<</?SYS>>"
    r"|</?(?:start|end)_of_turn>"
    r"|\{\{|\}\}",
    re.IGNORECASE,
)


def escape(value: str) -> str:
    """``value`` on one line, without invisible characters, and without anything a prompt or chat template reads.

    White space is folded to single spaces. Markers of chat templates and placeholders get a space after their first
    character, which leaves them readable and inert. ``#`` at the beginning is dropped, so that no heading is forged.
    """
    spaced = " ".join(value.split())  # also the line and paragraph separators, before they are dropped as invisible
    visible = "".join(character for character in spaced if not _is_invisible(character))
    inert = _MARKERS.sub(lambda match: f"{match[0][0]} {match[0][1:]}", visible)
    return " ".join(inert.lstrip("# ").split())


def _is_invisible(character: str) -> bool:
    if character in _BLANK_LETTERS or unicodedata.category(character) in _DROPPED_CATEGORIES:
        return True
    return any(low <= ord(character) <= high for low, high in _VARIATION_SELECTORS)
