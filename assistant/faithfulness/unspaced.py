"""Claims in a language that puts no space between words: found by longest match over what the catalogue can name.

Every name of a value, a person, a title, a year, a length or a price is bound to a relation by the words around it
("…执导", "…主演", "你喜欢《…》", "和《…》一样") and judged against the record, the user's history, what was asked for and what is
often liked. What is left, beyond words that say nothing, has to stand in the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from assistant.faithfulness.evidence import Evidence, HistoryItem
from assistant.faithfulness.injection import suspicious
from assistant.text import fold, has_han
from assistant.types import Claim, ClaimSource, Fact, Value, Verdict

MAX_PHRASE = 16
_CLAUSE = re.compile(r"[^，。；：！？,;:!?]+")
_TITLE = re.compile(r"《([^》]*)》")
_YEAR = re.compile(r"(?<!\d)((?:1[89]|20)\d\d)(年代|年)?")
_DECADE = re.compile(r"(?:(20世纪|上世纪|二十世纪)?([1-9]0|[二三四五六七八九]十)年代)")
_MINUTES = re.compile(r"(\d+)\s*分钟")
_HOURS = re.compile(r"(\d+(?:\.\d+)?)\s*个?小时")
_PRICE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:元|块)")
_PAGES = re.compile(r"(\d+)\s*页")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ][\w.'’\-]*(?:\s+[\w.'’\-]+)*")
_TENS = {"二": 20, "三": 30, "四": 40, "五": 50, "六": 60, "七": 70, "八": 80, "九": 90}
_LISTED = re.compile(r"^(?:\s*[、和与及]\s*)")
_RUNTIME = ("runtime", "duration", "length", "minutes", "runtime_minutes")
_PAGE = ("pages", "num_pages", "page_count")
_MAKERS = frozenset({"director", "directors", "creators", "creator", "author", "authors", "writer", "artist"})
_ROLES: Mapping[str, frozenset[str]] = {
    "director": frozenset({"director", "directors", "creators", "creator"}),
    "cast": frozenset({"cast", "actor", "actors", "performers"}),
    "author": _MAKERS - {"director", "directors"},
}

Meanings = frozenset[tuple[str, str]]
"""(slot, folded value) pairs; the slot is a role for people."""


class Names(Protocol):
    """What can be named in one language."""

    @property
    def meanings(self) -> Mapping[str, Meanings]:
        """Name of a value to what it may mean."""
        ...

    @property
    def named_people(self) -> Mapping[str, Meanings]:
        """Key of a name to the (role, folded name) pairs it may mean."""
        ...

    @property
    def relations(self) -> Mapping[str, tuple[str, ...]]:
        """Cues of relations, by the names that ``languages/zh_reasons.toml`` gives them."""
        ...

    @property
    def neutral(self) -> frozenset[str]:
        """Words that say nothing of an item."""
        ...

    def key(self, text: str) -> str:
        """How names of people are compared."""
        ...


@dataclass(slots=True)
class _Case:
    """One text while it is being checked."""

    text: str
    evidence: Evidence
    names: Names
    covered: list[bool] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    def add(
        self, start: int, end: int, slot: str, value: Value, verdict: Verdict, source: ClaimSource = "catalogue",
        cited: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        """Keep a claim; ``cited`` are the ids of the facts it rests on, found by slot and value when None."""
        self.cover(start, end)
        found = _cited(self.evidence.facts, slot, value, source) if cited is None else tuple(cited)
        self.claims.append(
            Claim(
                text=self.text[start:end], start=start, end=end, item_id=self.evidence.item_id, slot=slot, value=value,
                source=source, verdict=verdict, fact_ids=found,
            )
        )  # fmt: skip

    def cover(self, start: int, end: int) -> None:
        self.covered[start:end] = [True] * (end - start)

    def free(self, start: int, end: int) -> bool:
        return not any(self.covered[start:end])


def check_unspaced(text: str, evidence: Evidence, names: Names) -> list[Claim]:
    """Every claim that ``text`` makes, in its order."""
    case = _Case(text, evidence, names, [False] * len(text))
    for start, end, what in suspicious(text):
        case.add(start, end, "injection", what, "absent")
    for match in _CLAUSE.finditer(text):
        _clause(case, match.start(), match.end())
    _rest(case)
    return sorted(case.claims, key=lambda claim: (claim.start, claim.end))


def _clause(case: _Case, start: int, end: int) -> None:
    clause = case.text[start:end]
    cues = case.names.relations
    region = next((name for name in ("asked", "often") if any(cue in clause for cue in cues[name])), "")
    _titles(case, start, end)
    sentence_start = max(case.text.rfind(mark, 0, start) for mark in "。！？") + 1
    before = [title for title in case.evidence.history if f"《{title.title}》" in case.text[sentence_start:end]]
    both = before[-1] if before and any(cue in clause for cue in cues["both"]) else None
    at = start
    while at < end:
        if case.covered[at]:
            at += 1
            continue
        taken = (
            _number(case, at, end, region)
            or _person(case, at, end, region, both)
            or _value(case, at, end, region, both)
        )
        at += taken or 1


def _titles(case: _Case, start: int, end: int) -> None:
    """Titles in the clause: the item's own, or of the history in the relation that the words before it say."""
    cues = case.names.relations
    for match in _TITLE.finditer(case.text, start, end):
        title = match[1]
        own = {str(value) for value in (case.evidence.record.get("title"), *case.evidence.titles) if value}
        other = next((item for item in case.evidence.history if item.title == title), None)
        if title in own:
            case.add(match.start(), match.end(), "title", title, "supported")
            continue
        if other is None:
            case.add(match.start(), match.end(), "title", title, "absent", "history")
            continue
        ahead = case.text[start : match.start()]
        said = [
            (ahead.rfind(cue) + len(cue), name)
            for name in ("disliked", "liked", "bought", "seen", "named")
            for cue in cues[name]
            if cue in ahead
        ]
        relation = max(said)[1] if said else "named"
        named = any(fact.slot == "like" and fact.other_item_id == other.item_id for fact in case.evidence.facts)
        if relation == "named":
            mentioned = "你提到" in ahead
            verdict: Verdict = "supported" if named or not mentioned else "contradicted"
        elif relation == "liked":
            verdict = "supported" if other.relation in ("liked", "bought") or named else "contradicted"
        else:
            verdict = "supported" if other.relation == relation else "contradicted"
        case.add(match.start(), match.end(), "like" if relation == "named" else relation, title, verdict, "history")


