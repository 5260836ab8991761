"""A message without spaces becomes an utterance: the counterpart of ``assistant.understand`` for such languages."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterable

from assistant.language import Language
from assistant.types import Constraint, Context, Operator, Utterance
from assistant.unspaced.gazetteer import Gazetteer, key
from assistant.unspaced.marks import SHORT, Mark, Notes, Talk
from assistant.unspaced.negations import find_negations
from assistant.unspaced.numbers import find_numbers
from assistant.unspaced.scanning import scan, sizes_at
from assistant.unspaced.taking_back import let_go, take_back
from assistant.unspaced.talk import talk_of
from assistant.unspaced.values import beside, find_labels, find_people
from assistant.unspaced.words import Phrases, denies, load_phrases, one_script
from assistant.vocabulary import Vocabulary

MAX_CARDS = 50
MIN_BARE_TITLE = 4
"""Characters of a title that is understood without quotation marks or a cue beside it."""
_QUOTED = re.compile(r"《([^》]{1,80})》|“([^”]{1,80})”|「([^」]{1,80})」|『([^』]{1,80})』|\"([^\"]{1,80})\"")
_SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?|[xsml]{1,4})\s*(?:码|号(?!\w*年))")


def gazetteer_of(vocabulary: Vocabulary) -> Gazetteer:
    """What can be named in the language and the catalogue of a vocabulary, made once per catalogue."""
    code, catalogue = vocabulary.language.code, vocabulary.catalogue
    if code not in catalogue.gazetteers:
        catalogue.gazetteers[code] = Gazetteer(catalogue, code, load_phrases(code))
    return catalogue.gazetteers[code]


def understand_unspaced(
    text: str, vocabulary: Vocabulary, context: Context, *, today: datetime.date | None = None
) -> Utterance:
    """What a message says, read against the conversation before it; arguments as for ``understand``."""
    language, gazetteer = vocabulary.language, gazetteer_of(vocabulary)
    phrases = gazetteer.phrases
    notes = Notes.of(text)
    _quoted_titles(notes, gazetteer)
    _numbers(notes, gazetteer, today or datetime.date.today())
    _stock(notes, gazetteer, phrases)
    _sizes(notes, gazetteer)
    _bare_titles(notes, gazetteer, language)
    talk = talk_of(notes, gazetteer, language, context)
    scan(notes, gazetteer, language)
    find_negations(notes, language)
    if talk.intent in (None, "refine"):
        take_back(notes, gazetteer, language, context, talk)
        let_go(notes, language, context, talk)
        talk.no_preference = talk.no_preference and not talk.take_back
    _titles(notes, gazetteer, language, talk)
    find_people(notes, gazetteer, language)
    find_labels(notes, gazetteer, language, context, talk)
    _wanted_instead(notes, gazetteer, language, context, talk)
    constraints = _merged([*notes.constraints, *talk.constraints], gazetteer.catalogue.roles)
    search_text = left = notes.left()
    if (plain := one_script(left)) != left:
        search_text = f"{left} {plain}"
    described = bool(notes.left(but=("label", "wish")))
    if not any(character.isalnum() for character in search_text):
        search_text = ""
    like = tuple(dict.fromkeys((*(gazetteer.catalogue.ids[row] for row in notes.like), *talk.like)))
    settled = bool(constraints or notes.wishes or like or notes.k)
    asks = bool(notes.unknown or notes.named) or notes.has(language.words("asks"))
    return Utterance(
        text=text,
        language=language.code,
        intent=talk.intent_for(settled=settled, searched=described, similar=bool(like), asks=asks),
        search_text=" ".join(filter(None, (search_text, _akin(search_text, phrases), _glosses(notes, gazetteer)))),
        constraints=constraints,
        wishes=tuple(dict.fromkeys(notes.wishes)),
        like=like,
        references=talk.references,
        seen=tuple(dict.fromkeys((*(gazetteer.catalogue.ids[row] for row in notes.seen), *talk.seen))),
        accepted=talk.accepted,
        rejected=talk.rejected,
        again=talk.again,
        take_back=talk.take_back,
        new_subject=talk.new_subject,
        no_preference=talk.no_preference,
        statements=talk.statements,
        unsaid=talk.unsaid,
        unknown=tuple(dict.fromkeys(notes.unknown)),
        k=None if notes.k is None else max(1, min(notes.k, MAX_CARDS)),
    )


# titles, numbers


def _quoted_titles(notes: Notes, gazetteer: Gazetteer) -> None:
    for match in _QUOTED.finditer(notes.text):
        words = next(group for group in match.groups() if group)
        rows = gazetteer.title(words)
        if rows:
            notes.marks.append(Mark(match.start(), match.end(), frozenset({"title"}), rows=rows))
            notes.use(match.start(), match.end())
        elif match.group()[0] == "《":
            notes.unknown.append(words)
            notes.use(match.start(), match.end())


def _bare_titles(notes: Notes, gazetteer: Gazetteer, language: Language) -> None:
    """Titles without quotation marks: beside a cue, or long enough to be nothing else."""
    plain = notes.plain
    named = gazetteer.labels.keys() | gazetteer.wishes.keys() | gazetteer.people.keys() | language.stopwords
    at = 0
    while at < len(plain):
        for size in sizes_at(plain, at):
            phrase = plain[at : at + size]
            if size < 2 or not notes.free(at, at + size) or not (phrase[0].isalnum() and phrase[-1].isalnum()):
                continue
            if (own := key(phrase)) in gazetteer.people and own not in gazetteer.titles:
                break  # a name, with which that of a film may begin
            rows = gazetteer.titles.get(own)
            if not rows or phrase in named or not _stands_alone(phrase, size, plain, at, language):
                continue
            notes.marks.append(Mark(at, at + size, frozenset({"title"}), rows=rows))
            notes.use(at, at + size)
            at += size - 1
            break
        at += 1


def _stands_alone(phrase: str, size: int, plain: str, at: int, language: Language) -> bool:
    before, behind = plain[:at], plain[at + size :]
    if phrase.isascii():  # a title in Latin letters inside a message in another script
        letters = not (before[-1:].isascii() and before[-1:].isalnum()) and not (
            behind[:1].isascii() and behind[:1].isalnum()
        )
        return letters and (any(c.isalpha() for c in phrase))
    if size >= MIN_BARE_TITLE:
        return True
    if not before.strip() and not behind.strip("？?！!。 "):
        return True
    cued = [*language.words("like"), *language.words("seen"), "推荐", "不要"]
    cued_behind = [*language.words("like_behind"), *language.words("seen_behind")]
    strong = [cue for cue in cued if len(cue) > 1 or cue == "像"]
    return any(before.endswith(cue) for cue in strong) or any(behind.startswith(cue) for cue in cued_behind)


def _numbers(notes: Notes, gazetteer: Gazetteer, today: datetime.date) -> None:
    masked = "".join("　" if place in notes.used else character for place, character in enumerate(notes.plain))
    amounts = tuple(gazetteer.phrases.amounts.values())
    for span in find_numbers(masked, gazetteer.catalogue.numbers.keys(), today=today, amounts=amounts):
        notes.use(span.start, span.end)
        if span.slot is None:
            notes.k = int(span.low or span.high or 1)
            notes.use(span.end, min(span.end + 1, len(notes.plain)))  # the counter behind it
            continue
        op: Operator = "outside" if span.negated else "range"
        words = notes.text[span.start : span.end].strip()
        limit = Constraint(slot=span.slot, op=op, low=span.low, high=span.high, words=words)
        notes.constraints.append(limit)
        notes.marks.append(Mark(span.start, span.end, frozenset({"number"}), limit=limit))


def _stock(notes: Notes, gazetteer: Gazetteer, phrases: Phrases) -> None:
    """ "有货", "防水": what is promised of slots that say yes or no; "不防水的" is promised not to be."""
    asked = [*((phrase, "in_stock") for phrase in phrases.stock), *phrases.flags.items()]
    for phrase, slot in asked:
        at = notes.plain.find(phrase)
        if slot not in gazetteer.catalogue.labels or at < 0 or not notes.free(at, at + len(phrase)):
            continue
        denied = notes.plain[:at].endswith(("不", "不要", "不用", "非", "没"))
        words = notes.text[at : at + len(phrase)]
        notes.constraints.append(Constraint(slot=slot, op="any", values=("no" if denied else "yes",), words=words))
        notes.use(at, at + len(phrase))


def _sizes(notes: Notes, gazetteer: Gazetteer) -> None:
    """ "42码", "M号"."""
    slot = next((slot for slot in ("size", "sizes") if slot in gazetteer.catalogue.labels), None)
    for match in _SIZE.finditer(notes.plain) if slot is not None else ():
        assert slot is not None
        written = gazetteer.catalogue.labels[slot].display.get(match[1])
        notes.constraints.append(Constraint(slot=slot, op="any", values=(written or match[1],), words=match[0]))
        notes.use(*match.span())


def _titles(notes: Notes, gazetteer: Gazetteer, language: Language, talk: Talk) -> None:
    """What the titles are named for: to be resembled, because they are known, or to be spoken of."""
    marks = [mark for mark in notes.marks if "title" in mark.kinds]
    similar = notes.has(language.words("like_behind")) or notes.has(("类似", "相似", "接近"))
    kind = ""
    for index, mark in enumerate(marks):
        row = mark.rows[0]
        notes.named.append(row)
        notes.use(mark.start, mark.end)
        if talk.about_titles or gazetteer.catalogue.ids[row] in talk.rejected:
            continue
        joined = index > 0 and re.fullmatch(r"[和与跟及、,，或者]+", notes.plain[marks[index - 1].end : mark.start])
        seen = beside(notes, mark, language.words("seen"), language.words("seen_behind"))
        like = beside(notes, mark, language.words("like"), language.words("like_behind"))
        if not joined:
            kind = "seen" if mark.negated or (seen and not similar) else "like" if (like or seen or similar) else ""
        if kind == "seen":
            notes.seen.append(row)
        elif kind == "like":
            notes.like.append(row)


def _wanted_instead(notes: Notes, gazetteer: Gazetteer, language: Language, context: Context, talk: Talk) -> None:
    """A card beside which something is asked for is not it: "第一个是粤语的，我要普通话的"."""
    if talk.intent not in (None, "refine") or talk.rejected or talk.like or talk.seen or talk.take_back or notes.like:
        return
    ids = gazetteer.catalogue.ids
    titles = [((m.start, m.end, (ids[m.rows[0]],))) for m in notes.marks if m.rows and ids[m.rows[0]] not in talk.like]
    places = [*notes.pointers, *titles]
    pointed = [item for _, _, items in places for item in items if item in context.table]
    if pointed and not notes.has((*language.words("praise"), *language.words("like_behind"))):
        behind = notes.plain[max(end for _, end, _ in places) :].rstrip("。！!. ")
        if notes.constraints or denies(language.code, behind):
            talk.rejected = tuple(dict.fromkeys(pointed))
            talk.intent = "refine"
            notes.seen = [row for row in notes.seen if ids[row] not in talk.rejected]
    elif context.table and not pointed and notes.has(language.words("all_of_them")) and len(notes.plain) <= 2 * SHORT:
        said = any(mark.value or mark.limit for mark in notes.marks) or talk.constraints or talk.statements
        if not said and denies(language.code, notes.plain.rstrip("。！!. ")):
            talk.rejected = context.table
            talk.intent = "refine"
            notes.use(0, len(notes.plain))


# the result


def _akin(searched: str, phrases: Phrases) -> str:
    """Words that mean nearly the same as those searched by."""
    found: dict[str, None] = {}
    at = 0
    while at < len(searched):
        size = next((n for n in range(6, 0, -1) if searched[at : at + n] in phrases.akin), 0)
        if size > 1 or (size and (at == 0 or searched[at - 1] == " ") and searched[at + 1 : at + 2] in ("", " ")):
            found |= dict.fromkeys(phrases.akin[searched[at : at + size]])
        at += size or 1
    return " ".join(word for word in found if word not in searched)


def _glosses(notes: Notes, gazetteer: Gazetteer) -> str:
    """The English names of what is wished, for catalogues whose texts are English."""
    found = [
        value
        for constraint in (*notes.constraints, *notes.wishes)
        if constraint.op == "any" and constraint.slot not in ("people", "in_stock", *gazetteer.catalogue.roles)
        for value in constraint.values[:2]
        if value.isascii() and constraint.slot in ("categories", "tags", "moods")
    ]
    return " ".join(dict.fromkeys(found))


def _merged(constraints: list[Constraint], roles: Collection[str]) -> tuple[Constraint, ...]:
    """Without repetition. Of a value that is ruled out and asked for ("不是喜剧，我要喜剧"), the later word counts."""
    kept = list(dict.fromkeys(constraints))

    def meant(one: Constraint) -> set[tuple[str, str]]:
        return {("people" if one.slot in roles else one.slot, value) for value in one.values}

    def ruled_out(places: Iterable[int]) -> set[tuple[str, str]]:
        return {pair for place in places if kept[place].op == "none" for pair in meant(kept[place])}

    def outdone(place: int, one: Constraint) -> bool:
        """Whether the later words say the opposite: Japan is left out of Asia, and Asia stays."""
        if one.op != "none":
            return meant(one) <= ruled_out(range(place + 1, len(kept)))
        later = [(at, other) for at, other in enumerate(kept) if at > place and other.op != "none" and other.values]
        return any(meant(one) & meant(other) and meant(other) <= ruled_out(range(at)) for at, other in later)

    return tuple(one for place, one in enumerate(kept) if not one.values or not outdone(place, one))
