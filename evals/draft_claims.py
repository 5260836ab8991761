"""Claims in a model's raw drafts, labelled by reading: how often the checker flags the ones that are wrong.

Each row is a stretch of a draft that asserts something about the recommended item or the user, with everything the
draft could rest on. The checker reads the whole draft, as it does at run time, and a labelled claim counts as flagged
when the checker finds an unsupported claim in the same place.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.errors import BadRow, BadRowsError
from assistant.faithfulness import ClaimChecker, Evidence, Lexicon
from assistant.faithfulness.evidence import HistoryItem
from assistant.reading import read_rows
from assistant.records import reason
from assistant.types import Claim, Fact, FactSource, Value
from evals.claims import HistoryRow, RawValue, clean_record
from evals.meta_evaluation import Agreement, Outcome, Pair, agreement

LEAST_OVERLAP = 0.5
"""Share of the shorter of two spans that they have in common when they are the same place in a text."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FactRow(_Row):
    """A fact that the draft was allowed to use."""

    fact_id: str
    source: FactSource
    slot: str
    value: str | bool | int | float | tuple[str, ...]
    other_item_id: str | None = None
    shared: tuple[tuple[str, str], ...] = ()


class EvidenceRow(_Row):
    """What the draft may rest on."""

    item_id: str
    request: str
    """The user's own words."""
    record: dict[str, RawValue]
    history: tuple[HistoryRow, ...] = ()
    facts: tuple[FactRow, ...] = ()


class Label(_Row):
    """What one reader said of a claim."""

    supported: bool
    relation_error: bool
    slot: str | None = None
    """None where the reader was asked for the verdict alone."""


class DraftClaim(_Row):
    """A labelled claim."""

    id: str
    draft: str
    """The draft it is from: claims of one draft are one cluster."""
    model: str
    text: str
    """The whole draft."""
    start: int = Field(ge=0)
    end: int
    claim: str
    """``text[start:end]``."""
    evidence: EvidenceRow
    pass1: Label
    pass2: Label
    supported: bool
    """As settled from both passes."""
    relation_error: bool
    """Unsupported because a value that the evidence has stands in a relation that it does not have there."""
    slot: str

    @model_validator(mode="after")
    def _is_consistent(self) -> DraftClaim:
        if self.text[self.start : self.end] != self.claim:
            raise ValueError(f"claim {self.claim!r} is not what stands at [{self.start}:{self.end}] of the text")
        if self.supported and self.relation_error:
            raise ValueError("a supported claim has no relation error")
        return self


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A labelled claim with what the checker found in its place."""

    row: DraftClaim
    flags: tuple[Claim, ...]
    """The checker's unsupported claims there; empty when it flags nothing."""


def read_draft_claims(file: Path) -> list[DraftClaim]:
    """The rows of a JSONL file. Raises ``BadRowsError`` for rows of another form."""
    rows: list[DraftClaim] = []
    bad: list[BadRow] = []
    for row in read_rows(file):
        why = row.problem
        if why is None:
            try:
                rows.append(DraftClaim.model_validate_json(json.dumps(row.columns)))
                continue
            except ValidationError as error:
                why = reason(error)
        bad.append(BadRow(file=row.file, line=row.line, reason=why))
    if bad:
        raise BadRowsError(bad[:20], len(bad), hint="tests/data/README.md tells what a row holds.")
    return rows


def evidence_of(row: EvidenceRow) -> Evidence:
    """The evidence as the checker takes it."""
    history = tuple(
        HistoryItem(
            item_id=item.item_id or f"history-{number}",
            title=item.title,
            relation=item.relation,
            record=clean_record(item.record),
        )
        for number, item in enumerate(row.history)
    )
    facts = tuple(
        Fact(
            fact_id=fact.fact_id,
            source=fact.source,
            item_id=row.item_id,
            slot=fact.slot,
            value=fact.value,
            other_item_id=fact.other_item_id,
            shared=fact.shared,
        )
        for fact in row.facts
    )
    return Evidence(
        item_id=row.item_id, record=clean_record(row.record), history=history, asked=(row.request,), facts=facts
    )


