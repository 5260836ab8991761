"""Which words of a message a negation reaches."""

from __future__ import annotations

from assistant.understanding.labels import slot_meant
from assistant.understanding.reading import Reading, Token, cue_at, denies
from assistant.understanding.specifications import CLAUSE_END, named_at
from assistant.vocabulary import Vocabulary

NEGATION_REACH = 5
"""Words after a negation in which a value is still negated."""
LONGEST_SHORT_FORM = 3
"""Letters of a short form such as Jr, Dr, St."""
SMALL_LEAD = 4
"""Words behind a negation before what is specified begins."""
MOST_JOINING = 6
"""Words between a negation and what it rules out."""
ALL_BUT_REACH = 4
"""Words behind "any" among which "but" stands that leaves something out."""
LEFT_REACH = 9
"""Words behind "leave" or "keep" among which "out" stands."""
LIST_REACH = 5
"""Words behind a comma among which a negated list has its conjunction."""


def mark_negations(reading: Reading, vocabulary: Vocabulary) -> None:
    """Mark the words that a negation reaches."""
    cues = vocabulary.language.cues
    index = 0
    while index < len(reading.tokens):
        token = reading.tokens[index]
        if _minus(reading, index):  # "-horror"
            token.negated = True
            index += 1
            continue
        if named := _begins_label(reading, index, vocabulary):  # "no dialogue" is a theme
            index += named
            continue
        prefix = _glued(reading, index, vocabulary)
        size = 1 if prefix else _negation_at(reading, index, vocabulary)
        if not size or token.used:
            index += 1
        elif prefix:
            token.text = token.text.removeprefix(prefix)
            token.negated = True
            index += 1
        elif _answers_no(reading, index, size):
            index += size
        else:
            compared = reading.phrase(index, index + size) in cues["comparison"] or _less_than_that(reading, index)
            told = not (compared or _specified_behind(reading, index + size))
            told = told and not _rules_out(reading, index, vocabulary)
            reading.use(index, index + size)
            start, ended = _behind_small_words(reading, index + size, vocabulary, told=told)
            index = start if ended else _mark_reached(reading, start, vocabulary, compared=compared, told=told)


def _glued(reading: Reading, index: int, vocabulary: Vocabulary) -> str | None:
    """The negation that a word begins with: "non-animated"; none of "non-fiction", where that is a value."""
    text = reading.tokens[index].text
    if vocabulary.label(text) or vocabulary.free_label(text):
        return None
    return next((p for p in vocabulary.language.cues["glued_negation"] if text.startswith(p) and text != p), None)


def _negation_at(reading: Reading, index: int, vocabulary: Vocabulary) -> int:
    """How many words the negation at a place has, whatever its form; 0 when there is none."""
    return (
        cue_at(reading, index, reading.language.cues["negation"])
        or _all_but(reading, index, vocabulary)
        or _leaves_out(reading, index, vocabulary)
        or denies(reading, index)
        or int(_less_than_that(reading, index))  # "rather a western than a drama"
    )


def _behind_small_words(reading: Reading, index: int, vocabulary: Vocabulary, *, told: bool) -> tuple[int, bool]:
    """Where what a negation rules out begins, behind the words between, and whether it ends before: "not really... in
    English". "Not from Italy", "nothing set in space" and "not a film about war" use those words up."""
    dull = {*vocabulary.language.cues["behind_negation"], *vocabulary.language.item_words}
    while index < len(reading.tokens) and reading.tokens[index].text in dull and not told:
        reading.tokens[index].used = True
        index += 1
        if CLAUSE_END.search(reading.text[reading.tokens[index - 1].end :][:1]):
            return index, True
    return index + _joins(reading, index, vocabulary), False


