"""Finds what a text speaks of: titles, values of the record, concepts, unknown names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from assistant.faithfulness.evidence import HistoryItem
from assistant.faithfulness.reading import Reading
from assistant.faithfulness.records import RecordView, SlotView
from assistant.faithfulness.relations import NAMED
from assistant.faithfulness.text import stems, word_set
from assistant.faithfulness.vocabulary import Stems, vocabulary

MentionKind = Literal["title", "history", "value", "truth", "concept", "slot", "name"]

_CONNECTORS = word_set("of the and de la le du von van der den di da del el al for in on to a with & : - – ' 's . 's")
_NAME_MARKS = frozenset("&:-–'.!")
_MONTHS = word_set("january february march april may june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday christmas halloween easter i i'm i've i'd i'll ok tv dvd")  # fmt: skip
_COPULAS = word_set(
    "is was has had isn't wasn't hasn't stars offers features follows tells won comes came gets got does did doesn't "
    "didn't can could would will serves sits lies provides costs remains"
)
_SKIPPED_SLOTS = frozenset({"rating", "price"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """A stretch of tokens ``[start, end)`` that speaks of something."""

    start: int
    end: int
    kind: MentionKind
    slots: tuple[SlotView, ...] = ()
    value: str = ""
    concept: int = -1
    affirms: bool = True
    history: HistoryItem | None = None


def neutral(low: str, stem: str) -> bool:
    """Whether a word asserts nothing by itself."""
    known = vocabulary()
    return stem in known.neutral or low in known.opinions


def plain_word(low: str) -> bool:
    """Whether a word that may be a name is an ordinary one: as written, or its plural or "-ly" form."""
    known = vocabulary()
    forms = {low, low.removesuffix("s"), low.removesuffix("es"), low.removesuffix("ly"), low.removesuffix("ing")}
    return not known.neutral_words.isdisjoint(forms) or low in known.opinions


def titles(reading: Reading, record: RecordView, history: Sequence[HistoryItem]) -> list[Mention]:
    """Mentions of the item's own title and of titles of the history, longest first, none overlapping."""
    wanted: list[tuple[Stems, str, HistoryItem | None, tuple[SlotView, ...]]] = []
    own = record.family({"title"})
    for slot in own:
        wanted += [(phrase, value, None, (slot,)) for phrase, value in slot.phrases]
    # A maker's name that has the title in it ("SUPERHOT Team") is read as the maker.
    words = {word for phrase, *_ in wanted for word in phrase}
    for slot in record.slots:
        if slot not in own and slot.families & NAMED:
            longer = [(phrase, value) for phrase, value in slot.phrases if len(phrase) > 1 and words & set(phrase)]
            wanted += [(phrase, value, None, (slot,)) for phrase, value in longer]
    for entry in history:
        wanted += [(phrase, entry.title, entry, ()) for phrase in _title_phrases(entry.title)]
    found: list[Mention] = []
    for phrase, value, item, slots in sorted(wanted, key=lambda entry: -len(entry[0])):
        if not phrase:
            continue
        for position in range(len(reading.words) - len(phrase) + 1):
            if not reading.phrase_at(position, phrase, across=True):
                continue
            start, end = reading.span(position, len(phrase))
            end = _with_its_mark(reading, end, value)
            if not reading.free(start, end) or not _title_like(reading, start, end, phrase):
                continue
            kind: MentionKind = "history" if item else "title" if slots[0] in own else "value"
            reading.cover(start, end, kind)
            found.append(Mention(start=start, end=end, kind=kind, value=value, history=item, slots=slots))
    return sorted(found, key=lambda mention: mention.start)


def _with_its_mark(reading: Reading, end: int, title: str) -> int:
    """The end of a title that stands up to ``end``, with the mark that it ends in."""
    if title.endswith(("!", "?", ".")) and end < len(reading.tokens) and reading.tokens[end].low == title[-1]:
        return end + 1
    return end


@lru_cache(maxsize=8192)
def _title_phrases(title: str) -> tuple[Stems, ...]:
    whole = stems(title)
    head = title.split(":")[0].split(" (")[0]
    return (whole, stems(head)) if head != title else (whole,)


def _title_like(reading: Reading, start: int, end: int, phrase: Stems) -> bool:
    """Titles of ordinary words need capitals: "her" is not "Her"."""
    inside = [token for token in reading.tokens[start:end] if token.kind != "mark"]
    if all(token.kind == "number" for token in inside):
        return False
    ordinary = all(neutral(token.low, token.stem) or token.stem in vocabulary().phrases for token in inside)
    if not ordinary:
        return len(phrase) > 1 or any(token.capital or token.kind == "number" for token in inside)
    if not any(token.capital for token in inside):
        return False
    if len(phrase) > 1:
        return sum(token.capital for token in inside) >= 2 or not inside[0].first
    if not inside[0].first:
        return True
    if inside[0].low in _POINTERS:
        return False
    following = reading.after(end, 1)
    return bool(following) and (following[0] in _COPULAS or following[0] in {"'s", ",", "fan", "fans"})


