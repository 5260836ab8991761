"""Categories, countries, colours and whatever other values the catalogue has, in a message.

A value that is named is a promise where its slot is a closed set, and a wish where it is open (tags, moods), where its word
is ordinary besides ("family", "war"), or where the user speaks of tastes in general.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.types import Constraint, Operator
from assistant.understanding.reading import Found, Reading, cue_at, negated_at
from assistant.understanding.slots import NO, YES
from assistant.vocabulary import LONGEST_NAME, Vocabulary

VAGUE = 1 / 3
"""The share of the items that count as "short", "cheap" or "recent" when nothing more is said."""
MAX_VAGUE = 8
"""Words of a message in which "old" may speak of the wanted item although nothing that is wanted stands behind it."""
SLOT_REACH = 6
"""Words before a value in which the name of its slot may stand."""
SLOT_BEHIND = 4
"""Words behind a value among which the name of its slot may stand."""
SHORT_MESSAGE = 3
"""A category in a message of so few words is meant as one, whatever stands around it."""


def find_labels(reading: Reading, vocabulary: Vocabulary) -> None:
    """Turn the values in a message into constraints and wishes."""
    _find_terse(reading, vocabulary)
    _find_free_labels(reading, vocabulary, negated=True)
    longest = vocabulary.language.longest
    index = 0
    while index < len(reading.tokens):
        for size in range(longest, 0, -1):
            if reading.free(index, index + size) and _use_label(reading, index, index + size, vocabulary):
                if vocabulary.label(reading.phrase(index, index + size)):
                    for token in reading.tokens[index : index + size]:
                        token.named = True
                index += size
                break
        else:
            index += 1
    _find_terse(reading, vocabulary)
    _find_free_labels(reading, vocabulary, negated=False)
    _find_vague(reading, vocabulary)
    for token in reading.tokens:
        token.used = token.used or (token.negated and not token.told)


def find_stock(reading: Reading, vocabulary: Vocabulary) -> None:
    """ "In stock" is a promise wherever the catalogue knows what is."""
    if "in_stock" not in vocabulary.catalogue.labels:
        return
    words = reading.language.words("stock"), reading.language.words("out_of_stock")
    for index in range(len(reading.tokens)):
        for cues, value in zip(words, (YES, NO), strict=True):
            size = cue_at(reading, index, cues)
            glued = size and index + size < len(reading.tokens) and not reading.punctuated(index + size - 1)
            behind = reading.tokens[index + size].text if glued else ""
            if not size or not reading.free(index, index + size) or behind in reading.language.words("terse_before"):
                continue  # "available in XL" is of the size
            if index and reading.tokens[index - 1].text in vocabulary.terse_labels:
                continue  # and so is "size XL available"
            if negated_at(reading, reading.tokens[index].start):
                value = NO if value == YES else YES
            made = Constraint(slot="in_stock", op="any", values=(value,), words=reading.words(index, index + size))
            reading.add(made, index, index + size, promised=True)
            reading.use(index, index + size)


def _find_terse(reading: Reading, vocabulary: Vocabulary) -> None:
    """Values that are numbers or letters, behind the name of their slot or what stands for it: "size 10", "in a 10"."""
    if not vocabulary.terse_labels:
        return
    before = reading.language.words("terse_before")
    letters = dict(word.split("=") for word in reading.language.words("sizes"))
    for index, token in enumerate(reading.tokens):
        labels = vocabulary.terse_labels.get(letters.get(token.text, token.text), ())
        if not labels or token.used or index == 0:
            continue
        slot = _slot_spoken_of(reading, index, labels, vocabulary)
        slots = {slot for slot, _ in labels}
        slot = (
            slot or slot_before(reading, index, slots, vocabulary) or slot_behind(reading, index + 1, slots, vocabulary)
        )
        if slot is None and token.raw[:1].isupper():  # "sorry, I meant XL"
            slot = next((slot for slot, _ in labels if slot in reading.spoken_of), None)
        whole = (
            (token.text in letters or (token.raw.isalpha() and token.raw.isupper()))
            and reading.punctuated(index)
            and reading.punctuated(index - 1)
        )
        if slot is None and whole:
            slot = labels[0][0]
        if slot is None and any(index >= size and reading.phrase(index - size, index) in before for size in (1, 2)):
            following = reading.tokens[index + 1].text if index + 1 < len(reading.tokens) else ""
            if reading.punctuated(index) or following in reading.language.words("follows_category"):
                slot = labels[0][0]
        if slot is None:
            continue
        values = tuple(value for s, value in labels if s == slot)
        op: Operator = "none" if token.negated else "any"
        start = index - (reading.tokens[index - 1].text in vocabulary.spoken.words[slot].names)
        made = Constraint(slot=slot, op=op, values=values, words=reading.words(start, index + 1))
        if not joins_alternative(reading, index, made, promised=True):
            reading.add(made, start, index + 1, promised=True)
        reading.use(start, index + 1)


def find_open_labels(reading: Reading, vocabulary: Vocabulary, *, least: int = 1) -> None:
    """Brands, series and the like, of which there are too many for each to be an ordinary word's other meaning: those of
    ``least`` words and more, and those whose slot is named."""
    if not vocabulary.open_labels:
        return
    for start in range(len(reading.tokens)):
        for size in range(LONGEST_NAME, 0, -1):
            if not reading.free(start, start + size):
                continue
            phrase = reading.phrase(start, start + size)
            labels = vocabulary.open_labels.get(phrase, ())
            if not labels or vocabulary.label(phrase) or vocabulary.full_name(phrase):
                continue
            slots = {slot for slot, _ in labels}
            spoken = slot_before(reading, start, slots, vocabulary) or slot_behind(
                reading, start + size, slots, vocabulary
            )
            ends = (reading.tokens[start].raw, reading.tokens[start + size - 1].raw)
            written = all(word[:1].isupper() or word[:1].isdigit() for word in ends)
            if spoken is None and (not written or size < least or (start == 0 and size == 1)):
                continue
            slot = spoken or labels[0][0]
            op: Operator = "none" if reading.tokens[start].negated else "any"
            values = tuple(value for s, value in labels if s == slot)
            made = Constraint(slot=slot, op=op, values=values, words=reading.words(start, start + size))
            if not joins_alternative(reading, start, made, promised=True):
                reading.add(made, start, start + size, promised=not reading.tokens[start].liked or op == "none")
            reading.use(start, start + size)
            break


def _slot_spoken_of(
    reading: Reading, index: int, labels: Sequence[tuple[str, str]], vocabulary: Vocabulary
) -> str | None:
    """The slot whose name stands right before or behind a token, or before the alternative that it continues."""
    for slot, _ in labels:
        names = vocabulary.spoken.words[slot].names
        near = {
            reading.phrase(max(0, index - 1), index),
            reading.phrase(max(0, index - 2), index),
            reading.phrase(index + 1, index + 2),
        }
        if near & set(names):
            return slot
        last = reading.constraints[-1] if reading.constraints else None
        if last and last.slot == slot and reading.tokens[index - 1].text in reading.language.words("alternative"):
            return slot
    return None


def _find_free_labels(reading: Reading, vocabulary: Vocabulary, *, negated: bool) -> None:
    """Tags and moods that the message names are wishes; negated they are promises.

    Negated ones of several words come first, so that "not about World War II" does not rule out war films.
    """
    index = 0
    while index < len(reading.tokens):
        for size in range(vocabulary.language.longest, 0, -1):
            span = reading.tokens[index : index + size]
            wanted = reading.free(index, index + size) and not any(token.named for token in span)
            ruled_out = wanted and span[0].negated and not span[0].told
            if not wanted or (negated and (size < 2 or not ruled_out)):
                continue
            labels = vocabulary.free_label(reading.phrase(index, index + size))
            if not labels or reading.phrase(index, index + size) in vocabulary.spoken_words:
                continue  # "with French as its language" is about no languages
            if size == 1 and reads_as_verb(reading, index, vocabulary):
                continue
            first = span[0]
            must = not ruled_out and must_be(reading, index)
            promised = (ruled_out or must) and not first.compared and not (first.liked and not first.negated)
            for slot in dict.fromkeys(slot for slot, _ in labels):
                values = tuple(value for s, value in labels if s == slot)
                op: Operator = "none" if first.negated and not first.told else "any"
                made = Constraint(slot=slot, op=op, values=values, words=reading.words(index, index + size))
                reading.add(made, index, index + size, promised=promised)
                promised = promised and ruled_out  # of two slots with the value, one is enough
            if negated:
                reading.use(index, index + size)
            index += size
            break
        else:
            index += 1


def reads_as_verb(reading: Reading, index: int, vocabulary: Vocabulary) -> bool:
    """Whether a word that no value is just so stands where a verb does: "that strikes a joyful note"."""
    words = reading.language.words
    text = reading.tokens[index].text
    if index == 0 or index + 1 >= len(reading.tokens) or text in vocabulary.free_phrases or text in vocabulary.labels:
        return False
    behind = reading.tokens[index + 1].text
    relative = reading.tokens[index - 1].text in words("relatives")
    return (relative and behind in words("articles")) or behind in ("by",)


def must_be(reading: Reading, index: int) -> bool:
    """Whether the words before a token make what it says a condition: "it has to be", "only"."""
    start = index
    between = (*reading.language.words("articles"), *reading.language.words("must_of"))
    while start > 0 and reading.tokens[start - 1].text in between:
        start -= 1
    must = reading.language.words("must")
    return any(start >= size and reading.phrase(start - size, start) in must for size in (1, 2, 3))


def _use_label(reading: Reading, start: int, end: int, vocabulary: Vocabulary) -> bool:
    phrase, words, first = reading.phrase(start, end), reading.words(start, end), reading.tokens[start]
    labels, wished = vocabulary.label(phrase), vocabulary.wish(phrase)
    if first.negated:
        # "French" rules out the country; that the language has the same name is not meant.
        meant = slot_meant(reading, start, end, labels, vocabulary) if labels else ""
        exact = [label for label in labels if label[0] == meant]
        if not exact and not first.told and phrase not in vocabulary.spoken_words:
            exact = list(vocabulary.free_label(phrase))
        likeliest = exact or list(wished[:1])
        for slot, value in dict.fromkeys((*likeliest, *wished)):
            made = Constraint(slot=slot, op="none", values=(value,), words=words)
            promised = not first.compared and (slot, value) in likeliest  # "not violent" promises no want of action
            reading.add(made, start, end, promised=promised)
        return bool(labels + wished)
    if ruled_out := vocabulary.opposite(phrase):
        for slot, value in ruled_out:
            reading.add(Constraint(slot=slot, op="none", values=(value,), words=words), start, end, promised=True)
        reading.use(start, end)
        return True
    if labels:
        _want(reading, start, end, labels, vocabulary)
        return True
    for slot in dict.fromkeys(slot for slot, _ in wished):
        values = tuple(value for s, value in wished if s == slot)
        reading.add(Constraint(slot=slot, op="any", values=values, words=words), start, end, promised=False)
    return bool(wished)


def _want(reading: Reading, start: int, end: int, labels: Sequence[tuple[str, str]], vocabulary: Vocabulary) -> None:
    slot = slot_meant(reading, start, end, labels, vocabulary)
    constraint = Constraint(
        slot=slot, op="any", values=tuple(v for s, v in labels if s == slot), words=reading.words(start, end)
    )
    promised = slot != "categories" or names_category(reading, start, end, vocabulary) or must_be(reading, start)
    promised = promised or reading.specified_at(start)
    own = any(reading.phrase(start - size, start) in reading.language.words("own") for size in (2, 3) if size <= start)
    if reading.tokens[start].liked or own:  # "all that fits into my bag" is no bag
        promised = False
    keep(reading, start, end, constraint, promised=promised)


def slot_meant(
    reading: Reading, start: int, end: int, labels: Sequence[tuple[str, str]], vocabulary: Vocabulary
) -> str:
    """Which of the slots that have the value is meant: the one whose name stands beside it, else the first."""
    if len({slot for slot, _ in labels}) > 1:
        for slot, _ in labels:
            says = vocabulary.spoken.words[slot].says
            if any(reading.phrase(start - size, start) in says for size in (1, 2, 3) if size <= start):
                return slot
        end = _alternatives_end(reading, end, vocabulary)
        if behind := slot_behind(reading, end, {slot for slot, _ in labels}, vocabulary):
            return behind
        beside = {reading.phrase(max(0, start - 1), start), reading.phrase(end, end + 1)}
        for slot, _ in labels:
            if beside & set(vocabulary.spoken.words[slot].names):
                for near in (start - 1, end):
                    if 0 <= near < len(reading.tokens):
                        token = reading.tokens[near]
                        token.named = token.named or token.text in vocabulary.spoken.words[slot].names
                return slot
        if spoken := slot_before(reading, start, {slot for slot, _ in labels}, vocabulary):
            return spoken
        if joined := slot_of_alternative(reading, start, {slot for slot, _ in labels}):
            return joined
        if _in_language(reading, start, end) or reading.phrase(start, end) in reading.language.words("languages_first"):
            # "in French" is the language, "French" the country
            languages = [s for s, _ in labels if s.startswith("language")]
            return languages[0] if languages else labels[0][0]
    return labels[0][0]


def slot_of_alternative(reading: Reading, start: int, slots: set[str]) -> str | None:
    """The slot of what "or" joins a value to, if it is one of ``slots``."""
    last = reading.constraints[-1] if reading.constraints else None
    joined = start > 1 and reading.tokens[start - 1].text in reading.language.words("alternative")
    if last is None or not joined or last.slot not in slots:
        return None
    return last.slot if reading.text[: reading.tokens[start - 1].start].rstrip(" ,").endswith(last.words) else None


def _in_language(reading: Reading, start: int, end: int) -> bool:
    """Whether the words around a value say that a language is meant: "in anything but French", "French being spoken"."""
    if any(reading.phrase(end, end + size) in reading.language.words("behind_language") for size in (1, 2)):
        return True
    between = {*reading.language.words("behind_negation")} - {*reading.language.words("in_language")}
    index = start - 1
    while (
        index > 0
        and reading.tokens[start].negated
        and (reading.tokens[index].used or reading.tokens[index].text in between)
    ):
        if reading.tokens[index].text in reading.language.words("in_language"):
            break
        index -= 1
    return index >= 0 and reading.tokens[index].text in reading.language.words("in_language")


def _alternatives_end(reading: Reading, end: int, vocabulary: Vocabulary) -> int:
    """Where the alternatives end that a value begins: "Czech or Swedish language"."""
    while end < len(reading.tokens) and reading.tokens[end].text in reading.language.words("alternative"):
        size = next((n for n in (3, 2, 1) if vocabulary.label(reading.phrase(end + 1, end + 1 + n))), 0)
        if not size:
            break
        end += 1 + size
    return end


def slot_before(
    reading: Reading, start: int, slots: set[str], vocabulary: Vocabulary, *, reach: int = SLOT_REACH
) -> str | None:
    """The slot whose name stands before a value in its clause: "the language has to be French"."""
    for index in range(start - 1, max(-1, start - reach - 1), -1):
        between = reading.text[reading.tokens[index].end : reading.tokens[index + 1].start].strip()
        if between not in ("", ":", "：", "=", "(", '"', "'", "“"):
            return None
        for slot in sorted(slots):
            words = vocabulary.spoken.words[slot]
            if reading.tokens[index].text in (*words.names, *words.says):
                reading.tokens[index].named = True
                return slot
    return None


def slot_behind(reading: Reading, end: int, slots: set[str], vocabulary: Vocabulary) -> str | None:
    """The slot whose name stands right behind a value, or behind a small word: "for series", "as the brand"."""
    small = {
        *reading.language.words("articles"),
        *reading.language.words("names_slot"),
        *reading.language.words("copulas"),
    }
    for index in range(end, min(end + SLOT_BEHIND, len(reading.tokens))):
        if reading.punctuated(index - 1):
            return None
        for slot in sorted(slots):
            if reading.tokens[index].text in vocabulary.spoken.words[slot].names:
                reading.tokens[index].named = True
                return slot
        if reading.tokens[index].text not in small:
            return None
    return None


def keep(reading: Reading, start: int, end: int, constraint: Constraint, *, promised: bool) -> None:
    """Keep a constraint that the tokens from ``start`` to before ``end`` say, joined to what "or" stands behind."""
    if not joins_alternative(reading, start, constraint, promised=promised):
        reading.add(constraint, start, end, promised=promised)


def joins_alternative(reading: Reading, start: int, constraint: Constraint, *, promised: bool) -> bool:
    """Make "a drama or a documentary" one constraint: either will do. False when nothing stands before "or"."""
    skipped = (*reading.language.words("articles"), *reading.language.words("alternative_lead"))
    before = start - 1
    while before >= 0 and reading.tokens[before].text in skipped:
        before -= 1
    if before < 1 or reading.tokens[before].text not in reading.language.words("alternative"):
        return False
    stretch = reading.text[: reading.tokens[before].start].rstrip(" ,")
    for found in (reading.constraints, reading.wishes):
        other = found[-1] if found else None
        if other is None or other.slot != constraint.slot or other.op != "any" or not stretch.endswith(other.words):
            continue
        parts = [found.pop()]
        head = stretch[: len(stretch) - len(other.words)]
        while found and found[-1].slot == other.slot and found[-1].op == "any":  # "a, b or c"
            trimmed = head.rstrip()
            if not trimmed.endswith(",") or not trimmed.rstrip(", ").endswith(found[-1].words):
                break
            parts.insert(0, found.pop())
            head = trimmed.rstrip(", ")[: -len(parts[0].words)]
        joined = replace(
            other,
            values=tuple(dict.fromkeys(value for part in (*parts, constraint) for value in part.values)),
            words=reading.language.either.join(part.words for part in (*parts, constraint)),
        )
        end = start + len(constraint.words.split())
        reading.found.append(
            Found(
                constraint=constraint,
                start=reading.tokens[start].start,
                end=reading.tokens[min(end, len(reading.tokens)) - 1].end,
            )
        )
        both = promised or found is reading.constraints
        (reading.constraints if both else reading.wishes).append(joined)
        return True
    return False


def names_category(reading: Reading, start: int, end: int, vocabulary: Vocabulary) -> bool:
    """Whether a category's name is used as one: "a war film" and "westerns" are, "the family has to keep quiet" is not."""
    language = vocabulary.language
    last = reading.tokens[end - 1].text
    following = reading.tokens[end].text if end < len(reading.tokens) else None
    if len(reading.tokens) <= SHORT_MESSAGE or not language.spaced:
        return True
    joined = following is not None and not reading.punctuated(end - 1)
    if joined and following is not None and (following in language.item_words or following in language.words("kind")):
        return True
    if joined and any(
        vocabulary.label(reading.phrase(end, end + size)) for size in (2, 1) if end + size <= len(reading.tokens)
    ):
        return True
    if end - start == 1 and last in language.adjectival:
        return False
    plural = last.endswith("s") and last not in language.adjectival
    return plural or not joined or following in language.words("follows_category")


