"""What is read off the items of a catalogue once, when they change: columns, titles, features, words, the lexicon.

Reading it off 32,560 films takes some seconds; ``derived_files`` keeps it beside the store, so that a process starts in a
moment. Whatever is here follows from the items and from this code alone: it can be thrown away at any time.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, overload

import numpy as np
import orjson
from numpy.typing import NDArray

from assistant.faithfulness.lexicon import Lexicon
from assistant.records import item_from_record
from assistant.scoring.base import LabelRows
from assistant.text import fold, fold_title, is_unspaced
from assistant.types import Value, is_translation

Rows = NDArray[np.int64]
Record = Mapping[str, Any]
"""An item as ``item_to_record`` writes it, parsed."""

_WORD = re.compile(r"\w+")


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
        wanted = _hash(word)
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


def derive(
    items: Iterable[tuple[int, str, bytes]],
    vectors: NDArray[np.float32],
    passages: tuple[Rows, NDArray[np.float16]] | None = None,
) -> Tables:
    """The tables of ``items`` as ``Store.items`` gives them, ``vectors`` (n_items, dim) and ``passages`` (as
    ``Store.passages`` gives them, None for none) in the same order."""
    reader = _Reader()
    lexicon = Lexicon.from_records(reader.read(items))
    count = len(reader.ids)
    if passages is None:
        passages = np.zeros(count + 1, np.int64), np.zeros((0, max(vectors.shape[1], 1)), np.float16)
    return Tables(
        vectors=vectors,
        passages=passages,
        ids=reader.ids,
        table_rows=np.array(reader.table_rows, np.int64),
        records=Records(
            np.frombuffer(b"".join(reader.records), np.uint8),
            np.cumsum([0, *map(len, reader.records)], dtype=np.int64),
        ),
        titles=reader.titles,
        other_titles=reader.other_titles,
        title_rows={title: tuple(rows) for title, rows in sorted(reader.title_rows.items())},
        labels={slot: collected.column() for slot, collected in reader.labels.items()},
        numbers={slot: _filled(rows, values, count) for slot, (rows, values) in reader.numbers.items()},
        roles=frozenset(reader.roles),
        attribute_names=frozenset(reader.attribute_names),
        text_lengths=np.array(reader.text_lengths, np.float32),
        categories=reader.categories.rows(),
        people=reader.people.rows(),
        tags=reader.tags.rows(),
        words=_word_index(reader.words),
        lexicon=lexicon,
    )


def slot_values(record: Record) -> Iterator[tuple[str, Value]]:
    """(slot, value) of everything of a record that constraints can be about, people by role."""
    for name in ("categories", "tags", "year", "price", "in_stock"):
        value = record.get(name)
        if value is not None and value != []:
            yield name, tuple(value) if isinstance(value, list) else value
    people: dict[str, tuple[str, ...]] = {}
    for person in record.get("creators") or ():
        role = person.get("role") or "creators"
        people[role] = (*people.get(role, ()), person["name"])
    yield from people.items()
    attributes = record.get("attributes") or {}
    known = {"title", "description", "categories", "tags", *people, *attributes}
    for name, value in attributes.items():
        if is_translation(name, known):
            continue  # said in replies, not a property of its own
        yield name, tuple(value) if isinstance(value, list) else value


def texts_of(record: Record) -> Iterator[str]:
    """Everything of a record that is written in words: title, description, names, labels, attributes."""
    yield record["title"]
    yield record.get("description") or ""
    yield from (person["name"] for person in record.get("creators") or ())
    for value in (record.get("categories"), record.get("tags"), *(record.get("attributes") or {}).values()):
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from value


def mentions(tables: Tables, text: str) -> int:
    """How many items hold ``text``, as it is written and in whole words, anywhere in their text, names or labels.

    In a script that puts no space between words, how many hold its characters.
    """
    wanted = _WORD.findall(text)
    if not wanted or is_unspaced(text):
        sought = orjson.dumps(text)[1:-1]
        return sum(sought in record for record in tables.records)
    found = [tables.words.rows_with(word) for word in dict.fromkeys(wanted)]
    rows = min(found, key=len)
    for others in found:
        rows = rows[np.isin(rows, others, assume_unique=True)] if others is not rows else rows
    if wanted == [text]:
        return len(rows)
    return sum(any(text in each for each in texts_of(tables.records.parsed(row))) for row in rows.tolist())


# collecting


class _Reader:
    """Reads records one by one and keeps what the tables are made of."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.table_rows: list[int] = []
        self.records: list[bytes] = []
        self.titles: list[str] = []
        self.other_titles: dict[int, tuple[str, ...]] = {}
        self.title_rows: dict[str, list[int]] = {}
        self.labels: dict[str, _Column] = {}
        self.numbers: dict[str, tuple[array[int], array[float]]] = {}
        self.roles: set[str] = set()
        self.attribute_names: set[str] = set()
        self.text_lengths: list[int] = []
        self.categories, self.people, self.tags, self.words = _Lists(), _Lists(), _Lists(), _Lists()
        self._folded: dict[str, str] = {}

    def read(self, items: Iterable[tuple[int, str, bytes]]) -> Iterator[Mapping[str, Value]]:
        """Reads the items, and yields of each what the lexicon learns from."""
        for row, (number, item_id, raw) in enumerate(items):
            record: Record = orjson.loads(raw)
            self.ids.append(item_id)
            self.table_rows.append(number)
            self.records.append(raw)
            self.text_lengths.append(len(record.get("description") or ""))
            self.attribute_names.update(record.get("attributes") or ())
            self._titles(row, record)
            self._columns(row, record)
            people = [person["name"] for person in record.get("creators") or ()]
            self.roles.update(person.get("role") or "creators" for person in record.get("creators") or ())
            self.people.add(map(self._fold, people))
            self.categories.add(map(self._fold, record.get("categories") or ()))
            self.tags.add(map(self._fold, record.get("tags") or ()))
            self.words.add(dict.fromkeys(word for text in texts_of(record) for word in _WORD.findall(text)))
            yield item_from_record(record).slots()

    def _fold(self, text: str) -> str:
        folded = self._folded.get(text)
        if folded is None:
            folded = self._folded[text] = fold(text)
        return folded

    def _titles(self, row: int, record: Record) -> None:
        title = str(record["title"])
        others = [
            value
            for name, value in (record.get("attributes") or {}).items()
            if isinstance(value, str) and (name == "original_title" or is_translation(name, ("title",)))
        ]
        every = tuple(dict.fromkeys([title, *others]))
        self.titles.append(title)
        if len(every) > 1:
            self.other_titles[row] = every[1:]
        for each in every:
            if (folded := fold_title(each)) and row not in self.title_rows.setdefault(folded, []):
                self.title_rows[folded].append(row)

    def _columns(self, row: int, record: Record) -> None:
        for slot, value in slot_values(record):
            if isinstance(value, bool):
                value = "yes" if value else "no"
            if isinstance(value, (int, float)):
                rows, values = self.numbers.setdefault(slot, (array("q"), array("d")))
                rows.append(row)
                values.append(value)
                continue
            written: dict[str, str] = {}
            for word in (value,) if isinstance(value, str) else value:
                written.setdefault(self._fold(word), word)
            self.labels.setdefault(slot, _Column()).add(row, written)


