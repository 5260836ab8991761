"""The catalogue in memory: columns that constraints, retrieval and scoring read.

Loaded from the store at open and again when its version changes. A row here is a position in ``ids``; it is not the
row number of the store's table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import orjson
from numpy.typing import NDArray

from assistant.records import item_from_record
from assistant.scoring.base import ItemFeatures
from assistant.store import Store
from assistant.text import fold, fold_title
from assistant.types import Constraint, Item, Value, is_translation

if TYPE_CHECKING:
    from assistant.alignment import WordAligner
    from assistant.unspaced.gazetteer import Gazetteer

Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class LabelColumn:
    """A slot whose values are words: which rows have which."""

    rows: Mapping[str, Rows]
    """Folded value to the rows that have it, ascending."""
    display: Mapping[str, str]
    """Folded value to how it is most often written."""


class Catalogue:
    """Items by row, with an index per slot."""

    def __init__(
        self,
        version: int,
        items: Iterable[tuple[int, str, bytes]],
        vectors: NDArray[np.float32],
        passages: tuple[NDArray[np.int64], NDArray[np.float16]] | None = None,
    ) -> None:
        """``items`` as ``Store.items`` gives them, ``vectors`` (n_items, dim) and ``passages`` (as ``Store.passages``
        gives them) in the same order."""
        self.version = version
        self.vectors = vectors
        self._passages = passages
        self.word_counts: dict[tuple[str, int], int] = {}
        """What retrieval was told of (word, limit): in how many items it occurs, at most the limit."""
        self.gazetteers: dict[str, Gazetteer] = {}
        """By language; made by understanding when it is needed first."""
        self.aligner: WordAligner | None = None
        """Made by retrieval when it is needed first."""
        table = list(items)
        self.ids: list[str] = [item_id for _, item_id, _ in table]
        self.row_of: dict[str, int] = {item_id: row for row, item_id in enumerate(self.ids)}
        self._numbers = np.array([number for number, _, _ in table], dtype=np.int64)  # ascending
        self._records = [record for _, _, record in table]
        self._items: dict[int, Item] = {}
        self._parsed = [orjson.loads(record) for record in self._records]

    @classmethod
    def load(cls, store: Store) -> Catalogue:
        """The catalogue that the store holds now."""
        dim = int(store.meta("embedder_dim") or 0)
        embedder = store.meta("embedder") or ""
        while True:
            version = store.catalogue_version()
            catalogue = cls(version, store.items(), store.vectors(embedder, dim), store.passages(embedder, dim))
            if store.catalogue_version() == version:  # nothing was indexed between the two reads
                return catalogue

    def __len__(self) -> int:
        return len(self.ids)

    def item(self, row: int) -> Item:
        """The item of a row."""
        if row not in self._items:
            self._items[row] = item_from_record(self._parsed[row])
        return self._items[row]

    def rows_of_table(self, numbers: Rows) -> Rows:
        """(n,) rows for row numbers of the store's table; -1 for a number it does not know."""
        if not len(self._numbers):
            return np.full(len(numbers), -1, dtype=np.int64)
        rows = np.searchsorted(self._numbers, numbers).clip(max=len(self._numbers) - 1)
        return np.where(self._numbers[rows] == numbers, rows, -1)

    def rows(self, item_ids: Iterable[str]) -> Rows:
        """Rows of the ids that are in the catalogue, in their order."""
        return np.array([self.row_of[i] for i in item_ids if i in self.row_of], dtype=np.int64)

    def title(self, row: int) -> str:
        return str(self._parsed[row]["title"])

    def all_titles(self, row: int) -> tuple[str, ...]:
        """The title, the original title, and those in other languages (``title_zh``)."""
        record = self._parsed[row]
        others = [
            value
            for name, value in (record.get("attributes") or {}).items()
            if isinstance(value, str) and (name == "original_title" or is_translation(name, ("title",)))
        ]
        return tuple(dict.fromkeys([str(record["title"]), *others]))

    def title_in(self, row: int, language: str) -> str:
        """The title in a language where the record has it; else the title."""
        own = (self._parsed[row].get("attributes") or {}).get(f"title_{language}")
        return own if isinstance(own, str) else self.title(row)

    def year(self, row: int) -> int | None:
        year = self._parsed[row].get("year")
        return None if year is None else int(year)

    def description(self, row: int) -> str:
        return str(self._parsed[row].get("description") or "")

    def mentions(self, text: str) -> int:
        """How many records contain ``text`` exactly as it is written."""
        wanted = text.encode()
        return sum(wanted in record for record in self._records)

    def text_lengths(self) -> NDArray[np.float32]:
        """(n_items,) characters of each item's description."""
        return self._text_lengths

    @cached_property
    def _text_lengths(self) -> NDArray[np.float32]:
        return np.array([len(record.get("description") or "") for record in self._parsed], dtype=np.float32)

    def best_passages(self, query: NDArray[np.float32], rows: Rows) -> NDArray[np.float32]:
        """(n_rows,) inner product of ``query`` (dim,) with the nearest passage of each row; with the item's own vector
        where it has no passage."""
        scores = self.vectors[rows] @ query
        if self._passages is None:
            return scores
        offsets, matrix = self._passages
        sizes = offsets[rows + 1] - offsets[rows]
        having = np.flatnonzero(sizes)
        if len(having):
            sizes = sizes[having]
            starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
            within = np.arange(sizes.sum()) - np.repeat(starts, sizes)
            chosen = np.repeat(offsets[rows[having]], sizes) + within
            scores[having] = np.maximum.reduceat(matrix[chosen].astype(np.float32) @ query, starts)
        return scores

    # columns

    def _values(self, record: Mapping[str, object]) -> Iterable[tuple[str, Value]]:
        """(slot, value) of everything that constraints can be about."""
        for name in ("categories", "tags", "year", "price", "in_stock"):
            value = record.get(name)
            if value is not None and value != []:
                yield name, tuple(value) if isinstance(value, list) else value  # type: ignore[misc]
        people: dict[str, tuple[str, ...]] = {}
        for person in record.get("creators") or ():  # type: ignore[attr-defined]
            role = person.get("role") or "creators"
            people[role] = (*people.get(role, ()), person["name"])
        yield from people.items()
        attributes = record.get("attributes") or {}
        known = {"title", "description", "categories", "tags", *people, *attributes}  # type: ignore[misc]
        for name, value in attributes.items():  # type: ignore[attr-defined]
            if is_translation(name, known):
                continue  # said in replies, not a property of its own
            yield name, tuple(value) if isinstance(value, list) else value

    def values(self, row: int) -> dict[str, Value]:
        """Every slot of an item that constraints can be about, people by role."""
        return dict(self._values(self._parsed[row]))

    @cached_property
    def _columns(self) -> tuple[dict[str, LabelColumn], dict[str, NDArray[np.float64]]]:
        labels: dict[str, dict[str, list[int]]] = {}
        display: dict[str, dict[str, str]] = {}
        numbers: dict[str, dict[int, float]] = {}
        folded: dict[str, str] = {}
        for row, record in enumerate(self._parsed):
            for slot, value in self._values(record):
                if isinstance(value, bool):
                    value = ("yes" if value else "no",)
                if isinstance(value, (int, float)):
                    numbers.setdefault(slot, {})[row] = float(value)
                    continue
                by_value = labels.setdefault(slot, {})
                shown = display.setdefault(slot, {})
                for word in (value,) if isinstance(value, str) else value:
                    key = folded.get(word)
                    if key is None:
                        key = folded[word] = fold(word)
                    rows = by_value.setdefault(key, [])
                    if not rows or rows[-1] != row:
                        rows.append(row)
                    shown.setdefault(key, word)
        label_columns = {
            slot: LabelColumn({v: np.array(rows, dtype=np.int64) for v, rows in by_value.items()}, display[slot])
            for slot, by_value in labels.items()
        }
        number_columns = {}
        for slot, values in numbers.items():
            column = np.full(len(self), np.nan)
            column[list(values)] = list(values.values())
            number_columns[slot] = column
        return label_columns, number_columns

    @property
    def labels(self) -> Mapping[str, LabelColumn]:
        """Slots whose values are words, people by their role among them."""
        return self._columns[0]

    @property
    def numbers(self) -> Mapping[str, NDArray[np.float64]]:
        """(n_items,) per numeric slot, NaN where unknown."""
        return self._columns[1]

    @cached_property
    def roles(self) -> frozenset[str]:
        """Slots that hold people."""
        return frozenset(p.get("role") or "creators" for record in self._parsed for p in record.get("creators", ()))

    @cached_property
    def titles(self) -> Mapping[str, tuple[int, ...]]:
        """Folded title, the original one and those in other languages included, to its rows."""
        rows: dict[str, list[int]] = {}
        for row in range(len(self)):
            for title in self.all_titles(row):
                if (key := fold_title(title)) and row not in rows.setdefault(key, []):
                    rows[key].append(row)
        return {title: tuple(found) for title, found in rows.items()}

    def satisfies(self, constraint: Constraint) -> Mask:
        """(n_items,) which items meet a constraint; the rules for unknown slots are ``Constraint``'s."""
        if constraint.op in ("range", "outside"):
            column = self.numbers.get(constraint.slot, np.full(len(self), np.nan))
            with np.errstate(invalid="ignore"):
                mask = ~np.isnan(column)
                if constraint.low is not None:
                    mask &= column >= constraint.low
                if constraint.high is not None:
                    mask &= column <= constraint.high
            return mask if constraint.op == "range" else ~mask
        slots = self.roles if constraint.slot == "people" else (constraint.slot,)
        per_value = []
        for value in constraint.values:
            mask = np.zeros(len(self), dtype=bool)
            for slot in slots:
                if slot in self.labels and (rows := self.labels[slot].rows.get(fold(value))) is not None:
                    mask[rows] = True
            per_value.append(mask)
        if not per_value:
            return np.ones(len(self), dtype=bool)
        if constraint.op == "all":
            every: Mask = np.logical_and.reduce(per_value)
            return every
        union: Mask = np.logical_or.reduce(per_value)
        return ~union if constraint.op == "none" else union

    def allowed(self, constraints: Iterable[Constraint], excluded: Iterable[str] = ()) -> Mask:
        """(n_items,) which items meet every constraint and are not excluded."""
        mask = np.ones(len(self), dtype=bool)
        for constraint in constraints:
            mask &= self.satisfies(constraint)
        mask[self.rows(excluded)] = False
        return mask

    @cached_property
    def _features(self) -> ItemFeatures:
        def column(name: str) -> tuple[tuple[str, ...], ...]:
            return tuple(tuple(fold(v) for v in record.get(name) or ()) for record in self._parsed)

        return ItemFeatures(
            vectors=self.vectors,
            year=self.numbers.get("year", np.full(len(self), np.nan)),
            categories=column("categories"),
            people=tuple(tuple(fold(p["name"]) for p in record.get("creators", ())) for record in self._parsed),
            tags=column("tags"),
        )

    def features(self) -> ItemFeatures:
        """What scorers may know of the items."""
        return self._features
