"""Text that has no business in a reason: addresses, code, foreign markup, instructions to a model."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("address", re.compile(r"(?:https?|ftp|javascript|data|file)\s*:\s*/?/?\S+|\bwww\.\S+|\b\S+@\S+\.\w{2,}", re.I)),
    ("markup", re.compile(r"</?[a-zA-Z!][^<>]{0,200}>?|!?\[[^\]]{0,200}\]\([^)]*\)|&#?\w{2,8};|<\|[^|]{0,60}\|>")),
    (
        "code",
        re.compile(r"```|\{\{|\}\}|\$\{|`[^`]+`|\b(?:eval|exec|system|alert|import)\s*\(|;\s*(?:DROP|DELETE|SELECT)\b"),
    ),
    ("control characters", re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")),
    (
        "instructions",
        re.compile(
            r"\b(?:ignore|disregard|forget|override)\b[^.!?]{0,40}\b(?:instructions?|prompts?|rules|above|previous|prior)\b"
            r"|\b(?:system|developer)\s+(?:prompt|message)\b|\bas an? (?:ai|language model)\b|\byou are now\b"
            r"|\b(?:print|output|repeat|respond|reply|say)\b[^.!?]{0,30}\b(?:following|exactly|verbatim|word for word)\b"
            r"|\b(?:assistant|user|system)\s*:\s|\bpassword\b|\bapi key\b",
            re.I,
        ),
    ),
)


def suspicious(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, what it is) of every such stretch."""
    for what, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield match.start(), match.end(), what
