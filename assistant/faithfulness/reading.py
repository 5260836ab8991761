"""A text made ready for checking: word positions, negation, and the stretches that speak of the user's wishes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field

from assistant.faithfulness.text import Token, sentences, tokenize, word_set
from assistant.faithfulness.vocabulary import Stems, vocabulary

_SOFT_MARKS = frozenset("-‐‑/()[]'\"“”‘’&+:™®*_")
_STOPS = word_set("but however although though yet whereas while because since so instead still which who when")
_RESTARTS = word_set(
    "it its it's you they this that there he she we i is was are were has had have can could does do will would comes "
    "came runs plays offers features serves costs lets makes located set also rated made available lasts weighs takes works follows stays sits sleeps fits goes belongs keeps tells uses suits starts opens"
)
_VERBS = word_set(
    "is are was were be been has have had does do did can could will would isn't aren't wasn't weren't hasn't haven't "
    "doesn't don't didn't can't cannot couldn't won't wouldn't offers offer features includes include lacks supports support runs "
    "plays serves comes came get got find play allows allow made released developed rated located"
)
_NOT_SCOPING = {
    "not": word_set("only just merely simply to sure surprised familiar fond happy too alone bad particularly especially that least "
        "necessarily mention really many a") - {"a"},
    "no": word_set("doubt wonder matter problem issue need one other less more exception question surprise better idea"),
    "cannot": word_set("go wait beat help stop miss believe say deny"),
    "can't": word_set("go wait beat help stop miss believe say deny"),
    "never": word_set("mind ceases fails disappoints disappointed"),
    "aren't": word_set("many"),
    "weren't": word_set("many"),
    "don't": word_set("miss forget worry mind let want be think"),
}  # fmt: skip
_NEGATORS = word_set(
    "not no non never without nor neither cannot lacks lack lacking lacked excludes excluding omits unavailable "
    "skips minus sans none except absent"
)
_STATES = word_set(
    "available supported included possible allowed there present offered welcome permitted provided an part featured "
    "released compatible yet currently option in on accepted served"
)
_STALE = word_set("old boring stale dull tired repetitive better worse enough over past")
_WISHED = word_set("it they had there you for")
_CARRYING = word_set("support have run carry sell stock host get")
_CARRIED = word_set("it this the that")
_SHORT = word_set("no without lacks lack lacking minus sans except skips omits excludes excluding")
_ATTITUDES = word_set(
    "like liked enjoy enjoyed love loved fond into fan impressed interested care prefer think thought want mind hesitate typically "
    "normally generally say deny imagine"
)
_BE_PERSON = word_set("i'm am are were i you i've you've you're do did would could can not is") | {""}
_PERSONS = word_set("i you we i've you've")
_ABILITIES = word_set("play find get buy run use access download bring take")
_ASKING = word_set("asked ask requested wanted want seeking sought")
_TASTING = word_set("fan fans lover lovers into enjoy enjoyed like love loved liked taste weakness soft")


@dataclass(kw_only=True, slots=True)
class Reading:
    """The text's tokens with what was found out about each. Lists are parallel to ``tokens`` unless said otherwise."""

    text: str
    tokens: list[Token]
    words: list[int]
    """Indices into ``tokens`` of the words and numbers: what phrases are matched on."""
    glued: list[bool]
    """Parallel to ``words``: no hard mark (comma, full stop) stands between this word and the next."""
    sentence: list[int]
    negated: list[bool]
    region: list[str]
    """``dialogue`` for what the user is said to have asked for, ``taste`` for what they are said to like, else ''."""
    covered: list[str] = field(default_factory=list)
    """What explains each token so far; '' for nothing."""

    def phrase_at(self, position: int, phrase: Stems, *, across: bool = False) -> bool:
        """Whether the phrase stands at ``words[position:]``, with no hard mark inside it unless ``across``."""
        end = position + len(phrase)
        if end > len(self.words):
            return False
        for k, want in enumerate(phrase):
            if self.tokens[self.words[position + k]].stem != want:
                return False
        return across or all(self.glued[position : end - 1])

    def span(self, position: int, length: int) -> tuple[int, int]:
        """Half-open token range of ``length`` words from word ``position``."""
        return self.words[position], self.words[position + length - 1] + 1

    def cover(self, start: int, end: int, what: str) -> None:
        """Marks tokens ``[start, end)`` as explained."""
        for i in range(start, end):
            self.covered[i] = what

    def free(self, start: int, end: int) -> bool:
        """Whether no token of ``[start, end)`` is explained yet."""
        return not any(self.covered[start:end])

    def before(self, start: int, most: int) -> list[str]:
        """Up to ``most`` lower-case tokens before ``start`` in the same sentence, nearest last."""
        low = start
        while low > 0 and start - low < most and self.sentence[low - 1] == self.sentence[start]:
            low -= 1
        return [token.low for token in self.tokens[low:start]]

    def after(self, end: int, most: int) -> list[str]:
        """Up to ``most`` lower-case tokens from ``end`` on in the same sentence."""
        if end == 0 or end >= len(self.tokens):
            return []
        sentence = self.sentence[end - 1]
        return [
            self.tokens[i].low for i in range(end, min(len(self.tokens), end + most)) if self.sentence[i] == sentence
        ]

    def sentence_range(self, i: int) -> tuple[int, int]:
        """The token range of the sentence that token ``i`` is in."""
        low = high = i
        while low > 0 and self.sentence[low - 1] == self.sentence[i]:
            low -= 1
        while high < len(self.tokens) and self.sentence[high] == self.sentence[i]:
            high += 1
        return low, high

    def is_negated(self, start: int, end: int) -> bool:
        """Whether ``[start, end)`` is denied, by what stands before it or by the predicate it is the subject of."""
        return self.negated[start] or self._denied_after(start, end)

    def _denied_after(self, start: int, end: int) -> bool:
        low, high = self.sentence_range(start)
        for i in range(start - 1, low - 1, -1):
            if self.tokens[i].low in _STOPS | {";", "and", ","}:
                continue_list = self.tokens[i].low in {"and", ","} and i > low and self.tokens[i - 1].capital
                if not continue_list:
                    break
            if self.tokens[i].low in _VERBS or self.tokens[i].low in {"on", "for", "with", "in", "by", "from"}:
                return False
        for i in range(end, min(high, end + 9)):
            word = self.tokens[i].low
            following = self.tokens[i + 1].low if i + 1 < high else ""
            if word in _STOPS or word in {";", "(", "that"} or (word in {"and", ","} and following in _VERBS):
                return False
            if word in _VERBS:
                if self._not_carried(i, high):
                    return True
                is_be = word.removesuffix("n't") in {"is", "are", "was", "were"}
                if not is_be:
                    return False
                if word.endswith("n't"):
                    return following in _STATES
                then = self.tokens[i + 2].low if i + 2 < high else ""
                return following in {"unavailable", "missing", "absent"} or (following == "not" and then in _STATES)
        return False

    def _not_carried(self, i: int, high: int) -> bool:
        """ "Steam does not have this game", "Linux and Mac don't support it": ``i`` is the auxiliary verb."""
        words = [token.low for token in self.tokens[i : min(high, i + 4)]]
        if words[0] in {"do", "does", "did"} and words[1:2] == ["not"]:
            words = words[1:]
        elif words[0] not in {"don't", "doesn't", "didn't"}:
            return False
        return len(words) > 2 and words[1] in _CARRYING and words[2] in _CARRIED


