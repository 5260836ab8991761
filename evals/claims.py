"""Labelled pairs of a text and a record -> verdict rows, so that anyone can test the checker on their own data.

A row's verdict depends on that row, on the checker's general vocabulary, and on a catalogue: what ``--catalogue`` holds,
else all records of the file taken together. Of these only the kinds of slots count (``Lexicon.verdicts``), and only for
records that have the same slots; the values of another row, its id and its place never change a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from assistant.faithfulness import ClaimChecker, Entailment, Evidence, HistoryItem, Lexicon, is_supported, verdict_slots
from assistant.faithfulness.evidence import HistoryRelation
from assistant.types import Claim, ClaimSource, Value, Verdict

RawValue = str | bool | int | float | list[Any] | dict[str, Any] | None


def clean_record(record: Mapping[str, RawValue]) -> dict[str, Value]:
    """The record with unknown slots (null, "", []) left out and lists made tuples of text or numbers.

    Members of a list that are mappings are read as ``{"name", "role"}`` people, each under the slot of its role.
    """
    cleaned: dict[str, Value] = {}
    for slot, value in record.items():
        if value is None or value in ("", [], {}):
            continue
        if isinstance(value, dict):
            for name, inner in clean_record(value).items():
                cleaned.setdefault(name, inner)
            continue
        if not isinstance(value, list):
            cleaned[slot] = value
            continue
        for entry in value:
            name, text = slot, entry
            if isinstance(entry, dict):
                name, text = str(entry.get("role") or slot), entry.get("name")
            if text is None or text == "":
                continue
            before = cleaned.get(name, ())
            cleaned[name] = (*(before if isinstance(before, tuple) else (str(before),)), str(text))
    return cleaned


class HistoryRow(BaseModel):
    """An item of the user's history."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    relation: HistoryRelation = "liked"
    item_id: str | None = None
    record: dict[str, RawValue] = Field(default_factory=dict)


class PairRow(BaseModel):
    """A text and what it may rest on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    text: str
    record: dict[str, RawValue]
    history: tuple[HistoryRow, ...] = ()
    """Titles alone are read as liked items."""
    asked: tuple[str, ...] = ()
    """The user's own words."""

    @field_validator("id", mode="before")
    @classmethod
    def _any_id(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value

    @field_validator("asked", mode="before")
    @classmethod
    def _one_wish(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("history", mode="before")
    @classmethod
    def _titles(cls, value: object) -> object:
        if not isinstance(value, list | tuple):
            return value
        return [{"title": entry} if isinstance(entry, str) else entry for entry in value]


class ClaimOut(BaseModel):
    """A claim as it is printed."""

    model_config = ConfigDict(extra="forbid")

    text: str
    start: int
    end: int
    slot: str
    value: Value
    positive: bool
    source: ClaimSource
    verdict: Verdict
    tier: str


class VerdictRow(BaseModel):
    """The claims of one text."""

    model_config = ConfigDict(extra="forbid")

    id: str
    supported: bool
    """False if and only if some claim is contradicted or absent."""
    vacuous: bool
    """The text makes no claim at all."""
    claims: list[ClaimOut]


def evidence_of(row: PairRow) -> Evidence:
    """The evidence that a row gives. The row's id plays no part in it."""
    history = tuple(
        HistoryItem(
            item_id=entry.item_id or f"history-{number}",
            title=entry.title,
            relation=entry.relation,
            record=clean_record(entry.record),
        )
        for number, entry in enumerate(row.history)
    )
    return Evidence(item_id="item", record=clean_record(row.record), history=history, asked=row.asked)


def verdict_row(row: PairRow, checker: ClaimChecker) -> VerdictRow:
    """The verdicts on one pair."""
    claims = checker.check(row.text, evidence_of(row))
    return VerdictRow(
        id=row.id, supported=is_supported(claims), vacuous=not claims, claims=[_claim_out(claim) for claim in claims]
    )


def verdict_rows(
    rows: Sequence[PairRow],
    catalogue: Iterable[Mapping[str, Value]] | None = None,
    *,
    entailment: Sequence[Entailment] = (),
) -> Iterator[VerdictRow]:
    """One verdict row per pair, in order. ``catalogue`` holds records as ``Item.slots()`` gives them."""
    if catalogue is not None:
        lexicon = Lexicon.from_records(catalogue)
    else:
        lexicon = Lexicon(verdicts=verdict_slots(clean_record(row.record) for row in rows))
    checker = ClaimChecker(lexicon, entailment=entailment)
    for row in rows:
        yield verdict_row(row, checker)


def _claim_out(claim: Claim) -> ClaimOut:
    return ClaimOut(
        text=claim.text, start=claim.start, end=claim.end, slot=claim.slot, value=claim.value, positive=claim.positive,
        source=claim.source, verdict=claim.verdict, tier=claim.tier,
    )  # fmt: skip
