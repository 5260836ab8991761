"""A message while it is being read: its tokens, and what they have been turned into so far."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from assistant.language import Cue, Language
from assistant.text import MESSAGE_WORD, fold, is_unspaced
from assistant.types import Constraint, Held, Statement

MAX_POINTING = 12
"""Words of a message that speaks of a card ("the last one is Swedish"); a longer one tells a story."""
MAX_OPENINGS = 40
"""Beginnings of clauses that are looked at; a message has fewer unless it is not one."""
_CLAUSE_ENDS = '.,;:!?\n—–()"“”'


@dataclass(slots=True)
class Token:
    """A word of the message, folded in ``text`` and as it was written in ``raw``; of a script without spaces, a character."""

    text: str
    raw: str
    start: int
    end: int
    used: bool = False
    """Turned into something; not a word to search by."""
    negated: bool = False
    compared: bool = False
    """Negated by a comparison: liked less, not ruled out."""
    named: bool = False
    """Part of a category or another label that was recognised."""
    told: bool = False
    """Negated inside a story ("because no country will let him in"): still a word to search by."""
    liked: bool = False
    """Part of something that users say they like in general: preferred, not promised."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A constraint or wish and the stretch of the message it came from."""

    constraint: Constraint
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A stretch of the message that says something of the user, ``start`` to ``end`` of it holding what it is about."""

    start: int
    end: int
    likes: bool
    confidence: float
    words: str
    back: bool = False
    """Whether the user takes it back."""


@dataclass(slots=True)
class Reading:
    """A message while it is being read."""

    text: str
    language: Language
    tokens: list[Token]
    plain: str
    """The message folded character by character, so that places in it are places in ``text``; apostrophes straight."""
    openings: list[int]
    """Where clauses begin in ``plain``, polite openings skipped one after the other."""
    lead: int = 0
    """Where the message itself begins, the polite openings behind it."""
    constraints: list[Constraint] = field(default_factory=list)
    wishes: list[Constraint] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    like: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    unheeded: list[str] = field(default_factory=list)
    """See ``Utterance``."""
    unknown: list[str] = field(default_factory=list)
    """Titles that a question names and the catalogue does not have."""
    take_back: list[str] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    unsaid: list[Statement] = field(default_factory=list)
    new_subject: bool = False
    no_preference: bool = False
    answered: bool = False
    """Whether the open question was answered."""
    widened: list[Held] = field(default_factory=list)
    """What is held and will do as before, beside what the message names."""
    titled: dict[int, str] = field(default_factory=dict)
    """Items by the place of their title, where it was found beside what is felt about it."""
    spoken_of: set[str] = field(default_factory=set)
    """Slots of what the conversation holds."""
    specified: set[int] = field(default_factory=set)
    """Tokens of clauses that are a specification: every label that they name is a promise."""
    refines: bool = False
    """Whether something was found that changes what stands."""
    k: int | None = None

    def specified_at(self, index: int) -> bool:
        """Whether token ``index`` stands in a specification."""
        return index in self.specified

    def phrase(self, start: int, end: int) -> str:
        """The folded tokens from ``start`` to before ``end``, joined as they are written."""
        parts: list[str] = []
        for place in range(start, min(end, len(self.tokens))):
            token = self.tokens[place]
            if place > start and self.tokens[place - 1].end != token.start:
                parts.append(" ")
            parts.append(token.text)
        return "".join(parts)

    def words(self, start: int, end: int) -> str:
        """The user's own words from token ``start`` to before token ``end``."""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end]

    def free(self, start: int, end: int) -> bool:
        return end <= len(self.tokens) and not any(token.used for token in self.tokens[start:end])

    def use(self, start: int, end: int) -> None:
        for token in self.tokens[start:end]:
            token.used = True

    def use_span(self, start: int, end: int) -> None:
        for token in self.tokens:
            if token.start < end and token.end > start:
                token.used = True

    def free_span(self, start: int, end: int) -> bool:
        """Whether no token in a stretch of the text was turned into something."""
        return not any(token.used for token in self.tokens if token.start < end and token.end > start)

    def tokens_of(self, start: int, end: int) -> tuple[int, int]:
        """The tokens, from and to before, that lie in a stretch of the text."""
        inside = [n for n, token in enumerate(self.tokens) if token.start < end and token.end > start]
        return (inside[0], inside[-1] + 1) if inside else (0, 0)

    def punctuated(self, index: int) -> bool:
        """Whether token ``index`` is the last or punctuation stands behind it."""
        if index + 1 >= len(self.tokens):
            return True
        return bool(self.text[self.tokens[index].end : self.tokens[index + 1].start].strip())

    def add(self, constraint: Constraint, start: int, end: int, *, promised: bool) -> None:
        """Keep a constraint or wish that the tokens from ``start`` to before ``end`` say."""
        (self.constraints if promised else self.wishes).append(constraint)
        if start < end:
            self.found.append(
                Found(constraint=constraint, start=self.tokens[start].start, end=self.tokens[end - 1].end)
            )

    def matches(self, *names: str) -> Iterator[re.Match[str]]:
        """Every match of the language's patterns of some names, those of the first pattern first."""
        for name in names:
            for cue in self.language.patterns.get(name, ()):
                yield from self.cue_matches(cue)

    def cue_matches(self, cue: Cue) -> Iterator[re.Match[str]]:
        """Every match of a pattern, where a clause begins if it has to."""
        if not cue.opens:
            yield from cue.regex.finditer(self.plain)
            return
        for opening in self.openings:
            if match := cue.regex.match(self.plain, opening):
                yield match

    def first(self, name: str) -> re.Match[str] | None:
        """The first match of the patterns of a name."""
        return next(self.matches(name), None)

    def clause_end(self, start: int) -> int:
        """Where the clause ends that holds place ``start``."""
        ends = [place for mark in _CLAUSE_ENDS if (place := self.plain.find(mark, start)) >= 0]
        return min(ends, default=len(self.plain))


