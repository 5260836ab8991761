"""Sentences of an answer become a verified explanation: each is checked against the evidence of the item it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.answers.table import Table, filled, load_table, number
from assistant.faithfulness import Evidence, HistoryItem, is_supported
from assistant.phrases.labels import clean_label, clean_name, clean_title, is_role, quoted_title
from assistant.profile import UserProfile
from assistant.serving import Serving
from assistant.text import clean, fold, fold_title
from assistant.types import Claim, Explanation, Fact, Item, Query, Utterance, Value

MOST_VALUES = 4
"""Values of a list that a sentence names."""
_CODE = re.compile(r"(?=.{1,12}$)[A-Z0-9]+(?:[ ./-][A-Z0-9]+)*", re.ASCII)
MOST_QUOTED = 120
"""Characters of the user's own words that are repeated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """One sentence of an answer, before it is worded."""

    name: str
    """Of the wordings in the table."""
    item_id: str | None = None
    """The item it speaks of, whose record it is checked against; None when it speaks of none."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Marker to what fills it."""
    facts: tuple[Fact, ...] = ()
    """What it rests on; their ids are given when the answer is put together."""
    also: tuple[str, ...] = ()
    """Ids of other items that it names."""
    quotes: bool = False
    """Whether all that it says is the user's own words, which a fact holds: it claims nothing of an item."""