def _mark_reached(reading: Reading, index: int, vocabulary: Vocabulary, *, compared: bool, told: bool) -> int:
    """Mark the words from a place on that a negation before it reaches; where it ends."""
    cues = vocabulary.language.cues
    reach, ruled_out = NEGATION_REACH, set[str]()
    while index < len(reading.tokens) and reach:
        word, size = reading.tokens[index], named_at(reading, index, vocabulary)
        if size and not word.used:
            ruled_out = _slots(reading.phrase(index, index + size), vocabulary) or ruled_out
        if word.text in reading.language.words("adding") and (
            _other_slots(reading, index, vocabulary, ruled_out)
            or cue_at(reading, index + 1, reading.language.words("property_opens"))
        ):
            break  # "without horror and by Hitchcock", "that X isn't in and that is dark"
        if (size < 2 and cue_at(reading, index, cues["negation"])) or (
            not told and cue_at(reading, index, reading.language.words("must"))
        ):
            break  # "nothing violent and nothing from Spain", "no horror and definitely dark"
        turns = word.text in cues["contrast"] and size < 2 and not label_ahead(reading, index, vocabulary)
        if word.used or turns:
            break
        word.negated, word.compared, word.told = True, compared, told
        index += 1
        reach = NEGATION_REACH if word.text in cues["list_words"] else reach - 1
        if index < len(reading.tokens) and _scope_ends(reading, index, vocabulary, ruled_out):
            break
    return index


def _scope_ends(reading: Reading, index: int, vocabulary: Vocabulary, ruled_out: set[str]) -> bool:
    """Whether what stands between the word before a place and the word there ends a negation."""
    word, following = reading.tokens[index - 1], reading.tokens[index]
    between = reading.text[word.end : following.start]
    if _is_short_form(word, following):
        between = between.removeprefix(".")
    if between.strip() == ":" and word.text in vocabulary.spoken_words:
        return False  # "not cast: Carol Lynley"
    ends = CLAUSE_END.search(between.replace(",", "")) is not None
    return ends or ("," in between and not _list_goes_on(reading, index, vocabulary, ruled_out))


def _is_short_form(word: Token, following: Token) -> bool:
    """Whether a point behind a word belongs to it: "Brian K. Vaughan", "Kurt Vonnegut Jr. or"."""
    initial = len(word.raw) == 1 and word.raw.isupper()
    return initial or (len(word.raw) <= LONGEST_SHORT_FORM and word.raw[:1].isupper() and following.raw.islower())


def _specified_behind(reading: Reading, start: int) -> bool:
    """Whether the clause goes on as a specification, its first words aside: "I don't want one from Spain"."""
    for index in range(start, min(start + SMALL_LEAD, len(reading.tokens))):
        if reading.specified_at(index):
            return True
        if reading.punctuated(index):
            break
    return False


def _joins(reading: Reading, index: int, vocabulary: Vocabulary) -> int:
    """How many words stand between a negation and the value that it rules out that need not be known: "mustn't have
    anything to do with racism"."""
    if not reading.specified_at(min(index, len(reading.tokens) - 1)):
        return 0
    for size in range(MOST_JOINING + 1):
        at = index + size
        if at >= len(reading.tokens) or (size and reading.punctuated(at - 1)):
            return 0
        token = reading.tokens[at]
        if (
            token.used
            or token.text in reading.language.words("turning")
            or cue_at(reading, at, reading.language.words("must"))
        ):
            return 0
        named = named_at(reading, at, vocabulary)
        if named > 1 or (named and token.text not in reading.language.stopwords):
            return size
    return 0


def _all_but(reading: Reading, index: int, vocabulary: Vocabulary) -> int:
    """How many words "any colour but", "some size besides" and "another brand than" have at a place; 0 when they do not
    stand there."""
    language = reading.language
    others = reading.tokens[index].text in language.words("than_other")
    if reading.tokens[index].text not in language.words("universal"):
        return 0
    for behind in range(index + 1, min(index + 1 + ALL_BUT_REACH, len(reading.tokens))):
        if reading.tokens[behind].used or reading.punctuated(behind - 1):
            return 0
        if size := cue_at(reading, behind, language.words("exceptive")):
            return behind + size - index
        named = reading.tokens[behind - 1].text in vocabulary.words_of_slots
        if others and named and (size := cue_at(reading, behind, language.words("than"))):
            return behind + size - index
    return 0


