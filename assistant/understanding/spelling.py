"""Slips of the keyboard put right before a message is read: shorthand, words of requests, names and titles.

A word is looked at only where neither the language's files nor any text of the catalogue knows it. Words of requests are
put right where the slip is one of typing (letters swapped, left out, doubled, a neighbouring key), names and titles by
edit distance (Damerau, with adjacent transpositions), and only where one word alone comes near.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

from assistant.language import read_file, singular
from assistant.text import fold, fold_title

if TYPE_CHECKING:
    from assistant.vocabulary import Vocabulary

LEAST_LETTERS = 5
"""Shorter words have too many neighbours."""
LEAST_STEM = 4
"""Letters of a known word that an unknown one may be another form of."""
TWO_SLIPS = 9
"""Letters from which a name may have two slips."""
VOWEL_SLIP = 6
"""Letters from which another vowel, or a neighbouring key, counts as a slip in a word of requests."""
LONGEST_NAME = 5
"""Words of a title or name that is put right as a whole."""
MOST_TRIED = 64
"""Combinations of near words that are tried for one title or name."""
MOST_UNKNOWN = 6
"""Unknown words of a message that are looked at: a message with more is written in no language that is known here."""
LEAST_ITEMS = 2
"""Items that people of a last name worked on, for a word to be a slip for it."""
ALONE = 3
"""Words of a message that may be a name by itself, without a word before it that asks for one."""
SQUEEZED = 7
"""Letters from which words written together are looked for among titles: "bladerunner"."""
INITIALS = 3
"""Letters of shorthand that may be initials where it is not written small."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_HYPHENATED = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
_STROKE = re.compile(r"(?P<left>[^\W\d_]{2,}) ?/ ?(?=(?P<right>[^\W\d_]{2,}))")
_NEIGHBOURS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_ENDINGS = ("s", "es", "ed", "d", "ing", "ly", "er", "r", "est", "y", "ish", "ness", "less", "ful", "able")
_VOWELS = frozenset("aeiouy")


def respell(text: str, vocabulary: Vocabulary) -> str:
    """The message with its slips put right; itself where there are none."""
    written = _told_apart(_written_out(text, vocabulary), vocabulary)
    text = written if written.strip(" .,!?") else text
    words = list(_WORD.finditer(text))
    speller = vocabulary.speller
    folded = [fold(word.group()).replace("’", "'") for word in words]
    parts = {
        place
        for whole in _HYPHENATED.finditer(text)
        if vocabulary.mentions(whole.group())
        for place, word in enumerate(words)
        if whole.start() <= word.start() < whole.end()
    }  # "Marc-André" is no slip for Marcel André
    unknown = [n for n, word in enumerate(words) if n not in parts and not speller.knows(word.group(), folded[n])]
    changes: dict[tuple[int, int], str] = {}
    if 0 < len(unknown) <= MOST_UNKNOWN:
        changes = speller.corrections(folded, unknown)
    taken = {place for start, end in changes for place in range(start, end)}
    for place in range(len(words)):
        if place in taken or place - 1 in taken:
            continue
        if place not in parts and (name := speller.full_name(folded, place)) is not None:
            changes[place - 1, place + 1] = name
        elif (name := speller.lower_name(words[place].group(), folded, place)) is not None:
            changes[place, place + 1] = name
    for (start, end), right in sorted(changes.items(), reverse=True):
        text = text[: words[start].start()] + right + text[words[end - 1].end() :]
    return text


def nearest_title(words: str, vocabulary: Vocabulary) -> str | None:
    """The folded title of the catalogue that words nearly are: one slip or ending away, or the same but for a number
    or a word behind it ("Shrek 2"); None where none is."""
    wanted = fold_title(words)
    titles = vocabulary.catalogue.titles
    parts = wanted.split()
    if len(wanted) >= LEAST_LETTERS and (near := min(vocabulary.speller.near_titles(wanted), default=None)):
        return near[1]
    heads = (" ".join(parts[:size]) for size in range(len(parts) - 1, 0, -1))
    return next((head for head in heads if head in titles and len(head) >= LEAST_LETTERS), None)


def _written_out(text: str, vocabulary: Vocabulary) -> str:
    shorthand, pattern = _shorthand(vocabulary.language.code)
    if pattern is None:
        return text

    def full(match: re.Match[str]) -> str:
        short = match.group()
        if not short.islower() and len(short) <= INITIALS:
            return short  # a name, or initials
        if fold(short) in vocabulary.free_phrases or fold(short) in vocabulary.labels:
            return short  # the catalogue writes it so itself
        return shorthand[short.casefold()]

    return pattern.sub(full, text)


