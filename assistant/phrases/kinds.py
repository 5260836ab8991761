"""Genres as English noun phrases: ``Science fiction`` and ``Comedy`` make "science fiction comedy"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.phrases.labels import clean_label, written
from assistant.text import fold
from assistant.types import Value


@dataclass(frozen=True, slots=True)
class Genre:
    """How a genre takes part in a noun phrase."""

    before: str
    """As a modifier: ``science fiction`` as in "science fiction comedy"."""
    noun: str | None
    """As the noun: ``comedy``; None where it needs the catalogue's own noun ("horror film")."""
    plural: str | None
    """What someone who likes the genre likes: ``comedies``; None where ``before`` and the noun's plural do."""
    place: int
    """Modifiers stand in this order; of several nouns the one with the highest place is the head."""


_TABLE: tuple[tuple[str, Genre], ...] = (
    ("animation, animated", Genre("animated", None, None, 1)),
    ("anime", Genre("anime", None, None, 1)),
    ("silent", Genre("silent", None, None, 0)),
    ("short", Genre("short", None, None, 0)),
    ("independent", Genre("independent", None, None, 0)),
    ("biography, biographical", Genre("biographical", None, None, 2)),
    ("history, historical", Genre("historical", None, None, 2)),
    ("historical fiction", Genre("historical", "historical novel", "historical fiction", 2)),
    ("romance", Genre("romantic", "romance", "romances", 60)),
    ("contemporary romance", Genre("contemporary romance", "contemporary romance", "contemporary romances", 61)),
    ("paranormal romance", Genre("paranormal romance", "paranormal romance", "paranormal romances", 61)),
    ("historical romance", Genre("historical romance", "historical romance", "historical romances", 61)),
    ("family", Genre("family", None, None, 3)),
    ("children, childrens, children's", Genre("children's", None, None, 3)),
    ("young adult", Genre("young adult", None, None, 3)),
    ("teen", Genre("teen", None, None, 3)),
    ("music", Genre("music", None, None, 4)),
    ("dance", Genre("dance", None, None, 4)),
    ("sport, sports", Genre("sports", None, None, 4)),
    ("political", Genre("political", None, None, 4)),
    ("legal", Genre("legal", None, None, 4)),
    ("war", Genre("war", None, None, 5)),
    ("crime", Genre("crime", None, None, 6)),
    ("spy", Genre("spy", None, None, 6)),
    ("superhero", Genre("superhero", None, None, 6)),
    ("disaster", Genre("disaster", None, None, 6)),
    ("martial arts", Genre("martial arts", None, None, 6)),
    ("supernatural", Genre("supernatural", None, None, 6)),
    ("paranormal", Genre("paranormal", None, None, 6)),
    ("erotic", Genre("erotic", None, None, 6)),
    ("dystopian", Genre("dystopian", None, None, 6)),
    ("post-apocalyptic", Genre("post-apocalyptic", None, None, 6)),
    ("fantasy", Genre("fantasy", None, "fantasy", 7)),
    ("urban fantasy", Genre("urban fantasy", None, "urban fantasy", 7)),
    ("high fantasy", Genre("high fantasy", None, "high fantasy", 7)),
    ("epic fantasy", Genre("epic fantasy", None, "epic fantasy", 7)),
    ("science fiction, sci fi, sci-fi, scifi", Genre("science fiction", None, "science fiction", 8)),
    ("horror", Genre("horror", None, "horror", 9)),
    ("slasher", Genre("slasher", None, None, 9)),
    ("noir, film noir, film-noir", Genre("noir", None, None, 9)),
    ("action", Genre("action", None, None, 10)),
    ("musical", Genre("musical", "musical", "musicals", 80)),
    ("western", Genre("western", "western", "westerns", 82)),
    ("satire", Genre("satirical", "satire", "satires", 65)),
    ("comedy", Genre("comedy", "comedy", "comedies", 75)),
    ("thriller", Genre("thriller", "thriller", "thrillers", 72)),
    ("mystery", Genre("mystery", "mystery", "mysteries", 70)),
    ("adventure", Genre("adventure", "adventure", "adventures", 58)),
    ("drama", Genre("dramatic", "drama", "dramas", 55)),
    ("documentary", Genre("documentary", "documentary", "documentaries", 90)),
    ("memoir", Genre("memoir", "memoir", "memoirs", 90)),
    ("autobiography", Genre("autobiographical", "autobiography", "autobiographies", 90)),
    ("graphic novel, graphic novels", Genre("graphic", "graphic novel", "graphic novels", 88)),
    ("true crime", Genre("true crime", None, "true crime", 6)),
)  # fmt: skip
_GENRES: Mapping[str, Genre] = {name: genre for names, genre in _TABLE for name in names.split(", ")}
_NOUNS = {
    "film": "films",
    "read": "reads",
    "book": "books",
    "album": "albums",
    "game": "games",
    "show": "shows",
    "novel": "novels",
}
_READERS = frozenset({"children's", "young adult", "teen", "family"})
_FILM = frozenset({"director", "cast", "runtime"})
_BOOK = frozenset({"author", "authors", "pages", "num_pages", "page_count", "isbn", "isbn10", "isbn13"})
_ALBUM = frozenset({"artist", "artists", "tracks"})
_UNPAIRED = frozenset(
    map(
        frozenset,
        (
            ("drama", "thriller"), ("drama", "western"), ("drama", "documentary"), ("romance", "documentary"),
            ("drama", "mystery"), ("drama", "musical"), ("drama", "adventure"), ("comedy", "adventure"),
            ("mystery", "thriller"), ("documentary", "musical"), ("adventure", "thriller"), ("music", "horror"), ("music", "science fiction"),
            ("music", "fantasy"), ("sport", "horror"), ("family", "horror"), ("romance", "western"),
        ),
    )
)  # fmt: skip
"""Two nouns that read badly together: only the stronger is said."""

