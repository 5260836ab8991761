"""The catalogue in memory: columns that constraints, retrieval and scoring read.

Loaded from the store at open and again when its version changes. A row here is a position in ``ids``; it is not the
row number of the store's table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from assistant.derived import LabelColumn, Record, Tables
from assistant.derived_files import load_tables
from assistant.deriving import derive, mentions, slot_values
from assistant.faithfulness.lexicon import Lexicon
from assistant.records import item_from_record
from assistant.scoring.base import ItemFeatures
from assistant.store import Store
from assistant.text import fold, fold_title
from assistant.types import Constraint, Item, Value

if TYPE_CHECKING:
    from assistant.alignment import WordAligner
    from assistant.unspaced.gazetteer import Gazetteer

Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]

MAX_ITEMS = 10_000
"""Items that are kept once they were read; then all are forgotten, so that memory stays what it is."""


class Catalogue:
    """Items by row, with an index per slot."""

    def __init__(self, version: int, tables: Tables) -> None:
        """``tables`` are what is derived from the items of this version."""
        self.version = version
        self.word_counts: dict[tuple[str, int], int] = {}
        """What retrieval was told of (word, limit): in how many items it occurs, at most the limit."""
        self.gazetteers: dict[str, Gazetteer] = {}
        """By language; made by understanding when it is needed first."""
        self.aligner: WordAligner | None = None
        """Made by retrieval when it is needed first."""
        self._tables = tables
        self.ids: list[str] = tables.ids
        self.row_of: dict[str, int] = {item_id: row for row, item_id in enumerate(self.ids)}
        self._items: dict[int, Item] = {}

    @classmethod
    def load(cls, store: Store) -> Catalogue:
        """The catalogue that the store holds now."""
        return cls(*load_tables(store))

    @classmethod
    def of_items(
        cls,
        version: int,
        items: Iterable[tuple[int, str, bytes]],
        vectors: NDArray[np.float32],
        passages: tuple[NDArray[np.int64], NDArray[np.float16]] | None = None,
    ) -> Catalogue:
        """A catalogue that no store holds: ``items`` as ``Store.items`` gives them, ``vectors`` (n_items, dim) and
        ``passages`` (as ``Store.passages`` gives them) in the same order."""
        return cls(version, derive(items, vectors, passages))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """(n_items, dim)."""
        return self._tables.vectors

    @property
    def lexicon(self) -> Lexicon:
        """What the claim checker knows of the items."""
        return self._tables.lexicon

    def _record(self, row: int) -> Record:
        return self._tables.records.parsed(row)

    def item(self, row: int) -> Item:
        """The item of a row."""
        item = self._items.get(row)
        if item is None:
            if len(self._items) >= MAX_ITEMS:
                self._items.clear()
            item = self._items[row] = item_from_record(self._record(row))
        return item

    def rows_of_table(self, numbers: Rows) -> Rows:
        """(n,) rows for row numbers of the store's table; -1 for a number it does not know."""
        known = self._tables.table_rows
        if not len(known):
            return np.full(len(numbers), -1, dtype=np.int64)
        rows = np.searchsorted(known, numbers).clip(max=len(known) - 1)
        return np.where(known[rows] == numbers, rows, -1)

    def rows(self, item_ids: Iterable[str]) -> Rows:
        """Rows of the ids that are in the catalogue, in their order."""
        return np.array([self.row_of[i] for i in item_ids if i in self.row_of], dtype=np.int64)

    def title(self, row: int) -> str:
        return self._tables.titles[row]

    def all_titles(self, row: int) -> tuple[str, ...]:
        """The title, the original title, and those in other languages (``title_zh``)."""
        return (self._tables.titles[row], *self._tables.other_titles.get(row, ()))

    def title_in(self, row: int, language: str) -> str:
        """The title in a language where the record has it; else the title."""
        own = None
        if f"title_{language}" in self.attribute_names:
            own = (self._record(row).get("attributes") or {}).get(f"title_{language}")
        return own if isinstance(own, str) else self.title(row)

    @property
    def attribute_names(self) -> frozenset[str]:
        """Of every attribute of any item, translations included."""
        return self._tables.attribute_names

    def year(self, row: int) -> int | None:
        years = self.numbers.get("year")
        return None if years is None or np.isnan(years[row]) else int(years[row])

    def description(self, row: int) -> str:
        return str(self._record(row).get("description") or "")

    def mentions(self, text: str) -> int:
        """How many items hold ``text`` as it is written, in whole words; see ``deriving.mentions``."""
        return mentions(self._tables, text)

    def text_lengths(self) -> NDArray[np.float32]:
        """(n_items,) characters of each item's description."""
        return self._tables.text_lengths

    def best_passages(self, query: NDArray[np.float32], rows: Rows) -> NDArray[np.float32]:
        """(n_rows,) inner product of ``query`` (dim,) with the nearest passage of each row; with the item's own vector
        where it has no passage."""
        scores = self.vectors[rows] @ query
        offsets, matrix = self._tables.passages
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

    def values(self, row: int) -> dict[str, Value]:
        """Every slot of an item that constraints can be about, people by role."""
        return dict(slot_values(self._record(row)))

    @property
    def labels(self) -> Mapping[str, LabelColumn]:
        """Slots whose values are words, people by their role among them."""
        return self._tables.labels

    @property
    def numbers(self) -> Mapping[str, NDArray[np.float64]]:
        """(n_items,) per numeric slot, NaN where unknown."""
        return self._tables.numbers

    @property
    def roles(self) -> frozenset[str]:
        """Slots that hold people."""
        return self._tables.roles

    @property
    def titles(self) -> Mapping[str, tuple[int, ...]]:
        """Folded title, the original one and those in other languages included, to its rows; in alphabetical order."""
        return self._tables.title_rows

    def folded_titles(self) -> list[str]:
        """Of every row its own title, folded."""
        others = self._tables.other_titles
        found = [""] * len(self)
        for title, rows in self.titles.items():
            for row in rows:
                found[row] = title
        for row in others:
            found[row] = fold_title(self.title(row))
        return found

    def satisfies(self, constraint: Constraint) -> Mask:
        """(n_items,) which items meet a constraint; the rules for unknown slots are ``Constraint``'s."""
        if constraint.either:
            any_of: Mask = np.logical_or.reduce([self.satisfies(one) for one in constraint.alternatives()])
            return any_of
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
        return ItemFeatures(
            vectors=self.vectors,
            year=self.numbers.get("year", np.full(len(self), np.nan)),
            categories=self._tables.categories,
            people=self._tables.people,
            tags=self._tables.tags,
        )

    def features(self) -> ItemFeatures:
        """What scorers may know of the items."""
        return self._features