@dataclass(frozen=True, kw_only=True)
class Writer:
    """What the answers of one turn are written with."""

    serving: Serving
    said: Utterance
    query: Query
    profile: UserProfile
    table: Table
    told: tuple[Fact, ...] = ()
    """Stated tastes, as facts of source ``profile``; they belong to no item yet."""

    # words

    def item(self, item_id: str) -> Item:
        return self.serving.catalogue.item(self.serving.catalogue.row_of[item_id])

    def title(self, item_id: str) -> str:
        """The title as it may be quoted, in the language of the answer where the record has it so; with its year where
        another item has the same title."""
        item = self.item(item_id)
        local = item.attributes.get(f"title_{self.table.language}")
        title = clean_title(local if isinstance(local, str) else item.title)
        if title is None:
            return self.table.words["this"]
        twins = self.serving.catalogue.titles.get(fold_title(item.title), ())
        quoted = quoted_title(title) if self.table.checked else self.table.titled(title)
        return f"{quoted} ({item.year})" if len(twins) > 1 and item.year is not None else quoted

    def local(self, item: Item, slot: str, value: str) -> str:
        """A value in the language of the answer, where the record has the slot in it, value by value."""
        own, other = item.slots().get(slot), item.attributes.get(f"{slot}_{self.table.language}")
        if isinstance(own, tuple) and isinstance(other, tuple) and len(own) == len(other) and value in own:
            return other[own.index(value)]
        if isinstance(other, str) and own == value:
            return other
        return self.serving.say_all(slot, (value,), self.table.language)[0]

    def value(self, item: Item, slot: str, *, most: int = MOST_VALUES) -> tuple[str, Fact] | None:
        """What a record says under a slot, in words, and the fact; None when unknown or when it may not be quoted."""
        value = item.slots().get(slot)
        if value is None or isinstance(value, bool):
            return None
        if isinstance(value, int | float):
            money = self.table.is_price(slot)
            return (f"{value:.2f}".removesuffix(".00") if money else number(value)), self.fact(item, slot, value)
        cleaned = self.values(item, slot, value if isinstance(value, tuple) else (value,))[:most]
        if not cleaned:
            return None
        kept: Value = tuple(each for each, _ in cleaned) if isinstance(value, tuple) else cleaned[0][0]
        return self.table.listed([said for _, said in cleaned]), self.fact(item, slot, kept)

    def values(self, item: Item, slot: str, values: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """(value, how it is quoted) of those values of an item's slot that may be quoted."""
        quote = clean_name if is_role(slot, self.serving.catalogue.roles) else _label
        return tuple((value, said) for value in values if (said := quote(self.local(item, slot, value))) is not None)

    def says(self, item: Item, slot: str, *, most: int = MOST_VALUES) -> tuple[str, Fact] | None:
        """``runs 117 minutes`` with its fact; None when the record does not say, or not in words that may be quoted."""
        truth = item.slots().get(slot)
        words = self.table.slot(slot)
        if isinstance(truth, bool):
            wording = words.says if truth else words.says_not
            if "{value}" in wording or not wording:
                return None
            return wording, self.fact(item, slot, truth)
        found = self.value(item, slot, most=most)
        return None if found is None else (filled(words.says, {"value": found[0]}), found[1])

    def says_values(self, item: Item, slot: str, wanted: Sequence[str]) -> tuple[str, Fact] | None:
        """``is filed under Horror``: those of the wanted values that the record has under a slot, with the fact."""
        held = item.slots().get(slot)
        folded = {fold(value) for value in wanted}
        if not isinstance(held, tuple):
            return self.says(item, slot) if isinstance(held, str) and fold(held) in folded else None
        quoted = self.values(item, slot, [value for value in held if fold(value) in folded])
        if not quoted:
            return None
        says = filled(self.table.slot(slot).says, {"value": self.table.listed([said for _, said in quoted])})
        return says, self.fact(item, slot, tuple(value for value, _ in quoted))

    def shared(self, item: Item, pairs: Sequence[tuple[str, str]]) -> str | None:
        """``are from Japan and have Toshirō Mifune in the cast``: (slot, value) pairs that ``item`` has in common with others;
        None when none may be quoted."""
        by_slot: dict[str, list[str]] = {}
        for slot, value in pairs:
            by_slot.setdefault(slot, []).extend(said for _, said in self.values(item, slot, (value,)))
        parts = [
            filled(self.table.slot(slot).both, {"value": self.table.listed(said)})
            for slot, said in by_slot.items()
            if said
        ]
        return self.table.listed(parts) if parts else None

    def said_by_user(self, words: str) -> str | None:
        """The user's own words in quotes; None when they are blank."""
        text = clean(words)
        return self.table.quoted(text[:MOST_QUOTED]) if text else None

    @staticmethod
    def about(fact: Fact, item: Item) -> Fact:
        """A fact of the user as one about an item."""
        return replace(fact, item_id=item.item_id)

    @staticmethod
    def fact(item: Item, slot: str, value: Value) -> Fact:
        return Fact(fact_id="", source="catalogue", item_id=item.item_id, slot=slot, value=value)

    @staticmethod
    def ranked(item_id: str, slot: str, value: Value, *, other: str | None = None) -> Fact:
        """A fact of the ranking: ``position``, ``candidates``, ``moved_by``, ``behind_in``."""
        return Fact(fact_id="", source="ranking", item_id=item_id, slot=slot, value=value, other_item_id=other)

    # putting together

    def explanation(self, sentences: Iterable[Sentence]) -> Explanation | None:
        """The sentences that hold, joined; None when none does."""
        text = ""
        facts: list[Fact] = []
        claims: list[Claim] = []
        rejected: list[str] = []
        for sentence in sentences:
            numbered = tuple(replace(fact, fact_id=f"f{at}") for at, fact in enumerate(sentence.facts, len(facts) + 1))
            if problem := self._untrue(numbered):
                rejected.append(f"{sentence.name}: {problem}")
                continue
            found = self._worded(sentence, numbered)
            if found is None:
                rejected.append(f"{sentence.name}: no wording that the checker bears out")
                continue
            said, of_sentence = found
            text += self.table.words["next_sentence"] if text else ""
            offset = len(text)
            text += said
            claims += [replace(claim, start=claim.start + offset, end=claim.end + offset) for claim in of_sentence]
            facts += numbered
        if not text:
            return None
        return Explanation(
            text=text, phrased_by="template", facts=tuple(facts), claims=tuple(claims), rejected=tuple(rejected)
        )

    def _worded(self, sentence: Sentence, facts: tuple[Fact, ...]) -> tuple[str, tuple[Claim, ...]] | None:
        """The first wording that the checker bears out, with its claims."""
        evidence = self._evidence(sentence, facts)
        for wording in self.table.sentences[sentence.name]:
            said = _sentence(filled(wording, sentence.values))
            if not self.table.checked or sentence.quotes:
                return said, self._claims_of_values(said, facts)
            claims = self.serving.checker.check(said, evidence)
            if is_supported(claims):
                ranked = {fact.slot for fact in facts if fact.source == "ranking"}
                return said, tuple(replace(c, source="ranking") if c.slot in ranked else c for c in claims)
        return None

    def _claims_of_values(self, said: str, facts: Sequence[Fact]) -> tuple[Claim, ...]:
        """Where the checker does not read the language: a claim for each value of a fact that stands in the sentence."""
        claims: list[Claim] = []
        for fact in facts:
            for each in fact.value if isinstance(fact.value, tuple) else (fact.value,):
                if isinstance(each, str):
                    known = fact.item_id in self.serving.catalogue.row_of and fact.source == "catalogue"
                    words = clean(self.local(self.item(fact.item_id), fact.slot, each) if known else each)
                else:
                    words = "" if isinstance(each, bool) else number(each)
                start = said.find(words)
                if start >= 0 and words:
                    claims.append(
                        Claim(
                            text=words, start=start, end=start + len(words), item_id=fact.item_id, slot=fact.slot, value=each,
                            source=fact.source, verdict="supported", tier="values", fact_ids=(fact.fact_id,),
                        )
                    )  # fmt: skip
        return tuple(sorted(claims, key=lambda claim: (claim.start, claim.end)))

    def _evidence(self, sentence: Sentence, facts: tuple[Fact, ...]) -> Evidence:
        """What is known where the sentence is checked: the record, what the ranking says, the history, the request."""
        record: dict[str, Value] = {}
        if sentence.item_id is not None:
            record = {slot: self._readable(slot, value) for slot, value in self.item(sentence.item_id).slots().items()}
        record |= {fact.slot: fact.value for fact in facts if fact.source == "ranking" and isinstance(fact.value, int)}
        relations = {entry.item_id: entry.relation for entry in self.profile.entries}
        named = dict.fromkeys(
            [*sentence.also, *(fact.other_item_id for fact in facts if fact.other_item_id is not None)]
        )
        history = []
        for item_id in named:
            if item_id in self.serving.catalogue.row_of and item_id != sentence.item_id:
                item = self.item(item_id)
                history.append(
                    HistoryItem(
                        item_id=item_id,
                        title=item.title,
                        relation=relations.get(item_id, "seen"),
                        record=item.slots(),
                    )
                )
        promised = (*self.query.constraints, *self.query.wishes)
        asked = [
            self.table.words["own"],
            sentence.values.get("what", ""),  # what was asked about, which the record does not say
            self.said.text,
            self.query.text,
            *(c.words for c in promised),
            *(self.table.promise(c) for c in promised),
        ]
        asked += [c.label() for c in promised]
        return Evidence(
            item_id=sentence.item_id or "",
            record=record,
            history=tuple(history),
            asked=tuple(dict.fromkeys(words for words in asked if words)),
            facts=facts,
        )

    def _readable(self, slot: str, value: Value) -> Value:
        """A value as a text can say it: what is yes or no by its words, ``is out of stock``."""
        words = self.table.slot(slot)
        if not isinstance(value, bool) or "{value}" in words.says:
            return value
        return words.says if value else words.says_not

    def _untrue(self, facts: Sequence[Fact]) -> str | None:
        """What is wrong with a fact, looked up again where it came from; None when all of them hold."""
        relations = {entry.item_id: entry.relation for entry in self.profile.entries}
        for fact in facts:
            if fact.source == "catalogue":
                held = self.item(fact.item_id).slots().get(fact.slot)
                if isinstance(fact.value, tuple):
                    if not isinstance(held, tuple) or not set(fact.value) <= set(held):
                        return f"the record of {fact.item_id!r} does not hold {fact.value!r}"
                elif held != fact.value:
                    return f"the record of {fact.item_id!r} does not hold {fact.value!r}"
            elif fact.source == "history" and relations.get(fact.other_item_id or "") != fact.slot:
                return f"{fact.other_item_id!r} is not {fact.slot} by this user"
            elif (
                fact.source == "profile"
                and fact.slot in ("told", "told_not")
                and not any(fact.value == told.value for told in self.told)
            ):
                return f"the user did not say {fact.value!r}"
        return None


def _label(value: str) -> str | None:
    """A label as it may be quoted, sizes and model numbers included: ``42``, ``XL``, ``10.5 EU``."""
    return clean_label(value) or (clean(value) if _CODE.fullmatch(clean(value)) else None)


def _sentence(text: str) -> str:
    """Without a second stop behind a title that ends in one."""
    for mark in ("?", "!", "…"):
        text = text.replace(f"{mark}.", mark) if text.endswith(f"{mark}.") else text
    text = text[:-1] if text.endswith("..") else text
    return text[:1].upper() + text[1:] if text[:1].islower() else text


def writer(
    said: Utterance, query: Query, *, serving: Serving, profile: UserProfile, told: tuple[Fact, ...] = ()
) -> Writer:
    """The writer of a turn, in the language of the message."""
    return Writer(serving=serving, said=said, query=query, profile=profile, table=load_table(said.language), told=told)