def _leaves_out(reading: Reading, index: int, vocabulary: Vocabulary) -> int:
    """1 where "leave" or "keep" stands before what is left out: "leave Morrow out of it"."""
    language = reading.language
    if reading.tokens[index].text not in language.words("leaving"):
        return 0
    for behind in range(index + 1, min(index + 1 + LEFT_REACH, len(reading.tokens))):
        if reading.tokens[behind].text in language.words("left_out"):
            return int(any(named_at(reading, place, vocabulary) for place in range(index + 1, behind)))
        if reading.punctuated(behind):
            return 0
    return 0


def mark_excluded(reading: Reading, vocabulary: Vocabulary) -> None:
    """Mark values with a negation behind them that ends the clause: "non-stick excluded", "dogs yes, cats no"."""
    for index in range(1, len(reading.tokens)):
        glued = reading.text[reading.tokens[index - 1].end : reading.tokens[index].start] == "-"
        if glued and reading.tokens[index].text in reading.language.words("glued_excluded"):
            _exclude(reading, index, index + 1, vocabulary)
    for index in range(1, len(reading.tokens)):
        size = cue_at(reading, index, reading.language.words("excluded"))
        ends = bool(size) and (
            reading.punctuated(index + size - 1)
            or reading.tokens[index + size].text in reading.language.words("clause_joins")
        )
        if not ends or reading.punctuated(index - 1):
            continue
        _exclude(reading, index, index + size, vocabulary)
    for index in range(1, len(reading.tokens)):
        size = cue_at(reading, index, reading.language.words("denied_behind"))
        if not size or reading.punctuated(index - 1) or reading.tokens[index].used:
            continue
        if not reading.specified_at(index) and not cue_at(reading, index, reading.language.words("firm")):
            continue
        end, joins = index + size, reading.language.words("clause_joins")
        while end < len(reading.tokens) and not reading.punctuated(end - 1):
            named = named_at(reading, end, vocabulary) and reading.tokens[end].text not in vocabulary.words_of_slots
            if named or reading.tokens[end].text in joins:
                break
            end += 1
        clause_ends = end == len(reading.tokens) or reading.punctuated(end - 1) or reading.tokens[end].text in joins
        said = reading.phrase(index + size, end)
        if clause_ends and end > index + size and not any(word in said for word in reading.language.words("no_must")):
            _exclude(reading, index, end, vocabulary)


def _exclude(reading: Reading, index: int, end: int, vocabulary: Vocabulary) -> None:
    """Mark the value that ends before a place, with those that "or" and "and" join to it."""
    joins = {*reading.language.words("conjunction")}
    while True:
        sizes = range(reading.language.longest, 0, -1)
        size = next(
            (
                n
                for n in sizes
                if n <= index and reading.free(index - n, index) and named_at(reading, index - n, vocabulary) == n
            ),
            0,
        )
        if not size:
            return
        for token in reading.tokens[index - size : index]:
            token.negated = True
        reading.use(index, end)
        index -= size
        end = index
        if index < 2 or reading.tokens[index - 1].text not in joins or reading.punctuated(index - 2):
            return
        index -= 1


def _answers_no(reading: Reading, index: int, size: int) -> bool:
    """Whether a negation is an answer by itself: "no, something from Japan", "I can't say. No, in German"."""
    behind = reading.text[reading.tokens[index + size - 1].end :][:1]
    opens = index < 2 or reading.tokens[index].start in reading.openings  # "hmm no. In German"
    return size == 1 and behind in (",", ".", "!", ";") and opens


def _less_than_that(reading: Reading, index: int) -> bool:
    before = {token.text for token in reading.tokens[:index]}
    return reading.tokens[index].text in reading.language.words("than") and bool(
        before & set(reading.language.words("preferring"))
    )