def _number(case: _Case, at: int, end: int, region: str) -> int:
    """Judge the number that begins at a place; how many characters it takes."""
    record, text = case.evidence.record, case.text
    if match := _DECADE.match(text, at, end):
        first = 1900 + (int(match[2]) if match[2].isdigit() else _TENS[match[2][0]])
        return _bound(case, match, "year", record.get("year"), first, first + 9, region)
    if match := _YEAR.match(text, at, end):
        first = int(match[1])
        return _bound(case, match, "year", record.get("year"), first, first + (9 if match[2] == "年代" else 0), region)
    kinds: tuple[tuple[re.Pattern[str], tuple[str, ...], float], ...] = (
        (_MINUTES, _RUNTIME, 1.0), (_HOURS, _RUNTIME, 60.0), (_PRICE, ("price",), 1.0), (_PAGES, _PAGE, 1.0),
    )  # fmt: skip
    for pattern, slots, factor in kinds:
        if match := pattern.match(text, at, end):
            slot = next((slot for slot in slots if slot in record), slots[0])
            said = float(match[1]) * factor
            return _bound(case, match, slot, record.get(slot), said, said, region)
    if match := _NUMBER.match(text, at, end):
        asked = any(match[0] in words for words in case.evidence.asked)
        case.add(
            match.start(), match.end(), "number", match[0], "supported" if region == "asked" and asked else "absent"
        )
        return match.end() - match.start()
    return 0


def _bound(
    case: _Case, match: re.Match[str], slot: str, own: Value | None, low: float, high: float, region: str
) -> int:
    source: ClaimSource = "catalogue"
    if region == "asked":
        source = "dialogue"
        borne = any(match[0] in words for words in case.evidence.asked)
    else:
        borne = isinstance(own, int | float) and low - 1e-9 <= own <= high + 1e-9
    verdict: Verdict = "supported" if borne else "absent" if own is None else "contradicted"
    case.add(match.start(), match.end(), "asked_for" if region == "asked" else slot, match[0], verdict, source)
    return match.end() - match.start()


def _person(case: _Case, at: int, end: int, region: str, both: HistoryItem | None) -> int:
    text, names = case.text, case.names
    if match := _LATIN.match(text, at, end):
        for stop in range(match.end(), at, -1):
            if people := names.named_people.get(names.key(text[at:stop])):
                return _judge_person(case, at, stop, end, people, region, both)
        if match[0] in str(case.evidence.record.get("title")):
            case.cover(at, match.end())
        else:
            case.add(at, match.end(), "name", match[0], "absent")
        return match.end() - at
    for size in range(min(MAX_PHRASE, end - at), 1, -1):
        phrase = text[at : at + size]
        if (
            case.free(at, at + size)
            and (people := names.named_people.get(names.key(phrase)))
            and phrase[-1] not in "·、和"
        ):
            return _judge_person(case, at, at + size, end, people, region, both)
    return 0