def read(text: str, titles: Iterable[str] = ()) -> Reading:
    """Tokenises ``text``, in which ``titles`` may stand; negation and regions are marked by ``mark``."""
    tokens = tokenize(text, titles)
    words = [i for i, token in enumerate(tokens) if token.kind != "mark"]
    glued = [
        all(_soft(tokens, m) for m in range(i + 1, j)) and not tokens[j].first for i, j in itertools.pairwise(words)
    ] + [False]
    ranges = sentences(tokens)
    sentence = [0] * len(tokens)
    for number, (start, end) in enumerate(ranges):
        for i in range(start, end):
            sentence[i] = number
    reading = Reading(
        text=text, tokens=tokens, words=words, glued=glued, sentence=sentence, negated=[False] * len(tokens),
        region=[""] * len(tokens), covered=[""] * len(tokens),
    )  # fmt: skip
    return reading


def mark(reading: Reading) -> None:
    """Marks negation and regions. Titles are covered before, so that "Never Alone" denies nothing."""
    for start, end in sentences(reading.tokens):
        _mark_negation(reading, start, end)
        _mark_regions(reading, start, end)


def _soft(tokens: list[Token], m: int) -> bool:
    mark = tokens[m]
    if mark.low == "-":
        return m > 0 and tokens[m - 1].end == mark.start
    return mark.low in _SOFT_MARKS or mark.low == "'s" or (mark.low == "." and len(tokens[m - 1].text) == 1)


