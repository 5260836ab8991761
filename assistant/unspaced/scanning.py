"""What of a message can be named, by longest match: cues, values, people, and words that say nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from assistant.language import Language, load_language
from assistant.unspaced.gazetteer import Gazetteer, Labels, key
from assistant.unspaced.marks import Mark, Notes
from assistant.unspaced.words import load_phrases

MAX_PHRASE = 16
"""Characters of the longest phrase that is looked up, but for names in Latin letters."""
_LATIN_WORD = re.compile(r"[a-z0-9\u00c0-\u024f]+(?:['’.\-][a-z0-9\u00c0-\u024f]+)*\.?")
_LATIN_RUN = re.compile(rf"{_LATIN_WORD.pattern}(?:\s+{_LATIN_WORD.pattern})*")
MAX_LATIN = 48
"""Characters of the longest name in Latin letters."""
_CUES = (
    "negation", "negation_behind", "except", "except_behind", "comparison", "contrast", "like", "like_behind", "seen",
    "seen_behind", "directed", "directed_behind", "acted", "acted_behind", "wrote", "wrote_behind", "either", "take_back", "take_back_behind", "replace", "also_behind", "no_preference", "word",
)  # fmt: skip
_SAYS_SLOT = (
    "为", "不", "太", "别", "应该", "最好", "是", "要", "得", "：", ":", "里", "中", "上", "不限", "无所谓", "方面", "包括", "有",
)  # fmt: skip
"""What stands behind the name of a property where its value follows: "语言为英语"."""
_LINK = re.compile(r"(?:得|应该|最好|要|必须)?(?:是|为|[：:])")
_TONGUE = ("语", "文", "话")
"""Behind a country: a language, which is not the country where it is unknown."""


def sizes_at(plain: str, at: int) -> Iterator[int]:
    """Sizes of what may be a name from a place on, the longest first; words of Latin letters are not cut."""
    if not (plain[at].isascii() or "\u00c0" <= plain[at] <= "\u024f") or not plain[at].isalnum():
        yield from (
            size for size in range(min(MAX_PHRASE, len(plain) - at), 0, -1) if not _inside_word(plain, at + size)
        )
        return
    if _inside_word(plain, at):
        return
    run = _LATIN_RUN.match(plain, at, at + MAX_LATIN)
    ends = {word.end() for word in _LATIN_WORD.finditer(plain, at, run.end())} if run is not None else set()
    ends |= {end - 1 for end in ends if plain[end - 1] == "."}
    mixed = {at + size for size in range(1, min(MAX_PHRASE, len(plain) - at) + 1) if not _inside_word(plain, at + size)}
    yield from (end - at for end in sorted(ends | mixed, reverse=True))


def _inside_word(plain: str, place: int) -> bool:
    """Whether a place is inside a word of Latin letters."""

    def latin(character: str) -> bool:
        return character.isalnum() and (character.isascii() or "\u00c0" <= character <= "\u024f")

    return 0 < place < len(plain) and latin(plain[place - 1]) and latin(plain[place])


@cache
def _cues(code: str) -> Mapping[str, frozenset[str]]:
    """Phrase to the lists of cues that hold it."""
    language = load_language(code)
    found: dict[str, set[str]] = {}
    for name in _CUES:
        for cue in language.words(name):
            found.setdefault(cue, set()).add(name)
    for name in ("take_back", "take_back_behind"):
        for phrase in load_phrases(code).releases:
            found.setdefault(phrase, set()).add(name)
    return {cue: frozenset(names) for cue, names in found.items()}


def scan(notes: Notes, gazetteer: Gazetteer, language: Language) -> None:
    """Mark everything that has a meaning and is not used yet."""
    at = 0
    while at < len(notes.plain):
        size = 0 if at in notes.used else _mark_at(notes, gazetteer, language, at)
        at += size or 1
    notes.marks.sort(key=lambda mark: mark.start)


def _mark_at(notes: Notes, gazetteer: Gazetteer, language: Language, at: int) -> int:
    """Mark the longest phrase at a place, and return its size; 0 where none begins."""
    cues, phrases = _cues(language.code), gazetteer.phrases
    for size in sizes_at(notes.plain, at):
        if not notes.free(at, at + size):
            continue
        phrase = notes.plain[at : at + size]
        kinds = set(cues.get(phrase, ()))
        labels: Labels = ()
        people: tuple[tuple[str, str], ...] = ()
        named = size > 1 and phrase[0].isalnum() and phrase[-1].isalnum()
        if named and (people := _people(gazetteer, phrase)) and not _part_of_name(notes, at, at + size):
            kinds.add("person")
        elif (labels := gazetteer.labels.get(phrase, ())) and not _other_tongue(notes.plain, at + size, labels):
            kinds.add("label")
        elif labels := gazetteer.wishes.get(phrase, ()):
            kinds.add("wish")
        if size == 1 and labels and _enclosed(notes, language, at):
            continue
        if phrase in phrases.slot_names and notes.plain.startswith(_SAYS_SLOT, at + size):
            kinds, labels = set(), ()
            link = _LINK.match(notes.plain, at + size)
            size = (link.end() if link is not None else at + size) - at
            notes.use(at, at + size)
        if size > 1 and not people and not labels and _cuts_name(notes.plain, gazetteer, at, at + size):
            continue
        if kinds or phrase in language.stopwords or phrase in language.item_words or phrase in phrases.slot_names:
            notes.marks.append(Mark(at, at + size, frozenset(kinds or {"dull"}), labels=labels, people=people))
            return size
    return 0


def _people(gazetteer: Gazetteer, phrase: str) -> tuple[tuple[str, str], ...]:
    """(role, name) pairs of a name; of a last name alone only where no value has it: 爱尔兰 is a country."""
    people = gazetteer.people.get(key(phrase), ())
    return people if phrase not in gazetteer.labels or any(key(name) == key(phrase) for _, name in people) else ()


def _cuts_name(plain: str, gazetteer: Gazetteer, start: int, end: int) -> bool:
    """Whether a name of three characters or more begins in a stretch and goes on behind it: 要有 in 要有村架纯演的."""
    return any(
        plain[begin:stop] in gazetteer.people
        for begin in range(start + 1, end)
        for stop in range(max(end + 1, begin + 3), min(begin + 6, len(plain)) + 1)
    )


def _part_of_name(notes: Notes, start: int, end: int) -> bool:
    """Whether a word in Latin letters is part of a longer name that is not known: García of "Ana García López"."""
    if not notes.plain[start].isascii() or " " in notes.plain[start:end]:
        return False
    before, behind = notes.text[:start].rstrip(" "), notes.text[end:].lstrip(" ")
    last = re.search(r"[A-Z\u00c0-\u00de][\w.'’\-]*$", before)
    first = re.match(r"[A-Z\u00c0-\u00de][\w'’\-]*", behind)
    return (last is not None and last[0].isascii()) or (first is not None and first[0].isascii())


def _other_tongue(plain: str, end: int, labels: Labels) -> bool:
    return plain.startswith(_TONGUE, end) and labels[0][0] in ("countries", "country")


def _enclosed(notes: Notes, language: Language, at: int) -> bool:
    """Whether one character stands in a run that nothing parts from it on either side: 船 in 三船敏郎."""

    def parted(place: int) -> bool:
        return not 0 <= place < len(notes.plain) or place in notes.used or not notes.plain[place].isalnum()

    before = parted(at - 1) or any(mark.end == at for mark in notes.marks)
    if before or parted(at + 1):
        return False
    cues, dull = _cues(language.code), language.stopwords | language.item_words
    behind = [notes.plain[at + 1 : at + 1 + size] for size in range(1, 5)]
    return not any(phrase in dull or phrase in cues for phrase in behind)
