"""Text from and for Slack. Pure.

Slack's mrkdwn gives a meaning to ``&``, ``<`` and ``>`` alone where it pings people or links: escaped, nothing in a title
or a reason can do either. Formatting characters may at most make something bold.
"""

from __future__ import annotations

import html
import re

from assistant.surfaces.render import safe, shorten

MAX_SECTION = 3_000
MAX_HEADER = 150
MAX_BUTTON = 75
MAX_CONTEXT = 2_000

_ENTITY = re.compile(r"<([^<>]*)>")
_PING = re.compile(r"<(?=[!@#]|[a-z][a-z\d+.-]*:)", re.IGNORECASE)
"""What opens a mention or a link where a text is read as mrkdwn."""


def mrkdwn(text: str, limit: int = MAX_SECTION) -> str:
    """Escaped text for a mrkdwn object: at most ``limit`` characters after the escaping, cut between characters."""
    kept = safe(text)
    for length in (limit, limit // 2, limit // 5):  # an escape has up to five characters
        escaped = escape(shorten(kept, length))
        if len(escaped) <= limit:
            return escaped
    raise AssertionError("an escaped character is longer than five")


def escape(text: str) -> str:
    """``&``, ``<`` and ``>`` as Slack wants them."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(text: str, limit: int) -> str:
    """Text for a plain_text object, which Slack shows as it stands. What would be a mention or a link elsewhere is none here either:
    notifications are made from such texts as well.
    """
    return shorten(_PING.sub("‹", safe(text)), limit) or "…"


def said(text: str) -> str:
    """What somebody typed, from the text of a message event: mentions left out, links as their words, escapes undone."""

    def word(found: re.Match[str]) -> str:
        target, _, label = found[1].partition("|")
        if target.startswith(("@", "!")):
            return " "
        if target.startswith("#"):
            return f" {label} "
        return label or target

    # Lines are kept apart until the assistant folds them.
    return re.sub(r"[ \t]+", " ", html.unescape(_ENTITY.sub(word, text))).strip()