def _judge_person(
    case: _Case, start: int, stop: int, end: int, people: Meanings, region: str, both: HistoryItem | None
) -> int:
    """Whether the person stands in the relation that the words behind the list of names, or before it, say."""
    cues = case.names.relations
    behind = case.text[stop:end].lstrip()
    while match := _LISTED.match(behind):  # A、B和C主演: all of them act
        rest = behind[match.end() :]
        size = next(
            (n for n in range(min(40, len(rest)), 1, -1) if case.names.key(rest[:n]) in case.names.named_people), 0
        )
        if not size:
            break
        behind = rest[size:].lstrip()
    relation = next((name for name in ("director", "cast", "author") if behind.startswith(cues[name])), "")
    roles = _ROLES.get(relation)
    record = case.evidence.record
    value = next(iter(sorted(name for _, name in people)))
    held = [(slot, name) for slot, name in people if _holds(record, slot, name)]
    if region in ("asked", "often"):
        return _of_user(case, start, stop, people, region)
    wanted = [slot for slot, _ in held if roles is None or slot in roles]
    borne = bool(wanted)
    if both is not None and borne:
        borne = any(_holds(both.record, slot, name) for slot, name in held if roles is None or slot in roles)
    slot = wanted[0] if wanted else (sorted(roles)[0] if roles else "people")
    shown = next((name for s, name in held), value)
    written = _written(record, slot, shown) or shown
    case.add(start, stop, slot, written, "supported" if borne else "contradicted")
    return stop - start


def _value(case: _Case, at: int, end: int, region: str, both: HistoryItem | None) -> int:
    text = case.text
    for size in range(min(MAX_PHRASE, end - at), 0, -1):
        phrase = fold(text[at : at + size])
        meanings = case.names.meanings.get(phrase)
        if phrase in case.names.neutral and not meanings:
            case.cover(at, at + size)
            return size
        if not meanings or not case.free(at, at + size):
            continue
        if region in ("asked", "often"):
            return _of_user(case, at, at + size, meanings, region)
        record = case.evidence.record
        held = sorted((slot, value) for slot, value in meanings if _holds(record, slot, value))
        negated = any(text[max(0, at - 6) : at].endswith(cue) for cue in case.names.relations["negation"])
        borne = bool(held) != negated
        if borne and both is not None and held:
            borne = any(_holds(both.record, slot, value) for slot, value in held)
        slot, value = held[0] if held else sorted(meanings)[0]
        written = _written(record, slot, value) or value
        case.add(at, at + size, slot, written, "supported" if borne else "contradicted")
        return size
    return 0


def _of_user(case: _Case, start: int, stop: int, meanings: Meanings, region: str) -> int:
    """Judge what the user is said to want or to like often."""
    words = case.text[start:stop]
    source: ClaimSource = "dialogue" if region == "asked" else "profile"
    cited = [
        fact.fact_id
        for fact in case.evidence.facts
        if fact.source == source and any((slot, fold(value)) in meanings for slot, value in fact.shared)
    ]
    borne = bool(cited)
    if region == "asked" and not borne:
        borne = any(words in asked for asked in case.evidence.asked)
    slot = "asked_for" if region == "asked" else "often_likes"
    case.add(start, stop, slot, words, "supported" if borne else "contradicted", source, cited)
    return stop - start


def _rest(case: _Case) -> None:
    """What is neither a claim nor a word that says nothing: it has to stand in the evidence."""
    text, names = case.text, case.names
    at = 0
    while at < len(text):
        if case.covered[at] or not has_han(text[at]):
            at += 1
            continue
        size = next(
            (
                n
                for n in range(min(MAX_PHRASE, len(text) - at), 0, -1)
                if text[at : at + n] in names.neutral and case.free(at, at + n)
            ),
            0,
        )
        if size:
            case.cover(at, at + size)
        at += size or 1
    known = " ".join([*case.evidence.asked, *(str(value) for value in case.evidence.record.values())])
    for match in re.finditer(r"[\u3400-\u9fff]+", text):
        run = "".join(" " if case.covered[place] else text[place] for place in range(*match.span()))
        for piece in re.finditer(r"\S+", run):
            if len(piece[0]) > 1 and piece[0] not in known:
                start = match.start() + piece.start()
                case.add(start, start + len(piece[0]), "content", piece[0], "absent")


def _holds(record: Mapping[str, Value], slot: str, value: str) -> bool:
    own = record.get(slot)
    values: Sequence[object] = own if isinstance(own, tuple | list) else (own,)
    return any(isinstance(each, str) and fold(each) == value for each in values)


def _written(record: Mapping[str, Value], slot: str, folded: str) -> str | None:
    own = record.get(slot)
    values: Sequence[object] = own if isinstance(own, tuple | list) else (own,)
    return next((each for each in values if isinstance(each, str) and fold(each) == folded), None)


def _cited(facts: Sequence[Fact], slot: str, value: Value, source: ClaimSource) -> tuple[str, ...]:
    """Ids of the facts that speak of the same."""
    found = []
    for fact in facts:
        if source == "history":
            if str(fact.value) == str(value):
                found.append(fact.fact_id)
            continue
        pairs = fact.shared if fact.source != "catalogue" else ()
        values = fact.value if isinstance(fact.value, tuple) else (fact.value,)
        own = fact.slot == slot and (slot in ("year", "price", *_RUNTIME, *_PAGE) or value in values)
        if own or (slot, value) in pairs or (slot in ("asked_for", "often_likes") and fact.slot == slot):
            found.append(fact.fact_id)
    return tuple(found)
