"""Answers to what the reply before asked: a bare value, a position among the options, yes or no, or no preference."""

from __future__ import annotations

import re
from dataclasses import replace

from assistant.text import fold
from assistant.types import Constraint, Context, Question
from assistant.understanding.held import held_by, numbers_in
from assistant.understanding.reading import Reading, cue_at
from assistant.understanding.slots import YES
from assistant.vocabulary import FREE_SLOTS, Vocabulary

MAX_ANSWER = 6
"""Words of a message that can be a bare answer."""
MAX_EVASIVE = 12
"""Words of a message that can be an answer that names nothing."""


def find_answer(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """Turn an answer to the open question into a constraint; its words are used up."""
    question = context.question
    if question is None:
        if context.held and _declines(reading) and not _takes_back(reading, vocabulary, context):
            _use_all(reading)
            reading.no_preference = reading.refines = True
        return
    if question.drops:
        _answer_offer(reading, question)
    elif _declines(reading) or _any_of_slot(reading, vocabulary, question):
        _use_all(reading)
        reading.no_preference = True
    elif end := _declined_first(reading):
        reading.use_span(0, end)
        reading.no_preference = reading.refines = True
    elif len(reading.tokens) <= MAX_ANSWER:
        _answer(reading, vocabulary, question)


def presume_no_preference(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """Whoever answers an open question with a few words in which nothing is named has no preference, in whatever words:
    "I'd have to think about that one", "that's irrelevant for us"."""
    question, language = context.question, reading.language
    if question is None or question.drops or len(reading.tokens) > MAX_EVASIVE:
        return
    texts = [token.text for token in reading.tokens]
    about_talk = any(text in language.words("chat") or text in language.words("evading") for text in texts)
    asking = (n for n in range(len(texts)) if cue_at(reading, n, language.words("asking")))
    wanted = next((n + cue_at(reading, n, language.words("asking")) for n in asking), len(texts))
    plain = vocabulary.dull_words | {*language.words("chatter"), *language.words("evading")}
    if about_talk and all(text in plain for text in texts[wanted:]):  # "I'd like heists" names what no value is
        _use_all(reading)
        reading.unheeded.clear()
        reading.no_preference = reading.refines = True


def _takes_back(reading: Reading, vocabulary: Vocabulary, context: Context) -> bool:
    """Whether "it doesn't matter" speaks of something that is held, or the message asks for others."""
    if reading.first("others"):
        return True
    matches = reading.matches("needless", "swap", "take_back")
    return any(held_by(match["what"], vocabulary, context) for match in matches)


def _opens(reading: Reading, name: str) -> bool:
    """Whether the message begins with a pattern of that name."""
    return any(match.start() <= reading.lead for match in reading.matches(name))


def _answer_offer(reading: Reading, question: Question) -> None:
    if _opens(reading, "yes"):
        reading.take_back.extend(question.drops)
        reading.refines = True
        _use_all(reading)
    elif _opens(reading, "no") or _declines(reading):
        reading.no_preference = reading.refines = True
        _use_all(reading)


def _declines(reading: Reading) -> bool:
    """Whether the message as a whole says that anything will do."""
    if reading.first("too"):  # "too bleak, all of them"
        return False
    whole = re.sub(r"[\s.!,]+", " ", reading.plain).strip()
    end = len(reading.plain.rstrip(" .!"))
    return bool(whole) and any(
        match.end() >= end and not reading.plain[: match.start()].strip(" ,.!").count(" ") > 5
        for match in reading.matches("no_preference")
    )


def _declined_first(reading: Reading) -> int:
    """Where the first sentence ends, if that says that anything will do: "I don't mind. The second is too long."."""
    first = re.match(r"[^.!?;。！？；]+(?=[.!?;。！？；])", reading.plain)
    said = "" if first is None else first.group().strip()
    opens = (cue.regex.match(said) for cue in reading.language.patterns.get("no_preference", ()))
    return 0 if first is None or not any(m and m.end() >= len(said) for m in opens) else first.end()


def _any_of_slot(reading: Reading, vocabulary: Vocabulary, question: Question) -> bool:
    """ "Any language", when the language was asked about."""
    return any(
        question.slot in vocabulary.spoken.slots_named(re.sub(r"\s+", " ", match["what"]))
        for match in reading.matches("any_slot")
    )


def _answer(reading: Reading, vocabulary: Vocabulary, question: Question) -> None:
    slot = question.slot
    yes_or_no = slot == "in_stock" or slot in vocabulary.yes_or_no
    if _opens(reading, "neither"):
        if question.options:
            return _keep(reading, Constraint(slot=slot, op="none", values=question.options))
        reading.no_preference = True  # nobody in particular
        return _use_all(reading)
    if _opens(reading, "no"):
        reading.no_preference = True  # "does it have to be vegan?", "no": it may be
        return _use_all(reading)
    if _opens(reading, "yes"):
        if yes_or_no:
            return _keep(reading, Constraint(slot=slot, op="any", values=(YES,)))
        if len(question.options) == 1:
            return _choose(reading, vocabulary, question, question.options)
        reading.no_preference = True
        return _use_all(reading)
    if chosen := _chosen(reading, question):
        return _choose(reading, vocabulary, question, chosen)
    if not (reading.first("too") or reading.first("not_so")):  # "not that sad" is said of the cards
        _bare_value(reading, vocabulary, slot)
    return None


def _speaks_of_card(reading: Reading, match: re.Match[str]) -> bool:
    """Whether a position is one of the list, and no option: the message asks, judges or describes, or names an item."""
    language = reading.language
    if reading.text.rstrip().endswith(("?", "？")) or any(
        word in language.item_words for word in match.group().split()
    ):
        return True
    if any(reading.first(name) for name in ("about", "why", "too", "seen", "reject_behind", "compare")):
        return True
    dull = {*language.stopwords, *language.words("chatter"), *language.words("chosen")}
    return any(t.text not in dull for t in reading.tokens if not match.start() <= t.start < match.end())


def _chosen(reading: Reading, question: Question) -> tuple[str, ...]:
    """The option that a position means."""
    for match in reading.matches("position"):
        if _speaks_of_card(reading, match):
            continue
        groups = match.groupdict()
        if (digit := groups.get("digit")) is not None:
            number = int(digit) if digit.isdigit() else reading.language.numbers.get(digit, 0)
        elif groups.get("count") is None:
            number = reading.language.ordinals[re.sub(r"\s+", " ", groups["ordinal"])]
        else:
            continue
        place = number - 1 if number > 0 else len(question.options) + number
        if 0 <= place < len(question.options):
            return question.options[place : place + 1]
    return ()


def _choose(reading: Reading, vocabulary: Vocabulary, question: Question, options: tuple[str, ...]) -> None:
    slot = question.slot
    if any(reading.plain[: match.start()].strip() == "" for match in reading.matches("not_those")):
        return _keep(reading, Constraint(slot=slot, op="none", values=options))
    if slot in vocabulary.catalogue.numbers:
        spans = [span for span in numbers_in(fold(options[0]), vocabulary, slot) if span.slot == slot]
        if not spans:
            return None
        return _keep(reading, Constraint(slot=slot, op="range", low=spans[0].low, high=spans[0].high))
    return _keep(reading, Constraint(slot=slot, op="any", values=options))


def _bare_value(reading: Reading, vocabulary: Vocabulary, slot: str) -> None:
    """Values of the slot that was asked about, which may mean something else elsewhere: "french" is a language here.

    "Not horror, a western" says of each whether it is wanted.
    """
    catalogue = vocabulary.catalogue
    if slot not in catalogue.labels and slot != "people":
        return
    spans: dict[bool, list[tuple[int, int, tuple[str, ...]]]] = {False: [], True: []}
    index = behind = 0
    negated = False
    while index < len(reading.tokens):
        found_here = _value_at(reading, index, slot, vocabulary)
        if found_here is not None:
            start, end, value = found_here
            negated = _negated(reading, behind, start, before=negated)
            spans[negated].append((start, end, value))
            index = behind = end
        else:
            index += 1
    for unwanted, found in spans.items():
        if not found:
            continue
        first, last = found[0][0], found[-1][1]
        values = tuple(dict.fromkeys(value for _, _, each in found for value in each))
        words = reading.words(first, last) if len(found) == 1 or not all(spans.values()) else ", ".join(values)
        made = Constraint(slot=slot, op="none" if unwanted else "any", values=values, words=words)
        reading.add(made, first, last, promised=True)
        for start, end, _ in found:
            reading.use(start - 1 if unwanted and start else start, end)
        reading.answered = reading.refines = True


def _value_at(
    reading: Reading, index: int, slot: str, vocabulary: Vocabulary
) -> tuple[int, int, tuple[str, ...]] | None:
    """The longest value from a token on: where it stands without the words around it that say nothing ("about war,
    please"), and what it means; a value that the catalogue writes just so comes before what else the words may mean."""
    spoken = vocabulary.spoken.words.get(slot)
    language = vocabulary.language
    small = {*language.stopwords, *language.words("behind_negation"), *language.words("chatter")}
    small |= {*language.cues["negation"]}
    for size in range(min(vocabulary.language.longest, len(reading.tokens) - index), 0, -1):
        start, end = index, index + size
        value = _value(reading.phrase(start, end), slot, vocabulary)
        if not value or (spoken is not None and reading.phrase(start, end) in spoken.names):
            continue  # "a dark mood" names the mood once
        while end - start > 1 and reading.tokens[start].text in small:
            start += 1
        while end - start > 1 and reading.tokens[end - 1].text in small:
            end -= 1
        value = _value(reading.phrase(start, end), slot, vocabulary) or value
        found = _exact_within(reading, start, end, slot, vocabulary) or (start, end, value)
        return None if _means_another_slot(reading, found[0], found[1], slot, vocabulary) else found
    return None


def _means_another_slot(reading: Reading, start: int, end: int, slot: str, vocabulary: Vocabulary) -> bool:
    """Whether a theme is the name of another slot, or years, in a message that is more than the answer: "from the 1970s"
    and "language: Hindi" tell of no themes."""
    phrase = reading.phrase(start, end)
    before = reading.tokens[start - 1].text if start else ""
    spoken = vocabulary.spoken.words.get(slot)
    named = spoken is not None and before in spoken.names
    if (
        slot not in FREE_SLOTS
        or named
        or before in reading.language.words("topic")
        or end - start == len(reading.tokens)
    ):
        return False
    years = phrase[:1].isdigit() and "year" in vocabulary.spoken.numeric
    return years or phrase in vocabulary.spoken_words


def _exact_within(
    reading: Reading, start: int, end: int, slot: str, vocabulary: Vocabulary
) -> tuple[int, int, tuple[str, ...]] | None:
    """The longest stretch that the catalogue writes so, its hyphens aside: "wwi" in "tagged wwi"."""
    column = vocabulary.catalogue.labels.get(slot)
    if column is None:
        return None
    for size in range(end - start, 0, -1):
        for first in range(start, end - size + 1):
            phrase = reading.phrase(first, first + size)
            written = next((form for form in (phrase, phrase.replace(" ", "-")) if form in column.rows), None)
            if written is not None and phrase not in vocabulary.language.stopwords:
                return first, first + size, (column.display[written],)
    return None


def _negated(reading: Reading, begin: int, start: int, *, before: bool) -> bool:
    """Whether a value is ruled out: by a negation between the value before it and itself, or like that one where only
    "or" and "and" join the two."""
    between = reading.tokens[begin:start]
    language = reading.language
    if any(cue_at(reading, place, language.cues["negation"]) for place in range(begin, start)):
        return True
    joins = (*language.words("alternative"), *language.words("conjunction"))
    small = (*joins, *language.words("articles"))
    joined = any(token.text in joins for token in between) and all(token.text in small for token in between)
    return before and joined


def _value(phrase: str, slot: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    if vocabulary.is_people(slot):
        names = vocabulary.person(phrase)
        known = [n for n in names if slot == "people" or slot in vocabulary.people[n]]
        return tuple(vocabulary.shown_person(name) for name in known)
    column = vocabulary.catalogue.labels[slot]
    if phrase in column.rows and phrase not in vocabulary.language.stopwords:
        return (column.display[phrase],)
    meant = (*vocabulary.label(phrase), *vocabulary.free_label(phrase), *vocabulary.wish(phrase))
    return tuple(value for s, value in meant if s == slot)


def _keep(reading: Reading, constraint: Constraint) -> None:
    words = reading.text.strip().rstrip(".!")
    made = replace(constraint, words=words)
    reading.add(made, 0, len(reading.tokens), promised=True)
    reading.answered = reading.refines = True
    _use_all(reading)


def _use_all(reading: Reading) -> None:
    reading.use(0, len(reading.tokens))
