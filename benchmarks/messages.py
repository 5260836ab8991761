"""Whether single messages are understood as their writer meant them, on the packaged films and shop.

    python -m benchmarks.messages                 # on the messages that rules were mended on
    python -m benchmarks.messages --list test     # on those kept for measuring
    python -m benchmarks.messages --show 20       # with the first that were not

Each list was written by one hand that had not seen the rules, with every promise that a message makes. A message counts
where what is promised leaves neither an item that its writer would not have, nor less than they asked for: promises are
compared by the items that meet them, so that it does not matter how they are put. Where a word is a value of two slots
("French"), either is right.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.catalogue import Catalogue
from assistant.ingest import index_items
from assistant.store import Store
from assistant.types import Constraint
from assistant.understand import understand
from assistant.vocabulary import Vocabulary, load_language
from evals.statistics import mean_interval
from vectorstore.embed_hashing import HashingEmbedder

ROOT = Path(__file__).resolve().parents[1]
LISTS = {"dev": "messages_dev.jsonl", "test": "messages.jsonl"}
CATALOGUES = {"films": "films.jsonl", "shop": "shop.jsonl"}

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A message with what was lost of its promises, and what was promised that it does not say."""

    message_id: str
    kind: str
    text: str
    lost: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def right(self) -> bool:
        return not self.lost and not self.extra


def judge(row: Mapping[str, Any], vocabulary: Vocabulary) -> Judged:
    """A message of a list against what the rules make of it."""
    catalogue = vocabulary.catalogue
    wanted = [_mask(one, catalogue) for one in row["must"]]
    everything = np.ones(len(catalogue), dtype=bool)
    all_wanted: Mask = np.logical_and.reduce(wanted) if wanted else everything
    held = understand(row["message"], vocabulary).constraints
    all_held: Mask = np.logical_and.reduce([catalogue.satisfies(c) for c in held]) if held else everything
    readings = [_mask(one, catalogue) for must in row["must"] for one in _readings(must)]

    def said(constraint: Constraint) -> bool:
        allowed = catalogue.satisfies(constraint)
        return not bool((all_wanted & ~allowed).any()) or any(not (r & ~allowed).any() for r in readings)

    return Judged(
        message_id=row["id"],
        kind=row["kind"],
        text=row["message"],
        lost=tuple(
            json.dumps(must, ensure_ascii=False)
            for must, mask in zip(row["must"], wanted, strict=True)
            if (all_held & ~mask).any()
        ),
        extra=tuple(constraint.label() for constraint in held if not said(constraint)),
    )


def _readings(must: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    readings: Sequence[Mapping[str, Any]] = must["of"] if must["op"] == "either" else [must]
    return readings


def _mask(must: Mapping[str, Any], catalogue: Catalogue) -> Mask:
    if must["op"] in ("either", "or"):
        union: Mask = np.logical_or.reduce([_mask(one, catalogue) for one in must["of"]])
        return union
    if must["op"] in ("min", "max"):
        (end,) = (float(value) for value in must["values"])
        low, high = (end, None) if must["op"] == "min" else (None, end)
        return catalogue.satisfies(Constraint(slot=must["slot"], op="range", low=low, high=high))
    flags = {True: "yes", False: "no"}
    values = tuple(flags[value] if isinstance(value, bool) else str(value) for value in must["values"])
    return catalogue.satisfies(Constraint(slot=must["slot"], op=must["op"], values=values))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--list", choices=sorted(LISTS), default="dev")
    parser.add_argument("--show", type=int, default=0, help="Print so many messages that were not understood.")
    arguments = parser.parse_args()
    lines = (ROOT / "tests" / "data" / LISTS[arguments.list]).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    with tempfile.TemporaryDirectory() as folder:
        vocabularies: dict[str, Vocabulary] = {}
        for name, file in CATALOGUES.items():
            index_items(ROOT / "examples" / "data" / file, Path(folder) / name, embedder=HashingEmbedder())
            with Store(Path(folder) / name) as store:
                vocabularies[name] = Vocabulary(Catalogue.load(store), load_language())
        judged = [judge(row, vocabularies[row["data"]]) for row in rows]
    for one in [one for one in judged if not one.right][: arguments.show]:
        print(f"{one.message_id} {one.text!r}\n    lost: {one.lost or '-'}\n    extra: {one.extra or '-'}")
    kinds = Counter(one.kind for one in judged)
    right = Counter(one.kind for one in judged if one.right)
    share = mean_interval(np.array([one.right for one in judged], dtype=float))
    assert share is not None
    print(f"{len(judged)} messages, understood as meant: {share.estimate:.3f} [{share.low:.3f}, {share.high:.3f}]")
    print(", ".join(f"{kind} {right[kind]}/{count}" for kind, count in sorted(kinds.items())))
    lost, extra = (
        sum(bool(part) for part in parts) for parts in zip(*((o.lost, o.extra) for o in judged), strict=True)
    )
    print(f"with a promise lost: {lost}, with one that was not made: {extra}")


if __name__ == "__main__":
    main()
