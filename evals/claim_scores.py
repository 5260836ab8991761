"""Figures of one text's claims. What is not defined is None: a text without claims is neither right nor wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from assistant.types import Claim, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimScore:
    """Counts of a text's claims by verdict, and how well its citations fit."""

    claims: tuple[Claim, ...]
    supported: int
    contradicted: int
    absent: int
    uncheckable: int
    evidence_precision: float | None
    """Share of the cited facts that support a claim of the text; None without citations."""
    evidence_recall: float | None
    """Share of the claims supported by some fact whose supporting fact is cited; None without such claims, or where it
    is not known what was cited."""

    @property
    def checkable(self) -> int:
        return self.supported + self.contradicted + self.absent

    @property
    def vacuous(self) -> bool:
        """It claims nothing."""
        return not self.claims

    @property
    def precision(self) -> float | None:
        """Supported / checkable claims; None where nothing is checkable."""
        return self.supported / self.checkable if self.checkable else None

    @property
    def all_supported(self) -> bool | None:
        """No claim is contradicted or absent; None for a text without claims."""
        return None if self.vacuous else self.contradicted + self.absent == 0

    @property
    def contradiction_rate(self) -> float | None:
        """Contradicted / checkable claims."""
        return self.contradicted / self.checkable if self.checkable else None

    @property
    def absent_rate(self) -> float | None:
        """Claims the evidence is silent about / checkable claims."""
        return self.absent / self.checkable if self.checkable else None

    @property
    def checkable_share(self) -> float | None:
        """Checkable / all claims."""
        return self.checkable / len(self.claims) if self.claims else None


def score_claims(claims: Sequence[Claim], cited: Collection[str] | None) -> ClaimScore:
    """Count verdicts. ``cited`` are the ids of the facts that the text names as its evidence, None when unknown."""

    def count(verdict: Verdict) -> int:
        return sum(claim.verdict == verdict for claim in claims)

    supported = [claim for claim in claims if claim.verdict == "supported"]
    precision = recall = None
    if cited is not None:
        ids = set(cited)
        used = {fact for claim in supported for fact in claim.fact_ids}
        precision = len(ids & used) / len(ids) if ids else None
        citable = [claim for claim in supported if claim.fact_ids]
        recall = sum(bool(ids & set(claim.fact_ids)) for claim in citable) / len(citable) if citable else None
    return ClaimScore(
        claims=tuple(claims),
        supported=len(supported),
        contradicted=count("contradicted"),
        absent=count("absent"),
        uncheckable=count("uncheckable"),
        evidence_precision=precision,
        evidence_recall=recall,
    )


def scorer_version() -> str:
    """Digest of the claim checker's code and data, and of this file: another digest may give other verdicts."""
    digest = hashlib.sha256()

    def add(entry: Traversable) -> None:
        if entry.is_dir():
            for inner in sorted(entry.iterdir(), key=lambda e: e.name):
                if inner.name != "__pycache__":
                    add(inner)
        else:
            digest.update(entry.name.encode() + b"\0" + entry.read_bytes())

    add(resources.files("assistant.faithfulness"))
    add(resources.files("evals") / "claim_scores.py")
    return digest.hexdigest()[:12]
