"""Who a sentence speaks of: the recommended item, an item of the history, or both; and what it says of the history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from assistant.faithfulness.evidence import HistoryItem
from assistant.faithfulness.mentions import Mention
from assistant.faithfulness.reading import Reading
from assistant.faithfulness.records import RecordView, view
from assistant.faithfulness.relations import ACTORS
from assistant.faithfulness.text import stem, word_set
from assistant.faithfulness.vocabulary import vocabulary
from assistant.types import Verdict

SubjectKind = Literal["item", "other", "either", "both", "unlike"]

_LIKED = word_set("liked loved enjoyed like love enjoy adored adore appreciated favourite favorite fan fans")
_DISLIKED = word_set("disliked hated dislike hate")
_SEEN = word_set("watched saw seen read played visited tried finished rented drank ate")
_BOUGHT = word_set("bought purchased ordered own owned buy")
_LINKS = word_set(
    "like liked loved love enjoyed enjoy unlike similar reminiscent than as echoes echo recalls recall share shares shared "
    "common also another same companion vein spirit alongside worked work works hit both fan fans after since because "
    "remind reminds follow-up cousin kindred between too hated disliked dislike hate watched saw seen read played visited "
    "bought purchased ordered your you've you resembles match matches next mentioned tone feel made directed wrote created behind"
)
_MOVES_ON = word_set("it it's this here you we try , ; : and but so then she he is are also too has with")
_OFFERING = word_set(
    "try recommend recommending suggest suggesting consider meet present presenting introducing choose"
)
_PRESENT = word_set("like love enjoy")
_PERSONS = word_set("you you've we i they he she")
_NEW_CLAUSE = _PERSONS | word_set(
    "your it it's its this that these here is are was directed starring by with like but so not"
)
_ENDING_LIST = _PERSONS | word_set("this it it's but so directed starring ; : – —")
_TOPICAL = word_set("is was it's one film movie story tale book game")
_STATING = word_set(
    "is was has had offers features stars follows tells delivers brings gives won would might fits matches comes was makes "
    "isn't wasn't mixes blends runs belongs serves"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Whom the words at some place are about."""

    kind: SubjectKind = "item"
    item: HistoryItem | None = None
    view: RecordView | None = None
    also: bool = False
    """What is said of the other holds of the recommended item too: "Alien, which also has robots"."""


_ITEM = Subject()


def subject_of(reading: Reading, at: int, history: Sequence[Mention]) -> Subject:
    """The subject of token ``at``, given the mentions of history titles."""
    tokens = reading.tokens
    here = [m for m in history if reading.sentence[m.start] == reading.sentence[at] and m.history is not None]
    for mention in here:
        assert mention.history is not None
        record = view(mention.history.record)
        if mention.end <= at:
            between = [token.low for token in tokens[mention.end : at]]
            comma = between[:1] == [","]
            if between[:1] == ["("] and ")" not in between:
                return Subject(kind="other", item=mention.history, view=record)
            rest = between[1:] if comma else between
            if _in_relative_clause(rest) or _predicated(rest):
                also = not {"also", "too"}.isdisjoint(rest)
                return Subject(kind="other", item=mention.history, view=record, also=also)
            if comma and rest and not _MOVES_ON & set(rest) and len(rest) < 9:
                return Subject(kind="either", item=mention.history, view=record)
            before = reading.before(mention.start, 3)
            if "unlike" in before:
                return Subject(kind="unlike", item=mention.history, view=record)
            if before[-1:] == ["like"] and (len(before) == 1 or before[-2] in {",", "and", "much", "just"}):
                return Subject(kind="both", item=mention.history, view=record)
        elif at < mention.start and _belongs(reading, at, mention):
            return Subject(kind="other", item=mention.history, view=record)
    for mention in here:
        assert mention.history is not None
        low, high = reading.sentence_range(at)
        words = {token.low for token in tokens[low:high]}
        earlier = {token.low for token in tokens[low:at]}
        if "both" in words or earlier & {"share", "shares"}:
            return Subject(kind="both", item=mention.history, view=view(mention.history.record))
    return _ITEM


def _belongs(reading: Reading, at: int, title: Mention) -> bool:
    """ "the humour of Alien", "Alien's humour" said the other way round: what stands before the title is the title's."""
    tokens = reading.tokens
    if tokens[title.start - 1].low in {"'s", "'"}:
        return all(
            tokens[k].kind == "mark" or reading.covered[k] == reading.covered[at] for k in range(at, title.start)
        )
    between = [token.low for token in tokens[at + 1 : title.start] if token.kind != "mark"]
    return between[-1:] == ["of"] and all(
        tokens[k].low == "of" or bool(reading.covered[k]) for k in range(at + 1, title.start)
    )


def _in_relative_clause(rest: Sequence[str]) -> bool:
    """Whether a clause "which also has robots, time travel, and a chase" goes on to the end of ``rest``.

    A comma may part the members of a list; a clause with a subject or a verb of its own ends it, another "which" does
    not, for it hangs on the same title.
    """
    if not rest or rest[0] not in {"which", "who", "whose"}:
        return False
    if "," not in rest:
        return True
    return not (rest[1:2] and rest[1] in _PERSONS) and _one_list(rest[1:])


def _one_list(words: Sequence[str]) -> bool:
    """Whether the words are members of a list, none of which begins a clause of its own."""
    segment: list[str] = []
    for word in words:
        if word in {",", "and"}:
            segment = []
            continue
        if word in _ENDING_LIST or (not segment and word in _NEW_CLAUSE):
            return False
        segment.append(word)
    return True


