"""The words around the cards. Everything they state is counted by code; the sentences are a file per language."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.catalogue import Catalogue
from assistant.merging import Merged
from assistant.relaxing import Relaxation
from assistant.reply_words import ReplyWords, reply_words
from assistant.text import fold, fold_title
from assistant.types import Held, Query, Question, Utterance


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What the words around a reply's cards depend on."""

    query: Query
    said: Utterance
    merged: Merged
    held: tuple[Held, ...]
    """All that counts, the taste memory's entries among it."""
    shown: int
    """Cards of this reply."""
    new_user: bool
    allowed: int
    """Items that meet every promise and are not excluded."""
    mentioned: bool = True
    """Whether any item that is allowed holds any of the words of the request."""
    relaxations: tuple[Relaxation, ...] = ()


def label(held: Held, words: ReplyWords) -> str:
    """How a reply shows what it acts on: the user's words for a wish, the promise itself for a promise."""
    wish = held.constraint.words
    if held.promised or not wish:
        return words.label(held.constraint)
    if held.constraint.op == "none" and not words.is_negative(wish):
        return words.label(held.constraint)
    return wish


def acting_on(query: Query, held: Sequence[Held], catalogue: Catalogue) -> tuple[str, ...]:
    """The promises and wishes that a reply obeys, and what it goes by, as short labels."""
    words = reply_words(query.language)
    like = [words.say("like", title=title) for title in titles_of(query.like, catalogue, words)]
    ordered = [*(one for one in held if not one.promised), *(one for one in held if one.promised)]
    labels = [*like, *(label(one, words) for one in ordered)]
    return tuple({one.casefold(): one for one in reversed(labels)}.values())[::-1]


def text_before(situation: Situation, catalogue: Catalogue) -> str:
    """One or two sentences before the cards: what changed, what the catalogue does not have, what comes."""
    words = reply_words(situation.query.language)
    return words.sentences(
        [
            *(_unknown(name, catalogue, words) for name in situation.query.unknown),
            *_changes(situation, catalogue, words),
            *_unheeded(situation.said.unheeded, words),
            _opening(situation, catalogue, words),
        ]
    )


def offer(situation: Situation, *, made: Sequence[str] = ()) -> Question | None:
    """Where nothing fits: to leave out the promise that costs least. ``made`` are ids that it was offered before to leave
    out; nothing is offered twice."""
    ways = [way.drops for way in situation.relaxations if not {one.held_id for one in way.drops} <= set(made)]
    if situation.shown or not ways:
        return None
    words = reply_words(situation.query.language)
    drops = ways[0]
    return Question(
        slot="", text=words.say("shall_i", dropped=_dropped(drops, words)), drops=tuple(one.held_id for one in drops)
    )


def phrase_question(slot: str, options: Sequence[str], catalogue: Catalogue, language: str) -> str:
    """The question about a slot: with options, or an open one."""
    words = reply_words(language)
    if slot == "people" or slot == "creators":
        return words.say("ask_person")
    if slot in catalogue.numbers and slot != "year":
        shown = words.joined([_range_option(slot, option, words) for option in options], "or")
        return words.say("ask_number", slot=words.slot(slot), options=shown)
    if not options:
        flag = slot in catalogue.labels and set(catalogue.labels[slot].rows) <= {"yes", "no"}
        return words.say("ask_flag" if flag else "ask_any", slot=words.slot(slot))
    return words.say("ask", slot=words.slot(slot), options=words.joined(options, "or"))


def _range_option(slot: str, option: str, words: ReplyWords) -> str:
    """A range as ``asking`` writes it, in words: ``≤ 90`` is ``up to 90 minutes``."""
    for sign, name in (("≤ ", "option_up_to"), ("> ", "option_over")):
        if option.startswith(sign):
            return words.say(name, value=words.measure(slot, option.removeprefix(sign)))
    low, dash, high = option.partition(" – ")
    if not dash:
        return option
    return words.measure(slot, words.say("range_between", low=low, high=high))


def accepted_text(titles: Sequence[str], language: str) -> str:
    words = reply_words(language)
    return words.say("accepted", titles=words.joined(titles))


def titles_of(item_ids: Sequence[str], catalogue: Catalogue, words: ReplyWords) -> list[str]:
    """Titles in the language of the reply, as a sentence holds them."""
    return [_title(row, catalogue, words) for row in catalogue.rows(item_ids).tolist()]


def _title(row: int, catalogue: Catalogue, words: ReplyWords) -> str:
    return words.title(catalogue.title_in(row, words.language))


