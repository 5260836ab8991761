"""How a tag can be said: as a subject ("about friendship"), a setting ("set in space"), a look ("silent"), or just a tag."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from assistant.phrases.labels import article, clean_label, word_set, written
from assistant.text import fold

Use = Literal["about", "set", "look"]

_MOODS = word_set(
    "funny warm moving bittersweet tense playful melancholy melancholic thoughtful dark quiet gentle dreamlike "
    "romantic tender strange fast-paced atmospheric stylish satirical suspenseful witty contemplative joyful "
    "epic absurd eerie gritty deadpan angry hopeful surreal frightening uplifting slow-burning violent bleak "
    "nostalgic chilling mind-bending reflective emotional adventurous mysterious inspiring informative "
    "challenging lighthearted light-hearted relaxing sad heartwarming heart-warming heartbreaking feel-good "
    "quirky whimsical charming poignant disturbing haunting creepy scary spooky gory cerebral thought-provoking "
    "philosophical intense exciting thrilling action-packed slow-paced offbeat irreverent sweet wistful lyrical "
    "poetic raw sombre somber tragic silly goofy wry sardonic sarcastic cynical sensual cosy cozy calm energetic "
    "upbeat mellow dreamy sexy steamy tranquil meditative sentimental visceral claustrophobic hypnotic elegant "
    "brooding unsettling touching humorous hilarious clever intelligent subtle"
)
_NO_SUBJECTS = frozenset({"space opera", "soap opera", "rock opera", "fiction", "comic book", "road movie"})
"""Tags whose last word is a subject although they are not."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A tag and its wording after "about", after "set", or as an adjective."""

    use: Use
    words: str


@lru_cache(maxsize=1)
def _lists() -> tuple[frozenset[str], frozenset[str], Mapping[str, str], Mapping[str, str]]:
    groups: dict[str, list[str]] = {}
    name = ""
    for line in (files("assistant.phrases") / "subjects.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        elif line and not line.startswith("#"):
            groups.setdefault(name, []).append(line)
    pairs = {
        group: {left.strip(): right.strip() for left, _, right in (line.partition("=") for line in groups[group])}
        for group in ("set", "look")
    }
    return (
        frozenset(" ".join(groups["bare"]).split()),
        frozenset(" ".join(groups["one"]).split()),
        pairs["set"],
        pairs["look"],
    )


@lru_cache(maxsize=16384)
def subject_of(tag: str) -> Subject | None:
    """How a tag is said, or None when no more can be said than that it is a tag."""
    label = clean_label(tag)
    if label is None or not label.isascii() or fold(label) in _NO_SUBJECTS:
        return None
    low = fold(label)
    bare, one, settings, looks = _lists()
    if low in settings:
        return Subject("set", settings[low])
    if low in looks:
        return Subject("look", looks[low])
    last = re.split(r"[ -]", low)[-1] if low not in bare | one and low.replace(" ", "-") not in one else low
    if len(low.split()) > 3:
        return None
    if last in bare or low in bare:
        return Subject("about", written(label))
    if last in one or low in one or low.replace(" ", "-") in one:
        said = written(label)
        return Subject("about", said if said.startswith("the ") else f"{article(said)} {said}")
    return None


@lru_cache(maxsize=4096)
def mood_of(label: str) -> str | None:
    """The mood as an adjective, or None when it is not known to be one."""
    text = clean_label(label)
    if text is None:
        return None
    low = fold(text)
    if low in _MOODS or low.replace(" ", "-") in _MOODS:
        return low.replace(" ", "-") if low not in _MOODS else low
    return None
