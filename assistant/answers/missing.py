"""Titles that a question names and the catalogue does not have, and those that it has after all."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from assistant.answers.standing import Standing
from assistant.answers.write import Sentence
from assistant.text import fold, fold_title

MOST_LONGER = 4
"""Letters that a title may have more or less than what is meant for it."""
CLOSE = 0.75
"""How alike a title must be to be meant, as ``difflib`` measures it."""


def named_after_all(standing: Standing) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(ids of items, words): what the message is said not to find, looked up once more, so that nothing that is in the
    catalogue is denied; the words are those that are in no title and no name."""
    catalogue, vocabulary = standing.writer.serving.catalogue, standing.writer.serving.vocabulary
    there: list[str] = []
    missing: list[str] = []
    for words in standing.said.unknown:
        rows = catalogue.titles.get(fold_title(words)) or vocabulary.begun_title(fold_title(words))
        if rows:
            there += [catalogue.ids[row] for row in rows]
        elif fold(words) not in vocabulary.people and fold_title(words):
            missing.append(words)
    return tuple(there), tuple(missing)


def catalogue_title(words: str, standing: Standing) -> str | None:
    """The folded title that words come close to; None where none does."""
    catalogue = standing.writer.serving.catalogue
    if (near := standing.writer.serving.vocabulary.nearest_title(words)) is not None:
        return near
    wanted = fold_title(words)
    alike = [
        title for title in catalogue.titles if title[:1] == wanted[:1] and abs(len(title) - len(wanted)) <= MOST_LONGER
    ]
    return next(iter(difflib.get_close_matches(wanted, alike, n=1, cutoff=CLOSE)), None)


def not_there(standing: Standing, missing: tuple[str, ...]) -> Iterator[Sentence]:
    """That the catalogue does not have a title, and the closest that it has."""
    writer, catalogue = standing.writer, standing.writer.serving.catalogue
    for words in missing:
        quoted = writer.said_by_user(words)
        if quoted is None:
            continue
        yield Sentence(name="missing", values={"quoted": quoted}, quotes=True)
        if (close := catalogue_title(words, standing)) is not None:
            item_id = catalogue.ids[catalogue.titles[close][0]]
            yield Sentence(name="meant", item_id=item_id, values={"title": writer.title(item_id)})