def read(text: str, language: Language) -> Reading:
    """A message cut into tokens."""
    plain = "".join(_folded(character) for character in text)
    openings = _openings(plain, language)
    lead = next((o for o in reversed(openings) if not re.search(r"\w", _unfilled(plain[:o], language))), 0)
    return Reading(
        text=text, language=language, tokens=_tokens(text, language), plain=plain, openings=openings, lead=lead
    )


def _folded(character: str) -> str:
    if character in "’‘`´":
        return "'"
    if character.isascii():
        return character.lower()
    folded = unicodedata.normalize("NFKD", character.casefold())
    base = "".join(c for c in folded if not unicodedata.combining(c))
    return base if len(base) == 1 else character


def _tokens(text: str, language: Language) -> list[Token]:
    tokens: list[Token] = []
    for match in MESSAGE_WORD.finditer(text):
        word, start = match.group(), match.start()
        head, hyphen, last = word.rpartition("-")
        if hyphen and last.casefold() in language.words("glued_behind"):  # "French-language", "memory-themed"
            tokens.append(Token(fold(head).replace("’", "'"), head, start, start + len(head)))
            word, start = last, start + len(head) + 1
        if not is_unspaced(word):
            text_of = language.capitals.get(word) or fold(word).replace("’", "'")
            tokens.append(Token(text_of, word, start, match.end()))
            continue
        at = 0
        for piece in re.findall(r"[0-9A-Za-z]+(?:[.'-][0-9A-Za-z]+)*|.", word):
            place = word.index(piece, at)
            tokens.append(Token(fold(piece), piece, start + place, start + place + len(piece)))
            at = place + len(piece)
    return tokens


def _openings(plain: str, language: Language) -> list[int]:
    filler = re.compile(rf"{language.bounded(language.expanded('{filler}'))}[\s,.!…-]*")
    space = re.compile(r"[\s'\"“”]*")
    starts = [0, *(place + 1 for place, character in enumerate(plain) if character in _CLAUSE_ENDS)]
    openings: list[int] = []
    for start in starts[:MAX_OPENINGS]:
        at = _behind(space, plain, start)
        openings.append(at)
        while (match := filler.match(plain, at)) and match.end() > at:
            at = _behind(space, plain, match.end())
            openings.append(at)
    return sorted(set(openings))[:MAX_OPENINGS]


def _unfilled(text: str, language: Language) -> str:
    return re.sub(language.bounded(language.expanded("{filler}")), " ", text)


def _behind(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


def cue_at(reading: Reading, index: int, cues: Iterable[str]) -> int:
    """How many tokens the longest of ``cues`` takes at ``index``; 0 when there is none."""
    for size, phrases in _by_size(tuple(cues)):
        if reading.phrase(index, index + size) in phrases:
            return size
    return 0


@cache
def _by_size(cues: tuple[str, ...]) -> tuple[tuple[int, frozenset[str]], ...]:
    """Cues by how many tokens they take, the longest first."""
    sizes = sorted({_size(cue) for cue in cues}, reverse=True)
    return tuple((size, frozenset(cue for cue in cues if _size(cue) == size)) for size in sizes)


def denies(reading: Reading, index: int) -> int:
    """1 where a verb is denied in a specification: "that doesn't hail from Germany", but not "I don't mind"."""
    token, language = reading.tokens[index], reading.language
    spoken = reading.tokens[index - 1].text if index else ""
    denied = token.text.endswith(language.words("denied_ends")) if language.words("denied_ends") else False
    asks = index + 1 < len(reading.tokens) and reading.tokens[index + 1].text in language.words("talkers")
    told = index > 1 and reading.tokens[index - 2].text in language.words(
        "relatives"
    )  # "where they don't talk in German"
    denied = denied and not asks and (told or spoken not in language.words("talkers"))  # "didn't I say", "I don't mind"
    return int(denied and index > 0 and reading.specified_at(index))


def negated_at(reading: Reading, start: int) -> bool:
    """Whether a negation ends right before a place of the text."""
    index = next((n for n, token in enumerate(reading.tokens) if token.start >= start), len(reading.tokens))
    cues, between = reading.language.cues["negation"], reading.language.cues["behind_negation"]
    for _ in range(3):  # "not be longer", "nothing much older"
        if any(reading.phrase(index - size, index) in cues for size in (1, 2, 3) if index >= size):
            return True
        if index == 0 or reading.tokens[index - 1].text not in between:
            return False
        index -= 1
    return False


def _size(cue: str) -> int:
    return len(cue) if is_unspaced(cue) else len(cue.split())