def gazetteer(rows: Iterable[DraftClaim]) -> Lexicon:
    """What the checker knows without a catalogue: every record that the rows hold, each once."""
    records: dict[str, Mapping[str, Value]] = {}
    for row in rows:
        records.setdefault(row.evidence.item_id, clean_record(row.evidence.record))
        for item in row.evidence.history:
            records.setdefault(item.item_id or item.title, clean_record(item.record))
    return Lexicon.from_records(records.values())


def same_place(start: int, end: int, other_start: int, other_end: int) -> bool:
    """Two spans share at least ``LEAST_OVERLAP`` of the shorter one.

    A label spans the relation and the value ("with Sam Rockwell in the cast"), the checker's claim the value alone
    ("Sam Rockwell"), so the longer one is no measure; a fringe that two spans happen to share is not enough either.
    """
    shared = min(end, other_end) - max(start, other_start)
    return shared > 0 and shared >= LEAST_OVERLAP * min(end - start, other_end - other_start)


def judge_drafts(rows: Sequence[DraftClaim], checker: ClaimChecker) -> list[Judged]:
    """Runs the checker once on every draft and places what it flags on the labelled claims."""
    flagged: dict[tuple[str, str], list[Claim]] = {}
    judged: list[Judged] = []
    for row in rows:
        place = (row.draft, row.text)
        if place not in flagged:
            claims = checker.check(row.text, evidence_of(row.evidence))
            flagged[place] = [claim for claim in claims if claim.verdict in ("contradicted", "absent")]
        here = tuple(c for c in flagged[place] if same_place(row.start, row.end, c.start, c.end))
        judged.append(Judged(row=row, flags=here))
    return judged


def half_of(draft: str) -> Literal["development", "held out"]:
    """Which half a draft belongs to: rules are mended by looking at the first half only."""
    return "development" if hashlib.sha1(draft.encode()).digest()[-1] % 2 == 0 else "held out"


def _outcome(judged: Judged) -> Outcome:
    """In the form of the other corpora. The cluster is the draft."""
    row = judged.row
    change = "relation" if row.relation_error else "other"
    pair = Pair(
        text=row.draft,
        record={},
        supported=row.supported,
        slot=None if row.supported else row.slot,
        change="original" if row.supported else change,
    )
    return Outcome(pair=pair, supported=not judged.flags, score=float(bool(judged.flags)))


def outcomes_of(judged: Iterable[Judged]) -> list[Outcome]:
    """One outcome a claim; "unsupported" is what the labels and the checker are compared on."""
    return [_outcome(entry) for entry in judged]


def agreements(judged: Sequence[Judged]) -> dict[str, Agreement]:
    """Over all claims; by model; by half of the drafts; wrong relations, and other errors, each with all supported
    claims as the other class."""
    parts: dict[str, list[Judged]] = {
        "all": list(judged),
        "wrong relations": [entry for entry in judged if entry.row.supported or entry.row.relation_error],
        "other errors": [entry for entry in judged if not entry.row.relation_error],
    }
    for entry in judged:
        parts.setdefault(entry.row.model, []).append(entry)
    for half in ("development", "held out"):
        parts[half] = [entry for entry in judged if half_of(entry.row.draft) == half]
    return {name: agreement(outcomes_of(part)) for name, part in parts.items()}


def false_alarms(judged: Iterable[Judged]) -> dict[str, tuple[int, int]]:
    """Slot -> (supported claims that the checker flags, supported claims)."""
    table: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for entry in judged:
        if entry.row.supported:
            cell = table[entry.row.slot]
            cell[0] += bool(entry.flags)
            cell[1] += 1
    return {slot: (flagged, claims) for slot, (flagged, claims) in sorted(table.items())}


def readers_kappa(rows: Sequence[DraftClaim]) -> float | None:
    """Cohen's kappa of the two passes on ``supported``; None where one class is all there is."""
    if not rows:
        return None
    agreed = sum(row.pass1.supported == row.pass2.supported for row in rows) / len(rows)
    first = sum(row.pass1.supported for row in rows) / len(rows)
    second = sum(row.pass2.supported for row in rows) / len(rows)
    chance = first * second + (1 - first) * (1 - second)
    return (agreed - chance) / (1 - chance) if chance < 1 else None
