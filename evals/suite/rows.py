"""Rows of a run: one draft, or one failure, of a case with a prompt and a model. And the cache that they are kept in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from assistant.llm.base import ChatMessage, Sampling
from assistant.types import Claim, PhrasedBy
from evals.claim_scores import ClaimScore, score_claims
from evals.errors import EvaluationError
from evals.suite.phrasing import Draft


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
    """Of the draft. None for a malformed answer, which has no text."""
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


class _Kept(BaseModel):
    """A generation as the cache keeps it."""

    model_config = ConfigDict(extra="forbid")

    key: str
    text: str
    cited: list[str] | None
    malformed: str | None
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    seconds: float


def generation_key(messages: Sequence[ChatMessage], model: str, sampling: Sampling, repeat: int) -> str:
    """Digest of everything that a draft depends on."""
    parts = {
        "messages": [asdict(message) for message in messages],
        "model": model,
        "sampling": asdict(sampling),
        "repeat": repeat,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def cell_key(messages: Sequence[ChatMessage], model: str, sampling: Sampling, repeat: int, scorer: str) -> str:
    """Digest of everything that a scored row depends on: the generation's, and the scorer's version."""
    return hashlib.sha256(f"{generation_key(messages, model, sampling, repeat)}\0{scorer}".encode()).hexdigest()


class DraftCache:
    """Drafts by key in an append-only JSONL file; a line that was cut by a stop is ignored.

    Drafts are kept by ``generation_key`` and verdicts are not kept: a draft is checked again in every run, in
    microseconds, so that no verdict of another scorer version can survive. Failures are never kept: they are tried again.
    """

    def __init__(self, file: Path | None) -> None:
        """``file`` None keeps nothing beyond the run."""
        self._file = file
        self._drafts: dict[str, _Kept] = {}
        if file is None or not file.exists():
            return
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise EvaluationError(
                f"The cache {str(file)!r} cannot be read: {error}. Give another with --cache."
            ) from error
        for line in lines:
            try:
                kept = _Kept.model_validate_json(line)
            except ValidationError:
                continue
            self._drafts[kept.key] = kept

    def __len__(self) -> int:
        return len(self._drafts)

    def get(self, key: str) -> Draft | None:
        """The draft that was made for this key, with its original latency and cost."""
        from assistant.llm.base import Usage

        kept = self._drafts.get(key)
        if kept is None:
            return None
        return Draft(
            text=kept.text,
            cited=None if kept.cited is None else tuple(kept.cited),
            malformed=kept.malformed,
            usage=Usage(prompt_tokens=kept.prompt_tokens, completion_tokens=kept.completion_tokens, cost=kept.cost),
            seconds=kept.seconds,
        )

    def put(self, key: str, draft: Draft) -> None:
        """Keep a draft, at once."""
        kept = _Kept(
            key=key,
            text=draft.text,
            cited=None if draft.cited is None else list(draft.cited),
            malformed=draft.malformed,
            prompt_tokens=draft.usage.prompt_tokens,
            completion_tokens=draft.usage.completion_tokens,
            cost=draft.usage.cost,
            seconds=draft.seconds,
        )
        self._drafts[key] = kept
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(kept.model_dump_json() + "\n")


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


T = TypeVar("T")


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
