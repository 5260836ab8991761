"""The regular expressions that find numbers, made of a language's words and of the names and units of a catalogue's slots."""

from __future__ import annotations

import re
from typing import Any

from assistant.language import Language, any_of
from assistant.understanding.loose_numbers import LooseNumbers
from assistant.understanding.slots import SpokenSlots


class NumberPatterns:
    """Compiled once per vocabulary.

    ``between``, ``bounded``, ``behind`` and ``exact`` find amounts (groups ``n1``, ``u1``, ``cur1``, ``half1``, ``and1``,
    the second of a pair with 2) with a slot's name before (``name``) or behind (``name2``) and words that bound them
    (``how``); the others find years.
    """

    def __init__(self, language: Language, spoken: SpokenSlots) -> None:
        self.language = language
        words: dict[str, Any] = dict(language.numeric)
        if "year" in spoken.numeric and spoken.quantile("year", 0.0) < words.get("years_from", 0):
            words |= {name: words[f"old_{name}"] for name in ("year", "decade")}
        self.words = words
        self.units: dict[str, tuple[str, float]] = {}
        names: dict[str, str] = {}
        for slot, entry in spoken.numeric.items():
            if slot == "year":
                continue
            for unit, factor in entry.units.items():
                self.units.setdefault(unit, (slot, float(factor)))
            for name in (*entry.names, *entry.says):
                names.setdefault(name, slot)
        self.names = names
        edge = r"(?!\w)" if language.spaced else ""
        letter = r"(?![^\W\d])" if language.spaced else ""  # "1h30"
        begin = r"(?<![\w.])" if language.spaced else r"(?<![\d.])"
        self.half_of_one = tuple(word for word, value in words["halves"].items() if value < 1) or ("\0",)
        self.between_words = words["between_words"]
        counted = any_of([*words["halves"], *language.numbers])
        more = any_of(language.numbers)
        number = rf"\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+(?:\.\d+)?|(?:{counted}){edge}"
        unit = any_of(self.units)
        largest = {slot: max(f for s, f in self.units.values() if s == slot) for slot, _ in self.units.values()}
        small = any_of([word for word, (slot, factor) in self.units.items() if factor < largest[slot]] or ["\0"])
        name = any_of(names)
        space = r"\s+" if language.spaced else r"\s*"

        def amount(n: int) -> str:
            return (
                rf"{begin}(?P<cur{n}>{words['currency']})?\s*(?P<n{n}>{number})(?P<half{n}>{words['half_after']})?"
                rf"(?:[\s-]*(?P<u{n}>{unit}){letter})?(?P<late{n}>{words['half_after']})?"
                rf"(?P<quarters{n}>{words.get('quarters_after', '(?!)')})?"
                rf"(?(u{n})(?:(?:\s+and)?\s*(?P<and{n}>\d{{1,2}}|{more})\s*(?P<andu{n}>{small}){edge}|\s?(?P<mixed{n}>\d{{2}})(?![\w.]))?)"
            )

        lead = rf"(?:(?P<name>{name}){edge}\s*(?:{words['name_join']})\s*)?"
        tail = rf"(?:{space}(?:in{space})?(?P<name2>{name}){edge})?"
        how = rf"(?P<how>{words['below']}|{words['above']}|{words['about']})"
        word = r"(?<!\w)" if language.spaced else ""
        self.between = re.compile(
            rf"{word}{lead}(?:(?P<both>{words['between']})\s*)?{amount(1)}\s*(?P<to>{words['to']})\s*{amount(2)}{tail}"
        )
        self.bounded = re.compile(rf"{word}{lead}{how}\s*{amount(1)}{tail}")
        self.behind = re.compile(
            rf"{lead}{amount(1)}\s*(?P<how>{words['below_after']}|{words['above_after']})(?:\s*(?P<u3>{unit}){edge})?"
        )
        self.exact = re.compile(rf"{lead}{amount(1)}")
        self.to_after_between = re.compile(words["to_after_between"])
        self.below = re.compile(words["below"])
        self.above = re.compile(words["above"])
        self.strict = re.compile(rf"{words['below_strict']}|{words['above_strict']}")
        self.about = re.compile(words["about"])
        self.below_after = re.compile(words["below_after"])
        self.above_after = re.compile(rf"\s*(?:{words['above_after']})")
        self.capping = re.compile(words.get("spending", r"(?!)"))
        self.having = re.compile(words.get("having", r"(?!)"))
        self.range_noun = re.compile(rf"\s*{words.get('range_nouns', '(?!)')}{edge}")
        self.alone_before = re.compile(r"(?:^|[,.;:!?(])\s*$")
        self.alone_behind = re.compile(r"\s*(?:$|[,.;:!?)])")
        self.unit = re.compile(rf"(?:{unit}){letter}")
        self.between_ends = re.compile(words.get("between_ends", r"(?!)"))
        self.between_sides = re.compile(words.get("between_sides", r"(?!)"))
        self.beside = re.compile(rf"{self.between_ends.pattern}|{self.between_sides.pattern}")
        self.negation_before = re.compile(words["negation_before"].replace("{between_words}", self.between_words))
        self.joined = re.compile(words["joined"])
        self.loose = LooseNumbers(language, spoken, self.units)
        self._years(language, words)
        self._counts(language, words)

    def _years(self, language: Language, words: dict[str, Any]) -> None:
        year = words["year"]
        edge = r"(?!\w)" if language.spaced else ""
        word = r"(?<!\w)" if language.spaced else ""
        decade = rf"(?:{words['decade']}|(?:{words['decade_century']})?(?:{any_of(language.decades)}))"
        negated = words["negation"].replace("{between_words}", self.between_words)

        def part(n: str) -> str:
            return f"(?:{words['part'].replace('{n}', n)})?"

        self.year_pair = re.compile(
            rf"{negated}{word}(?:(?:{words['between']})\s*)?(?:the\s+)?(?P<a>{year})\s*(?:{words['to']})\s*(?:the\s+)?(?P<b>{year}){edge}"
        )
        self.bounds_year = re.compile(rf"{word}(?:{words['before']}|{words['after']})[\s-]*(?:{words['year_lead']})$")
        self.year_bound = re.compile(
            rf"{word}(?P<how>{words['before']}|{words['after']})[\s-]*(?:{words['year_lead']}){part('')}"
            rf"(?P<when>{year}(?!['’]?s)|{decade}){edge}"
        )
        self.year_onwards = re.compile(
            rf"{word}(?:{words['year_from']})?{part('')}(?P<when>{year}(?!['’]?s)|{decade})\s*"
            rf"(?P<how>{words['onwards']}|{words['backwards']}){edge}"
        )
        self.backwards = re.compile(words["backwards"])
        self.decade = re.compile(
            rf"{negated}{word}(?:{words['year_from']}|(?:the\s+))?{part('1')}(?P<a>{decade})"
            rf"(?:\s*(?:{words['to']})\s*(?:the\s+)?{part('2')}(?P<b>{decade}))?{edge}"
        )
        lead = r"(?<![\w$€£.,])" if language.spaced else r"(?<![\d$€£.,])"
        self.year = re.compile(rf"{negated}{lead}(?:{words['year_from']})?(?P<a>{year})(?![\d%]|[.,]\d){edge}")
        self.year_about = re.compile(rf"{word}(?:{words['year_about']})(?P<a>{year}){edge}")
        self.last_years = re.compile(
            rf"{word}(?:(?:from|in|of|within|over|during)\s+)?{language.expanded(words['last_years'])}{edge}"
            if language.spaced
            else language.expanded(words["last_years"])
        )
        self.last_decades = re.compile(words["decade_words"])
        self.spans_of_years = tuple(
            (name, re.compile(rf"{word}(?:{words[name].replace('{year}', year)}){edge}"))
            for name in ("this_century", "century", "decade_from", "this_decade", "this_year", "last_year")
            if name in words
        )
        self.until = re.compile(words["until"])
        self.since = re.compile(words["since"])
        self.after = re.compile(words["after"])

    def _counts(self, language: Language, words: dict[str, Any]) -> None:
        number = rf"\d{{1,2}}|{any_of(language.numbers)}"
        noun = rf"{language.lists['item']}|{words['count_nouns']}"
        unit = any_of(self.units)
        only = words["count_only"].replace("{number}", number).replace("{noun}", noun)
        self.counts = tuple(
            re.compile(pattern)
            for pattern in (
                only,
                rf"(?<!\w)(?:{words['count_lead']})(?P<n>{number})(?![\w%])(?!\s*(?:{unit})(?!\w))",
                rf"^\W*(?P<n>{number})\s+(?:\w+\s+){{0,2}}?(?:{noun})(?!\w)",
            )
        )