def phrases(reading: Reading, record: RecordView) -> list[Mention]:
    """Values of the record, its booleans, its slot names, and concepts, left to right, the longest at each place."""
    known = vocabulary()
    index: dict[str, list[tuple[Stems, SlotView, str]]] = defaultdict(list)
    for slot in record.slots:
        if slot.truth is not None:
            index[slot.key[0]].append((slot.key, slot, str(slot.value)))
        elif not slot.families & _SKIPPED_SLOTS:
            for phrase, value in slot.phrases:
                if slot.numbers and phrase[0].replace(".", "").isdigit() and not slot.families & NAMED:
                    continue  # "16 GB" is read as a number, so that "16 GB of storage" is not taken for the memory
                index[phrase[0]].append((phrase, slot, value))
    found: list[Mention] = []
    position = 0
    while position < len(reading.words):
        i = reading.words[position]
        token = reading.tokens[i]
        if reading.covered[i]:
            position += 1
            continue
        best: list[tuple[SlotView, str]] = []
        length = 0
        for phrase, slot, value in index.get(token.stem, ()):
            if (
                len(phrase) >= length
                and reading.phrase_at(position, phrase)
                and _plausible(reading, position, phrase, slot)
            ):
                best = best if len(phrase) == length else []
                best.append((slot, value))
                length = len(phrase)
        concepts = [
            (concept, affirms, len(words))
            for words, concept, affirms in known.phrases.get(token.stem, ())
            if len(words) >= max(length, 1) and reading.phrase_at(position, words) and _concept_like(token.text, words)
        ]
        longest = max((size for _, _, size in concepts), default=0)
        start, end = reading.span(position, max(length, longest, 1))
        if longest > length or (longest == length and longest and _prefer_concept(best)):
            chosen = [(c, affirms) for c, affirms, size in concepts if size == longest]
            concept, affirms = _best_concept(chosen, record)
            found.append(Mention(start=start, end=end, kind="concept", concept=concept, affirms=affirms))
            reading.cover(start, end, "concept")
        elif best:
            slots = tuple(slot for slot, _ in best)
            kind: MentionKind = "truth" if slots[0].truth is not None else "value"
            found.append(Mention(start=start, end=end, kind=kind, slots=slots, value=best[0][1]))
            reading.cover(start, end, kind)
        else:
            position += 1
            continue
        position += max(length, longest)
    return found


def coordinated(reading: Reading) -> list[Mention]:
    """ "first and third person": the first member of a pair borrows the noun of the second."""
    known = vocabulary()
    found: list[Mention] = []
    for position in range(len(reading.words) - 3):
        here, join, other, noun = (reading.tokens[i] for i in reading.words[position : position + 4])
        if join.low not in {"and", "or", "to"} or reading.covered[reading.words[position]] or other.kind != "word":
            continue
        ours = known.concept_ids((here.stem, noun.stem))
        if ours and known.concept_ids((other.stem, noun.stem)):
            start, end = reading.span(position, 1)
            reading.cover(start, end, "concept")
            found.append(Mention(start=start, end=end, kind="concept", concept=min(ours)))
    return found


def _prefer_concept(best: list[tuple[SlotView, str]]) -> bool:
    return not best or (best[0][0].truth is not None and bool(best[0][0].concepts))


def _best_concept(chosen: list[tuple[int, bool]], record: RecordView) -> tuple[int, bool]:
    """Of several meanings, the one that the record speaks of."""
    for concept, affirms in chosen:
        if concept in record.concepts:
            return concept, affirms
    return chosen[0]


def _concept_like(text: str, words: Stems) -> bool:
    return words != ("us",) or text.isupper()


def _plausible(reading: Reading, position: int, phrase: Stems, slot: SlotView) -> bool:
    if len(phrase) > 1 or "title" not in slot.families:
        return True
    token = reading.tokens[reading.words[position]]
    return token.capital and (not token.first or not neutral(token.low, token.stem))


def slot_names(reading: Reading, record: RecordView) -> None:
    """Marks words that only name a slot ("customer rating", "platforms") as explained."""
    for slot in record.slots:
        words = slot.words
        for i, token in enumerate(reading.tokens):
            if not reading.covered[i] and token.kind == "word" and token.stem in words and slot.truth is None:
                reading.covered[i] = "slot"


