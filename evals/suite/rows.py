"""Rows of a run: one draft, or one failure, of a case with a prompt and a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from assistant.types import Claim, PhrasedBy
from evals.claim_scores import ClaimScore, score_claims


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """A prompt with a model: a column of the grid."""

    prompt: str
    """``name@version#digest``."""
    model: str

    @property
    def name(self) -> str:
        """``explain@v1 · scripted``: what reports show."""
        return f"{self.prompt.split('#')[0]} · {self.model}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What came of one cell. ``error`` is a failure of infrastructure: then nothing else is known, and nothing scored."""

    case: str
    cluster: str
    variant: Variant
    repeat: int
    draft: str = ""
    cited: tuple[str, ...] | None = None
    malformed: str | None = None
    score: ClaimScore | None = None
    """Of the draft, also of one that was cut off. None where there is no text to be found in the answer."""
    accepted: bool = False
    """The draft would have been shown as it is."""
    rejected: str | None = None
    """Why it would not."""
    shown: str = ""
    phrased_by: PhrasedBy = "model"
    shown_score: ClaimScore | None = None
    seconds: float = 0.0
    """Of the original generation, also when the row came from the cache."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None
    """US dollars of the original generation, None when the price is unknown."""
    cached: bool = False
    error: str | None = None


def row_document(row: Row) -> dict[str, Any]:
    """A row as JSON has it."""
    document = asdict(row)
    document["variant"] = row.variant.name
    document["prompt"], document["model"] = row.variant.prompt, row.variant.model
    for name in ("score", "shown_score"):
        score: ClaimScore | None = getattr(row, name)
        document[name] = None if score is None else score_document(score)
    return document


def score_document(score: ClaimScore) -> dict[str, Any]:
    """A score with its claims and derived figures."""
    return {
        "claims": [asdict(claim) for claim in score.claims],
        "claim_precision": score.precision,
        "all_supported": score.all_supported,
        "contradiction_rate": score.contradiction_rate,
        "absent_rate": score.absent_rate,
        "checkable_share": score.checkable_share,
        "vacuous": score.vacuous,
        "evidence_precision": score.evidence_precision,
        "evidence_recall": score.evidence_recall,
    }


def row_from_document(document: Mapping[str, Any]) -> Row:
    """The inverse of ``row_document``. Raises ``KeyError`` or ``TypeError`` for what is not such a document."""

    def score(name: str, cited: tuple[str, ...] | None) -> ClaimScore | None:
        found = document[name]
        if found is None:
            return None
        claims = [
            Claim(**{**c, "fact_ids": tuple(c["fact_ids"]), "value": _value(c["value"])}) for c in found["claims"]
        ]
        return score_claims(claims, cited)

    cited = None if document["cited"] is None else tuple(document["cited"])
    plain = {
        name: document[name]
        for name in (
            "case", "cluster", "repeat", "draft", "malformed", "accepted", "rejected", "shown", "phrased_by", "seconds",
            "prompt_tokens", "completion_tokens", "cost", "cached", "error",
        )
    }  # fmt: skip
    return Row(
        **plain,
        cited=cited,
        variant=Variant(prompt=document["prompt"], model=document["model"]),
        score=score("score", cited),
        shown_score=score("shown_score", None),
    )


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
