"""A message becomes an utterance: what it is for, what is promised, preferred, resembled, spoken of, taken back.

Rules over the language's words and the catalogue's own values; no model is needed. The order is fixed: slips, answers, what
the message is for, titles, rejections, statements, revisions, numbers, critiques, which clauses are specifications,
negations, people, values, what takes the place of something. Each stage uses up the words that it understood, so that a later
one does not understand them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from assistant.catalogue import Catalogue
from assistant.detecting import detect_language
from assistant.language import load_language
from assistant.text import fold
from assistant.types import Constraint, Context, Intent, Utterance
from assistant.understanding.acts import QUESTIONS, find_act, is_out_of_scope, is_small_talk
from assistant.understanding.alternatives import join_alternatives
from assistant.understanding.answers import find_answer, presume_no_preference
from assistant.understanding.company import find_company
from assistant.understanding.critiques import find_critiques, tells_nothing
from assistant.understanding.held import held_by
from assistant.understanding.labels import find_labels, find_open_labels, find_stock
from assistant.understanding.limits import answers_number, find_limits
from assistant.understanding.negations import mark_excluded, mark_negations
from assistant.understanding.people import find_people
from assistant.understanding.pointing import find_pointed
from assistant.understanding.reading import MAX_POINTING, Reading, cue_at, read
from assistant.understanding.references import find_references
from assistant.understanding.refusing import find_refused
from assistant.understanding.replacing import find_replaced
from assistant.understanding.revisions import find_rejections, find_revisions, name_cards
from assistant.understanding.shared_values import find_same
from assistant.understanding.specifications import find_promised, find_specified, find_tagged, named_at, specifies
from assistant.understanding.spelling import respell
from assistant.understanding.statements import find_statements, state
from assistant.understanding.titles import find_titles, title_at
from assistant.unspaced.read import understand_unspaced
from assistant.vocabulary import FREE_SLOTS, Vocabulary

MAX_MESSAGE = 2_000
"""Characters of a message that are read."""
MAX_CARDS = 50
MAX_UNHEEDED = 3
"""Negated words of which it is said that no record has them; more of them tell a story."""
NAMES_PEOPLE = 3
"""Words of a brand or series that may begin with somebody's name."""

_NO_CONTEXT = Context()


def understand(
    text: str, vocabulary: Vocabulary, context: Context = _NO_CONTEXT, *, today: date | None = None
) -> Utterance:
    """What a message says, read against the conversation before it.

    The language is the message's own, whatever the vocabulary's. ``today`` is the day that "the last five years" count
    from, by default the present one; see ``numbers``.
    """
    language = load_language(detect_language(text, context.language))
    if language.code != vocabulary.language.code:
        vocabulary = vocabulary.in_language(language)
    if not language.spaced:
        return understand_unspaced(text[:MAX_MESSAGE], vocabulary, context, today=today)
    reading = read(respell(text[:MAX_MESSAGE], vocabulary), vocabulary.language)
    for index in range(len(reading.tokens)):
        reading.use(index, index + cue_at(reading, index, reading.language.words("idioms")))
    reading.spoken_of = {held.constraint.slot for held in context.held}
    if not any(held_by(match["what"], vocabulary, context) for match in reading.matches("swap", "take_back")):
        find_answer(reading, vocabulary, context)  # "forget the brand, it doesn't matter" answers nothing
    find_refused(reading, vocabulary, context)
    act = None
    further = any(m.start() <= reading.lead for m in reading.matches("further")) and "?" not in reading.plain
    if not (_all_used(reading) or further or answers_number(reading, vocabulary, context)):
        act = find_act(reading, vocabulary, context, specifies=specifies(reading, vocabulary))
    if act in QUESTIONS:
        return _question(reading, vocabulary, context, act)
    find_titles(reading, vocabulary)
    find_rejections(reading, vocabulary, context)
    find_statements(reading, vocabulary, context)
    find_revisions(reading, vocabulary, context)
    _exclude_titles(reading, vocabulary)
    find_same(reading, vocabulary, context)
    find_company(reading, vocabulary)
    find_tagged(reading, vocabulary)
    find_limits(reading, vocabulary, context, today or date.today())
    find_pointed(reading, vocabulary)
    find_critiques(reading, vocabulary, context)
    name_cards(reading, vocabulary, context)
    find_stock(reading, vocabulary)
    find_specified(reading, vocabulary)
    mark_excluded(reading, vocabulary)
    mark_negations(reading, vocabulary)
    find_open_labels(reading, vocabulary, least=NAMES_PEOPLE)  # "Dean Koontz's Frankenstein" is a series
    find_people(reading, vocabulary)
    find_open_labels(reading, vocabulary)
    unknown = _unknown_names(reading, vocabulary)
    find_promised(reading, vocabulary)
    ruled_out = [n for n, token in enumerate(reading.tokens) if token.negated and not (token.used or token.told)]
    find_labels(reading, vocabulary)
    _note_unheeded(reading, vocabulary, ruled_out)
    state(reading, vocabulary)
    find_replaced(reading, vocabulary, context)
    join_alternatives(reading, vocabulary)
    _point(reading, vocabulary, context)
    _widen(reading)
    if act is None and not (unknown or _acts(reading)):
        presume_no_preference(reading, vocabulary, context)
    return _utterance(reading, vocabulary, context, act, unknown)


