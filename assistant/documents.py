"""The documents of the wire: what commands print with ``--json`` and read with ``--jsonl`` and ``--requests``.

One document is one line of UTF-8 JSON. Scripts rely on them, so every field is always there (null where it is not known)
and nothing else is. ``assistant schema`` publishes their JSON schemas.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from assistant.types import ClaimSource, EventKind, FactSource, PhrasedBy, Stage, Verdict

if TYPE_CHECKING:
    from assistant.errors import BadRow
    from assistant.fitting import FitReport
    from assistant.ingest import EventReport, IndexReport
    from assistant.tastes import TasteEntry
    from assistant.types import Claim, Explanation, Fact, Held, Question, Recommendation, Reply, Value
    from assistant.why import Why

JsonValue = Any
"""Anything JSON can hold; numbers are finite."""
WireValue = str | int | float | bool | list[str]
Score = Annotated[float, Field(allow_inf_nan=False)]

MAX_MESSAGE = 8_000
"""Characters of a message."""
MAX_ID = 500
"""Characters of an id, as in an indexed catalogue."""

_UNPRINTED = re.compile("[\x7f-\x9f\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def well_formed(text: str) -> str:
    """Text that UTF-8 can hold: an unpaired surrogate becomes U+FFFD, so that offsets into the text stay right."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def jsonable(value: object) -> JsonValue:
    """A value as JSON holds it: NaN and infinities become null, tuples and sets lists, anything else its text."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {well_formed(str(key)): jsonable(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(entry) for entry in value]
    if isinstance(value, (set, frozenset)):
        return sorted((jsonable(entry) for entry in value), key=str)
    if hasattr(value, "tolist"):  # numpy's scalars and arrays, recognised without importing numpy
        return jsonable(value.tolist())
    return well_formed(str(value))


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, list):
        kinds = set(map(type, value))
        # A long ranking is told from others without a look at each of its entries.
        if not any(issubclass(kind, str) for kind in kinds) or (kinds == {str} and "".join(value).isascii()):
            return value
        return [well_formed(entry) if isinstance(entry, str) else entry for entry in value]
    return value


class Document(BaseModel):
    """Base of every document."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)

    @model_validator(mode="before")
    @classmethod
    def _mend_strings(cls, given: Any) -> Any:
        """What comes from items, users and models may hold unpaired surrogates, which UTF-8 cannot."""
        return {name: _mended(value) for name, value in given.items()} if isinstance(given, dict) else given

    def encode(self) -> bytes:
        """One line of UTF-8 JSON with its line feed.

        DEL, C1 controls and Unicode's line separators are written as escapes: they would forge a terminal's output or
        split the line for a reader that knows more line ends than ``\\n``.
        """
        text = self.model_dump_json()
        if text.isascii() and "\x7f" not in text:
            return text.encode() + b"\n"
        return _UNPRINTED.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode() + b"\n"


# what is read


class ChatLine(Document):
    """A line of ``chat --jsonl``: one message."""

    user: Annotated[str, Field(min_length=1, max_length=MAX_ID)]
    conversation: Annotated[str, Field(min_length=1, max_length=MAX_ID)] | None = None
    """Null or left out is the user's default conversation."""
    text: Annotated[str, Field(max_length=MAX_MESSAGE)] = ""
    """Blank only where something is taken back."""
    take_back: list[str] = Field(default_factory=list, max_length=100)
    """Ids of constraints and wishes (``held_id``) that no longer count."""
    edits: bool = False
    """This message stands in for the conversation's last one, which is forgotten with its reply."""


class RankLine(Document):
    """A line of ``rank --requests``. ``user`` takes that user's stored history; ``history`` is one of its own."""

    request_id: str | int
    user: Annotated[str, Field(min_length=1, max_length=MAX_ID)] | None = None
    history: list[str] | None = None
    """Item ids, oldest first."""
    candidates: list[str] | None = None
    """Left out: everything but the history is ranked."""
    k: Annotated[int, Field(ge=1)] | None = None
    """Left out: the whole ranking."""


