"""Requests that a catalogue can answer, for whoever does not know what to ask."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.phrases.labels import place
from assistant.serving import Serving

PHRASED = {"moods": "something {}", "countries": "something from {}"}
"""How somebody would ask for a value, in a catalogue in English; other values, and other languages, are named as they are."""


def example_requests(serving: Serving, slots: Sequence[str] = ("categories", "moods", "countries")) -> list[str]:
    """Something like the title that most know, then the most common value of each slot that the catalogue has."""
    catalogue, found = serving.catalogue, []
    if len(catalogue):
        found.append(f"something like {catalogue.title(int(serving.popularity.argmax()))}")
    for slot in slots:
        if (column := catalogue.labels.get(slot)) is not None and column.rows:
            common = max(column.rows, key=lambda value: (len(column.rows[value]), value))
            shown = column.display[common]
            named = place(shown) if slot == "countries" else shown
            found.append(PHRASED.get(slot, "{}").format(named) if shown.isascii() else shown)
    return found