def _note_unheeded(reading: Reading, vocabulary: Vocabulary, ruled_out: Sequence[int]) -> None:
    """ "Not cheesy", of a catalogue in which no record says cheesy: nothing can be ruled out by it, and that is said."""
    if len(ruled_out) > MAX_UNHEEDED:
        return
    for place in ruled_out:
        token = reading.tokens[place]
        heeded = any(found.start <= token.start < found.end for found in reading.found)
        if not heeded and token.text.isalpha() and tells_nothing(reading, token.text, vocabulary):
            reading.unheeded.append(token.raw)


def _point(reading: Reading, vocabulary: Vocabulary, context: Context) -> None:
    """What speaks of a card and was not understood otherwise describes nothing, but goes on with the conversation."""
    for reference in find_references(reading, vocabulary, context, loose=False):
        opens = reference.start in reading.openings and len(reading.tokens) <= MAX_POINTING
        if not reference.titled and context.table and opens:
            reading.use_span(reference.start, reference.end)
            reading.refines = True


def _all_used(reading: Reading) -> bool:
    return bool(reading.tokens) and all(token.used for token in reading.tokens)


def _question(reading: Reading, vocabulary: Vocabulary, context: Context, intent: Intent | None) -> Utterance:
    """A question about items: it changes nothing that stands."""
    assert intent is not None
    return Utterance(
        text=reading.text,
        language=vocabulary.language.code,
        intent=intent,
        references=tuple(dict.fromkeys(reading.references)),
        asked=tuple(dict.fromkeys(reading.asked)),
        accepted=tuple(dict.fromkeys(reading.accepted)),
        unknown=tuple(reading.unknown)
        if reading.references or reading.unknown
        else _unknown_names(reading, vocabulary),
    )


def _utterance(
    reading: Reading, vocabulary: Vocabulary, context: Context, act: Intent | None, unknown: tuple[str, ...]
) -> Utterance:
    constraints = merged(_last_said(reading), vocabulary)
    search_text = _search_text(reading)
    intent = _intent(reading, vocabulary, context, act, unknown, search_text)
    if intent in ("small_talk", "out_of_scope"):
        return Utterance(text=reading.text, language=vocabulary.language.code, intent=intent)
    return Utterance(
        text=reading.text,
        language=vocabulary.language.code,
        intent=intent,
        search_text="" if intent in ("profile", "accept") else search_text,
        constraints=constraints,
        wishes=tuple(dict.fromkeys(reading.wishes)),
        like=tuple(dict.fromkeys(reading.like)),
        references=tuple(dict.fromkeys(reading.references)),
        seen=tuple(dict.fromkeys(reading.seen)),
        accepted=tuple(dict.fromkeys(reading.accepted)),
        rejected=tuple(dict.fromkeys(reading.rejected)),
        again=tuple(dict.fromkeys(reading.again)),
        take_back=tuple(dict.fromkeys(reading.take_back)),
        new_subject=reading.new_subject,
        no_preference=reading.no_preference,
        statements=tuple(dict.fromkeys(reading.statements)),
        unsaid=tuple(dict.fromkeys(reading.unsaid)),
        unknown=unknown,
        unheeded=tuple(dict.fromkeys(reading.unheeded)),
        k=None if reading.k is None else max(1, min(reading.k, MAX_CARDS)),
    )