# what is written


class ErrorBody(Document):
    """What went wrong. ``kind`` is the name of the error's class, see ``assistant/errors.py``."""

    kind: str
    message: str


class ErrorDocument(Document):
    """A command failed."""

    type: Literal["error"] = "error"
    error: ErrorBody


class LineErrorDocument(ErrorDocument):
    """A line of the input could not be answered."""

    line: int
    """From 1."""
    user: str | None = None
    conversation: str | None = None


class RequestErrorDocument(ErrorDocument):
    """A request of ``rank`` could not be answered."""

    line: int
    request_id: str | int | None = None
    """Null when the line could not be read so far."""


class SharedValue(Document):
    """A value that both items have."""

    slot: str
    value: str


class FactDocument(Document):
    """The evidence of a claim."""

    fact_id: str
    source: FactSource
    item_id: str
    slot: str
    value: WireValue
    other_item_id: str | None = None
    shared: list[SharedValue] = []

    @classmethod
    def of(cls, fact: Fact) -> FactDocument:
        return cls(
            fact_id=fact.fact_id,
            source=fact.source,
            item_id=fact.item_id,
            slot=fact.slot,
            value=_value(fact.value),
            other_item_id=fact.other_item_id,
            shared=[SharedValue(slot=slot, value=value) for slot, value in fact.shared],
        )


class ClaimDocument(Document):
    """What ``text``, the explanation's characters ``start`` to ``end``, asserts."""

    text: str
    start: int
    end: int
    item_id: str
    slot: str
    value: WireValue
    positive: bool
    source: ClaimSource
    verdict: Verdict
    tier: str
    fact_ids: list[str]

    @classmethod
    def of(cls, claim: Claim) -> ClaimDocument:
        return cls(
            text=claim.text,
            start=claim.start,
            end=claim.end,
            item_id=claim.item_id,
            slot=claim.slot,
            value=_value(claim.value),
            positive=claim.positive,
            source=claim.source,
            verdict=claim.verdict,
            tier=claim.tier,
            fact_ids=list(claim.fact_ids),
        )


class ExplanationDocument(Document):
    """A verified reason: no claim in it is contradicted or absent."""

    text: str
    phrased_by: PhrasedBy
    model: str | None
    prompt: str | None
    facts: list[FactDocument]
    claims: list[ClaimDocument]
    rejected: list[str]
    """Why earlier drafts were not shown."""

    @classmethod
    def of(cls, explanation: Explanation) -> ExplanationDocument:
        return cls(
            text=explanation.text,
            phrased_by=explanation.phrased_by,
            model=explanation.model,
            prompt=explanation.prompt,
            facts=[FactDocument.of(fact) for fact in explanation.facts],
            claims=[ClaimDocument.of(claim) for claim in explanation.claims],
            rejected=list(explanation.rejected),
        )


class RecommendationDocument(Document):
    """A card."""

    item_id: str
    title: str
    year: int | None
    position: int
    score: Score
    explanation: ExplanationDocument
    label: str | None
    """How it came into the list, where that was not by its score: ``Sponsored``, say."""

    @classmethod
    def of(cls, recommendation: Recommendation) -> RecommendationDocument:
        return cls(
            item_id=recommendation.item_id,
            title=recommendation.title,
            year=recommendation.year,
            position=recommendation.position,
            score=recommendation.score,
            explanation=ExplanationDocument.of(recommendation.explanation),
            label=recommendation.label,
        )


