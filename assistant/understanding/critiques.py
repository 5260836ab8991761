"""Critiques: what is wanted relative to an item on the table ("shorter", "same director", "less violent", "too long").

The item is the one that the message names beside it, else what was spoken of last, else the whole table, of which the
median counts. A critique of a number is a promise (a range), one of a quality a wish.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from statistics import median

from assistant.language import any_of, singular
from assistant.types import Constraint, Context
from assistant.understanding.reading import Reading, negated_at
from assistant.understanding.references import Reference, behind_cue, find_references
from assistant.understanding.shortcomings import find_shortcomings
from assistant.vocabulary import FREE_SLOTS, Vocabulary


def find_critiques(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """Turn the critiques of a message into constraints and wishes; their words are used up."""
    if not len(vocabulary.catalogue):
        return
    critic = _Critic(reading, vocabulary, context)
    critic.more_like()
    critic.like_but()
    find_shortcomings(critic)
    critic.comparatives()
    critic.too_much()
    critic.more_of_a_slot()
    critic.qualities()
    critic.the_better()
    critic.nowhere()


class _Critic:
    def __init__(self, reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
        self.reading = reading
        self.vocabulary = vocabulary
        self.language = vocabulary.language
        self.spoken = vocabulary.spoken
        self.context = context
        self.catalogue = vocabulary.catalogue
        spoken_of = tuple(reading.like) or tuple(reading.rejected) or context.focus or context.table
        self.default = [i for i in spoken_of if i in self.catalogue.row_of]
        self.references: list[Reference] = [
            r for r in find_references(reading, vocabulary, context, loose=True) if not r.spoken_last or self.default
        ]

    # what it is compared with

    def base(self, at: int) -> list[str]:
        """The items that a critique at place ``at`` is relative to."""
        clause = self.reading.clause_end(at)
        near = [
            r
            for r in self.references
            if not r.spoken_last
            and ((r.end <= at and self.reading.clause_end(r.end) == clause) or (not r.titled and r.start < clause))
        ]
        return list(near[-1].ids) if near else self.default

    def behind_than(self, end: int) -> tuple[list[str], int] | None:
        """The items named right behind "than", and where they end; None when there is no "than" with an item."""
        match = re.compile(self.language.bounded(any_of(self.language.words("than")))).match(
            self.reading.plain, _skip_space(self.reading.plain, end)
        )
        if match is None:
            return None
        at = _skip_space(self.reading.plain, match.end())
        for cue in self.language.patterns.get("than_it", ()):
            if (it := cue.regex.match(self.reading.plain, match.start())) and self.default:
                return self.default, it.end()
        for reference in self.references:
            if reference.start >= at and not self.reading.plain[at : reference.start].strip(" \"'“”‘’"):
                return list(reference.ids), reference.end
        return None

    def limit(self, slot: str, ids: Sequence[str], *, up: bool, all_of_them: bool = False) -> Constraint | None:
        """More (``up``) or less of a slot than the items have: than their median, or than each of them."""
        rows = [self.catalogue.row_of[i] for i in ids if i in self.catalogue.row_of]
        values = self.spoken.values_of(rows, slot)
        if not values:
            return None
        value = (max(values) if up else min(values)) if all_of_them else median(values)
        step = self.spoken.step(slot)
        if up:
            return Constraint(slot=slot, op="range", low=round(math.floor(value / step + 1e-9) * step + step, 4))
        return Constraint(slot=slot, op="range", high=round(math.ceil(value / step - 1e-9) * step - step, 4))

    def add(self, constraint: Constraint, start: int, end: int, *, promised: bool = True) -> None:
        for reference in self.references:  # "the second one is too long": the words are understood
            near = self.reading.plain[reference.end : start].split()
            if reference.end <= start and len(near) <= 3:
                self.reading.use_span(reference.start, reference.end)
        reading = self.reading
        words = reading.text[start:end].strip()
        first, last = reading.tokens_of(start, end)
        constraint = Constraint(
            slot=constraint.slot, op=constraint.op, values=constraint.values, low=constraint.low, high=constraint.high,
            words=words,
        )  # fmt: skip
        reading.add(constraint, first, last, promised=promised)
        reading.use_span(start, end)
        reading.refines = True

    # kinds of critiques

    def more_like(self) -> None:
        """ "More like the first one": the item is resembled."""
        for match in self.reading.matches("more_like"):
            here = [r for r in self.references if r.start >= match.end() and r.start - match.end() < 3]
            if here and self.reading.free_span(match.start(), match.end()):
                self.reading.like.extend(here[0].ids)
                self.reading.references.extend(here[0].ids)
                self.reading.use_span(match.start(), here[0].end)

        for match in self.reading.matches("similar_bare"):
            if self.default and self.reading.free_span(match.start(), match.end()):
                self.reading.like.extend(self.default)
                self.reading.references.extend(self.default)
                self.reading.use_span(match.start(), match.end())

        for reference in self.references:  # "in the style of the third one"
            cued = behind_cue(self.reading, reference, self.language.cues["like"])
            if cued and not reference.titled and self.reading.free_span(reference.start, reference.end):
                self.reading.like.extend(reference.ids)
                self.reading.references.extend(reference.ids)
                self.reading.use_span(reference.start, reference.end)

    def like_but(self) -> None:
        """ "The second but in black": that one is resembled."""
        for reference in self.references:
            end = self.reading.plain[reference.end :].lstrip(" ,")
            opens = reference.start in self.reading.openings
            if (
                opens
                and not reference.titled
                and re.match(self.language.bounded(any_of(self.language.words("turning"))), end)
            ):
                self.reading.like.extend(reference.ids)
                self.reading.references.extend(reference.ids)
                self.reading.use_span(reference.start, reference.end)

    def comparatives(self) -> None:
        """ "Older", "a bit shorter than that one", "newer than Parasite"."""
        for words, up in ((self.spoken.more, True), (self.spoken.less, False)):
            for match in re.finditer(self.language.bounded(any_of(words)), self.reading.plain):
                slot = words[re.sub(r"\s+", " ", match.group())]
                if not self.reading.free_span(match.start(), match.end()):
                    continue
                negated = negated_at(self.reading, match.start())
                if (named := self.behind_than(match.end())) is not None:
                    self._compared(slot, named[0], match.start(), named[1], up=up, negated=negated)
                    self.default = self.default or named[0]
                elif self.default and not negated and self._is_critique(match.start(), match.end()):
                    self._compared(slot, self.base(match.start()), match.start(), match.end(), up=up, negated=False)

    def nowhere(self) -> None:
        """ "Bigger", in a catalogue that has no sizes in numbers: nothing to go by, and nothing to search by."""
        every = {word for slot in self.language.slots for word in (*slot.more, *slot.less)}
        known = {*self.spoken.more, *self.spoken.less, *self.language.comparatives}
        for match in re.finditer(self.language.bounded(any_of(every - known)), self.reading.plain):
            free = self.reading.free_span(match.start(), match.end())
            if self.default and free and self._is_critique(match.start(), match.end()):
                self.reading.unheeded.append(match.group())
                self.reading.use_span(match.start(), match.end())
                self.reading.refines = True

    def _compared(self, slot: str, ids: list[str], start: int, end: int, *, up: bool, negated: bool) -> None:
        stated = [c for c in self.reading.constraints if c.slot == slot and c.op == "range"]
        if any((c.low if up else c.high) is not None for c in stated):  # "shorter, under 90": the number says how short
            self.reading.use_span(start, end)
            self.reading.refines = True
            return
        constraint = self.limit(slot, ids, up=up)
        if constraint is None:
            return
        if negated:  # "not longer than Alien": as long will do
            step = self.spoken.step(slot)
            low, high = constraint.low, constraint.high
            constraint = Constraint(
                slot=slot,
                op="range",
                low=high + step if high is not None else None,
                high=low - step if low is not None else None,
            )
        self.add(constraint, start, end)

    def _is_critique(self, start: int, end: int) -> bool:
        """Whether a comparative speaks of the wanted item: "something older", and not "an older man"."""
        plain = self.reading.plain
        behind = plain[end:].lstrip(" ")
        follows = re.compile(
            rf"$|[,.;:!?)]|{self.language.bounded(self.language.lists['behind_critique'] + '|' + self.language.lists['one'])}"
        )
        if not follows.match(behind):
            return False
        first, _ = self.reading.tokens_of(start, end)
        return first == 0 or not (
            self.reading.tokens[first - 1].text in self.language.words("articles")
            and re.match(rf"$|[,.;:!?)]|{self.language.bounded(self.language.lists['behind_critique'])}", behind)
            and behind[:1].isalpha()
        )

    def too_much(self) -> None:
        """ "Too long", "not so old": less than the item has of it; "too violent": a wish for what is not."""
        for name in ("too", "not_so"):
            for match in self.reading.matches(name):
                at = _skip_space(self.reading.plain, match.end())
                if not self._speaks_of_a_card(match.start()):
                    continue  # "a cop who is too old for this job"
                if not (self._limited_by(match.start(), at) or self._unwanted(match.start(), at)):
                    self._untold(match.start(), at)
        for token in self.reading.tokens if self.reading.rejected else ():
            if token.negated and not token.used:  # "not the second, it's ancient"
                self._limited_by(token.start, token.start)

    def _speaks_of_a_card(self, start: int) -> bool:
        """Whether nothing but words without content, and what speaks of items, stands before a place in its clause."""
        begin = max((o for o in self.reading.openings if o <= start), default=0)
        turning = self.language.words("turning")
        begin = max([begin, *(t.end for t in self.reading.tokens if t.text in turning and t.end <= start)])
        dull = {*self.language.stopwords, *self.language.item_words, *self.language.words("chatter")}
        return all(
            token.used or token.text in dull or any(r.start <= token.start < r.end for r in self.references)
            for token in self.reading.tokens
            if begin <= token.start < start
        )

    def _untold(self, start: int, at: int) -> None:
        """ "Too artsy": a word against the cards, whatever the records know of it; it is nothing to search by."""
        first, last = self.reading.tokens_of(at, at + 1)
        if first == last or not self.default or not self.reading.free(first, last):
            return
        token = self.reading.tokens[first]
        if token.text in self.language.stopwords or not token.text.isalpha():
            return
        measures = {word for slot in self.language.slots for word in (*slot.high, *slot.low)}
        if token.text in measures or tells_nothing(self.reading, token.text, self.vocabulary):
            self.reading.unheeded.append(token.raw)
        self.reading.use_span(start, token.end)
        self.reading.refines = True

    def _limited_by(self, start: int, at: int) -> bool:
        for words, up in ((self.spoken.high, False), (self.spoken.low, True)):
            found = re.compile(self.language.bounded(any_of(words))).match(self.reading.plain, at)
            if found is None or not self.reading.free_span(at, found.end()):
                continue
            slot = words[re.sub(r"\s+", " ", found.group())]
            ids = self.base(start)
            every = self._speaks_of_all(found.end())
            constraint = self.limit(slot, ids, up=up, all_of_them=every) if ids else None
            if constraint is not None:
                self.add(constraint, start, found.end())
                return True
            if not ids:  # nothing to compare with: the end of the scale is preferred
                self._vague(slot, start, found.end(), up=up)
                return True
        return False

    def _speaks_of_all(self, end: int) -> bool:
        pool = set(self.context.table)
        clause = self.reading.clause_end(end)
        return any(len(r.ids) > 1 and set(r.ids) == pool and r.start < clause for r in self.references)

    def _vague(self, slot: str, start: int, end: int, *, up: bool) -> None:
        value = self.spoken.quantile(slot, VAGUE if not up else 1 - VAGUE)
        if value == value:
            low, high = (value, None) if up else (None, value)
            self.add(Constraint(slot=slot, op="range", low=low, high=high), start, end, promised=False)

    def _unwanted(self, start: int, at: int) -> bool:
        first, _ = self.reading.tokens_of(at, at + 1)
        for size in (3, 2, 1):
            if not self.reading.free(first, first + size) or (first == 0 and at > 0):
                continue
            phrase = self.reading.phrase(first, first + size)
            if qualities := self.vocabulary.quality(phrase):
                end = self.reading.tokens[first + size - 1].end
                # "too sad" is no word against every drama
                meant = [quality for n, quality in enumerate(qualities) if not n or quality[0] in FREE_SLOTS]
                self._wish(meant, start, end, wanted=False)
                return True
        return False

    def _wish(self, qualities: Sequence[tuple[str, str]], start: int, end: int, *, wanted: bool) -> None:
        for slot in dict.fromkeys(slot for slot, _ in qualities):
            values = tuple(value for s, value in qualities if s == slot)
            self.add(Constraint(slot=slot, op="any" if wanted else "none", values=values), start, end, promised=False)

    def more_of_a_slot(self) -> None:
        """ "Fewer pages", "a higher rating": for whatever number the catalogue has."""
        names = {name: slot for slot, words in self.spoken.numeric.items() for name in words.names}
        name = any_of(names)
        for cue, up in (("more_word", True), ("less_word", False), ("higher", True), ("lower", False)):
            for match in self.reading.matches(cue):
                at = _skip_space(self.reading.plain, match.end())
                found = re.compile(self.language.bounded(name)).match(self.reading.plain, at)
                if found is None or not self.reading.free_span(match.start(), found.end()):
                    continue
                slot = names[re.sub(r"\s+", " ", found.group())]
                named = self.behind_than(found.end())
                ids, end = named if named is not None else (self.base(match.start()), found.end())
                if ids and (constraint := self.limit(slot, ids, up=up)) is not None:
                    self.add(constraint, match.start(), end)

    def qualities(self) -> None:
        """ "Funnier", "less violent", "more romantic": a wish."""
        for match in re.finditer(self.language.bounded(any_of(self.language.comparatives)), self.reading.plain):
            word = re.sub(r"\s+", " ", match.group())
            if not self.reading.free_span(match.start(), match.end()) or negated_at(self.reading, match.start()):
                continue
            if qualities := self.vocabulary.quality(word):
                self._wish(qualities, match.start(), match.end(), wanted=True)
            elif self.default and self._is_critique(match.start(), match.end()):
                self.reading.refines = True  # a word to search by
        for name, wanted in (("less_word", False), ("more_word", True)):
            for match in self.reading.matches(name):
                self._degree(match, wanted=wanted)

    def the_better(self) -> None:
        """ "The cheaper the better": that end of the scale is preferred."""
        for match in self.reading.matches("better_the"):
            word = re.sub(r"\s+", " ", match["word"])
            for words, up in ((self.spoken.more, True), (self.spoken.less, False)):
                if word in words and self.reading.free_span(match.start(), match.end()):
                    self._vague(words[word], match.start(), match.end(), up=up)

    def _degree(self, match: re.Match[str], *, wanted: bool) -> None:
        at = _skip_space(self.reading.plain, match.end())
        first, _ = self.reading.tokens_of(at, at + 1)
        for size in (3, 2, 1):
            if first == 0 or not self.reading.free(first, first + size):
                continue
            phrase = self.reading.phrase(first, first + size)
            if wanted and phrase.endswith("s") and self.vocabulary.label(phrase) and not self.vocabulary.wish(phrase):
                return  # "more westerns" asks for others of a kind
            if qualities := self.vocabulary.quality(phrase):
                self._wish(qualities, match.start(), self.reading.tokens[first + size - 1].end, wanted=wanted)
                return


def tells_nothing(reading: Reading, word: str, vocabulary: Vocabulary) -> bool:
    """Whether no record holds a word of content, in whatever form."""
    language = reading.language
    if word in {*language.stopwords, *language.item_words, *language.words("chatter")} or len(word) < LEAST_WORD:
        return False
    return not any(vocabulary.mentions(form) for form in (word, word.capitalize(), singular(word), f"{word}s"))


LEAST_WORD = 3
"""Letters of a word of which it is said that no record has it."""
VAGUE = 1 / 3
"""The share of the items that count as short, cheap or recent where nothing is there to compare with."""


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
