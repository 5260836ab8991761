"""What a draft of a reason is made from, and what is wrong with one before its claims are looked at."""

from __future__ import annotations

import re

from assistant.faithfulness import Evidence
from assistant.faithfulness.mentions import neutral, plain_word
from assistant.faithfulness.text import stems, tokenize
from assistant.phrases.labels import clean_label, clean_name, clean_title
from assistant.types import Fact


def fact_line(fact: Fact) -> str | None:
    """A fact as a prompt states it, or None when it holds nothing clean enough to be quoted."""
    if isinstance(fact.value, int | float) and not isinstance(fact.value, bool):
        return f"{fact.slot.replace('_', ' ')}: {fact.value:g}"
    shared = [text for _, value in fact.shared if (text := clean_label(value) or clean_name(value)) is not None]
    if fact.slot in ("liked", "bought", "like"):
        title = clean_title(str(fact.value))
        if title is None or not shared:
            return None
        lead = "you asked for something like" if fact.slot == "like" else f"you {fact.slot}"
        return f"{lead} {title}, which also has {', '.join(shared[:2])}"
    leads = {"asked_for": "you asked for", "often_likes": "you often like", "told": "you told me that you like"}
    if fact.slot in leads:
        return f"{leads[fact.slot]} {shared[0]}" if shared else None
    values = [text for value in values_of(fact) if (text := clean_label(value) or clean_name(value)) is not None]
    return f"{fact.slot.replace('_', ' ')}: {', '.join(values)}" if values else None


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Half-open character ranges of the sentences of ``text``; a full stop behind an initial or a title ends none."""
    ends = [
        match.end()
        for match in re.finditer(r"[.!?][”\"')]*(?=\s|$)", text)
        if not re.search(r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Jr|Sr|vs)\.$", text[: match.end()])
    ]
    bounds = [0, *ends]
    spans = [(a, b) for a, b in zip(bounds, [*bounds[1:], len(text)], strict=True) if text[a:b].strip()]
    return spans or [(0, len(text))]


def unfounded_words(text: str, evidence: Evidence) -> list[str]:
    """The words of ``text`` that assert or ask something that no evidence speaks of, in order.

    A word is founded when it stands in the record, the history, the facts or the user's own words, in any inflection, or
    when it asserts nothing by itself. What a model adds to that is an invention, or an instruction it was fed.
    """
    values: list[object] = [*evidence.asked, *evidence.record.values()]
    for item in evidence.history:
        values.extend((item.title, *item.record.values()))
    for fact in evidence.facts:
        values.extend((fact.value, *(value for _, value in fact.shared)))
    founded = {
        stem
        for value in values
        for part in (value if isinstance(value, tuple) else (value,))
        for stem in stems(str(part).replace("-", " "))
    }
    return [
        token.text
        for token in tokenize(text)
        if token.kind == "word"
        and token.stem not in founded
        and not neutral(token.low, token.stem)
        and not plain_word(token.low)
        and len(token.low) > 2
    ]


def untidy(text: str, *, least_words: int, most_words: int) -> str | None:
    """What is wrong with the form of a text, or None."""
    count = len(text.split())
    if not text.strip():
        return "empty"
    if count < least_words:
        return "too short"
    if count > most_words:
        return f"too long: {count} words"
    if re.search(r"[{}\[\]<>|`*_#\\]|\bf\d+\b|\n", text):
        return "markers left in it"
    if text.count("“") != text.count("”") or text.count('"') % 2 or text.count("(") != text.count(")"):
        return "unbalanced quotes"
    if not re.search(r"[.!?][”\"')]?$", text) or re.search(r"\b(?:and|or|with|by|the|a|of|is|about)[.!?]$", text):
        return "ends in the middle of a sentence"
    if not (text[0].isupper() or text[0].isdigit() or text[0] in "“\"'"):
        return "begins in the middle of a sentence"
    if re.search(r"\b(?:I|I'm|I'd|me|my|we|our|assistant|user|facts?|recommendation|JSON)\b", text):
        return "speaks of itself"
    if re.search(r"\byour (?:response|answer|reply|output|message|prompt|instructions?)\b", text, re.I):
        return "speaks to whoever writes"
    if re.search(r"[\u0300-\u036f]{2,}|(.)\1{3,}|\b(\w+) \2\b|[,;:.]{2,}(?!\.)|: *:|; *[.,]", text):
        return "stutters"
    said = [word.strip(".,;:!?“”\"'()").casefold() for word in text.split()]
    runs = [tuple(said[at : at + 3]) for at in range(len(said) - 2)]
    return "repeats itself" if len(runs) != len(set(runs)) else None


def values_of(fact: Fact) -> list[str]:
    """Every value of a fact, with those of what it shares."""
    values = fact.value if isinstance(fact.value, tuple) else (fact.value,)
    return [str(value) for value in values] + [value for _, value in fact.shared]