def _minus(reading: Reading, index: int) -> bool:
    """Whether a minus is glued to the front of a token, as in a search engine's query."""
    start = reading.tokens[index].start
    return start > 0 and reading.text[start - 1] == "-" and (start == 1 or reading.text[start - 2].isspace())


def _rules_out(reading: Reading, index: int, vocabulary: Vocabulary) -> bool:
    """Whether the negation at ``index`` says what is not wanted, and not what happens in a story.

    It does at the beginning, behind punctuation, a conjunction, a word for an item, or a value of the catalogue.
    """
    if index == 0:
        return True
    firm = cue_at(reading, index, reading.language.words("firm"))
    if firm and reading.tokens[index - 1].text not in reading.language.words("told_of"):
        return True
    before = reading.tokens[index - 1]
    if before.used or before.negated or reading.text[before.end : reading.tokens[index].start].strip():
        return True
    language = vocabulary.language
    joins = language.cues["before_negation"]
    return (
        before.text in joins
        or before.text in language.item_words
        or any(vocabulary.label(reading.phrase(index - size, index)) for size in (1, 2, 3) if size <= index)
        or bool(vocabulary.wish(before.text))
    )


def label_ahead(reading: Reading, index: int, vocabulary: Vocabulary) -> bool:
    return any(vocabulary.label(reading.phrase(index, index + size)) for size in range(1, reading.language.longest + 1))


def _begins_label(reading: Reading, index: int, vocabulary: Vocabulary) -> int:
    """How many words the value has that begins with the negation at a place; 0 when there is none."""
    if not cue_at(reading, index, vocabulary.language.cues["negation"]):
        return 0
    size = named_at(reading, index, vocabulary)
    return size if size > 1 else 0


def _other_slots(reading: Reading, index: int, vocabulary: Vocabulary, ruled_out: set[str]) -> bool:
    """Whether what stands at a place, or behind the conjunction there, is of other slots than the last value that was ruled
    out: "not about food, Spanish or Turkish"."""
    joined = reading.tokens[index].text in reading.language.words("adding")
    start = index + joined
    while joined and start - index < NEGATION_REACH and not named_at(reading, start, vocabulary):
        start += 1
    sizes = (n for n in range(vocabulary.language.longest, 0, -1) if start + n <= len(reading.tokens))
    behind = next(filter(None, (_slots_meant(reading, start, start + n, vocabulary) for n in sizes)), set())
    return bool(ruled_out and behind) and not ruled_out & behind


def _slots_meant(reading: Reading, start: int, end: int, vocabulary: Vocabulary) -> set[str]:
    labels = vocabulary.label(reading.phrase(start, end))
    if len({slot for slot, _ in labels}) > 1:
        return {slot_meant(reading, start, end, labels, vocabulary)}
    return _slots(reading.phrase(start, end), vocabulary)


def _slots(phrase: str, vocabulary: Vocabulary) -> set[str]:
    if vocabulary.full_name(phrase) is not None:
        return {"people"}  # who may stand among the tags as well
    slots = {slot for slot, _ in (*vocabulary.label(phrase), *vocabulary.free_label(phrase))}
    return slots | ({"people"} if vocabulary.person(phrase) else set())


def _list_goes_on(reading: Reading, index: int, vocabulary: Vocabulary, ruled_out: set[str]) -> bool:
    """Whether a comma stands inside a negated list: "no horror, war or westerns"."""
    if not label_ahead(reading, index, vocabulary) or _other_slots(reading, index, vocabulary, ruled_out):
        return False
    for place in range(index, min(index + LIST_REACH, len(reading.tokens))):
        token = reading.tokens[place]
        if token.text in reading.language.cues["conjunction"]:
            follows = place + 1
            while follows < len(reading.tokens) and reading.tokens[follows].text in reading.language.words("articles"):
                follows += 1
            return label_ahead(reading, follows, vocabulary)
        behind = reading.text[token.end : token.end + 1]
        if token.text in reading.language.cues["contrast"] or behind in (":", ";", "."):
            return False
    return False
