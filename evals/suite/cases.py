"""Cases: what an explanation is asked for, with everything it may rest on. JSONL, one case a line.

A case stands alone: facts, record and history are in it, so that a run needs no index and means the same in a year.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.errors import BadRow, BadRowsError
from assistant.faithfulness import Evidence, HistoryItem
from assistant.faithfulness.evidence import HistoryRelation
from assistant.reading import read_rows
from assistant.records import reason
from assistant.types import Fact, FactSource, Value
from evals.errors import EvaluationError

_SHOWN_BAD = 20


class FactRow(BaseModel):
    """A fact that an explanation may use, as ``assistant.types.Fact``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fact_id: str
    source: FactSource
    slot: str
    value: Value
    other_item_id: str | None = None
    shared: tuple[tuple[str, str], ...] = ()

    def of_item(self, item_id: str) -> Fact:
        """The fact as the assistant has it."""
        return Fact(
            fact_id=self.fact_id,
            source=self.source,
            item_id=item_id,
            slot=self.slot,
            value=self.value,
            other_item_id=self.other_item_id,
            shared=self.shared,
        )


class HistoryEntry(BaseModel):
    """An item that the user has dealt with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    item_id: str
    title: str
    relation: HistoryRelation = "liked"
    record: dict[str, Value] = Field(default_factory=dict)


class Case(BaseModel):
    """One explanation to be written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    user: str = Field(min_length=1)
    conversation: str | None = None
    """Cases of one conversation, else of one user, hang together: they are resampled as one."""
    request: str = ""
    """What the user said, in their own words."""
    item_id: str
    record: dict[str, Value]
    """The item's slots, ``title`` among them."""
    facts: tuple[FactRow, ...] = ()
    """The closed list that the prompt may use, most important first."""
    history: tuple[HistoryEntry, ...] = ()
    tags: tuple[str, ...] = ()
    """For filtering in reports."""
    preferred: str | None = None
    """A human label: the variant whose text a person preferred. The judge's agreement with it is printed."""

    @property
    def cluster(self) -> str:
        """What is resampled as one."""
        return self.conversation or self.user

    @property
    def title(self) -> str:
        return str(self.record.get("title", self.item_id))

    def as_facts(self) -> tuple[Fact, ...]:
        """The facts as the assistant has them."""
        return tuple(fact.of_item(self.item_id) for fact in self.facts)

    def evidence(self) -> Evidence:
        """What the text may rest on."""
        return Evidence(
            item_id=self.item_id,
            record=self.record,
            history=tuple(
                HistoryItem(item_id=h.item_id, title=h.title, relation=h.relation, record=h.record)
                for h in self.history
            ),
            asked=(self.request,) if self.request else (),
            facts=self.as_facts(),
        )


def fact_line(fact: Fact) -> str:
    """A fact as reports and other tools' files show it: ``[f1] director: Ridley Scott``."""
    value = ", ".join(fact.value) if isinstance(fact.value, tuple) else str(fact.value)
    shared = f" (both: {'; '.join(f'{slot} {value}' for slot, value in fact.shared[:3])})" if fact.shared else ""
    slot = {"liked": "user liked", "asked_for": "user asked for", "often_likes": "user often likes"}.get(
        fact.slot, fact.slot
    )
    return f"[{fact.fact_id}] {slot}: {value}{shared}"


def case_schema() -> dict[str, Any]:
    """The JSON schema of a case."""
    return Case.model_json_schema()


def read_cases(file: str | Path) -> list[Case]:
    """Cases of a JSONL file. Raises ``BadRowsError`` naming each bad line, ``EvaluationError`` for an empty file."""
    cases: list[Case] = []
    bad: list[BadRow] = []
    seen: dict[str, int] = {}
    for row in read_rows(file):
        problem = row.problem
        if problem is None:
            try:
                case = Case.model_validate_json(json.dumps(row.columns))
            except ValidationError as error:
                problem = reason(error)
            else:
                if case.id in seen:
                    problem = f"the id {case.id!r} stands already in line {seen[case.id]}"
                seen.setdefault(case.id, row.line)
                cases.append(case)
        if problem is not None:
            bad.append(BadRow(file=row.file, line=row.line, reason=problem))
    if bad:
        raise BadRowsError(
            bad[:_SHOWN_BAD], len(bad), hint="Mend them; the schema is printed by: assistant-evals cases schema"
        )
    if not cases:
        raise EvaluationError(f"{str(file)!r} holds no case. Make some with: assistant-evals cases make --data DIR")
    return cases


def case_lines(cases: Iterable[Case]) -> Iterator[str]:
    """Each case as a line of JSON, what is empty left out."""
    for case in cases:
        yield json.dumps(case.model_dump(mode="json", exclude_defaults=True), ensure_ascii=False)
