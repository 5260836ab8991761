"""The strings of the shared attack collections, read where they lie."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from assistant.text import clean


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def attack_strings(folder: Path) -> list[str]:
    """Every string of the collections that is not blank once cleaned, each once, in the order of the files."""
    found: dict[str, None] = {}
    for path in sorted(folder.iterdir()):
        text = path.read_text(encoding="utf-8")
        strings = _strings(json.loads(text)) if path.suffix == ".json" else text.splitlines()
        found.update(dict.fromkeys(string for string in strings if clean(string)))
    return list(found)