class _Column:
    """The values of a slot."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}
        self._place: dict[str, int] = {}
        self._values, self._rows = array("q"), array("q")

    def add(self, row: int, values: Mapping[str, str]) -> None:
        """``values`` of a row: folded, each with how it is written."""
        for folded, written in values.items():
            self._shown.setdefault(folded, written)
            self._values.append(self._place.setdefault(folded, len(self._place)))
            self._rows.append(row)

    def column(self) -> LabelColumn:
        values, rows = np.array(self._values, np.int64), np.array(self._rows, np.int64)
        order = np.argsort(values, kind="stable")
        return LabelColumn(Postings(self._place, _offsets(values, len(self._place)), rows[order]), self._shown)


class _Lists:
    """The values of every row, in order."""

    def __init__(self) -> None:
        self.place: dict[str, int] = {}
        self.ids = array("i")
        self._ends = array("q", [0])

    def add(self, values: Iterable[str]) -> None:
        """Those of the next row."""
        self.ids.extend(self.place.setdefault(value, len(self.place)) for value in values)
        self._ends.append(len(self.ids))

    def rows(self) -> LabelRows:
        return LabelRows(list(self.place), np.array(self.ids, np.int32), self.offsets())

    def offsets(self) -> Rows:
        return np.array(self._ends, np.int64)


def _word_index(words: _Lists) -> WordIndex:
    hashes = np.fromiter((_hash(word) for word in words.place), np.uint64, len(words.place))
    order = np.argsort(hashes)
    new = np.empty(len(order), np.int32)
    new[order] = np.arange(len(order), dtype=np.int32)
    ids = new[np.array(words.ids, np.int32)]
    rows = np.repeat(np.arange(len(words.offsets()) - 1, dtype=np.int32), np.diff(words.offsets()))
    return WordIndex(hashes=hashes[order], offsets=_offsets(ids, len(order)), rows=rows[np.argsort(ids, kind="stable")])


def _hash(word: str) -> np.uint64:
    """The same in every process."""
    return np.uint64(int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little"))


def _offsets(ids: NDArray[Any], count: int) -> Rows:
    """(count + 1,) where the entries of each of ``count`` ids begin once they are sorted by id."""
    return np.concatenate(([0], np.cumsum(np.bincount(ids, minlength=count)))).astype(np.int64)


def _filled(rows: Sequence[int], values: Sequence[float], count: int) -> NDArray[np.float64]:
    column = np.full(count, np.nan)
    column[np.array(rows, np.int64)] = np.array(values, np.float64)
    return column