def _predicated(rest: Sequence[str]) -> bool:
    """ "Alien also has robots, space": the title is the subject of what follows, to the end of the list."""
    plain = [word for word in rest if word not in {"!", "?", "also", '"', "”"}]
    return plain[:1] in (["has"], ["have"]) and _one_list(plain[1:])


def said_of_a_person(reading: Reading, at: int, people: Sequence[Mention]) -> bool:
    """Whether the words at ``at`` say what a person is ("Ann Lee is a …", "Ann Lee, who was a …"): no record tells."""
    for person in people:
        if person.end > at or reading.sentence[person.start] != reading.sentence[at]:
            continue
        between = [token.low for token in reading.tokens[person.end : at]]
        if between[:2] == [",", "who"]:
            between = between[1:]
        opens = not reading.before(person.start, 1) or reading.before(person.start, 1)[0] in {",", "and"}
        if between[:1] == ["who"] and between[1:2] and between[1] in {"is", "was"} and "," not in between:
            return True
        if opens and between[:1] in (["is"], ["was"]) and between[1:2] in (["a"], ["an"]) and len(between) < 6:
            return not {",", "who", "which", "and"} & set(between)
    return False


def history_judgement(reading: Reading, mention: Mention, asked: Sequence[str]) -> tuple[str, Verdict]:
    """(relation claimed, verdict) for a mention of an item of the history."""
    item = mention.history
    assert item is not None
    before = reading.before(mention.start, 8)
    after = reading.after(mention.end, 6)
    window = set(before[-7:])
    last = before[-1] if before else ""
    second = before[-2] if len(before) > 1 else ""
    if _as_part(before, after):
        return "cast", "contradicted"
    if last == "about" and second in _TOPICAL:
        return "tags", "contradicted"  # another title is not what a work is about
    you = window & {"you", "you've", "your", "you're"} or set(after[:3]) & {"you", "you've"}
    near = list(before[-5:]) + list(after[:4])
    claimed = next((word for word in reversed(near) if word in _LIKED | _DISLIKED | _SEEN | _BOUGHT), "")
    denied = any(word.endswith("n't") or word in {"not", "never"} for word in before[-5:])
    if (
        you
        and claimed
        and not (
            claimed == "like"
            and last == "like"
            and second not in {"you", "really", "also", "not", "didn't", "don't", "did"}
        )
    ):
        return _against(item, claimed, denied)
    if last in _OFFERING or (
        last in {"watch", "read", "play", "enjoy", "love", "like", "see"}
        and second in {"you'll", "might", "will", "should", "to", "could"}
    ):
        return "title", "contradicted"
    low, high = reading.sentence_range(mention.start)
    words = {token.low for token in reading.tokens[low:high]}
    if not before and after[:1] and after[0] in _STATING and not (_told(reading, low, high) or "both" in words):
        return "title", "contradicted"
    if words & _LINKS or after[:1] in (["'s"], ["fans"]):
        return ("like", "contradicted") if item.relation == "disliked" and last == "like" else ("like", "supported")
    return "title", "contradicted"


def shared_maker(reading: Reading, mention: Mention, record: RecordView) -> tuple[str, Verdict] | None:
    """ "from the director of X": holds when the item and X have such a person in common. None for other wordings."""
    assert mention.history is not None
    before = reading.before(mention.start, 2)
    if len(before) < 2 or before[-1] not in {"of", "behind"}:
        return None
    families = vocabulary().slot_families.get(stem(before[-2]), frozenset()) & ACTORS
    if not families:
        return None
    ours = {phrase for slot in record.family(families) for phrase, _ in slot.phrases}
    theirs = {phrase for slot in view(mention.history.record).family(families) for phrase, _ in slot.phrases}
    if not ours or not theirs:
        return "like", "absent"
    return "like", "supported" if ours & theirs else "contradicted"


def _told(reading: Reading, low: int, high: int) -> bool:
    """The sentence says what the user did: "which you liked", "your favourite"."""
    tokens = reading.tokens[low:high]
    if any(token.low == "your" for token in tokens):
        return True
    past = _LIKED | _DISLIKED | _SEEN | _BOUGHT
    return any(
        a.low in {"you", "you've"} and b.low in past | {"also", "really", "recently", "have"} and b.low not in _PRESENT
        for a, b in pairwise(tokens)
    )


def _as_part(before: list[str], after: list[str]) -> bool:
    """The title stands where a person would: "starring X", "with X and Mark Wahlberg", "directed by X"."""
    last = before[-1] if before else ""
    if last in {"starring", "stars", "by", "featuring", "actor", "actress", "director", "star"}:
        return True
    if last in {"with", "and", ","} and "with" in before[-4:]:
        at = len(before) - 1 - before[::-1].index("with")
        lead = set(before[max(0, at - 5) : at])
        if last == "with" or all(word not in _LIKED for word in before[at:]):
            return not lead & {
                "common",
                "shares",
                "share",
                "along",
                "pairs",
                "pair",
                "compares",
                "fits",
                "goes",
                "done",
                "shared",
                "belongs",
                "connection",
                "as",
                "overlap",
                "overlaps",
                "you",
                "director",
                "cast",
                "genre",
            }
    return after[:1] in (["plays"], ["directs"], ["stars"], ["directed"]) and not before


def _against(item: HistoryItem, claimed: str, denied: bool) -> tuple[str, Verdict]:
    if claimed in _LIKED:
        if denied:
            return "disliked", "supported" if item.relation == "disliked" else "contradicted"
        return "liked", "supported" if item.relation == "liked" else "contradicted"
    if claimed in _DISLIKED:
        return "disliked", "supported" if (item.relation == "disliked") != denied else "contradicted"
    if claimed in _BOUGHT:
        return "bought", "supported" if (item.relation == "bought") != denied else "absent"
    return "seen", "contradicted" if denied else "supported"