def _unknown(name: str, catalogue: Catalogue, words: ReplyWords) -> str:
    """That a name is not there, and the closest title or person that is."""
    meant = None
    if titles := difflib.get_close_matches(fold_title(name), catalogue.titles, n=1, cutoff=0.75):
        meant = _title(catalogue.titles[titles[0]][0], catalogue, words)
    else:
        columns = [catalogue.labels[role] for role in catalogue.roles if role in catalogue.labels]
        people = {name: shown for column in columns for name, shown in column.display.items()}
        if names := difflib.get_close_matches(fold(name), people, n=1, cutoff=0.8):
            meant = people[names[0]]
    hint = words.say("did_you_mean", title=meant) if meant else ""
    return words.sentences([words.say("unknown", words=words.say("quote", words=name)), hint])


def _unheeded(said: Sequence[str], words: ReplyWords) -> list[str]:
    """That no record tells what was said of the items."""
    quoted = [words.say("quote", words=each) for each in said]
    return [words.say("unheeded", words=words.joined(quoted, "or"))] if quoted else []


def _changes(situation: Situation, catalogue: Catalogue, words: ReplyWords) -> list[str]:
    """What the message undid, and what it was about where that is not to be seen in the labels."""
    said, merged = situation.said, situation.merged
    told = []
    if said.new_subject:
        told.append(words.say("fresh_start"))
    for name, held in (("gone", merged.gone), ("replaced", merged.replaced)):
        if held and not said.new_subject:
            each = {shown.casefold(): shown for one in held if (shown := label(one, words))}
            labels = words.joined([words.say("quote", words=shown) for shown in each.values()])
            told.append(words.say(name, n=len(each), labels=labels))
    for one in merged.reread:
        told.append(words.say("reread", words=words.say("quote", words=one.constraint.words)))
    if said.rejected and (titles := titles_of(said.rejected, catalogue, words)):
        told.append(words.say("rejected", titles=words.joined(titles, "or")))
    if said.seen and situation.query.intent == "refine" and (titles := titles_of(said.seen, catalogue, words)):
        told.append(words.say("seen", titles=words.joined(titles)))
    return told


def _opening(situation: Situation, catalogue: Catalogue, words: ReplyWords) -> str:
    query, shown = situation.query, situation.shown
    if shown == 0:
        return _nothing(situation, catalogue, words)
    suggestions = words.say("suggestions", n=shown, number=words.number(shown))
    inner = suggestions[0].lower() + suggestions[1:]
    if query.only:
        again = words.say("again", n=shown)
        return again if situation.said.again else words.sentences([_known_all(shown, query, words), again])
    if query.intent == "small_talk":
        return words.say("greeting_new" if situation.new_user else "greeting_known", suggestions=inner)
    understood = situation.said.constraints or situation.said.wishes
    if not situation.mentioned and not understood and not situation.said.unheeded:
        return words.say("not_mentioned", suggestions=inner)
    if query.like:
        titles = words.joined(titles_of(query.like, catalogue, words))
        suggestions = words.say("in_the_direction_of", suggestions=suggestions, titles=titles)
    if shown < query.k and situation.allowed <= shown:
        name = "all_there_is_asked" if query.constraints else "all_there_is_new"
        return words.say(name, suggestions=suggestions)
    return words.say("plain", suggestions=suggestions)


def _nothing(situation: Situation, catalogue: Catalogue, words: ReplyWords) -> str:
    """Says what leaves nothing: what was shown already, or which promise, and what is nearest without it."""
    query = situation.query
    if not len(catalogue):
        return words.say("empty_catalogue")
    if not query.constraints:
        return words.say("nothing_left")
    asked = _asked(query, words)
    if known := int(catalogue.allowed(query.constraints).sum()):
        return _known_all(known, query, words)
    if not situation.relaxations:
        return words.say("nothing_fits_any", asked=asked)
    first = situation.relaxations[0]
    row = first.nearest
    if row is None:
        kept = [one.constraint for one in situation.held if one.promised and one not in first.drops]
        row = int(catalogue.allowed(kept, query.excluded).argmax())
    sentences = [
        words.say("nothing_fits", n=len(query.constraints), asked=asked),
        words.say("without", n=first.count, dropped=_dropped(first.drops, words), title=_title(row, catalogue, words)),
    ]
    if first.nearest is not None and first.value is not None:
        value = words.value(first.drops[0].constraint.slot, f"{first.value:g}")
        sentences[1:] = [words.say("nearest", title=_title(row, catalogue, words), value=value)]
    return words.sentences(sentences)


def _asked(query: Query, words: ReplyWords) -> str:
    return words.say("separator").join(words.label(constraint) for constraint in query.constraints)


def _known_all(n: int, query: Query, words: ReplyWords) -> str:
    return words.say("known_all", n=n, asked=_asked(query, words))


def _dropped(drops: Sequence[Held], words: ReplyWords) -> str:
    return words.joined([words.say("quote", words=label(one, words)) for one in drops])