def names(reading: Reading, record: RecordView) -> list[Mention]:
    """Runs of capitalised words that nothing explains yet, matched loosely to the record where they can be."""
    found: list[Mention] = []
    tokens = reading.tokens
    i = 0
    while i < len(tokens):
        if not _opens_name(reading, i):
            i += 1
            continue
        start, end = i, i + 1
        while end < len(tokens):
            step = end
            while step < len(tokens) and step - end < 3 and (
                tokens[step].low in _CONNECTORS or (tokens[step].kind == "mark" and tokens[step].low in _NAME_MARKS)
            ):  # fmt: skip
                step += 1
            if (
                step < len(tokens)
                and reading.sentence[step] == reading.sentence[start]
                and _may_join(reading, step)
                and (tokens[step].capital or (tokens[step].kind == "number" and step == end))
                and not (step - end > 1 and tokens[end].low == "and")
            ):
                end = step + 1
            else:
                break
        mention = _resolve(reading, record, start, end)
        if mention is not None:
            found.append(mention)
        i = end
    return found


def _may_join(reading: Reading, i: int) -> bool:
    """Unexplained, or a word such as "Adventure" that a capital may make part of a name."""
    return not reading.covered[i] or (reading.covered[i] == "concept" and reading.tokens[i].capital)


def _opens_name(reading: Reading, i: int) -> bool:
    token = reading.tokens[i]
    if reading.covered[i] or token.kind != "word" or not token.capital or token.low in _MONTHS:
        return False
    if not token.first:
        return True
    following = reading.tokens[i + 1] if i + 1 < len(reading.tokens) else None
    if not plain_word(token.low) and not token.low.endswith("ly"):
        return True
    if following is None:
        return False
    if following.capital and following.low not in _MONTHS and _may_join(reading, i + 1) and not following.first:
        return True
    if token.low in _NOT_BARE or "'" in token.low:
        return False
    return following.low in _COPULAS and not token.low.endswith("s")


_FUNCTION = word_set(
    "it is was are the a an this that these those you your i we they he she there here if for from with in on at by to of "
    "and or but not no also has have had its as so do does did can will would be who what which how why when where one "
    "all very too both"
)
_POINTERS = word_set("here there this that it these those he she they what who both one")
_NOT_BARE = word_set(
    "it this that these those he she they there here who what which where when how why one everyone everything "
    "something nothing someone both all each neither either none most many much more less another other such now then "
    "not price rating genre love food service the its my your our his her their nobody anyone everybody anything "
    "fun multiplayer gameplay and but so or also yet still just only even if you we i story plot cast release area"
)


def _resolve(reading: Reading, record: RecordView, start: int, end: int) -> Mention | None:
    tokens = reading.tokens
    opener = tokens[start]
    if opener.first and opener.low not in {"the", "a", "an"} and plain_word(opener.low):
        # "With Vera Lindholm": the word that opens the sentence is no part of a name that stands without it.
        later = next((i for i in range(start + 1, end) if tokens[i].capital), end)
        if any(t.capital and not plain_word(t.low) for t in tokens[later:end]):
            start = later
    inside = [token for token in tokens[start:end] if token.kind != "mark"]
    weighty = [token for token in inside if token.low not in _CONNECTORS]
    partial = _partial(record, tuple(token.stem for token in weighty))
    if partial is not None:
        slot, value = partial
        reading.cover(start, end, "value")
        kind: MentionKind = "title" if "title" in slot.families else "value"
        return Mention(start=start, end=end, kind=kind, slots=(slot,), value=value)
    plain = [token for token in weighty if plain_word(token.low) or token.stem in record.words]
    ordinary = len(plain) == len(weighty)
    if all(token.low in _FUNCTION for token in weighty):
        return None
    article = inside[0].low in {"the", "a"} and inside[0].capital
    if ordinary and len(weighty) == 1 and not article and not (inside[0].first and len(inside) == 1):
        return None
    covers = [reading.covered[i] for i in range(start, end) if tokens[i].capital and not tokens[i].first]
    if covers and all(covers) and (reading.covered[start] or plain_word(inside[0].low)):
        return None
    reading.cover(start, end, "name")
    text = reading.text[tokens[start].start : tokens[end - 1].end]
    return Mention(start=start, end=end, kind="name", value=text)


def _partial(record: RecordView, run: Stems) -> tuple[SlotView, str] | None:
    """The value that contains the words of ``run`` in order ("Skyrim" for a long title), small slips forgiven."""
    best: tuple[float, SlotView, str] | None = None
    for slot in record.slots:
        for phrase, value in slot.phrases:
            at = 0
            for word in run:
                while at < len(phrase) and not _same(word, phrase[at]):
                    at += 1
                if at == len(phrase):
                    break
                at += 1
            else:
                if best is None or len(run) / len(phrase) > best[0]:
                    best = (len(run) / len(phrase), slot, value)
    return (best[1], best[2]) if best else None


def _same(a: str, b: str) -> bool:
    """Equal, or one letter apart when long."""
    if a == b:
        return True
    if min(len(a), len(b)) < 5 or abs(len(a) - len(b)) > 1 or not (a.isalpha() and b.isalpha()):
        return False
    short, long = sorted((a, b), key=len)
    for i, letter in enumerate(short):
        if letter != long[i]:
            return short[i:] == long[i + 1 :] or (len(a) == len(b) and short[i + 1 :] == long[i + 1 :])
    return True
