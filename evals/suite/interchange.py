"""To and from the data formats of promptfoo and ragas, so that users who have those keep them.

promptfoo: a JSON file of tests, ``[{"description", "vars": {...}, "metadata": {...}}]``, which its configuration takes as
``tests: file://FILE.json``. ragas: JSONL of single-turn samples with ``user_input``, ``response``, ``retrieved_contexts``
and ``reference``. Both carry the whole case in a field of their own (``metadata.case``, ``case``), so that what was
exported comes back as it was; files of other origin come in as far as they go, and what is missing is an error that
names the row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assistant.errors import BadRow, BadRowsError
from assistant.reading import read_rows
from assistant.records import reason
from evals.errors import EvaluationError
from evals.suite.cases import Case, FactRow, fact_line

_LINE = re.compile(r"^\s*(?:\[(?P<id>\w+)\]\s*)?(?P<slot>[^:\[\]]{1,60}):\s*(?P<value>.+)$")


def to_promptfoo(cases: Iterable[Case]) -> str:
    """Tests whose variables are those of the ``explain`` prompts."""
    tests = [
        {
            "description": f"{case.id}: {case.title}",
            "vars": {
                "title": case.title,
                "request": case.request,
                "facts": "\n".join(fact_line(fact) for fact in case.as_facts()),
            },
            "metadata": {"case": case.model_dump(mode="json", exclude_defaults=True)},
        }
        for case in cases
    ]
    return json.dumps(tests, ensure_ascii=False, indent=2) + "\n"


def from_promptfoo(file: Path) -> list[Case]:
    """Cases of a file of tests (JSON, or JSONL with a test a line)."""
    text = file.read_text(encoding="utf-8")
    try:
        tests = (
            json.loads(text)
            if text.lstrip().startswith("[")
            else [json.loads(line) for line in text.splitlines() if line.strip()]
        )
    except json.JSONDecodeError as error:
        raise EvaluationError(f"{str(file)!r} is not JSON: {error}. Export promptfoo's tests as JSON.") from error

    def case(number: int, test: Mapping[str, Any]) -> Mapping[str, Any]:
        kept = (test.get("metadata") or {}).get("case")
        if kept:
            return dict(kept)
        variables = test.get("vars") or {}
        facts = variables.get("facts") or ""
        lines = facts.splitlines() if isinstance(facts, str) else [str(line) for line in facts]
        return _case(f"t{number}", str(variables.get("title") or ""), str(variables.get("request") or ""), lines)

    return _validated(file, tests, case)


def to_ragas(cases: Sequence[Case], responses: Mapping[str, str]) -> str:
    """Samples with the facts as contexts. ``responses`` maps case ids to texts; a case without one has an empty one."""
    lines = []
    for case in cases:
        sample = {
            "user_input": case.request or f"Why is {case.title} recommended to me?",
            "response": responses.get(case.id, ""),
            "retrieved_contexts": [fact_line(fact) for fact in case.as_facts()],
            "reference": "",
            "case": case.model_dump(mode="json", exclude_defaults=True),
        }
        lines.append(json.dumps(sample, ensure_ascii=False))
    return "".join(line + "\n" for line in lines)


def from_ragas(file: Path) -> list[Case]:
    """Cases of samples; the title is taken from a context ``title: …``."""

    def case(number: int, sample: Mapping[str, Any]) -> Mapping[str, Any]:
        kept = sample.get("case")
        if kept:
            return dict(kept)
        contexts = [str(context) for context in sample.get("retrieved_contexts") or []]
        lines = [line for context in contexts for line in context.splitlines()]
        titles = [m["value"] for line in lines if (m := _LINE.match(line)) and m["slot"].strip().casefold() == "title"]
        return _case(f"t{number}", titles[0] if titles else "", str(sample.get("user_input") or ""), lines)

    return _validated(file, [dict(row.columns) for row in read_rows(file) if row.problem is None], case)


def read_responses(file: Path | None) -> dict[str, str]:
    """Drafts of a run's rows by case, the first repeat of the first variant."""
    responses: dict[str, str] = {}
    if file is not None:
        for row in read_rows(file):
            if row.problem is None and row.columns.get("draft"):
                responses.setdefault(str(row.columns["case"]), str(row.columns["draft"]))
    return responses


def _case(case_id: str, title: str, request: str, lines: Sequence[str]) -> dict[str, Any]:
    """A case from lines ``[f1] slot: value``; the lines are both the facts and the record."""
    record: dict[str, Any] = {"title": title} if title else {}
    facts = []
    for number, line in enumerate(lines, 1):
        match = _LINE.match(line)
        if match is None:
            continue
        slot, value = match["slot"].strip(), match["value"].strip()
        if slot in ("user liked", "user asked for", "user often likes"):
            source, slot = {
                "user liked": ("history", "liked"),
                "user asked for": ("dialogue", "asked_for"),
                "user often likes": ("profile", "often_likes"),
            }[slot]
        else:
            source = "catalogue"
            record.setdefault(slot, value)
        facts.append(
            FactRow.model_validate(
                {"fact_id": match["id"] or f"f{number}", "source": source, "slot": slot, "value": value}
            )
        )
    return {
        "id": case_id,
        "user": case_id,
        "request": request,
        "item_id": case_id,
        "record": record if title else {},
        "facts": [fact.model_dump(mode="json") for fact in facts],
    }


def _validated(file: Path, rows: Sequence[Any], make: Any) -> list[Case]:
    cases, bad = [], []
    for number, row in enumerate(rows, 1):
        try:
            given = make(number, row if isinstance(row, Mapping) else {})
            if not given.get("record"):
                raise EvaluationError("it has no title: give vars.title, or a context 'title: …'")
            cases.append(Case.model_validate_json(json.dumps(given)))
        except (ValidationError, EvaluationError) as error:
            why = reason(error) if isinstance(error, ValidationError) else str(error)
            bad.append(BadRow(file=file.name, line=number, reason=why))
    if bad:
        raise BadRowsError(bad[:20], len(bad), hint="A case needs a title and facts as lines '[f1] slot: value'.")
    return cases
