"""Items that a message speaks of: by title, by position, by what they are, or as what was spoken of last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.text import fold, fold_title
from assistant.types import Context
from assistant.understanding.reading import Reading, cue_at
from assistant.understanding.titles import MAX_TITLE_WORDS, MIN_SMALL, best_row, looks_like_title
from assistant.vocabulary import Vocabulary

MAX_TOKENS = 80
"""Tokens of a message in which titles are looked for everywhere; a longer message is a description."""
MAX_DESCRIBED = 6
"""Words of "the … one"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A stretch of the message and the items that it speaks of."""

    start: int
    end: int
    ids: tuple[str, ...]
    titled: bool = False
    spoken_last: bool = False
    """Whether it only points back: "it", "that"."""


def find_references(
    reading: Reading, vocabulary: Vocabulary, context: Context, *, loose: bool, start: int = 0, end: int | None = None
) -> list[Reference]:
    """The references in a stretch of the message, in their order; nothing is marked as used.

    ``loose`` is for messages that are known to speak of items: there "it" and "the first" are enough, and a title need not
    be written like one.
    """
    finder = _Finder(reading, vocabulary, context, loose, start, len(reading.plain) if end is None else end)
    return finder.run()


def ids_of(references: Sequence[Reference]) -> list[str]:
    """The items of references, each once, in their order."""
    return list(dict.fromkeys(item_id for reference in references for item_id in reference.ids))


class _Finder:
    def __init__(
        self, reading: Reading, vocabulary: Vocabulary, context: Context, loose: bool, start: int, end: int
    ) -> None:
        self.reading = reading
        self.vocabulary = vocabulary
        self.context = context
        self.loose = loose
        self.start, self.end = start, end
        self.table = tuple(i for i in context.table if i in vocabulary.catalogue.row_of)
        self.focus = tuple(i for i in context.focus if i in vocabulary.catalogue.row_of)
        self.found: list[Reference] = []

    def run(self) -> list[Reference]:
        self.titles()
        pool = self.table or self.focus
        if pool:
            self.positions("position")
            self.fixed("at_end", pool[-1:])
            self.fixed("middle", pool[(len(pool) - 1) // 2 : len(pool) // 2 + 1])
            self.extremes(pool)
            if len(pool) > 1:
                self.others(pool)
            self.described(pool)
            self.fixed("pair", self.pair())
            self.fixed("those", pool)
            if self.loose:
                self.positions("position_loose")
        self.pointing("that")
        if self.loose:
            self.pointing("it")
        return sorted(self.found, key=lambda reference: reference.start)

    def keep(
        self, start: int, end: int, ids: Sequence[str], *, titled: bool = False, spoken_last: bool = False
    ) -> bool:
        inside = self.start <= start and end <= self.end
        if not ids or not inside or any(r.start < end and start < r.end for r in self.found):
            return False
        if not titled and not self.reading.free_span(start, end):
            return False
        self.found.append(
            Reference(start=start, end=end, ids=tuple(dict.fromkeys(ids)), titled=titled, spoken_last=spoken_last)
        )
        return True

    # titles

    def titles(self) -> None:
        tokens = self.reading.tokens
        if len(tokens) > MAX_TOKENS:
            return
        short = self._short_titles()
        index = 0
        while index < len(tokens):
            size = self._title_size(index, short)
            index += size or 1

    def _title_size(self, start: int, short: dict[str, str]) -> int:
        """How many tokens the title at token ``start`` takes that was kept; 0 when none was."""
        tokens = self.reading.tokens
        if tokens[start].start < self.start:
            return 0
        for stop in range(min(len(tokens), start + MAX_TITLE_WORDS), start, -1):
            if tokens[stop - 1].end > self.end or not self.reading.free(start, stop):
                continue
            key = fold_title(self.reading.words(start, stop))
            rows = self.vocabulary.catalogue.titles.get(key, ())
            ids = [self.vocabulary.catalogue.ids[row] for row in rows]
            near = [i for i in (*self.focus, *self.table) if i in ids] or [i for i in ids if i in self.context.shown]
            if not ids and key in short:
                near = [short[key]]
            if not (ids or near) or not self._meant(start, stop, bool(near)):
                continue
            item_id, after = (near[0], stop) if near else best_row(self.reading, (rows, stop), self.vocabulary, None)
            if self.keep(tokens[start].start, tokens[after - 1].end, (item_id,), titled=True):
                return after - start
        return 0

    def _short_titles(self) -> dict[str, str]:
        """Beginnings of titles on the table, up to a colon or bracket, and when loose their first words."""
        found: dict[str, str] = {}
        for item_id in (*self.focus, *self.table):
            title = self.vocabulary.catalogue.title(self.vocabulary.catalogue.row_of[item_id])
            for mark in (":", "(", ",", " - "):
                if mark in title:
                    found.setdefault(fold_title(title.partition(mark)[0]), item_id)
            parts = fold_title(title).split()
            if self.loose:
                for size in range(1, len(parts)):
                    dull = self.vocabulary.language.stopwords | self.vocabulary.language.item_words
                    if any(len(part) > 3 and part not in dull for part in parts[:size]):
                        found.setdefault(" ".join(parts[:size]), item_id)
        found.pop("", None)
        return found

    def _meant(self, start: int, stop: int, near: bool) -> bool:
        """Whether words that are a title are meant as one."""
        reading, language = self.reading, self.vocabulary.language
        phrase = reading.phrase(start, stop)
        content = [t for t in reading.tokens[start:stop] if t.text not in language.stopwords]
        content = [t for t in content if t.text not in language.item_words and t.text not in language.ordinals]
        written = looks_like_title(reading, start, stop) and (start > 0 or not content or near or stop - start > 1)
        plainly = written and reading.tokens[start].start not in reading.openings
        if not content:
            return plainly and near
        if phrase in language.countries or phrase in self.vocabulary.people:
            return False
        if phrase in language.words("times") and not written:
            return False
        named = (
            reading.phrase(start, start + size) in self.vocabulary.people for size in (2, 3, 4) if size > stop - start
        )
        if any(named):
            return False  # "Akira Kurosawa" is not the film "Akira"
        known = bool(self.vocabulary.label(phrase) or self.vocabulary.wish(phrase))
        if known:
            return plainly and near
        if near:
            return self.loose or written or len(content) > 1
        whole = self.loose and (self._stands_alone(start, stop) or stop - start >= MIN_SMALL)
        return plainly or (written and (self.loose or len(content) > 1)) or (self.loose and len(content) > 1) or whole

    def _stands_alone(self, start: int, stop: int) -> bool:
        """Whether a clause ends with the words: "why not alien?"."""
        reading = self.reading
        chatter = {*reading.language.words("chatter"), *reading.language.words("behind_unknown")}
        while not reading.punctuated(stop - 1) and reading.tokens[stop].text in chatter:
            stop += 1  # "read the hobbit already"
        return reading.punctuated(stop - 1) and len(reading.tokens) <= 8

    # by position

    def positions(self, name: str) -> None:
        for match in self.reading.matches(name):
            if ids := self._at_position(match):
                self.keep(match.start(), match.end(), ids)

    def _at_position(self, match: re.Match[str]) -> Sequence[str]:
        groups, language, table = match.groupdict(), self.vocabulary.language, self.table or self.focus
        if (digit := groups.get("digit")) is not None:
            number = int(digit) if digit.isdigit() else language.numbers.get(digit, 0)
            return table[number - 1 : number] if number else ()
        ordinal = language.ordinals[re.sub(r"\s+", " ", groups["ordinal"])]
        count = groups.get("count")
        if count is None:
            if ordinal > len(table) or -ordinal > len(table):
                return ()
            return (table[ordinal - 1 if ordinal > 0 else ordinal],)
        number = int(count) if count.isdigit() else language.numbers.get(count, 2)
        if ordinal < 0:
            return table[-number:]
        begin = (ordinal - 1) * number
        return table[begin : begin + number]

    def fixed(self, name: str, ids: Sequence[str]) -> None:
        for match in self.reading.matches(name):
            self.keep(match.start(), match.end(), ids)

    def pair(self) -> tuple[str, ...]:
        """The two that "the two" are."""
        named = ids_of(self.found)
        if len(named) == 2:
            return tuple(named)
        if len(self.focus) == 2:
            return self.focus
        return self.table[:2]

    def others(self, pool: Sequence[str]) -> None:
        for match in self.reading.matches("other"):
            out = ids_of(self.found) or list(self.focus[:1]) or list(pool[:1])
            self.keep(match.start(), match.end(), [i for i in pool if i not in out])

    # by what they are

    def extremes(self, pool: Sequence[str]) -> None:
        spoken, catalogue = self.vocabulary.spoken, self.vocabulary.catalogue
        for match in self.reading.matches("extreme"):
            word = re.sub(r"\s+", " ", match["extreme"])
            slot = spoken.most.get(word) or spoken.more.get(word) or spoken.least.get(word) or spoken.less.get(word)
            if slot is None:
                continue
            greatest = word in spoken.most or word in spoken.more
            compares = word in spoken.more or word in spoken.less
            named = [i for i in ids_of(self.found) if i in catalogue.row_of]
            among = named if len(named) > 1 else list(self.pair()) if compares else list(pool)
            column = catalogue.numbers[slot]
            known = [i for i in among if column[catalogue.row_of[i]] == column[catalogue.row_of[i]]]
            if known:
                best = (max if greatest else min)(known, key=lambda i: float(column[catalogue.row_of[i]]))
                self.keep(match.start(), match.end(), (best,))

    def described(self, pool: Sequence[str]) -> None:
        for match in self.reading.matches("described"):
            what = match["what"]
            if len(what.split()) > MAX_DESCRIBED or any(
                r.start < match.end() and match.start() < r.end for r in self.found
            ):
                continue
            if ids := described(what, pool, self.vocabulary):
                several = self.reading.plain[: match.end()].endswith("ones")
                self.keep(match.start(), match.end(), ids if several else ids[:1])

    # spoken of last

    def pointing(self, name: str) -> None:
        for match in self.reading.matches(name):
            before = [r for r in self.found if r.end <= match.start()]
            ids = before[-1].ids if before else self.focus or self.table[:1]
            self.keep(match.start(), match.end(), ids, spoken_last=True)


def described(what: str, pool: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    """The items of ``pool`` that words describe ("Kubrick", "french horror", "1979"); none unless all of the words do."""
    catalogue, language = vocabulary.catalogue, vocabulary.language
    rows = [catalogue.row_of[i] for i in pool]
    remaining = fold(what).split()
    joiner = " " if language.spaced else ""
    meant_any = False
    while remaining:
        if remaining[0] in language.stopwords or remaining[0] in language.item_words:
            remaining = remaining[1:]
            continue
        for size in range(min(len(remaining), language.longest), 0, -1):
            kept = _rows_that_are(joiner.join(remaining[:size]), rows, vocabulary)
            if kept:
                rows, remaining, meant_any = kept, remaining[size:], True
                break
        else:
            return []
    return [catalogue.ids[row] for row in rows] if meant_any else []


def _rows_that_are(phrase: str, rows: Sequence[int], vocabulary: Vocabulary) -> list[int]:
    catalogue = vocabulary.catalogue
    meant = vocabulary.meant(phrase)
    if meant:
        hits = [row for row in rows if any(catalogue.satisfies(c)[row] for c in meant)]
        if hits:
            return hits
    if re.fullmatch(vocabulary.language.numeric["year"], phrase):
        return [row for row in rows if catalogue.year(row) == int(phrase)]
    spoken = vocabulary.spoken
    for words, greatest in ((spoken.high, True), (spoken.low, False)):
        if (slot := words.get(phrase)) is not None and (values := spoken.values_of(rows, slot)):
            best = max(values) if greatest else min(values)
            return [row for row in rows if catalogue.numbers[slot][row] == best]
    return [row for row in rows if len(phrase) > 3 and phrase in fold_title(catalogue.title(row)).split()]


def behind_cue(reading: Reading, reference: Reference, cues: Sequence[str]) -> bool:
    """Whether one of ``cues`` stands right before a reference."""
    first, _ = reading.tokens_of(reference.start, reference.end)
    return any(
        cue_at(reading, first - size, [cue]) == size
        for cue in cues
        for size in (len(cue.split()),)
        if first - size >= 0
    )