def _intent(
    reading: Reading,
    vocabulary: Vocabulary,
    context: Context,
    act: Intent | None,
    unknown: Sequence[str],
    search_text: str,
) -> Intent:
    """What the message is for, the more particular first; see ``Intent``."""
    acts = bool(reading.constraints or reading.wishes or reading.like or reading.seen or reading.rejected)
    revised = reading.refines or reading.no_preference or reading.take_back or reading.again
    if act is not None:
        return act
    if not acts and not revised and not unknown and is_small_talk(reading):
        return "small_talk"
    if not revised and is_out_of_scope(reading, vocabulary, understood=acts or bool(unknown)):
        return "out_of_scope"
    refuses = bool(context.table) and any(m.start() <= reading.lead for m in reading.matches("refusal"))
    if (reading.statements or reading.unsaid) and not reading.rejected and not refuses and not _wants(reading):
        return "similar" if reading.like else "profile"
    if reading.like:
        return "similar"
    before = bool(context.table or context.held or context.search_text or context.shown or context.question)
    if revised and (before or reading.new_subject):
        return "refine"
    opens = any(match.start() <= reading.lead for match in reading.matches("addition"))
    if before and (opens or ((acts or reading.k) and _adds(reading, vocabulary))):
        return "refine"
    return "recommend"


def _acts(reading: Reading) -> bool:
    """Whether anything of a message was understood that bears on what is recommended."""
    found = (reading.constraints, reading.wishes, reading.like, reading.seen, reading.rejected, reading.references)
    changed = (reading.take_back, reading.again, reading.statements, reading.unsaid, reading.widened, reading.accepted)
    flags = (reading.refines, reading.no_preference, reading.answered, reading.new_subject, reading.k)
    return any(map(bool, (*found, *changed, *flags)))


def _wants(reading: Reading) -> bool:
    """Whether a message that speaks of the user also asks for something."""
    ends = max((said.end for said in reading.said), default=0)
    begins = min((reading.plain.find(fold(said.words)) for said in reading.said), default=0)
    outside = reading.plain[ends:] + " " + reading.plain[: max(0, begins)]
    return any(cue.regex.search(outside) for cue in reading.language.patterns["wants_more"])


def _adds(reading: Reading, vocabulary: Vocabulary) -> bool:
    """Whether a message adds to the request before it instead of making a new one: it opens like an addition, or has
    nothing in it but values."""
    if any(match.start() <= reading.lead for match in reading.matches("follow_up")):
        return True
    named = any(c.slot not in FREE_SLOTS or c.op == "none" for c in reading.constraints)
    sure = named or reading.k or reading.seen or any(wish.op == "range" for wish in reading.wishes)
    if not sure:
        return False  # themes alone describe something else
    dull = vocabulary.language.stopwords | vocabulary.language.item_words
    valued = {word for c in (*reading.constraints, *reading.wishes) for word in fold(c.words).split()}
    left = [t for t in reading.tokens if not t.used and not t.named and t.text not in dull and t.text not in valued]
    return not left


def _exclude_titles(reading: Reading, vocabulary: Vocabulary) -> None:
    """ "Hitchcock, but not Psycho": titles behind a negation are not shown."""
    for index in range(len(reading.tokens)):
        size = cue_at(reading, index, vocabulary.language.cues["negation"])
        start = index + size
        while size and (titled := title_at(reading, start, vocabulary)) is not None:
            rows, end = titled
            if named_at(reading, start, vocabulary) >= end - start > 1 or named_at(reading, start, vocabulary) > 1:
                break  # a series, or somebody whose name begins like a title
            reading.seen.extend(vocabulary.catalogue.ids[row] for row in rows)
            reading.use(index, end)
            joined = end < len(reading.tokens) and reading.tokens[end].text in reading.language.words("conjunction")
            start = end + joined