_SPECIAL: Mapping[frozenset[str], str] = {
    frozenset({"comedy", "drama"}): "comedy-drama", frozenset({"romance", "drama"}): "romantic drama",
    frozenset({"comedy", "thriller"}): "comedy thriller", frozenset({"comedy", "mystery"}): "comedy mystery",
    frozenset({"comedy", "musical"}): "musical comedy", frozenset({"romance", "adventure"}): "romantic adventure",
}  # fmt: skip
"""Pairs whose wording the order of places would get wrong."""


def genre_of(label: str) -> Genre | None:
    """What is known of a genre, whatever its case."""
    return _GENRES.get(fold(label).replace("_", " "))


def noun_of(record: Mapping[str, Value]) -> str | None:
    """``film``, ``read`` (a book) or ``album`` where the record's slots tell, else None."""
    slots = record.keys()
    for noun, telling in (("film", _FILM), ("read", _BOOK), ("album", _ALBUM)):
        if telling & slots:
            return noun
    return None


def plural_noun(noun: str | None) -> str:
    """The catalogue's noun in the plural; ``ones`` where there is none."""
    return "ones" if noun is None else _NOUNS.get(noun, f"{noun}s")


def combine(labels: Sequence[str], noun: str | None) -> tuple[str, tuple[str, ...]] | None:
    """(noun phrase without article, the labels it says) of at most two genres; None when no phrase can be made.

    The first label is always said.
    """
    known = [(label, genre) for label in labels if (genre := genre_of(label)) is not None]
    if not known or not same_first(labels, known[0][0]):
        lone = clean_label(labels[0]) if labels else None
        if lone is None or noun is None or len(lone.split()) > 2 or not lone.isascii():
            return None
        return f"{written(lone)} {noun}", (labels[0],)
    (label, genre), rest = known[0], known[1:]
    for other, partner in rest:
        if (phrase := _pair((label, genre), (other, partner), noun)) is not None:
            return phrase, (label, other)
    if genre.noun is not None:
        return genre.noun, (label,)
    return (f"{genre.before} {noun}", (label,)) if noun is not None else None


def same_first(labels: Sequence[str], label: str) -> bool:
    """Whether ``label`` is the first of ``labels``."""
    return bool(labels) and labels[0] == label


def _pair(first: tuple[str, Genre], second: tuple[str, Genre], noun: str | None) -> str | None:
    names = frozenset({fold(first[0]), fold(second[0])})
    if names in _UNPAIRED:
        return None
    if special := _SPECIAL.get(frozenset(names)):
        return special
    low, high = sorted((first[1], second[1]), key=lambda genre: genre.place)
    if set(fold(first[0]).split()) & set(fold(second[0]).split()) or {first[1].before, second[1].before} <= _READERS:
        return None  # "romance" beside "contemporary romance"
    if low.before == high.before or low.before in (high.noun or ""):
        return None
    if high.noun is not None:
        return None if low.noun is not None and low.before == "dramatic" else f"{low.before} {high.noun}"
    if noun is None:
        return None
    return f"{low.before} {high.before} {noun}"


def liked_kind(label: str, noun: str | None) -> str | None:
    """What one likes who likes a genre: ``comedies``, ``science fiction``, ``war films``."""
    genre = genre_of(label)
    if genre is None:
        lone = clean_label(label)
        return f"{written(lone)} {plural_noun(noun)}" if lone is not None and noun is not None else None
    if genre.plural is not None:
        return genre.plural
    return f"{genre.before} {plural_noun(noun)}" if noun is not None else None
