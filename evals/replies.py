"""Replies to be scored: JSONL with drafts and shown texts, as a run of the prompt suite or one's own log has them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.errors import BadRow, BadRowsError
from assistant.reading import read_rows
from assistant.records import reason
from evals.claims import PairRow, evidence_of
from evals.errors import EvaluationError
from evals.faithfulness import Text
from evals.suite.cases import Case, FactRow

_SHOWN = 20


class ReplyRow(BaseModel):
    """One explanation of one item. ``draft`` is what a model wrote, ``shown`` what the user saw; either may be missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    user: str
    conversation: str | None = None
    item_id: str
    record: dict[str, object]
    history: tuple[object, ...] = ()
    """Titles, or objects as in the file of ``assistant-evals claims``."""
    asked: tuple[str, ...] = ()
    facts: tuple[FactRow, ...] = ()
    draft: str | None = None
    draft_cited: tuple[str, ...] | None = None
    shown: str | None = None
    shown_cited: tuple[str, ...] | None = None


def read_replies(file: Path) -> list[ReplyRow]:
    """Rows of a file. Raises ``BadRowsError`` for bad ones."""
    rows: list[ReplyRow] = []
    bad: list[BadRow] = []
    for row in read_rows(file):
        why = row.problem
        if why is None:
            try:
                reply = ReplyRow.model_validate_json(json.dumps(row.columns))
                evidence_of(pair_of(reply))
                rows.append(reply)
                continue
            except ValidationError as error:
                why = reason(error)
        bad.append(BadRow(file=row.file, line=row.line, reason=why))
    if bad:
        raise BadRowsError(bad[:_SHOWN], len(bad), hint="Mend them; the fields are described in docs/evaluation.md.")
    if not rows:
        raise EvaluationError(f"{str(file)!r} holds no reply.")
    return rows


def pair_of(reply: ReplyRow) -> PairRow:
    """The reply's record, history and words as the claim checker's files have them."""
    return PairRow.model_validate(
        {"id": reply.id, "text": "", "record": reply.record, "history": list(reply.history), "asked": reply.asked}
    )


def texts_of(replies: list[ReplyRow]) -> tuple[list[Text], list[Text]]:
    """Drafts and shown texts, each with its evidence."""
    drafts: list[Text] = []
    shown: list[Text] = []
    for reply in replies:
        evidence = evidence_of(pair_of(reply))
        facts = tuple(fact.of_item(reply.item_id) for fact in reply.facts)
        evidence = replace(evidence, item_id=reply.item_id, facts=facts)
        for text, cited, into in ((reply.draft, reply.draft_cited, drafts), (reply.shown, reply.shown_cited, shown)):
            if text is not None:
                into.append(
                    Text(
                        text_id=reply.id,
                        cluster=reply.conversation or reply.user,
                        text=text,
                        evidence=evidence,
                        cited=cited,
                    )
                )
    return drafts, shown


def texts_of_run(cases: list[Case], rows_file: Path) -> tuple[list[Text], list[Text]]:
    """Drafts and shown texts of a run's rows (``assistant-evals prompts --rows``) over these cases."""
    by_id = {case.id: case for case in cases}
    drafts: list[Text] = []
    shown: list[Text] = []
    for row in read_rows(rows_file):
        if row.problem is not None or row.columns.get("error") or not row.columns.get("draft"):
            continue
        case = by_id.get(str(row.columns.get("case")))
        if case is None:
            raise EvaluationError(
                f"{rows_file.name}:{row.line} is about the case {row.columns.get('case')!r}, which --cases lacks."
            )
        name = f"{case.id}#{row.columns['repeat']}"
        cited = row.columns["cited"]
        base = Text(text_id=name, cluster=case.cluster, text=str(row.columns["shown"]), evidence=case.evidence())
        shown.append(base)
        drafts.append(
            replace(base, text=str(row.columns["draft"]), cited=None if cited is None else tuple(map(str, cited)))
        )
    return drafts, shown
