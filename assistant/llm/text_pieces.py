"""Turning the bytes that a model's tokens stand for into pieces of text that can be shown."""

from __future__ import annotations

import codecs


class TextPieces:
    """Joins bytes into text, holding back what cannot be shown yet.

    Two things are held back: the first bytes of a character whose other bytes come with the next token, and the end of
    the text while it may still turn out to be the beginning of a stop string.
    """

    def __init__(self, stop: tuple[str, ...] = ()) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._stop = tuple(s for s in stop if s)
        self._held = ""
        self.stopped = False

    def feed(self, data: bytes) -> str:
        """Text that is certain by now. Sets ``stopped`` when a stop string came; neither it nor what follows is given.

        Raises ``UnicodeDecodeError`` on bytes that no further byte can make valid.
        """
        if self.stopped:
            return ""
        self._held += self._decoder.decode(data)
        found = [at for s in self._stop if (at := self._held.find(s)) >= 0]
        if found:
            self.stopped = True
            text, self._held = self._held[: min(found)], ""
            return text
        keep = max((_overlap(self._held, s) for s in self._stop), default=0)
        text, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return text

    def finish(self) -> str:
        """What was held back only because of stop strings. An incomplete character at the end is dropped."""
        text, self._held = self._held, ""
        return text


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of ``text`` that is a beginning of ``stop``, short of the whole of it."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