def _told_apart(text: str, vocabulary: Vocabulary) -> str:
    """With "or" for a stroke between words ("navy/black"), unless it belongs to a value of the catalogue, and with the verb
    written out of which only an ending was left ("polyester's a no-no")."""
    language = vocabulary.language

    def either(match: re.Match[str]) -> str:
        whole = fold(f"{match['left']}/{match['right']}")
        belongs = whole in vocabulary.labels or whole in vocabulary.free_phrases
        return match.group() if belongs else f"{match['left']}{language.either}"

    if "/" in text and "://" not in text:
        text = _STROKE.sub(either, text)
    for verb in language.words("verb_written"):
        for cue in language.patterns.get("verb_left", ()):
            text = cue.regex.sub(rf"\g<left> {verb} ", text)
    return text


@cache
def _shorthand(code: str) -> tuple[Mapping[str, str], re.Pattern[str] | None]:
    """What people write for longer words, and a pattern of it."""
    shorthand: dict[str, str] = (read_file(code) or {}).get("shorthand", {})
    if not shorthand:
        return {}, None
    written = "|".join(re.escape(short) for short in sorted(shorthand, key=len, reverse=True))
    return shorthand, re.compile(rf"(?<![\w'’.-])(?:{written})(?![\w'’-])", re.IGNORECASE)


@cache
def other_forms(code: str) -> Mapping[str, str]:
    """Word to the one that catalogues write for it."""
    forms: dict[str, str] = (read_file(code) or {}).get("forms", {})
    return forms


@cache
def request_words(code: str) -> frozenset[str]:
    """Every word that stands in the file of a language, in whatever list or pattern."""
    found: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, str):
            plain = re.sub(r"\\\\?[a-zA-Z]|\?P<\w+>|\{\w+\}", " ", value)
            for text in (plain.replace("?", ""), re.sub(r"\w\?", "", plain)):  # "colou?r"
                found.update(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.casefold()))
        elif isinstance(value, list):
            for each in value:
                collect(each)
        elif isinstance(value, dict):
            for name, each in value.items():
                collect(name)
                collect(each)

    collect(read_file(code) or {})
    return frozenset(found)