def _mark_negation(reading: Reading, start: int, end: int) -> None:
    tokens = reading.tokens
    for i in range(start, end):
        word = tokens[i].low
        if reading.covered[i] or (tokens[i].capital and not tokens[i].first):
            continue
        later = tokens[i + 1].low if i + 1 < end else ""
        if (
            (word == "yet" and later == "to")
            or (word == "lack" and later == "of")
            or (word == "if" and later == "only")
            or (word == "wish" and later in _WISHED)
        ):
            for j in range(i + 2, _scope_end(reading, i + 1, end, 8)):
                reading.negated[j] = True
            continue
        if not (word in _NEGATORS or word.endswith("n't")) or tokens[i].kind != "word":
            if word in {"rather", "instead"} and i + 1 < end and tokens[i + 1].low in {"than", "of"}:
                for j in range(i + 2, _scope_end(reading, i + 1, end, 4)):
                    reading.negated[j] = not reading.negated[j]
            continue
        following = tokens[i + 1].low if i + 1 < end else ""
        previous = tokens[i - 1].low if i > start else ""
        exceptions = _NOT_SCOPING.get("not" if word == "not" else word, frozenset())
        if following in exceptions or (previous in {"or", "why", "if"} and word == "not"):
            continue
        then = tokens[i + 2].low if i + 2 < end else ""
        if following in {"get", "gets", "got"} and then in _STALE:
            continue  # "never gets old", "can't get enough" deny nothing of the item
        if following in vocabulary().opinions and then in {"at", "about"}:
            continue  # "not good at shooters", "isn't fun about them": the opinion is denied, not its object
        if word == "lacking" and (following == "about" or previous in {"find", "found", "feel", "felt"}):
            continue
        if word == "not" and following == "a" and i + 2 < end and tokens[i + 2].low in {"fan", "big", "huge"}:
            continue
        back = i - 1
        while back > start and (tokens[back].low.endswith("ly") or tokens[back].low in {"just", "also", "still"}):
            back -= 1
        previous = tokens[back].low if back >= start else ""
        if _ATTITUDES & {token.low for token in tokens[i + 1 : min(end, i + 5)]} and previous in _BE_PERSON:
            continue
        if previous in _PERSONS and word.endswith("n't") and following not in _ABILITIES:
            continue
        if word in {"do", "don't", "haven't", "isn't", "didn't", "wasn't"} and following in {"you", "it", "they"}:
            continue
        most = 3 if word == "non" else 8 if word in _SHORT else 40
        for j in range(i + 1, _scope_end(reading, i, end, most)):
            reading.negated[j] = not reading.negated[j] if word in _SHORT - {"no"} else True


def _scope_end(reading: Reading, i: int, end: int, most: int) -> int:
    tokens = reading.tokens
    rest = [token.low for token in tokens[i + 1 : end]]
    listed = "or" in rest or "nor" in rest
    for j in range(i + 1, min(end, i + 1 + most)):
        if reading.covered[j]:
            continue
        word = tokens[j].low
        following = tokens[j + 1].low if j + 1 < end else ""
        if (word in _STOPS and not (word == "yet" and j == i + 1)) or word in {";", "(", ":", "."}:
            return j
        if word in {"–", "—"} or (word == "-" and tokens[j - 1].end != tokens[j].start):
            return j
        if word in {"and", ","} and (following in _RESTARTS or following in _STOPS or following == "with"):
            return j
        if word == "," and following == "and" and j + 2 < end and tokens[j + 2].low in _RESTARTS:
            return j
        if word == "," and not _list_goes_on(rest[j - i :], listed):
            return j
    return min(end, i + 1 + most)


def _list_goes_on(rest: list[str], listed: bool) -> bool:
    """Whether a comma inside a negation joins a short list ("not on Steam, Linux or Mac")."""
    for run, word in enumerate(rest[:4]):
        if word in {",", "or", "nor", "and"}:
            return (run == 0 and word in {"or", "nor"}) or (run > 0 and (listed or word == "and"))
    return False


def _mark_regions(reading: Reading, start: int, end: int) -> None:
    tokens = reading.tokens
    for i in range(start, end):
        word = tokens[i].low
        previous = {token.low for token in tokens[max(start, i - 3) : i]}
        after = [token.low for token in tokens[i + 1 : min(end, i + 4)]]
        if (word in _ASKING and previous & {"you", "you've", "your"}) or (
            word in {"looking", "mood", "request", "search", "after"}
            and previous & {"you", "you're", "your", "the", "were"}
            and after[:1] in (["for"], ["a"], ["something"])
        ):
            _mark(reading, i + 1, end, "dialogue")
        elif word in _TASTING and previous & {"you", "you're", "your", "for", "if", "often", "usually"}:
            _mark(reading, i + 1, end, "taste")


def _mark(reading: Reading, start: int, end: int, region: str) -> None:
    for i in range(start, end):
        word = reading.tokens[i].low
        if word in {",", ";", ":", "–", "—", "this", "it", "here's", "then", "but"} and i > start:
            return
        reading.region[i] = reading.region[i] or region
