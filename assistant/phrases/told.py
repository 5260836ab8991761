"""Reasons in a language that is a file of sentences (``languages/zh_reasons.toml``): the counterpart of the English ones.

The facts and their order are the same, and so is the form of a reason; only the words come from a table, and values are
said as the evidence tells (``Evidence.said``). A value that nothing tells how to say is left out.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from assistant.language import read_file
from assistant.phrases.filling import filled
from assistant.phrases.labels import clean_label, clean_name, clean_title, kind_of
from assistant.phrases.material import AUTHORS, CAST, DIRECTORS, LEADS, Material, Piece, Pieces, Said
from assistant.phrases.span import Phrased, Span
from assistant.phrases.subjects import subject_of
from assistant.text import fold, has_han
from assistant.types import Fact, Value

_REPEATED_SHAPE = 6.0
_REPEATED_GROUP = 0.9
_JITTER = 0.9
_MAKERS = frozenset({"creators", "creator", "artist", "artists", "brand"})

Say = Callable[[str, str], str | None]
"""(slot, value) to how it is said, None where nothing tells."""


@cache
def table_of(language: str) -> Mapping[str, Any] | None:
    """The sentences of a language, None where there is no file of them."""
    return read_file(f"{language}_reasons")


class Teller:
    """The slots of the sentences, filled from the facts of one card."""

    def __init__(self, material: Material, table: Mapping[str, Any], say: Say) -> None:
        self.material = material
        self._table = table
        self._say = say
        self.noun: Mapping[str, str] = table["nouns"].get(material.noun or "other", table["nouns"]["other"])

    def again(self) -> Teller:
        """The same with what was said so far, to try a further sentence."""
        old = self.material
        material = Material(facts=old.facts, record=old.record, noun=old.noun, said=set(old.said))
        return Teller(material, self._table, self._say)

    def fill(self, slot: str) -> Pieces | None:
        """The words for a slot; None when no fact gives any."""
        material = self.material
        past, named = material.past, material.named
        match slot:
            case "measure":
                return (Piece(self.noun["measure"]),)
            case "did":
                return None if past is None else (Piece(str(self._table["verbs"].get(past.slot, ""))),)
            case "liked" | "named":
                return self._title(past if slot == "liked" else named)
            case "kind":
                return self._kind(self._values("genres"), self._values("moods")[:1])
            case "about" | "setting":
                use = "about" if slot == "about" else "set"
                return self._list([each for each in self._values("subjects") if _use(each.value) == use][:2])
            case "moods":
                return self._list(self._values("moods")[:2], last=self._table["list_between"])
            case "director" | "author" | "cast" | "maker":
                roles = {"director": DIRECTORS, "author": AUTHORS, "cast": CAST, "maker": _MAKERS}[slot]
                if slot == "director" and not any(each.slot in DIRECTORS for each in self._people()):
                    return None
                return self._list([each for each in self._people() if each.slot in roles][:2])
            case "places":
                return self._list(self._values("places")[:1])
            case "year" | "pages":
                return material.number(slot)
            case "runtime":
                return self._minutes()
            case "price":
                return material.price()
            case "request":
                return self._request()
            case "habit":
                return self._habit()
        which, _, what = slot.partition("_")
        fact = past if which == "liked" else named
        return None if fact is None else self._shared(fact, what)

    # values

    def _said(self, slot: str, value: str, fact: str) -> Said | None:
        text = self._say(slot, value)
        return None if text is None else Said(text, fact, slot, value)

    def _values(self, kind: str) -> list[Said]:
        """The unsaid values of a kind, as they are said; each text once."""
        found: dict[str, Said] = {}
        for each in self.material.unsaid(kind):
            if (
                clean_label(each.value) is not None
                and (said := self._said(each.slot, each.value, each.fact)) is not None
            ):
                found.setdefault(said.text, said)
        return list(found.values())

    def _people(self) -> list[Said]:
        found = []
        for each in self.material.unsaid("people"):
            if clean_name(each.value) is None:
                continue
            text = self._say(each.slot, each.value) or each.value
            if not self.material.said & {("name", fold(text)), ("role", each.slot)}:
                found.append(Said(text, each.fact, each.slot, each.value))
        return found

    def _list(self, found: Sequence[Said], last: str | None = None) -> Pieces | None:
        if not found:
            return None
        self.material.mark(*found)
        pieces: list[Piece] = []
        for index, each in enumerate(found):
            if index:
                joint = self._table["list_last"] if last is None else last
                pieces.append(Piece(joint if index == len(found) - 1 else self._table["list_between"]))
            pieces.append(Piece(each.text, (each.fact,)))
        return tuple(pieces)

    def _kind(self, genres: Sequence[Said], moods: Sequence[Said] = ()) -> Pieces | None:
        """``温暖的爱情喜剧``: at most two genres and a mood."""
        nouns = self._table["nouns"]
        strong = [each for each in genres if each.text not in nouns["weak"]][:2] or list(genres[:1])
        if not strong:
            return None
        strong.sort(key=lambda each: each.text in nouns["last"])
        moods = [mood for mood in moods if not any(mood.text[:1] == each.text[:1] for each in strong)]
        self.material.mark(*strong, *moods)
        pieces = [piece for mood in moods for piece in (Piece(mood.text, (mood.fact,)), Piece("的"))]
        pieces += [Piece(each.text, (each.fact,)) for each in strong]
        if not strong[-1].text.endswith(tuple(nouns["whole"])):
            pieces.append(Piece(self.noun["behind"]))
        return tuple(pieces)

    def _title(self, fact: Fact | None) -> Pieces | None:
        title = clean_title(str(fact.value)) if fact is not None else None
        if fact is None or title is None:
            return None
        self.material.said.add(("title", fact.other_item_id or ""))
        return (Piece(f"《{title}》", (fact.fact_id,)),)

    def _minutes(self) -> Pieces | None:
        for fact in self.material.facts:
            if fact.source == "catalogue" and kind_of(fact.slot) == "runtime" and isinstance(fact.value, int | float):
                if (fact.slot, "runtime") in self.material.said:
                    return None
                self.material.said.add((fact.slot, "runtime"))
                return (Piece(f"{fact.value:g}", (fact.fact_id,)),)
        return None

    # what ties it to the user

    def _shared(self, fact: Fact, what: str) -> Pieces | None:
        roles = {"director": LEADS, "cast": CAST}.get(what)
        kinds = {"about": "subjects", "setting": "subjects", "kind": "genres", "mood": "moods"}
        found: list[Said] = []
        for slot, value in fact.shared:
            kind = self.material.slot_kind(slot)
            if roles is not None:
                if kind == "people" and slot in roles and clean_name(value) is not None:
                    found.append(Said(self._say(slot, value) or value, fact.fact_id, slot, value))
                continue
            if kind != kinds[what] or (slot, fold(value)) in self.material.said:
                continue
            if kind == "subjects" and _use(value) != ("about" if what == "about" else "set"):
                continue
            if (said := self._said(slot, value, fact.fact_id)) is not None:
                found.append(said)
        if what == "kind":
            return self._kind(found)
        return self._list(found[:2] if what != "mood" else found[:1])

    def _request(self) -> Pieces | None:
        """``九十年代的日本喜剧``: what was asked for and the item has, as one noun phrase."""
        by_kind: dict[str, list[Said]] = {}
        words: list[Piece] = []
        for fact in self.material.asked:
            slot, value = fact.shared[0]
            if kind_of(slot) in ("year", "runtime", "pages") or slot == "price":
                spoken = str(fact.value)
                if has_han(spoken) and len(spoken) <= 14 and re.fullmatch(r"[\w·、]+", spoken):
                    words += [Piece(spoken.removesuffix("的"), (fact.fact_id,)), Piece("的")]
                continue
            kind = self.material.slot_kind(slot) or ""
            name = clean_name(value) if kind == "people" else None
            text = (self._say(slot, value) or name) if kind == "people" else self._say(slot, value)
            own = str(fact.value)
            if kind in ("subjects", "moods") and has_han(own) and len(own) <= 8 and own.isalnum():
                text = own  # who asked for 成长 did not ask for 童年, which the tag may be called
            if text is not None:
                by_kind.setdefault(kind, []).append(Said(text, fact.fact_id, slot, value))
        pieces = list(words)
        for each in by_kind.get("people", [])[:1]:
            verb = "主演的" if each.slot in CAST else "执导的" if each.slot in DIRECTORS else "的"
            pieces += [Piece(each.text, (each.fact,)), Piece(verb)]
            self.material.mark(each)
        for each in by_kind.get("moods", [])[:1]:
            pieces += [Piece(each.text, (each.fact,)), Piece("的")]
            self.material.mark(each)
        about = [each for each in by_kind.get("subjects", []) if _use(each.value) in ("about", "set")][:2]
        if about:
            pieces += [Piece("关于"), *(self._list(about) or ()), Piece("的")]
        places = by_kind.get("places", [])[:1]
        for each in places:
            pieces.append(Piece(each.text, (each.fact,)))
            self.material.mark(each)
        kind_said = self._kind(by_kind.get("genres", []))
        if not pieces and kind_said is None:
            return None
        noun = self.noun["behind"] if places and self.material.noun == "film" else self.noun["noun"]
        return (*pieces, *(kind_said or (Piece(noun),)))

    def _habit(self) -> Pieces | None:
        fact = self.material.often
        if fact is None:
            return None
        slot, value = fact.shared[0]
        kind = self.material.slot_kind(slot)
        said = self._said(slot, value, fact.fact_id)
        if kind == "people" and clean_name(value) is not None:
            verb = "主演" if slot in CAST else "执导"
            return (Piece(self._say(slot, value) or value, (fact.fact_id,)), Piece(f"{verb}的{self.noun['noun']}"))
        if said is None or (slot, fold(value)) in self.material.said:
            return None
        if kind == "genres":
            return self._kind([said])
        self.material.mark(said)
        if kind == "subjects":
            if _use(value) != "about":
                return None
            return (Piece("关于"), Piece(said.text, (said.fact,)), Piece(f"的{self.noun['noun']}"))
        if kind in ("moods", "places"):
            behind = "的" if kind == "moods" else ""
            return (Piece(said.text, (said.fact,)), Piece(f"{behind}{self.noun['noun']}"))
        return None


def _use(value: str) -> str | None:
    """Whether a tag is what an item is about, where it plays, or how it looks; a tag in Han characters is a subject."""
    if has_han(value):
        return "about"
    subject = subject_of(value)
    return None if subject is None else subject.use


def told_reasons(
    language: str,
    facts: Sequence[Fact],
    record: Mapping[str, Value],
    say: Say,
    *,
    seed: str,
    item_id: str,
    used: Sequence[str],
    accept: Callable[[str], bool],
) -> Iterator[Phrased]:
    """Every accepted reason, the best first; arguments as for ``assistant.phrases.reasons``."""
    table = table_of(language)
    if table is None:
        return
    before = [name for shape in used for name in shape.split("+")]
    bare: list[Phrased] = []
    for name in _ordered(table["openings"], table["worth"], before, seed, item_id):
        teller = Teller(Material(facts=facts, record=record), table, say)
        pieces = _render(table["openings"][name], teller, table["most"])
        if pieces is None or not any(piece.facts for piece in pieces):
            continue
        alone = _joined((pieces,), name, table["end"])
        if not accept(alone.text):
            continue
        made = alone
        if len(alone.text) < table["enough"]:
            for detail in _ordered(table["details"], {}, before, seed, item_id):
                trial = teller.again()
                more = _render(table["details"][detail], trial, table["most"])
                if more is None:
                    continue
                both = _joined((pieces, more), f"{name}+{detail}", table["end"])
                if len(both.text) <= table["most"] and accept(both.text):
                    made = both
                    break
        if len(made.text) < table["least"]:
            bare.append(made)
        else:
            yield made
    yield from bare
    yield Phrased(text=table["nothing"], spans=(), shape="empty", fact_ids=())


def _ordered(
    sentences: Mapping[str, str], worths: Mapping[str, float], used: Sequence[str], seed: str, item_id: str
) -> list[str]:
    """Names of sentences, the best for this card first."""
    seen = Counter(used)
    groups = Counter(name.partition(".")[0] for name in used)

    def worth(name: str) -> float:
        digest = hashlib.blake2b(f"{seed}\0{item_id}\0{name}".encode(), digest_size=4).digest()
        group = name.partition(".")[0]
        return (
            worths.get(group, 0.0)
            + worths.get(name, 0.0)
            + _JITTER * int.from_bytes(digest) / 2**32
            - _REPEATED_SHAPE * seen[name]
            - _REPEATED_GROUP * groups[group]
        )

    return sorted(sentences, key=worth, reverse=True)


def _render(text: str, teller: Teller, most: int) -> Pieces | None:
    """The pieces of a sentence, or None when a slot outside brackets cannot be filled."""

    def fits(before: Pieces, section: Pieces) -> bool:
        return sum(len(piece.text) for piece in before) <= most - 24 and any(piece.facts for piece in section)

    return filled(text, teller.fill, teller.material, fits)


def _joined(sentences: Sequence[Pieces], shape: str, end: str) -> Phrased:
    text = ""
    spans: list[Span] = []
    for sentence in sentences:
        for piece in sentence:
            if text and piece.text and _needs_space(text[-1], piece.text[0]):
                text += " "
            if piece.facts and piece.text:
                spans.append(Span(start=len(text), end=len(text) + len(piece.text), fact_ids=piece.facts))
            text += piece.text
        text += end
    ids = tuple(dict.fromkeys(fact_id for span in spans for fact_id in span.fact_ids))
    return Phrased(text=text, spans=tuple(spans), shape=shape, fact_ids=ids)


def _needs_space(before: str, behind: str) -> bool:
    """A name in Latin letters stands apart from the characters around it; numbers do not."""
    latin = any(one.isalpha() and not has_han(one) for one in (before, behind))
    return latin and has_han(before + behind)