class HeldDocument(Document):
    """Something that a conversation acts on."""

    held_id: str
    label: str
    """How it is shown."""
    slot: str
    words: str
    """The user's words it came from."""
    promised: bool
    """Whether every item must meet it; else items that do are preferred."""
    turn: int
    """The turn, from 1, that it was said in; 0 when it comes from the taste memory."""

    @classmethod
    def of(cls, held: Held, language: str) -> HeldDocument:
        from assistant.reply_text import label
        from assistant.reply_words import reply_words

        return cls(
            held_id=held.held_id,
            label=label(held, reply_words(language)),
            slot=held.constraint.slot,
            words=held.constraint.words,
            promised=held.promised,
            turn=held.turn,
        )


class QuestionDocument(Document):
    """What a reply asks back."""

    text: str
    slot: str
    """Blank for an offer to leave something out."""
    options: list[str]

    @classmethod
    def of(cls, question: Question) -> QuestionDocument:
        return cls(text=question.text, slot=question.slot, options=list(question.options))


class RepliedDocument(Document):
    """A finished turn."""

    type: Literal["replied"] = "replied"
    reply_id: str
    user: str
    conversation: str
    text: str
    """What the assistant says before the cards."""
    intent: str
    """What the message was taken for."""
    language: str
    acting_on: list[str]
    held: list[HeldDocument]
    """What ``acting_on`` shows, with ids to take back."""
    recommendations: list[RecommendationDocument]
    question: QuestionDocument | None
    answer: ExplanationDocument | None
    """For a question about items: the answer with its evidence; ``text`` holds its words."""
    trace: dict[str, JsonValue]

    @classmethod
    def of(cls, reply: Reply) -> RepliedDocument:
        return cls(
            reply_id=reply.reply_id,
            user=reply.user,
            conversation=reply.conversation,
            text=reply.text,
            intent=reply.query.intent if reply.query is not None else "recommend",
            language=reply.language,
            acting_on=list(reply.acting_on),
            held=[HeldDocument.of(held, reply.language) for held in reply.held],
            recommendations=[RecommendationDocument.of(card) for card in reply.recommendations],
            question=None if reply.question is None else QuestionDocument.of(reply.question),
            answer=None if reply.answer is None else ExplanationDocument.of(reply.answer),
            trace=jsonable(reply.trace),
        )


class ExplainedDocument(Document):
    """Why an item would suit a user."""

    type: Literal["explained"] = "explained"
    user: str
    recommendation: RecommendationDocument


class PartDocument(Document):
    """A column or feature of a score."""

    name: str
    value: Score | None
    """On its own scale; null for a feature of the learned stage."""
    weight: Score | None
    """In the blend; null where there is none."""
    contribution: Score


class MovedDocument(Document):
    """An item of the history that moved a score."""

    item_id: str
    title: str
    contribution: Score


class DifferenceDocument(Document):
    """A column's contributions to two scores."""

    name: str
    here: Score
    there: Score
    difference: Score


class AgainstDocument(Document):
    """The last item of the list, in comparison; what pulls the asked item down most comes first."""

    item_id: str
    title: str
    position: int
    score: Score
    differences: list[DifferenceDocument]


class PlacementDocument(Document):
    """A step after scoring that moved an item; ``before`` is null when it was not in the list."""

    stage: Stage
    reason: str
    rule: str | None
    before: int | None
    after: int


class WhyDocument(Document):
    """An item's place in a user's list, taken apart."""

    type: Literal["why"] = "why"
    user: str
    item_id: str
    title: str
    ranker: str
    stage: Literal["blend", "learned"]
    score: Score
    constant: Score
    """The score less all contributions: what every item of the list has in common."""
    place_by_score: int
    ranked: int
    """How many were ranked."""
    k: int
    position: int | None
    """In the list of ``k``, after rules and diversity; null when it is not in it."""
    left_out: Literal["history", "withheld"] | None
    parts: list[PartDocument]
    history: list[MovedDocument]
    placements: list[PlacementDocument]
    label: str | None
    against: AgainstDocument | None

    @classmethod
    def of(cls, why: Why) -> WhyDocument:
        return cls.model_validate(jsonable(asdict(why)))


