"""Years, lengths, prices, ratings, sizes and counts in a message: every number that limits a slot of the catalogue."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from assistant.understanding.number_ends import join_ends
from assistant.understanding.number_patterns import NumberPatterns
from assistant.understanding.number_spans import NumberSpan
from assistant.understanding.slots import SpokenSlots
from assistant.understanding.year_spans import YearFinder

FAR = 2.0
"""An upper limit of more than so many times the greatest number that there is limits nothing, and is not meant to."""
SIXTY = 60
"""Of what a unit with so many smaller ones is divided in."""
LEAST_WORD = 20
"""The least number in words that limits something without saying what it counts."""
AROUND = 0.1
"""How far "about 300 pages" reaches to either side, as a share, where the language says nothing else."""


class _Finder:
    def __init__(self, text: str, patterns: NumberPatterns, spoken: SpokenSlots, default: str | None) -> None:
        self.text = text
        self.patterns = patterns
        self.spoken = spoken
        self.default = default
        self.answer: str | None = None
        self.caps_only = False
        """Whether a number that does not say what it counts is taken for the slot only where it is a cap."""
        self.spans: list[NumberSpan] = []
        self.passed: list[tuple[int, int]] = []
        """Stretches whose number limits nothing."""

    def free(self, start: int, end: int) -> bool:
        taken = [*((span.start, span.end) for span in self.spans), *self.passed]
        return not any(first < end and start < last for first, last in taken)

    def take(
        self, match: re.Match[str], slot: str | None, low: float | None, high: float | None, *,
        negated: bool = False, soft: bool = False,
    ) -> None:  # fmt: skip
        if not self.free(match.start(), match.end()):
            return
        negated = negated or (
            slot is not None and self.patterns.negation_before.search(self.text, 0, match.start()) is not None
        )
        if negated and slot is not None and (low is None) != (high is None):  # "not before 1990" is from 1990
            step = self.spoken.step(slot) if slot in self.spoken.numeric else 1
            low, high = (None, _rounded(low - step)) if low is not None else (_rounded((high or 0) + step), None)
            negated = False
        self.spans.append(
            NumberSpan(
                start=match.start(),
                end=match.end(),
                slot=slot,
                low=low,
                high=high,
                negated=negated,
                soft=soft and not negated,
            )
        )

    # amounts

    def amount(self, match: re.Match[str], n: int, factor: float) -> float | None:
        groups = match.groupdict()
        written = groups[f"n{n}"]
        if written is None:
            return None
        if written in self.patterns.words["halves"] and not groups[f"u{n}"]:
            return None  # "within a budget"
        value = self._written(written)
        if groups[f"half{n}"] or groups[f"late{n}"]:
            value += 0.5
        if groups[f"quarters{n}"]:
            value += 0.75
        value *= factor
        if groups[f"and{n}"]:
            _, small = self.patterns.units[groups[f"andu{n}"]]
            value += self._written(groups[f"and{n}"]) * small
        elif groups[f"mixed{n}"] and factor >= SIXTY:  # "1h30"
            value += float(groups[f"mixed{n}"]) * factor / SIXTY
        return value

    def slot_of(self, match: re.Match[str], *, bare: bool) -> tuple[str, float] | None:
        """The slot that a match is about, and the factor of its unit; ``bare`` accepts amounts that do not say."""
        groups = match.groupdict()
        for n in ("2", "1", "3"):
            if unit := groups.get(f"u{n}"):
                return self.patterns.units[re.sub(r"\s+", " ", unit)]
        if (groups.get("cur1") or groups.get("cur2")) and (price := self._price()):
            return price, 1.0
        for name in (groups.get("name"), groups.get("name2")):
            if name:
                return self.patterns.names[re.sub(r"\s+", " ", name)], 1.0
        if bare and self.default is not None and self.default in self.spoken.numeric:
            plain = [groups[name] for name in ("n1", "n2") if groups.get(name)]
            values = [self._written(number) for number in plain]
            sure = all(number[0].isdigit() or value >= LEAST_WORD for number, value in zip(plain, values, strict=True))
            if self.answer is None and not sure:
                return None  # "at least one car chase"
            if self.answer is not None or all(map(self._plausible, values)):
                return self.default, 1.0
        return self._reached(match) if bare else None

    def _reached(self, match: re.Match[str]) -> tuple[str, float] | None:
        """The only slot that counts in fractions and has numbers like those of a match: "4.5 plus"."""
        written = [number for name in ("n1", "n2") if (number := match.groupdict().get(name))]
        if not all(re.fullmatch(r"\d+\.\d+", number) for number in written):
            return None
        fractions = [slot for slot in self.spoken.numeric if self.spoken.step(slot) < 1]
        reached = [slot for slot in fractions if all(self._within(slot, float(number)) for number in written)]
        return (reached[0], 1.0) if len(reached) == 1 else None

    def _stands_alone(self, match: re.Match[str]) -> bool:
        """Whether nothing follows that a number in figures could count: "lamps, 120 and up"."""
        return match["n1"][0].isdigit() and self.patterns.alone_behind.match(self.text, match.end()) is not None

    def _written(self, number: str) -> float:
        """A number in figures or words."""
        words = self.patterns.language.numbers
        plain = re.sub(r"\s+", " ", number)
        if plain in words:
            return float(words[plain])
        halves = self.patterns.words["halves"]
        return float(halves[plain]) if plain in halves else float(plain.replace(",", ""))

    def _within(self, slot: str, value: float) -> bool:
        return self.spoken.quantile(slot, 0.0) <= value <= self.spoken.quantile(slot, 1.0)

    def _near(self, slot: str, value: float) -> bool:
        """Whether a number may be one of a slot, or lie a little beyond its ends."""
        return self.spoken.quantile(slot, 0.0) / FAR <= value <= self.spoken.quantile(slot, 1.0) * FAR

    def _plausible(self, value: float) -> bool:
        """Whether a number that does not say what it counts can be one of the default slot."""
        assert self.default is not None
        return self.spoken.quantile(self.default, 0.01) <= value <= 1.5 * self.spoken.quantile(self.default, 0.99)

    def _price(self) -> str | None:
        return self.patterns.names.get("price") or ("price" if "price" in self.spoken.numeric else None)

    def find_amounts(self, *, bare: bool) -> None:
        patterns = self.patterns
        for match in patterns.between.finditer(self.text):
            pair = match["both"] or patterns.range_noun.match(self.text, match.end())
            found = self.slot_of(match, bare=bare and (pair is not None or self.answer is not None))
            if found is None or (match["both"] is None and patterns.to_after_between.fullmatch(match["to"])):
                continue
            slot, factor = found
            dashed = match["to"].strip() in "-–—" and not match["n1"][0].isdigit() and not match["u1"]
            if dashed or self._differ(match, slot) or match["n2"].startswith(patterns.half_of_one):
                continue  # "at least 4 stars and at most 90 minutes"
            one, other = self.amount(match, 1, self._own_factor(match, 1, factor)), self.amount(match, 2, factor)
            if one is not None and other is not None:
                self.take(match, slot, min(one, other), max(one, other))
        for match in patterns.bounded.finditer(self.text):
            if patterns.capping.fullmatch(match["how"]) and patterns.above_after.match(self.text, match.end()):
                continue  # "I'd spend 80 dollars at least"
            if bare and patterns.having.fullmatch(match["how"]):
                continue  # "I have 20 plants"
            negated = patterns.negation_before.search(self.text, 0, match.start()) is not None
            caps = (patterns.below.fullmatch(match["how"]) is not None) != negated or not self.caps_only
            opens = patterns.alone_before.search(self.text, 0, match.start()) is not None
            caps = caps or (opens and self._stands_alone(match))
            if (found := self.slot_of(match, bare=bare and caps)) is not None:
                self._bounded(match, match["how"], *found)
        for match in patterns.behind.finditer(self.text):
            caps = patterns.below_after.fullmatch(match["how"]) is not None or not self.caps_only
            caps = caps or self._stands_alone(match)
            if (found := self.slot_of(match, bare=bare and caps)) is not None:
                slot, factor = found
                value = self.amount(match, 1, factor)
                if value is not None:
                    below = patterns.below_after.fullmatch(match["how"]) is not None
                    self.take(match, slot, None if below else value, value if below else None)

    def find_other_ends(self) -> None:
        """Amounts beside a limit that say the other end and leave out what they count: "from 80 minutes but 95 tops"."""
        patterns = self.patterns
        for span in [span for span in self.spans if span.slot in self.spoken.numeric and not span.negated]:
            if (span.low is None) == (span.high is None) or span.slot == "year":
                continue
            units = list(patterns.unit.finditer(self.text, span.start, span.end))
            factor = patterns.units[re.sub(r"\s+", " ", units[-1].group())][1] if units else 1.0
            for pattern, below in ((patterns.bounded, patterns.below), (patterns.behind, patterns.below_after)):
                for match in pattern.finditer(self.text):
                    gap = sorted((span.start, span.end, match.start(), match.end()))[1:3]
                    caps = below.fullmatch(match["how"]) is not None
                    if caps == (span.high is not None) or not patterns.beside.fullmatch(self.text[slice(*gap)]):
                        continue
                    value = self.amount(match, 1, factor)
                    if (
                        value is not None
                        and self.slot_of(match, bare=False) is None
                        and self._near(str(span.slot), value)
                    ):
                        step = self.spoken.step(str(span.slot)) if patterns.strict.fullmatch(match["how"]) else 0.0
                        low, high = (None, _rounded(value - step)) if caps else (_rounded(value + step), None)
                        self.take(match, span.slot, low, high)

    def find_exact(self) -> None:
        """Amounts without a word that bounds them."""
        for match in self.patterns.exact.finditer(self.text):
            found = self.slot_of(match, bare=False)
            if found is not None and found[0] != self.answer:
                self._exact(match, *found)

    def _differ(self, match: re.Match[str], slot: str) -> bool:
        """Whether the first of two amounts counts something else than ``slot``."""
        if unit := match["u1"]:
            return self.patterns.units[re.sub(r"\s+", " ", unit)][0] != slot
        if match["cur1"]:
            return self._price() != slot
        return bool(match["name"]) and self.patterns.names[re.sub(r"\s+", " ", match["name"])] != slot

    def _own_factor(self, match: re.Match[str], n: int, factor: float) -> float:
        unit = match[f"u{n}"]
        return self.patterns.units[re.sub(r"\s+", " ", unit)][1] if unit else factor

    def _bounded(self, match: re.Match[str], how: str, slot: str, factor: float) -> None:
        value = self.amount(match, 1, factor)
        if value is None:
            return
        patterns, step = self.patterns, self.spoken.step(slot)
        strict = step if patterns.strict.fullmatch(how) else 0.0
        if patterns.below.fullmatch(how):
            if value < FAR * self.spoken.quantile(slot, 1.0) or self.answer == slot:
                self.take(match, slot, None, _rounded(value - strict))
            else:
                self.passed.append(match.span())  # "within 24 hours" tells a story
        elif patterns.above.fullmatch(how):
            self.take(match, slot, _rounded(value + strict), None)
        elif patterns.about.fullmatch(how) and (match["u1"] or match["cur1"] or match["name"] or self.answer == slot):
            reach = self.spoken.words[slot].around or AROUND * value
            self.take(match, slot, _rounded(value - reach), _rounded(value + reach))

    def _exact(self, match: re.Match[str], slot: str, factor: float) -> None:
        """A size or a number of stars is promised; a length or a price without a bound is a preference nearby."""
        value = self.amount(match, 1, factor)
        written = match["n1"]
        if value is None or (written in self.patterns.words["halves"] and not match["u1"]):
            return
        if written in self.patterns.words["halves"] and self.patterns.negation_before.search(
            self.text, 0, match.start()
        ):
            return  # "not a minute more"
        if self.spoken.is_discrete(slot, value):
            self.take(match, slot, value, value)
            return
        if not match["u1"] and not match["cur1"]:
            return  # "the length 3": names of slots are ordinary words too
        reach = self.spoken.words[slot].around or AROUND * value
        self.take(match, slot, _rounded(value - reach), _rounded(value + reach), soft=True)

    def find_answer(self, slot: str) -> None:
        """A bare number as an answer: what somebody will pay at most, or expects at least."""
        for match in self.patterns.exact.finditer(self.text):
            unit = match["u1"]
            factor = self.patterns.units[re.sub(r"\s+", " ", unit)][1] if unit else 1.0
            value = self.amount(match, 1, factor)
            if value is None:
                continue
            kind = self.spoken.words[slot].answer
            if kind and not self.spoken.is_discrete(slot, value):
                self.take(match, slot, value if kind == "least" else None, value if kind == "most" else None)
            elif self.spoken.is_discrete(slot, value):
                self.take(match, slot, value, value)
            else:
                reach = self.spoken.words[slot].around or AROUND * value
                self.take(match, slot, _rounded(value - reach), _rounded(value + reach), soft=True)
            return

    def find_count(self) -> None:
        for pattern in self.patterns.counts:
            for match in pattern.finditer(self.text):
                word = match["n"]
                numbers = self.patterns.language.numbers
                count = numbers[word] if word in numbers else int(word)
                begin, end = match.start("n"), match.end("n")
                if count and self.free(begin, end):
                    self.spans.append(NumberSpan(start=begin, end=end, slot=None, low=count))
                    return


def find_numbers(
    text: str,
    patterns: NumberPatterns,
    spoken: SpokenSlots,
    *,
    default: str | None = None,
    answer: str | None = None,
    caps_only: bool = False,
    today: date,
    newest: int | None,
) -> list[NumberSpan]:
    """Every limit on a number of the catalogue that ``text`` (folded) states, and how many items it asks for.

    ``default`` is the slot of numbers that do not say what they count, ``answer`` the slot that was asked about, of which a
    bare number is a limit; ``caps_only`` takes "under 50" for the default and not "at least 50"; ``newest`` is the latest year of the catalogue.
    """
    now = today.year if newest is None else min(today.year, newest)
    finder = _Finder(text, patterns, spoken, default)
    finder.answer, finder.caps_only = answer, caps_only
    finder.find_amounts(bare=False)
    years = YearFinder(text, patterns, now, finder.take) if "year" in spoken.numeric else None
    if years is not None:
        years.find_limits()
    finder.spans += patterns.loose.find(text, ((span.start, span.end) for span in finder.spans))
    if years is not None:
        years.find_bare()
    finder.find_other_ends()
    finder.find_exact()
    finder.find_count()
    finder.find_amounts(bare=True)
    if answer is not None and not any(span.slot == answer for span in finder.spans):
        finder.find_answer(answer)
    spans = join_ends(finder.spans, text, patterns, spoken)
    for place in range(1, len(spans)):  # "not from the 90s or 2000s"
        before, span = spans[place - 1], spans[place]
        if before.negated and span.slot == before.slot and patterns.joined.fullmatch(text[before.end : span.start]):
            spans[place] = replace(span, negated=True, soft=False)
    return spans


def _rounded(value: float) -> float:
    return round(value, 4)