def slips(one: str, other: str, most: int) -> int:
    """How many letters are swapped with their neighbour, left out, added or changed between two words (optimal string
    alignment); ``most + 1`` where it is more than ``most``."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        now = [i]
        for j, another in enumerate(other, 1):
            cost = min(last[j] + 1, now[j - 1] + 1, last[j - 1] + (letter != another))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == another:
                cost = min(cost, before[j - 2] + 1)
            now.append(cost)
        if min(now) > most:
            return most + 1
        before, last = last, now
    return min(last[-1], most + 1)


def is_typing_slip(typed: str, meant: str) -> bool:
    """Whether one slip of the keyboard makes ``typed`` out of ``meant``: not at the first letter, and no ending that is
    left out or added, as "films" and "film" are both words."""
    if typed[:1] != meant[:1] or typed == meant:
        return False
    begin = next((n for n, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), min(len(typed), len(meant)))
    a, b = typed[begin:], meant[begin:]
    if len(typed) == len(meant) and a[2:] == b[2:] and len(a) > 1 and a[0] == b[1] and a[1] == b[0]:
        return True
    if len(typed) < LEAST_LETTERS:
        return False
    if len(typed) == len(meant):
        return a[1:] == b[1:] and len(typed) >= VOWEL_SLIP and _close_keys(a[0], b[0])
    if len(typed) + 1 == len(meant):  # left out
        return bool(a) and b[1:] == a
    if len(typed) == len(meant) + 1:  # doubled, or a neighbouring key pressed with it
        return bool(b) and a[1:] == b and (a[0] == typed[begin - 1] or a[0] == b[0] or _close_keys(a[0], b[0]))
    return False


def _close_keys(one: str, other: str) -> bool:
    if one in _VOWELS and other in _VOWELS:
        return True
    return any(one in row and other in row and abs(row.index(one) - row.index(other)) == 1 for row in _NEIGHBOURS)


class Speller:
    """What a vocabulary's words nearly are."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.language = vocabulary.language
        self._known: dict[str, bool] = {}

    @cached_property
    def requests(self) -> frozenset[str]:
        """Words that requests are made of: the language's, and those of the catalogue's closed sets of values."""
        labels = (part for phrase in self.vocabulary.labels for part in phrase.split())
        return frozenset(word for word in (*request_words(self.language.code), *labels) if word.isalpha())

    @cached_property
    def _requests_near(self) -> Mapping[tuple[str, int], list[str]]:
        return _by_shape(word for word in self.requests if len(word) >= LEAST_LETTERS - 1)

    @cached_property
    def _names_near(self) -> Mapping[tuple[str, int], list[str]]:
        parts = {part for title in self.vocabulary.catalogue.titles for part in title.split()}
        parts.update(part for name in self.vocabulary.people for part in name.split())
        return _by_shape(part for part in parts if len(part) >= LEAST_LETTERS - 1 and part.isalpha())

    @cached_property
    def _titles_near(self) -> Mapping[tuple[str, int], list[str]]:
        return _by_shape(self.vocabulary.catalogue.titles)

    @cached_property
    def _squeezed(self) -> Mapping[str, str]:
        titles = self.vocabulary.catalogue.titles
        found = {title.replace(" ", ""): title.title() for title in titles if 0 < title.count(" ") < LONGEST_NAME}
        for phrase in self.vocabulary.free_phrases:
            if not phrase.isalpha():
                found[re.sub(r"[ -]", "", phrase)] = phrase
        return found

    def knows(self, written: str, folded: str) -> bool:
        """Whether a word is one of the language's, or stands in some record."""
        if len(folded) < LEAST_LETTERS - 1 or not folded.isalpha():
            return True
        if folded not in self._known:
            if len(self._known) > MOST_REMEMBERED:
                self._known.clear()
            ended = (folded.removesuffix(end) for end in _ENDINGS if folded.endswith(end))
            stems = {folded, singular(folded), *(stem for stem in ended if len(stem) >= LEAST_STEM)}
            self._known[folded] = (
                any(stem in self.requests or stem + "e" in self.requests for stem in stems)
                or any(self.vocabulary.mentions(form) for form in (written, folded, folded.capitalize()))
                or self.vocabulary.mentions(singular(folded)) > 0
                or folded in self.vocabulary.people
            )
        return self._known[folded]

    def corrections(self, folded: list[str], unknown: list[int]) -> dict[tuple[int, int], str]:
        """Places of words, from and to before, to what they should be."""
        near = {place: self._near_names(folded[place], 2 if len(folded[place]) >= SQUEEZED else 1) for place in unknown}
        found: dict[tuple[int, int], str] = {}
        taken: set[int] = set()
        for place in unknown:
            if place in taken:
                continue
            span = self._whole(folded, place, near)
            if span is None and (one := self._alone(folded, place, near)) is not None:
                span = (place, place + 1, one)
            if span is not None:
                found[span[0], span[1]] = span[2]
                taken.update(range(span[0], span[1]))
        return found

    def _whole(self, folded: list[str], place: int, near: Mapping[int, set[str]]) -> tuple[int, int, str] | None:
        """The longest title or full name around an unknown word that is one, once its slips are put right."""
        for size in range(min(LONGEST_NAME, len(folded)), 1, -1):
            for start in range(max(0, place - size + 1), min(place, len(folded) - size) + 1):
                forms = [near[n] if n in near else {folded[n]} for n in range(start, start + size)]
                choices = 1
                for form in forms:
                    choices *= len(form)
                if not 0 < choices <= MOST_TRIED or not any(len(folded[n]) > 2 for n in range(start, start + size)):
                    continue
                right = {written for words in product(*forms) if (written := self._named(" ".join(words)))}
                if len(right) == 1:
                    return start, start + size, right.pop()
        return None

    def _named(self, phrase: str) -> str | None:
        """A title or full name as it is written; None when there is none."""
        if phrase in self.vocabulary.people:
            return self.vocabulary.shown_person(phrase)
        key = fold_title(phrase)
        if " " not in key and key != phrase:
            return None  # "the" and a word is that word
        rows = self.vocabulary.catalogue.titles.get(key, ())
        if rows:
            return phrase.title().replace("'S", "'s")
        return None

    def _alone(self, folded: list[str], place: int, near: Mapping[int, set[str]]) -> str | None:
        word = folded[place]
        if len(word) >= SQUEEZED and word in self._squeezed:
            return self._squeezed[word]
        right = {known for known in self._shaped(self._requests_near, word, 1) if is_typing_slip(word, known)}
        if len(word) < LEAST_LETTERS:
            right &= self.language.item_words  # "flim"
        if right:
            return right.pop() if len(right) == 1 else None
        if not self._asks_for_name(folded, place):
            return None
        most = 0 if len(word) < LEAST_LETTERS else 1 if len(word) < TWO_SLIPS else 2
        by_slips: dict[int, list[str]] = defaultdict(list)
        for name in near[place]:
            if self._is_name(name):
                by_slips[slips(word, name, most)].append(name)
        closest = by_slips[min(by_slips)] if by_slips and min(by_slips) <= most else []
        return closest[0].capitalize() if len(closest) == 1 else None

    def lower_name(self, written: str, folded: list[str], place: int) -> str | None:
        """A last name written small, as it should be; None for any other word."""
        word = folded[place]
        known = self.vocabulary.surnames.get(word, ())
        if not known or not written.islower() or word in self.requests or self.vocabulary.mentions(written):
            return None
        if place and f"{folded[place - 1]} {word}" in self.vocabulary.people:
            return None
        joined = place > 1 and folded[place - 1] in self.language.words("conjunction")
        return written.capitalize() if joined or self._asks_for_name(folded, place) else None

    def full_name(self, folded: list[str], place: int) -> str | None:
        """Whom a last name behind a first name that is not quite right means: Stephen King for "by steven king"."""
        names = self.vocabulary.surnames.get(folded[place], ())
        first = folded[place - 1] if place else ""
        if len(first) < LEAST_LETTERS - 1 or not names or f"{first} {folded[place]}" in self.vocabulary.people:
            return None
        if not self._asks_for_name(folded, place - 1):
            return None
        near = [name for name in names if (given := name.split()[0])[:1] == first[:1] and slips(first, given, 2) <= 2]
        return self.vocabulary.shown_person(near[0]) if len(near) == 1 else None

    def _is_name(self, word: str) -> bool:
        """Whether a word by itself is a title, or the last name of people of several items."""
        items = sum(self.vocabulary.items_with_person(name) for name in self.vocabulary.surnames.get(word, ()))
        return items >= LEAST_ITEMS or word in self.vocabulary.catalogue.titles

    def _asks_for_name(self, folded: list[str], place: int) -> bool:
        """Whether the words around a word say that a name or title stands there."""
        if len(folded) <= ALONE:
            return True
        before = self.language.words("before_name")
        if any(" ".join(folded[max(0, place - size) : place]) in before for size in (1, 2) if place >= size):
            return True
        return place + 1 < len(folded) and folded[place + 1] in self.language.item_words

    def _near_names(self, word: str, most: int) -> set[str]:
        # "aliens" is a word by itself, and no slip for "alien"
        return {name for name in self._shaped(self._names_near, word, most) if not _by_ending(word, name)}

    def near_titles(self, wanted: str) -> Iterator[tuple[int, str]]:
        """(slips, title) of titles that are one slip from a folded title, or two from a long one."""
        most = 2 if len(wanted) >= TWO_SLIPS else 1
        for title in self._shaped(self._titles_near, wanted, most):
            yield slips(wanted, title, most), title

    @staticmethod
    def _shaped(table: Mapping[tuple[str, int], list[str]], word: str, most: int) -> set[str]:
        """The words of a table within ``most`` slips, 1 or 2, of a word that begin as it does."""
        # Of most + 1 parts of the word, one is left as it is; a letter at their seams may have been swapped.
        part = max(1, len(word) // (most + 1) - 1)
        head, tail, middle = word[:part], word[-part:], word[part + 1 : len(word) - part - 1]
        lengths = range(len(word) - most, len(word) + most + 1)
        return {
            other
            for length in lengths
            for other in table.get((word[:1], length), ())
            if (other.startswith(head) or other.endswith(tail) or (most > 1 and middle in other))
            and slips(word, other, most) <= most
        }


MOST_REMEMBERED = 10_000
"""Words of which it is remembered whether they are known."""


def _by_ending(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(shorter) and longer[len(shorter) :] in ("s", "es", "ed", "er", "y", "ing")


def _by_shape(words: Iterable[str]) -> Mapping[tuple[str, int], list[str]]:
    """Words by their first letter and how many they have."""
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    for word in words:
        found[word[:1], len(word)].append(word)
    return found