class RuleTouchesDocument(Document):
    """A business rule, and how many items it is about."""

    kind: str
    name: str
    items: int


class RulesCheckedDocument(Document):
    """What ``rules check`` found."""

    type: Literal["rules_checked"] = "rules_checked"
    data: str
    file: str
    catalogue: int
    """Items in the catalogue."""
    rules: list[RuleTouchesDocument]


class RankDocument(Document):
    """The answer to a request of ``rank``: ids, best first, and their scores in the same order."""

    type: Literal["ranked"] = "ranked"
    request_id: str | int
    ranking: list[str]
    scores: list[Score | None]
    """Null for a candidate that the catalogue does not have; such come last."""


class BadRowDocument(Document):
    """A row that could not be used."""

    file: str
    line: int
    reason: str

    @classmethod
    def many(cls, rows: Iterable[BadRow]) -> list[BadRowDocument]:
        return [cls(file=row.file, line=row.line, reason=row.reason) for row in rows]


class EventCounts(Document):
    """What importing events did."""

    read: int
    added: int
    unknown_items: int
    conflicts: int
    """Events whose ``event_id`` belongs to another event already; they were left out."""
    bad_total: int
    bad_rows: list[BadRowDocument]
    """The first of them."""

    @classmethod
    def of(cls, report: EventReport) -> EventCounts:
        return cls(
            read=report.read,
            added=report.added,
            unknown_items=report.unknown_items,
            conflicts=report.conflicts,
            bad_total=report.bad_total,
            bad_rows=BadRowDocument.many(report.bad_rows),
        )


class IndexedDocument(Document):
    """What ``index`` did."""

    type: Literal["indexed"] = "indexed"
    data: str
    items: int
    added: int
    changed: int
    unchanged: int
    removed: int
    embedded: int
    seconds: Score
    renamed: dict[str, str]
    """Columns that were read under another name: column to contract name."""
    bad_total: int
    bad_rows: list[BadRowDocument]
    events: EventCounts | None

    @classmethod
    def of(cls, data: str, report: IndexReport) -> IndexedDocument:
        return cls(
            data=data,
            items=report.items,
            added=report.added,
            changed=report.changed,
            unchanged=report.unchanged,
            removed=report.removed,
            embedded=report.embedded,
            seconds=round(report.seconds, 3),
            renamed=jsonable(report.renamed),
            bad_total=report.bad_total,
            bad_rows=BadRowDocument.many(report.bad_rows),
            events=EventCounts.of(report.events) if report.events is not None else None,
        )


class EmbeddedDocument(Document):
    """What ``embed`` did."""

    type: Literal["embedded"] = "embedded"
    data: str
    embedder: str
    embedded: int
    seconds: Score


class EventDocument(Document):
    """An event was recorded and survives a crash."""

    type: Literal["event"] = "event"
    event_id: str
    user: str
    item_id: str
    kind: EventKind
    value: Score | None
    timestamp: Score | None
    new: bool
    """False when the id was known already; the stored event is as it was."""
    known_item: bool
    """False when the catalogue has no such item; the event counts once it has."""


class EventsImportedDocument(EventCounts):
    """What ``events import`` did."""

    type: Literal["events_imported"] = "events_imported"


class UserDocument(Document):
    """A user that something is kept about."""

    type: Literal["user"] = "user"
    user: str


class UserExportDocument(Document):
    """Everything that is kept about a user, by table."""

    type: Literal["user_export"] = "user_export"
    user: str
    tables: dict[str, list[dict[str, JsonValue]]]


class UserDeletedDocument(Document):
    """A user was erased."""

    type: Literal["user_deleted"] = "user_deleted"
    user: str
    rows: int
    models_removed: bool
    """Fitted models hold sums over the users that took part, so they go too; fit again."""


class FindingDocument(Document):
    """One thing that ``doctor`` looked at."""

    name: str
    ok: bool
    detail: str
    mend: str | None
    """What to do about it."""