def _find_vague(reading: Reading, vocabulary: Vocabulary) -> None:
    """ "Something short", "a cheap one": the lower third is preferred."""
    spoken, language = vocabulary.spoken, vocabulary.language
    behind = {*language.item_words, *language.words("kind")}
    if len(reading.tokens) <= MAX_VAGUE:
        behind |= set(language.words("follows_category"))
    for index, token in enumerate(reading.tokens):
        for words, up in ((spoken.high, True), (spoken.low, False)):
            slot = words.get(token.text)
            if (
                slot is None
                or token.used
                or token.named
                or token.negated
                or (index and _counts(reading, index - 1, vocabulary))
            ):
                continue
            following = reading.tokens[index + 1].text if index + 1 < len(reading.tokens) else ""
            labelled = bool(following) and bool(vocabulary.label(following))
            if not (reading.punctuated(index) or following in behind or labelled):
                continue
            value = spoken.quantile(slot, 1 - VAGUE if up else VAGUE)
            if value == value:
                low, high = (value, None) if up else (None, value)
                made = Constraint(slot=slot, op="range", low=low, high=high, words=token.raw)
                reading.add(made, index, index + 1, promised=False)
                token.used = True


def _counts(reading: Reading, index: int, vocabulary: Vocabulary) -> bool:
    """Whether a token is the unit of a number that was read: "80 minutes long" is no wish for long ones."""
    return reading.tokens[index].used and reading.tokens[index].text in vocabulary.number_patterns.units
