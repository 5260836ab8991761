"""Which relation the words around a value bind it to: "directed by X", "X plays", "Y's X", "set in Z"."""

from __future__ import annotations

from assistant.faithfulness.reading import Reading
from assistant.faithfulness.records import RecordView, SlotView
from assistant.faithfulness.text import stem, word_set
from assistant.faithfulness.vocabulary import vocabulary

PEOPLE = word_set("director cast writer composer narrator illustrator translator editor")
MAKERS = word_set(
    "director writer composer narrator illustrator translator editor producer designer developer publisher maker series"
)
NAMED = PEOPLE | MAKERS | {"place", "location", "title", "platform"}
"""Families whose values are names, so that the words before them say how they relate to the item."""
ACTORS = PEOPLE | MAKERS
PLACES = frozenset({"place", "location"})
_NEAR = word_set("near nearby beside opposite")
_GENERIC = word_set("mak creat com from")
_WORKS = frozenset(map(stem, word_set("film movie book novel game title one release work album song wine")))
_ACTIVE = word_set("play plays playing played read reading write writing wrote make makes making acting design")
_MAIN = frozenset({"director", "writer", "designer", "developer"})
_HELPERS = frozenset({"producer", "narrator", "illustrator", "translator", "editor", "composer"})
_FILLERS = word_set("the a an its his her their great brilliant young late likes both of")
_TITLE_NOUNS = word_set("film movie picture novel book game title classic debut masterpiece")


def in_the_cast(after: list[str]) -> bool:
    """Whether the words after a value make it a member of the cast: "with X in the cast", "X and Y are in the cast"."""
    plain = [word for word in after if word not in {",", "also", "is", "are"}]
    return plain[:3] == ["in", "the", "cast"]


def cue(reading: Reading, start: int, end: int) -> frozenset[str] | None:
    """The families that the words around ``[start, end)`` allow, or None when they say nothing."""
    known = vocabulary()
    tokens = reading.tokens
    after = reading.after(end, 5)
    if in_the_cast(after):
        return frozenset({"cast"})
    if after[:1] in (["'s"], ["'"]):
        noun = tokens[end + 1].stem if end + 1 < len(tokens) else ""
        return known.cues_after.get(noun) or (MAKERS | {"place", "location", "country", "platform"})
    if after and (families := known.cues_after.get(tokens[end].stem)) and tokens[start].capital:
        return families
    low, _ = reading.sentence_range(start)
    i = start - 1
    # Step over the members of a list before this one: "starring X, Y and Z".
    while i >= low:
        word = tokens[i].low
        listed = word in {",", "and", "or", "&", "nor"} and i > low and (
            tokens[i - 1].capital or bool(reading.covered[i - 1]) or tokens[i - 1].low in {",", "and"}
        )  # fmt: skip
        name = tokens[i].capital and reading.covered[i] in {"value", "name", "history"} and i > low
        mark = tokens[i].kind == "mark" and word in {"-", '"', "“", "‘", ":", "."} and i > low
        inner = reading.covered[i] in {"value", "name", "history"} and reading.covered[start] and tokens[i].low != "by"
        if not (listed or name or mark or inner or word in _FILLERS):
            break
        i -= 1
    if i < low:
        return None
    word, cue_stem = tokens[i].low, tokens[i].stem
    previous = tokens[i - 1] if i > low else None
    if word == "by":
        if previous is not None and (
            previous.low == "supported" or (previous.low.endswith("ed") and previous.low in known.opinions)
        ):
            return None  # "supported by Xbox", "bored by PC games": nobody made anything
        for back in range(i - 1, max(low - 1, i - 3), -1):
            if reading.covered[back] in {"truth", "concept"}:
                continue  # "a single-player shooter by X" speaks of no player
            if tokens[back].kind == "word" and tokens[back].stem in _WORKS:
                return MAKERS
            if families := known.cues_before.get(tokens[back].stem):
                return families
            if tokens[back].stem in _GENERIC:
                return MAKERS
            if tokens[back].low in {"located", "set", "right", "down", "close", "situated", "river", "found", "stands"}:
                return PLACES
        return MAKERS | PLACES
    if word in _NEAR or (
        word in {"to", "from"} and previous is not None and previous.low in {"close", "next", "across", "near", "far"}
    ):
        return PLACES
    if word == "with":
        if previous is not None and tokens[i - 1].low in {"near", "along"}:
            return None
        return frozenset(set(known.relations) - {"title", "director", "writer", "editor", "location", "place"})
    if word == "in":
        if previous is not None and previous.low == "set":
            return frozenset({"location", "series"})
        if previous is not None and previous.low in {"located", "situated"}:
            return frozenset({"location", "country"})
        return None
    if word == "from":
        return frozenset(set(known.relations) - {"cast", "title", "genre"})
    if word in {"called", "named"} and previous is not None and previous.kind == "word":
        return known.cues_before.get(previous.stem) or known.slot_families.get(previous.stem) or frozenset({"title"})
    if word == "of" and previous is not None and (families := known.cues_before.get(previous.stem)):
        return families
    families = known.cues_before.get(cue_stem)
    if word in _ACTIVE or reading.covered[i] in {"truth", "concept"}:
        return None
    if families and (word not in {"close", "set", "role", "lead"} or len(families) == 1):
        return families
    return None


def named_slots(reading: Reading, start: int, end: int, record: RecordView) -> frozenset[str] | None:
    """Names of the record's slots that a verb beside the value is made from: "created by" and a slot ``creator``."""
    tokens = reading.tokens
    verbs = []
    if end < len(tokens) and reading.after(end, 1) and tokens[end].low.endswith(("s", "ed")):
        verbs.append(tokens[end])
    if start > 1 and tokens[start - 1].low == "by":
        verbs.append(tokens[start - 2])
    people = [slot for slot in record.slots if slot.kind == "phrase" and (not slot.families or slot.families & ACTORS)]
    for verb in verbs:
        named = [slot.name for slot in people if verb.stem in slot.words]
        if len(verb.stem) > 3 and verb.kind == "word" and not verb.capital and named:
            return frozenset(named)
    return None


def _first_makers(slots: tuple[SlotView, ...], families: frozenset[str], record: RecordView) -> bool:
    """A bare "by X" means the main maker where there is one: not the producer of a record by a band."""
    if not families >= MAKERS or any(slot.families & PLACES for slot in slots):
        return True
    main = [slot for slot in record.slots if slot.families & _MAIN or "artist" in slot.words]
    helpers = all(slot.families & _HELPERS and slot not in main for slot in slots)
    return not (main and helpers)


def bound(slots: tuple[SlotView, ...], families: frozenset[str] | None, record: RecordView) -> bool:
    """Whether a value found in ``slots`` may stand under a cue that allows ``families``."""
    if families is None:
        return True
    named = [slot for slot in slots if slot.families & NAMED]
    if not named or len(named) < len(slots):
        return True
    if any(slot.families & families for slot in slots):
        return _first_makers(slots, families, record)
    # "made by" a studio, "by" its designer: people and firms that a record keeps under other names for the same part.
    if families <= MAKERS and len(families) == 1:
        kin = {"developer": {"maker", "producer"}, "maker": {"developer", "producer", "designer"},
               "producer": {"maker", "developer"}, "writer": {"maker"}, "designer": {"writer", "maker"}}  # fmt: skip
        wanted = next(iter(families))
        if not record.family(families) and any(slot.families & kin.get(wanted, set()) for slot in slots):
            return True
    return False