class TasteDocument(Document):
    """Something that a user likes or does not like."""

    type: Literal["taste"] = "taste"
    entry_id: str
    user: str
    slot: str
    value: str
    likes: bool
    words: str
    """The user's; of a proposal, what was counted."""
    confidence: Score
    source: Literal["stated", "proposed"]
    """A proposal counts for nothing until it is confirmed."""
    created_at: Score
    """Unix seconds."""
    evidence: list[str]
    """Ids of the items that a proposal rests on."""
    dimension: Literal["interests", "habits", "company"]

    @classmethod
    def of(cls, entry: TasteEntry) -> TasteDocument:
        return cls.model_validate(jsonable(asdict(entry)))


class TasteDeletedDocument(Document):
    """A taste was deleted and is in no file any more."""

    type: Literal["taste_deleted"] = "taste_deleted"
    user: str
    entry_id: str


class KeyDocument(Document):
    """A key of the web server; its secret is kept as a digest only."""

    type: Literal["key"] = "key"
    key_id: str
    tenant: str
    user: str | None
    """Null for a service, which names the user of each request."""
    created_at: Score
    """Unix seconds."""


class KeyAddedDocument(Document):
    """A new key, whole: this is the only time that it is shown."""

    type: Literal["key_added"] = "key_added"
    key: str
    key_id: str
    tenant: str
    user: str | None


class DoctorDocument(Document):
    """The state of a data folder."""

    type: Literal["doctor"] = "doctor"
    data: str
    ok: bool
    mended: bool
    """Whether anything was mended before looking."""
    findings: list[FindingDocument]


class FitDocument(Document):
    """What ``fit`` did."""

    type: Literal["fitted"] = "fitted"
    data: str
    version: str
    """Of the model that is in service now."""
    events: int
    users: int
    unknown_items: int
    """Events on items that are not in the catalogue; they were left out."""
    seconds: Score
    table: dict[str, JsonValue]
    """What was tried on each user's last event, and what won."""

    @classmethod
    def of(cls, data: str, report: FitReport) -> FitDocument:
        return cls(
            data=data,
            version=report.version,
            events=report.n_events,
            users=report.n_users,
            unknown_items=report.skipped,
            seconds=round(report.seconds, 3),
            table=jsonable(report.table.document()),
        )


class RolledBackDocument(Document):
    """What ``fit --rollback`` did."""

    type: Literal["rolled_back"] = "rolled_back"
    data: str
    version: str


DOCUMENTS: dict[str, type[Document]] = {
    "chat_line": ChatLine,
    "rank_line": RankLine,
    "replied": RepliedDocument,
    "explained": ExplainedDocument,
    "why": WhyDocument,
    "rules_checked": RulesCheckedDocument,
    "ranked": RankDocument,
    "indexed": IndexedDocument,
    "embedded": EmbeddedDocument,
    "fitted": FitDocument,
    "rolled_back": RolledBackDocument,
    "event": EventDocument,
    "events_imported": EventsImportedDocument,
    "user": UserDocument,
    "user_export": UserExportDocument,
    "user_deleted": UserDeletedDocument,
    "taste": TasteDocument,
    "taste_deleted": TasteDeletedDocument,
    "key": KeyDocument,
    "key_added": KeyAddedDocument,
    "doctor": DoctorDocument,
    "error": ErrorDocument,
    "line_error": LineErrorDocument,
    "request_error": RequestErrorDocument,
}
"""Every document, by the name that ``assistant schema NAME`` knows it under."""


def schema(name: str) -> dict[str, Any]:
    """The JSON schema of a document: of what is accepted for one that is read, of what is sent for one that is written."""
    document = DOCUMENTS[name]
    return document.model_json_schema(mode="validation" if document in (ChatLine, RankLine) else "serialization")


def _value(value: Value) -> WireValue:
    converted = jsonable(value)
    return "" if converted is None else converted