def _unknown_names(reading: Reading, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Capitalised or quoted words behind "like", "with" or "by" that no record of the catalogue holds."""
    cues = vocabulary.language.cues
    found: list[str] = []
    for index in range(len(reading.tokens)):
        for kind, least in (("like", 1), ("acted", 2), ("directed", 2), ("by", 2), ("named", 1)):
            size = cue_at(reading, index, cues[kind])
            start = end = index + size
            if (
                not size
                or not reading.free(start, start + 1)
                or reading.tokens[start].text in reading.language.stopwords
            ):
                continue  # "like I told you"
            while end < len(reading.tokens) and not reading.tokens[end].used and reading.tokens[end].raw[:1].isupper():
                end += 1
                if reading.punctuated(end - 1):
                    break
            phrase = reading.phrase(start, end)
            if end - start >= least and not vocabulary.label(phrase) and not vocabulary.free_label(phrase):
                words = reading.words(start, end)
                if words not in found and not vocabulary.mentions(words):
                    found.append(words)
    return tuple(found)


# the result


def merged(constraints: Sequence[Constraint], vocabulary: Vocabulary) -> tuple[Constraint, ...]:
    """Constraints without repetition: those on years joined ("late 70s or early 80s"), and values that no item has
    together taken as alternatives ("red and blue ones")."""
    ruled_out = {(c.slot, value) for c in constraints if c.op == "none" for value in c.values}
    wanted = [c for c in constraints if c.op != "any" or not {(c.slot, v) for v in c.values} <= ruled_out]
    kept = list(_years_joined(wanted))  # "that one is a comedy, and I don't want comedies"
    catalogue, either, place = vocabulary.catalogue, vocabulary.language.either, 0
    while place < len(kept):
        one = kept[place]
        rivals = [
            other
            for other in kept[place + 1 :]
            if one.op == other.op == "any" and one.slot == other.slot and _exclude_each_other(one, other, catalogue)
        ]
        for other in rivals:
            values = tuple(dict.fromkeys((*kept[place].values, *other.values)))
            kept[place] = replace(kept[place], values=values, words=f"{kept[place].words}{either}{other.words}")
            kept.remove(other)
        place += 1
    return tuple(kept)


def _last_said(reading: Reading) -> list[Constraint]:
    """Without what is ruled out and wanted behind that: "number 1 is without X, and I want X in it"."""
    wanted = [found for found in reading.found if found.constraint.op == "any"]

    def takes_back(one: Constraint) -> bool:
        places = [found.start for found in reading.found if found.constraint is one]
        return one.op == "none" and any(
            _plain_values(one) <= _plain_values(found.constraint) and place < found.start
            for found in wanted
            for place in places
        )

    return [one for one in reading.constraints if not takes_back(one)]


def _plain_values(constraint: Constraint) -> set[str]:
    return {fold(value).replace("-", " ") for value in constraint.values}


def _exclude_each_other(one: Constraint, other: Constraint, catalogue: Catalogue) -> bool:
    if one.slot == "people" or one.slot in catalogue.roles or one.slot in (*FREE_SLOTS, "categories"):
        return False  # nobody has both: then nothing is what was asked for, and that is said
    return not bool((catalogue.satisfies(one) & catalogue.satisfies(other)).any())


def _years_joined(constraints: Sequence[Constraint]) -> tuple[Constraint, ...]:
    years = [c for c in dict.fromkeys(constraints) if c.slot == "year" and c.op == "range"]
    kept = [c for c in dict.fromkeys(constraints) if c not in years or len(years) == 1]
    if len(years) > 1:
        words = " … ".join(c.words for c in years)
        closed = sorted((c.low, c.high) for c in years if c.low is not None and c.high is not None)
        if len(closed) == len(years):  # alternatives: what lies between them is not meant
            kept.append(_year(closed[0][0], max(high for _, high in closed), words))
            reached = closed[0][1]
            for begin, end in closed[1:]:
                if begin > reached + 1:
                    kept.append(_year(reached + 1, begin - 1, words, outside=True))
                reached = max(reached, end)
        else:
            low = max((c.low for c in years if c.low is not None), default=None)
            high = min((c.high for c in years if c.high is not None), default=None)
            if low is not None and high is not None and low > high:  # "before 1970 or after 2010"
                kept.append(_year(high + 1, low - 1, words, outside=True))
            else:
                kept.append(_year(low, high, words))
    return tuple(kept)


def _year(low: float | None, high: float | None, words: str, *, outside: bool = False) -> Constraint:
    return Constraint(slot="year", op="outside" if outside else "range", low=low, high=high, words=words)


def _widen(reading: Reading) -> None:
    """ "French is fine too": the values join those of their slot that were held, which give way to both."""
    for held in reading.widened:
        for place, constraint in enumerate(reading.constraints):
            if constraint.op == "any" and constraint.slot == held.constraint.slot:
                values = tuple(dict.fromkeys((*held.constraint.values, *constraint.values)))
                words = f"{held.constraint.words or held.constraint.label()}{reading.language.either}{constraint.words}"
                reading.constraints[place] = replace(constraint, values=values, words=words)
                reading.take_back.append(held.held_id)
                break


def _search_text(reading: Reading) -> str:
    """The words that describe what is wanted, in their order; a category that is promised stays among them."""
    promised = {
        token
        for c in (*reading.constraints, *reading.wishes)
        if c.op in ("any", "all") and c.slot != "people"
        for words in c.words.split(reading.language.either)
        for token in (words, *(words.split() if c.slot in FREE_SLOTS else ()))
    }
    language = reading.language
    described = [
        language.comparatives.get(token.text, token.raw)  # "darker" is described as dark
        for token in reading.tokens
        if token.told or (not token.negated and (not token.used or token.raw in promised))
    ]
    dull = {*language.stopwords, *language.item_words, *language.words("chatter")}
    if all(fold(word) in dull for word in described):
        return ""
    return (" " if language.spaced else "").join(described)
