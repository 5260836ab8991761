"""What a message does to the taste memory, and what is said about it."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.catalogue import Catalogue
from assistant.profile import UserProfile
from assistant.store import Store
from assistant.taste_words import taste_words
from assistant.tastes import Remembered, TasteEntry, forget, remember, tastes
from assistant.types import Utterance

_NOTHING = Remembered(entries=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Heeded:
    """What a message changed in the taste memory."""

    text: str = ""
    """A confirmation, or the answer to "what do you know about me?"; empty when the message says nothing of it."""
    remembered: Remembered = _NOTHING
    forgotten: tuple[TasteEntry, ...] = ()


def heed(store: Store, user: str, said: Utterance, *, catalogue: Catalogue, profile: UserProfile) -> Heeded:
    """Keep what a message states, delete what it takes back, and say so, in the language of the message.

    A message of intent ``profile`` that does neither asks what is known, and is answered. When this returns, what was kept
    survives a crash and what was deleted is gone from every file.
    """
    words = taste_words(said.language)
    forgotten: dict[str, TasteEntry] = {}
    for statement in said.unsaid:
        forgotten |= {entry.entry_id: entry for entry in forget(store, user, statement)}
    remembered = remember(store, user, said.statements) if said.statements else _NOTHING
    parts = []
    if said.unsaid:
        parts.append(words.forgotten(tuple(forgotten.values()), said.unsaid, catalogue))
    if remembered.entries:
        parts.append(words.noted(remembered, catalogue))
    if not parts and said.intent == "profile":
        parts.append(words.summary(tastes(store, user), profile, catalogue))
    return Heeded(text=words.join(parts), remembered=remembered, forgotten=tuple(forgotten.values()))
