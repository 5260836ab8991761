"""The turns of ReDial, its items joined to a catalogue of films, and the division of its dialogues."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.catalogue import Catalogue
from assistant.text import fold_title
from evals.errors import EvaluationError

Split = Literal["dev", "test"]
Row = TypeVar("Row", bound=BaseModel)
_QUALIFIER = re.compile(r"(.*\S)\s*\(([^()]*(?:film|movie|series|video|short|franchise|\d{4})[^()]*)\)")
_YEAR = re.compile(r"\b(?:1[89]|20)\d{2}\b")


class ItemRow(BaseModel):
    """A line of ``items.jsonl.gz``."""

    model_config = ConfigDict(extra="ignore")
    item_id: int
    title: str


class TurnRow(BaseModel):
    """A line of ``test.jsonl.gz``."""

    model_config = ConfigDict(extra="ignore")
    dialogue: str = Field(alias="dialog_id")
    context: tuple[str, ...]
    rec: tuple[int, ...]
    prev_entity: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What was said before a human recommended ``targets``. Items are numbers of the data set."""

    dialogue: str
    context: tuple[str, ...]
    """The utterances so far."""
    mentioned: tuple[int, ...]
    """Everything mentioned so far, genres and people among it."""
    targets: tuple[int, ...]
    """What is recommended next and was not mentioned before."""


@dataclass(frozen=True, kw_only=True)
class Redial:
    """The data set over one catalogue. A place is a position among the candidates."""

    titles: Mapping[int, str]
    turns: tuple[Turn, ...]
    place: Mapping[int, int]
    """Item to its place, for the items that the catalogue has."""
    rows: NDArray[np.int64]
    """(n_candidates,) catalogue row of each candidate."""

    def of(self, split: Split) -> list[Turn]:
        """The turns of a split."""
        return [turn for turn in self.turns if split_of(turn.dialogue) == split]


def split_of(dialogue: str) -> Split:
    """By the first byte of the SHA-256 of the dialogue's id: even is development, odd is test."""
    return "dev" if hashlib.sha256(dialogue.encode()).digest()[0] % 2 == 0 else "test"


def read_redial(folder: Path, catalogue: Catalogue) -> Redial:
    """The data set in ``folder``. Raises ``EvaluationError`` where it is not there, or nothing of it is in the catalogue."""
    titles = {row.item_id: row.title for row in _rows(folder / "items.jsonl.gz", ItemRow)}
    turns = []
    for row in _rows(folder / "test.jsonl.gz", TurnRow):
        targets = tuple(item for item in dict.fromkeys(row.rec) if item not in row.prev_entity)
        if targets:
            turns.append(
                Turn(
                    dialogue=row.dialogue,
                    context=tuple(text for text in row.context if text),
                    mentioned=tuple(dict.fromkeys(row.prev_entity)),
                    targets=targets,
                )
            )
    joined = {item: at for item, title in titles.items() if (at := joined_row(title, catalogue)) is not None}
    if not joined:
        raise EvaluationError(
            "None of the films of ReDial is in the catalogue by title. Give a data folder with an index of films: "
            "assistant index FILE --data DIR"
        )
    return Redial(
        titles=titles,
        turns=tuple(turns),
        place={item: place for place, item in enumerate(joined)},
        rows=np.array(list(joined.values()), dtype=np.int64),
    )


def joined_row(title: str, catalogue: Catalogue) -> int | None:
    """The catalogue row of a title such as ``It (2017 film)``.

    A year in it has to be the film's, give or take one. Without a year, a film whose id is the title itself comes before
    others of the name, and then the newest.
    """
    name = unquote(title)
    found = _QUALIFIER.fullmatch(name)
    year = None
    if found is not None:
        name = found[1]
        if (digits := _YEAR.search(found[2])) is not None:
            year = int(digits[0])
    rows = catalogue.titles.get(fold_title(name), ())
    if year is not None:
        near = [(abs(known - year), row) for row in rows if (known := catalogue.year(row)) is not None]
        distance, row = min(near, default=(2, -1))
        return row if distance <= 1 else None
    page = unquote(title).replace(" ", "_")
    return max(rows, key=lambda row: (catalogue.ids[row] == page, catalogue.year(row) or 0, row), default=None)


def _rows(file: Path, model: type[Row]) -> Iterator[Row]:
    if not file.is_file():
        raise EvaluationError(
            f"There is no {file.name!r} in {str(file.parent)!r}. Give the folder of ReDial with items.jsonl.gz and test.jsonl.gz."
        )
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield model.model_validate(json.loads(line))
            except (json.JSONDecodeError, ValidationError) as error:
                raise EvaluationError(f"{file.name}:{number} cannot be read: {error}") from error


def mentions(turns: Sequence[Turn], place: Mapping[int, int]) -> dict[str, list[int]]:
    """Dialogue to the places of everything mentioned or recommended in it, in their order."""
    found: dict[str, dict[int, None]] = {}
    for turn in turns:
        here = found.setdefault(turn.dialogue, {})
        for item in (*turn.mentioned, *turn.targets):
            if item in place:
                here[place[item]] = None
    return {dialogue: list(places) for dialogue, places in found.items()}
