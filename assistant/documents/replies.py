"""A reply with its cards, their reasons and the evidence of each claim; what was written can be read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from assistant.documents.base import Document, JsonValue, Score, WireValue, jsonable
from assistant.types import Claim, ClaimSource, Explanation, Fact, FactSource, PhrasedBy, Verdict

if TYPE_CHECKING:
    from assistant.types import Held, Question, Recommendation, Reply, Value


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
    shared: list[SharedValue] = Field(default=[])

    @classmethod
    def of(cls, fact: Fact) -> FactDocument:
        return cls(
            fact_id=fact.fact_id,
            source=fact.source,
            item_id=fact.item_id,
            slot=fact.slot,
            value=_wire(fact.value),
            other_item_id=fact.other_item_id,
            shared=[SharedValue(slot=slot, value=value) for slot, value in fact.shared],
        )

    def fact(self) -> Fact:
        """The fact as it was before it was written."""
        return Fact(
            **dict(self) | {"value": _frozen(self.value), "shared": tuple((one.slot, one.value) for one in self.shared)}
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
            value=_wire(claim.value),
            positive=claim.positive,
            source=claim.source,
            verdict=claim.verdict,
            tier=claim.tier,
            fact_ids=list(claim.fact_ids),
        )

    def claim(self) -> Claim:
        """The claim as it was before it was written."""
        return Claim(**dict(self) | {"value": _frozen(self.value), "fact_ids": tuple(self.fact_ids)})


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

    def explanation(self) -> Explanation:
        """The explanation as it was before it was written."""
        return Explanation(
            **dict(self)
            | {
                "facts": tuple(fact.fact() for fact in self.facts),
                "claims": tuple(claim.claim() for claim in self.claims),
                "rejected": tuple(self.rejected),
            }
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
    drops: list[str] = Field(default_factory=list)
    """For such an offer: the ``held_id`` to take back where it is accepted."""

    @classmethod
    def of(cls, question: Question) -> QuestionDocument:
        return cls(text=question.text, slot=question.slot, options=list(question.options), drops=list(question.drops))


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


def _wire(value: Value) -> WireValue:
    """A value of a record as documents hold it."""
    converted = jsonable(value)
    return "" if converted is None else converted


def _frozen(value: WireValue) -> Value:
    return tuple(value) if isinstance(value, list) else value
