"""Reads off the items of a catalogue once, when they change, what a process needs of them at every start.

Of 32,560 films it takes some seconds; ``derived_files`` keeps what it makes.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from assistant.derived import LabelColumn, Postings, Record, Records, Rows, Tables, WordIndex, word_hash
from assistant.faithfulness.lexicon import Lexicon
from assistant.records import item_from_record
from assistant.scoring.base import LabelRows
from assistant.text import fold, fold_title, is_unspaced
from assistant.types import Value, is_translation

_WORD = re.compile(r"\w+")


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
    hashes = np.fromiter((word_hash(word) for word in words.place), np.uint64, len(words.place))
    order = np.argsort(hashes)
    new = np.empty(len(order), np.int32)
    new[order] = np.arange(len(order), dtype=np.int32)
    ids = new[np.array(words.ids, np.int32)]
    rows = np.repeat(np.arange(len(words.offsets()) - 1, dtype=np.int32), np.diff(words.offsets()))
    return WordIndex(hashes=hashes[order], offsets=_offsets(ids, len(order)), rows=rows[np.argsort(ids, kind="stable")])


def _offsets(ids: NDArray[Any], count: int) -> Rows:
    """(count + 1,) where the entries of each of ``count`` ids begin once they are sorted by id."""
    return np.concatenate(([0], np.cumsum(np.bincount(ids, minlength=count)))).astype(np.int64)


def _filled(rows: Sequence[int], values: Sequence[float], count: int) -> NDArray[np.float64]:
    column = np.full(count, np.nan)
    column[np.array(rows, np.int64)] = np.array(values, np.float64)
    return column
