"""What is derived from the items of a catalogue: columns, titles, features, words, the lexicon. See ``deriving``.

Whatever is here follows from the items and from this code alone: it can be thrown away at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, overload

import numpy as np
import orjson
from numpy.typing import NDArray

from assistant.faithfulness.lexicon import Lexicon
from assistant.scoring.base import LabelRows

Rows = NDArray[np.int64]
Record = Mapping[str, Any]
"""An item as ``item_to_record`` writes it, parsed."""


class Records(Sequence[bytes]):
    """The items as they are stored, one behind the other."""

    def __init__(self, blob: NDArray[np.uint8], offsets: Rows) -> None:
        """Item ``row`` is ``blob[offsets[row]:offsets[row + 1]]``."""
        self.blob, self.offsets = blob, offsets

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, row: int) -> bytes: ...
    @overload
    def __getitem__(self, row: slice) -> list[bytes]: ...
    def __getitem__(self, row: int | slice) -> bytes | list[bytes]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        return self.blob[self.offsets[row] : self.offsets[row + 1]].tobytes()

    def parsed(self, row: int) -> Record:
        """The record of a row."""
        record: Record = orjson.loads(self[row])
        return record


class Postings(Mapping[str, Rows]):
    """Value to the rows that have it, ascending."""

    def __init__(self, values: Iterable[str], offsets: Rows, rows: Rows) -> None:
        """The rows of the value at place ``n`` are ``rows[offsets[n]:offsets[n + 1]]``."""
        self.offsets, self.rows = offsets, rows
        self._place = {value: place for place, value in enumerate(values)}
        self._bounds: list[int] = offsets.tolist()

    def __getitem__(self, value: str) -> Rows:
        place = self._place[value]
        return self.rows[self._bounds[place] : self._bounds[place + 1]]

    def __contains__(self, value: object) -> bool:
        return value in self._place

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)


@dataclass(frozen=True)
class LabelColumn:
    """A slot whose values are words: which rows have which."""

    rows: Mapping[str, Rows]
    """Folded value to the rows that have it, ascending."""
    display: Mapping[str, str]
    """Folded value to how it was written first."""


@dataclass(frozen=True, kw_only=True)
class WordIndex:
    """Which rows hold a word exactly as it is written, anywhere in their text, names or labels."""

    hashes: NDArray[np.uint64]
    """(n_words,) of each word, ascending."""
    offsets: Rows
    """(n_words + 1,)"""
    rows: NDArray[np.int32]
    """The rows of word ``n`` are ``rows[offsets[n]:offsets[n + 1]]``, ascending."""

    def rows_with(self, word: str) -> NDArray[np.int32]:
        """Ascending; empty where no item has it."""
        wanted = word_hash(word)
        place = int(np.searchsorted(self.hashes, wanted))
        if place == len(self.hashes) or self.hashes[place] != wanted:
            return self.rows[:0]
        return self.rows[self.offsets[place] : self.offsets[place + 1]]


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Everything that is derived, by row: the place of an item in ``ids``."""

    vectors: NDArray[np.float32]
    """(n_items, dim), rows L2-normalised or zero."""
    passages: tuple[Rows, NDArray[np.float16]]
    """As ``Store.passages`` gives them."""
    ids: list[str]
    table_rows: Rows
    """(n_items,) row numbers of the store's table, ascending."""
    records: Records
    titles: list[str]
    other_titles: Mapping[int, tuple[str, ...]]
    """The original title and those in other languages of the rows that have any."""
    title_rows: Mapping[str, tuple[int, ...]]
    """Folded title, the other ones included, to its rows; in the order of the titles."""
    labels: Mapping[str, LabelColumn]
    numbers: Mapping[str, NDArray[np.float64]]
    """(n_items,) per numeric slot, NaN where unknown."""
    roles: frozenset[str]
    """Slots that hold people."""
    attribute_names: frozenset[str]
    """Of every attribute of any item, translations included."""
    text_lengths: NDArray[np.float32]
    """(n_items,) characters of the description."""
    categories: LabelRows
    people: LabelRows
    tags: LabelRows
    words: WordIndex
    lexicon: Lexicon

    def parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """(a JSON document, named arrays) that ``of_parts`` makes the same tables from."""
        postings = {slot: column.rows for slot, column in self.labels.items()}
        assert all(isinstance(rows, Postings) for rows in postings.values())
        features = {"categories": self.categories, "people": self.people, "tags": self.tags}
        document: dict[str, Any] = {
            "ids": self.ids,
            "titles": self.titles,
            "other_titles": [[row, *titles] for row, titles in self.other_titles.items()],
            "title_rows": [list(self.title_rows), list(self.title_rows.values())],
            "labels": {
                slot: [list(column.rows), [column.display[value] for value in column.rows]]
                for slot, column in self.labels.items()
            },
            "numbers": list(self.numbers),
            "roles": sorted(self.roles),
            "attribute_names": sorted(self.attribute_names),
            "features": {name: rows.values for name, rows in features.items()},
            "lexicon": self.lexicon.document(),
        }
        arrays: dict[str, NDArray[Any]] = {
            "vectors": self.vectors,
            "passage_offsets": self.passages[0],
            "passages": self.passages[1],
            "table_rows": self.table_rows,
            "records": self.records.blob,
            "record_offsets": self.records.offsets,
            "text_lengths": self.text_lengths,
            "word_hashes": self.words.hashes,
            "word_offsets": self.words.offsets,
            "word_rows": self.words.rows,
            **{f"number {place}": column for place, column in enumerate(self.numbers.values())},
        }
        for place, rows in enumerate(postings.values()):
            assert isinstance(rows, Postings)
            arrays |= {f"label {place} offsets": rows.offsets, f"label {place} rows": rows.rows}
        for name, labels in features.items():
            arrays |= {f"{name} ids": labels.ids, f"{name} offsets": labels.offsets}
        return document, arrays

    @classmethod
    def of_parts(cls, document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Tables:
        """The inverse of ``parts``. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for parts of something else."""
        labels = {}
        for place, (slot, (values, shown)) in enumerate(document["labels"].items()):
            rows = Postings(values, arrays[f"label {place} offsets"], arrays[f"label {place} rows"])
            labels[slot] = LabelColumn(rows, dict(zip(values, shown, strict=True)))
        features = {
            name: LabelRows(values, arrays[f"{name} ids"], arrays[f"{name} offsets"])
            for name, values in document["features"].items()
        }
        titles, rows_of_titles = document["title_rows"]
        return cls(
            vectors=arrays["vectors"],
            passages=(arrays["passage_offsets"], arrays["passages"]),
            ids=document["ids"],
            table_rows=arrays["table_rows"],
            records=Records(arrays["records"], arrays["record_offsets"]),
            titles=document["titles"],
            other_titles={row: tuple(others) for row, *others in document["other_titles"]},
            title_rows=dict(zip(titles, map(tuple, rows_of_titles), strict=True)),
            labels=labels,
            numbers={slot: arrays[f"number {place}"] for place, slot in enumerate(document["numbers"])},
            roles=frozenset(document["roles"]),
            attribute_names=frozenset(document["attribute_names"]),
            text_lengths=arrays["text_lengths"],
            words=WordIndex(hashes=arrays["word_hashes"], offsets=arrays["word_offsets"], rows=arrays["word_rows"]),
            lexicon=Lexicon.from_document(document["lexicon"]),
            **features,
        )


def word_hash(word: str) -> np.uint64:
    """The same in every process."""
    return np.uint64(int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little"))
