"""What a message is for, and what it says of the cards on the table and of the user."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np

from assistant.language import Language
from assistant.types import Constraint, Context, Intent, Statement
from assistant.unspaced.gazetteer import Gazetteer, key
from assistant.unspaced.marks import Notes
from assistant.unspaced.numbers import LENGTH_SLOTS, PAGE_SLOTS
from assistant.unspaced.numerals import value_of

_ORDINAL_DIGITS = "零〇一二两三四五六七八九十"
SHORT = 12
"""Characters of a message that is taken to say one thing."""
_ABOUT = frozenset({"why", "why_not", "what_if", "compare", "about"})


@dataclass(slots=True)
class Talk:
    """The part of an utterance that is about the conversation and not about the items wanted."""

    references: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    take_back: tuple[str, ...] = ()
    new_subject: bool = False
    no_preference: bool = False
    statements: tuple[Statement, ...] = ()
    unsaid: tuple[Statement, ...] = ()
    constraints: list[Constraint] = field(default_factory=list)
    intent: Intent | None = None
    """What a cue says it is for; None when none does."""
    greeting: bool = False
    under_way: bool = False
    """Whether something stands already that a message can refine."""

    @property
    def about_titles(self) -> bool:
        """Whether titles are spoken of, not wanted to be resembled."""
        return self.intent in _ABOUT or self.intent in ("accept",) or bool(self.again)

    def intent_for(self, *, settled: bool, searched: bool, similar: bool, asks: bool) -> Intent:
        """The intent, once it is known what else the message says."""
        if self.intent is not None:
            return self.intent
        if self.greeting and not settled and not searched:
            return "small_talk"
        if similar:
            return "similar"
        if self.under_way and not searched and (settled or self.rejected or self.take_back or self.no_preference):
            return "refine"
        if not settled and not searched and not asks and not self.under_way:
            return "small_talk"
        return "recommend"


def talk_of(notes: Notes, gazetteer: Gazetteer, language: Language, context: Context) -> Talk:
    """Read questions, references, critiques, rejections and statements, and use up their words."""
    talk = Talk(under_way=context.turn > 1 or bool(context.held or context.table))
    plain = notes.plain.strip(" 。！!，,？?~～")
    if plain in language.words("greeting") or (
        notes.has(language.words("greeting")) and len(plain) <= 6 and not notes.has(("推荐", "想看"))
    ):
        talk.greeting = True
        notes.use(0, len(notes.plain))
        return talk
    if _cue(notes, language, "start_over"):
        talk.new_subject = True
        talk.under_way = True
        talk.intent = "refine"
    _statements(notes, gazetteer, language, talk)
    marked = [gazetteer.catalogue.ids[mark.rows[0]] for mark in sorted(notes.marks, key=lambda m: m.start) if mark.rows]
    pointed = _references(notes, gazetteer, language, context)
    talk.references = tuple(dict.fromkeys(pointed))
    _questions(notes, language, context, talk, marked)
    if talk.intent is None or talk.intent == "refine":
        _answers(notes, gazetteer, language, context, talk, pointed)
        _critiques(notes, gazetteer, language, context, talk, pointed)
        _taking_back(notes, gazetteer, language, context, talk)
    if talk.intent in _ABOUT and marked:
        talk.references = tuple(dict.fromkeys((*pointed, *marked)))
    if talk.new_subject and talk.intent == "refine":
        left = Notes.of(notes.left()).left()
        talk.intent = None if len(left) > 1 or notes.constraints else "refine"
    return talk


def _cue(notes: Notes, language: Language, name: str, *, use: bool = True) -> str:
    """The first cue of a list that stands in what is not used yet."""
    for cue in language.words(name):
        at = notes.plain.find(cue)
        while at >= 0 and not notes.free(at, at + len(cue)):
            at = notes.plain.find(cue, at + 1)
        if at >= 0:
            if use:
                notes.use(at, at + len(cue))
            return cue
    return ""


# what is spoken of


def _references(notes: Notes, gazetteer: Gazetteer, language: Language, context: Context) -> list[str]:
    """Ids of the cards that are pointed at: "第二个", "最后一部", "那个", "前两个", "老的那部"."""
    table = context.table
    found: list[tuple[int, str]] = []
    if not table and not context.focus:
        return []
    plain = notes.plain
    counters = gazetteer.phrases.counters
    at = 0
    while (at := plain.find("第", at)) >= 0:
        end = at + 1
        while end < len(plain) and (plain[end].isdigit() or plain[end] in _ORDINAL_DIGITS):
            end += 1
        if end > at + 1 and end < len(plain) + 1 and (end == len(plain) or plain[end] in "".join(counters)):
            place = int(value_of(plain[at + 1 : end]))
            if 1 <= place <= len(table):
                found.append((at, table[place - 1]))
            notes.use(at, min(end + 1, len(plain)))
        at = end
    for match in re.finditer(r"(?<![\w])(\d{1,2})号(?!\w*[年月])", plain):
        if 1 <= int(match[1]) <= len(table) and notes.free(*match.span()):
            found.append((match.start(), table[int(match[1]) - 1]))
            notes.use(*match.span())
    for phrase, place in (("前两", 2), ("前三", 3), ("前四", 4)):
        if (at := plain.find(phrase)) >= 0:
            found += [(at, item) for item in table[:place]]
            notes.use(at, at + 3)
    for name in gazetteer.phrases.last:
        if table and (at := plain.find(name)) >= 0 and notes.free(at, at + len(name)):
            found.append((at, table[-1]))
            notes.use(at, at + len(name))
    for names, newest in ((gazetteer.phrases.older, False), (gazetteer.phrases.newer, True)):
        for name in names:
            if (at := plain.find(name)) >= 0 and notes.free(at, at + len(name)):
                among = context.focus if len(context.focus) > 1 else table
                if (item := _extreme(gazetteer, among, "year", newest)) is not None:
                    found.append((at, item))
                notes.use(at, at + len(name))
    for name in gazetteer.phrases.these:
        if (at := plain.find(name)) >= 0 and notes.free(at, at + len(name)):
            two = "两" in name
            among = context.focus if len(context.focus) > 1 else table
            found += [(at, item) for item in (among[:2] if two else among)]
            notes.use(at, at + len(name))
    for name in gazetteer.phrases.this:
        at = plain.find(name)
        if at >= 0 and notes.free(at, at + len(name)) and (context.focus or table):
            followed = plain[at + len(name) : at + len(name) + 1]
            if name in ("这个", "那个", "这部", "那部") and followed in ("导", "演", "类", "题", "感", "年"):
                continue
            if not found:
                found.append((at, (context.focus or table)[0]))
            notes.use(at, at + len(name))
    return [item for _, item in sorted(found, key=lambda pair: pair[0])]


def _extreme(gazetteer: Gazetteer, among: tuple[str, ...], slot: str, largest: bool) -> str | None:
    column = gazetteer.catalogue.numbers.get(slot)
    rows = gazetteer.catalogue.rows(among)
    if column is None or not len(rows) or np.isnan(column[rows]).all():
        return None
    best = np.nanargmax(column[rows]) if largest else np.nanargmin(column[rows])
    return gazetteer.catalogue.ids[int(rows[int(best)])]


# questions


def _questions(notes: Notes, language: Language, context: Context, talk: Talk, marked: list[str]) -> None:
    """Questions about items; without anything they could be about, a message is none."""
    spoken = bool(talk.references or marked or context.table)
    if not spoken and not notes.has(language.words("tastes")):
        return
    if _cue(notes, language, "tastes"):
        talk.intent = "profile"
        return
    order: tuple[tuple[str, Intent], ...] = (
        ("what_if", "what_if"), ("why_not", "why_not"), ("why", "why"), ("compare", "compare"), ("about", "about"),
    )  # fmt: skip
    for name, intent in order:
        if not _cue(notes, language, name, use=False):
            continue
        if intent in ("what_if", "why_not") and not (talk.references or marked):
            continue
        if intent == "about" and not (talk.references or marked):
            if not context.focus or len(notes.plain) > SHORT:
                continue
            talk.references = context.focus[:1]
        if intent == "why" and not (talk.references or marked):
            talk.references = context.focus[:1] or context.table[:1]
        if intent == "compare" and len({*talk.references, *marked}) < 2:
            talk.references = tuple(dict.fromkeys((*talk.references, *marked, *context.table)))[:2]
        talk.intent = intent
        notes.use(0, len(notes.plain))
        return


# answers to what was shown


def _answers(
    notes: Notes, gazetteer: Gazetteer, language: Language, context: Context, talk: Talk, pointed: list[str]
) -> None:
    titles = [m for m in notes.marks if m.rows]
    named = [gazetteer.catalogue.ids[m.rows[0]] for m in titles]
    if _cue(notes, language, "more_like") and (pointed or context.focus or context.table):
        talk.like = tuple(pointed or context.focus[:1] or context.table[:1])
        talk.intent = "similar"
        return
    if (
        pointed
        and notes.has(("像", "类似", "差不多", "跟", "和"))
        and notes.has(("一样", "那样", "类似", "差不多", "这样", "像"))
    ):
        talk.like = tuple(pointed)
        talk.intent = "similar"
        if len(notes.plain) <= SHORT:
            notes.use(0, len(notes.plain))
        return
    meant = pointed or named or context.focus[:1] or context.table[:1]
    certain = pointed or named or not notes.has(language.words("asks"))
    if meant and certain and _cue(notes, language, "accept", use=False):
        talk.accepted = tuple(meant)
        talk.references = talk.references or talk.accepted
        talk.intent = "accept"
        notes.use(0, len(notes.plain))
        return
    if _cue(notes, language, "again", use=False) and (pointed or named):
        talk.again = tuple(pointed or named)
        talk.intent = "refine"
        notes.use(0, len(notes.plain))
        return
    if pointed and (notes.has(language.words("seen")) or notes.has(language.words("seen_behind"))):
        talk.seen = tuple(pointed)
        talk.intent = "refine"
        _cue(notes, language, "seen_behind") or _cue(notes, language, "seen")
    elif pointed and _cue(notes, language, "reject"):
        talk.rejected = tuple(pointed)
        talk.intent = "refine"
    if context.table and (cue := _cue(notes, language, "others")):
        talk.intent = "refine"
        if cue.startswith("都") and "看过" in cue:
            talk.seen = context.table
        elif cue.startswith("都") or "喜欢" in cue:
            talk.rejected = context.table
    if context.question is not None and _cue(notes, language, "no_preference"):
        talk.no_preference = True
        talk.intent = talk.intent or "refine"


def _critiques(
    notes: Notes, gazetteer: Gazetteer, language: Language, context: Context, talk: Talk, pointed: list[str]
) -> None:
    """ "短一点", "更老的", "太贵了": limits relative to what is spoken of, else to the cards on the table."""
    catalogue = gazetteer.catalogue
    rows = catalogue.rows(tuple(pointed) or context.focus or context.table)
    for phrase, (kind, way) in sorted(gazetteer.phrases.critiques.items(), key=lambda entry: -len(entry[0])):
        at = notes.plain.find(phrase)
        if at < 0 or not notes.free(at, at + len(phrase)):
            continue
        slots = {"length": LENGTH_SLOTS, "pages": PAGE_SLOTS}.get(kind, (kind,))
        slot = next((slot for slot in slots if slot in catalogue.numbers), None)
        if slot is None or not len(rows):
            continue
        values = catalogue.numbers[slot][rows]
        if np.isnan(values).all() and not pointed:  # nothing is known of what was spoken of: the list is meant
            values = catalogue.numbers[slot][catalogue.rows(context.table)]
        values = values[~np.isnan(values)]
        if not len(values):
            continue
        middle = float(np.median(values))
        step = 0.01 if slot == "price" else 1.0
        low, high = (None, middle - step) if way == "less" else (middle + step, None)
        words = notes.text[at : at + len(phrase)]
        talk.constraints.append(Constraint(slot=slot, op="range", low=low, high=high, words=words))
        notes.use(at, at + len(phrase))
        talk.intent = "refine"
        if pointed and phrase.startswith("太"):
            talk.rejected = tuple(pointed)
    for phrase, slot in gazetteer.phrases.same.items():
        at = notes.plain.find(phrase)
        if at < 0 or not notes.free(at, at + len(phrase)) or not len(rows):
            continue
        if (same := _same(gazetteer, int(rows[0]), slot, notes.text[at : at + len(phrase)])) is not None:
            talk.constraints.append(same)
            notes.use(at, at + len(phrase))
            talk.intent = "refine"


def _same(gazetteer: Gazetteer, row: int, slot: str, words: str) -> Constraint | None:
    catalogue = gazetteer.catalogue
    own = catalogue.item(row).slots()
    if slot == "decade":
        year = catalogue.year(row)
        if year is None:
            return None
        return Constraint(slot="year", op="range", low=year // 10 * 10, high=year // 10 * 10 + 9, words=words)
    if slot == "director" and slot not in own:
        slot = next((role for role in ("creators", "author", "artist") if role in own), slot)
    values = own.get(slot)
    if values is None:
        return None
    kept = values if isinstance(values, tuple) else (str(values),)
    return Constraint(slot=slot, op="any", values=kept[:1] if slot == "categories" else kept, words=words)


def _taking_back(notes: Notes, gazetteer: Gazetteer, language: Language, context: Context, talk: Talk) -> None:
    """ "不限年代", "类型无所谓", "不用喜剧了": what was held and no longer counts."""
    if not context.held:
        return
    back = notes.has(language.words("take_back")) or notes.has(language.words("take_back_behind"))
    if not back:
        return
    for name, slot in gazetteer.phrases.slot_names.items():
        if name not in notes.plain:
            continue
        slots = {
            slot,
            *(LENGTH_SLOTS if slot == "runtime" else ()),
            *(("people", "cast", "creators") if slot in ("director", "cast") else ()),
        }
        ids = [held.held_id for held in context.held if held.constraint.slot in slots]
        if ids:
            talk.take_back = tuple(dict.fromkeys((*talk.take_back, *ids)))
            if len(notes.plain) <= SHORT:
                notes.use(0, len(notes.plain))
            talk.intent = "refine"
    for held in context.held:
        words = held.constraint.words
        if len(words) > 1 and words in notes.text and not notes.has(("不要" + words, "不想看" + words)):
            talk.take_back = tuple(dict.fromkeys((*talk.take_back, held.held_id)))
            at = notes.text.find(words)
            notes.use(at, at + len(words))
            talk.intent = "refine"
    if talk.take_back:
        _cue(notes, language, "take_back_behind") or _cue(notes, language, "take_back")


# statements about oneself


def _statements(notes: Notes, gazetteer: Gazetteer, language: Language, talk: Talk) -> None:
    found: list[Statement] = []
    for name, likes, confidence, unsaid in (
        ("unsaid", True, 1.0, True), ("likes_always", True, 1.0, False), ("dislikes_always", False, 1.0, False),
        ("dislikes", False, 0.7, False), ("likes", True, 0.8, False),
    ):  # fmt: skip
        for cue in language.words(name):
            at = notes.plain.find(cue)
            if at < 0 or not notes.free(at, at + len(cue)):
                continue
            _, end = notes.clause(at)
            said = _stated(notes, gazetteer, at + len(cue), end, likes, confidence, notes.text[at:end].strip())
            if not said:
                continue
            if unsaid:
                talk.unsaid = tuple(replace(one, likes="讨厌" not in cue and "不喜欢" not in cue) for one in said)
                notes.use(at, end)
                talk.intent = "profile"
                continue
            found.extend(said)
            asks = notes.has(language.words("asks")) or notes.has(("类似", "差不多", "那样"))
            if likes or not asks:
                if not any(one.slot == "item" for one in said) or not asks:
                    notes.use(at, end)
                if not asks and not notes.has(("？", "?")):
                    talk.intent = "profile"
    talk.statements = tuple(dict.fromkeys(found))


def _stated(
    notes: Notes, gazetteer: Gazetteer, start: int, end: int, likes: bool, confidence: float, words: str
) -> list[Statement]:
    """What a stretch of the message names, as statements."""
    found: list[Statement] = []
    for mark in notes.marks:
        if mark.rows and start <= mark.start < end:
            found.append(Statement(slot="item", value=gazetteer.catalogue.ids[mark.rows[0]], likes=likes, words=words, confidence=confidence))  # fmt: skip
    at = start
    while at < end:
        for size in range(min(16, end - at), 1, -1):
            phrase = notes.plain[at : at + size]
            if people := gazetteer.people.get(key(phrase)):
                pairs = [("people", people[0][1])]
            else:
                pairs = list((gazetteer.labels.get(phrase) or gazetteer.wishes.get(phrase, ()))[:1])
            if pairs:
                found += [Statement(slot=s, value=v, likes=likes, words=words, confidence=confidence) for s, v in pairs]
                at += size - 1
                break
        at += 1
    return found
