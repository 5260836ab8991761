"""Is what replies say true? Figures over many texts, each by itself, with controls that show whether they measure anything.

The checker that guards replies is also the measure, so shown text scores close to 1 by construction: raw drafts and shown
text are reported apart, and only drafts are compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.faithfulness import ClaimChecker, Evidence
from assistant.types import Fact
from evals.claim_scores import ClaimScore, score_claims
from evals.statistics import MIN_CLUSTERS, Interval, compare, mean_interval

UNDECIDED = "undecided"
PERSONAL = ("history", "dialogue", "profile")
"""Sources that tell of the user and not of the item."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A text about an item and what it may rest on."""

    text_id: str
    cluster: str
    """User or conversation."""
    text: str
    evidence: Evidence
    cited: tuple[str, ...] | None = None
    """Ids of the facts it cites; None when it does not say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FaithfulnessReport:
    """Figures of a set of texts. Rates over claims are resampled by cluster; None where nothing is defined."""

    texts: int
    claims: int
    claim_precision: Interval | None
    """Supported / checkable claims."""
    all_supported: Interval | None
    """Share of the texts with a claim in which none is contradicted or absent."""
    contradiction_rate: Interval | None
    absent_rate: Interval | None
    checkable_share: Interval | None
    claims_per_text: Interval | None
    vacuous_rate: Interval | None
    """Share of the texts without any claim: neither right nor wrong, and in no other figure."""
    evidence_precision: Interval | None
    """Cited facts that support a claim."""
    evidence_recall: Interval | None
    """Claims supported by a fact whose fact is cited."""
    tiers: Mapping[str, int]
    """Claims by the tier that decided; ``undecided`` for those that stay uncheckable."""
    tier_shares: Mapping[str, float]
    """The same as shares of all claims; empty where there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """The same texts against the wrong evidence."""

    name: str
    texts: int
    """Texts with claims that the control concerns."""
    real: float | None
    wrong: float | None
    """Mean claim precision with the wrong evidence."""
    fall: Interval | None
    """Wrong minus real."""
    end: str
    """``works``, ``broken`` or ``too few``."""
    reason: str


def check_texts(texts: Sequence[Text], checker: ClaimChecker) -> list[ClaimScore]:
    """Check each text against its own evidence."""
    return [score_claims(checker.check(text.text, text.evidence), text.cited) for text in texts]


def summarise_texts(texts: Sequence[Text], scores: Sequence[ClaimScore]) -> FaithfulnessReport:
    """All figures of checked texts."""
    clusters = [text.cluster for text in texts]
    checkable: list[tuple[str, str]] = []
    every: list[tuple[str, bool]] = []
    for cluster, score in zip(clusters, scores, strict=True):
        for claim in score.claims:
            every.append((cluster, claim.verdict != "uncheckable"))
            if claim.verdict != "uncheckable":
                checkable.append((cluster, claim.verdict))

    tiers = Counter(
        UNDECIDED if claim.verdict == "uncheckable" else claim.tier for score in scores for claim in score.claims
    )

    def rate(verdict: str) -> Interval | None:
        return mean_interval([float(v == verdict) for _, v in checkable], [c for c, _ in checkable])

    def over_texts(of: Callable[[ClaimScore], float | bool | None]) -> Interval | None:
        found = [(c, value) for c, s in zip(clusters, scores, strict=True) if (value := of(s)) is not None]
        return mean_interval([float(value) for _, value in found], [c for c, _ in found])

    return FaithfulnessReport(
        texts=len(texts),
        claims=len(every),
        claim_precision=rate("supported"),
        all_supported=over_texts(lambda s: s.all_supported),
        contradiction_rate=rate("contradicted"),
        absent_rate=rate("absent"),
        checkable_share=mean_interval([float(c) for _, c in every], [c for c, _ in every]),
        claims_per_text=over_texts(lambda s: float(len(s.claims))),
        vacuous_rate=over_texts(lambda s: s.vacuous),
        evidence_precision=over_texts(lambda s: s.evidence_precision),
        evidence_recall=over_texts(lambda s: s.evidence_recall),
        tiers=dict(tiers.most_common()),
        tier_shares={tier: count / len(every) for tier, count in tiers.most_common()},
    )


def negative_controls(texts: Sequence[Text], checker: ClaimChecker) -> tuple[Control, Control]:
    """The texts with another item's record, and with another user's history and words.

    If the score does not fall, the measure is broken: it would praise a text about anything.
    """
    return (
        _control("another item's record", texts, _with_other_record, ("catalogue",), checker),
        _control("another user's history", texts, _with_other_user, PERSONAL, checker),
    )


def _precision(score: ClaimScore, sources: Collection[str]) -> float | None:
    found = [c for c in score.claims if c.source in sources and c.verdict != "uncheckable"]
    return sum(c.verdict == "supported" for c in found) / len(found) if found else None


def _control(
    name: str,
    texts: Sequence[Text],
    exchange: Callable[[Text, Text], Text],
    sources: tuple[str, ...],
    checker: ClaimChecker,
) -> Control:
    pairs = []
    for text, other in _exchanged(texts, by_item=sources == ("catalogue",)):
        real = _precision(score_claims(checker.check(text.text, text.evidence), None), sources)
        swapped = exchange(text, other)
        wrong = _precision(score_claims(checker.check(swapped.text, swapped.evidence), None), sources)
        if real is None:
            continue
        # What is no longer recognised as a claim about this evidence is no longer supported by it.
        pairs.append((text.cluster, real, wrong if wrong is not None else 0.0))
    found = compare([r for _, r, _ in pairs], [w for _, _, w in pairs], [c for c, _, _ in pairs])
    if found is None:
        return Control(
            name=name, texts=0, real=None, wrong=None, fall=None, end="too few", reason="no text makes such a claim"
        )
    fall = found.difference
    real_mean = sum(r for _, r, _ in pairs) / len(pairs)
    wrong_mean = sum(w for _, _, w in pairs) / len(pairs)
    if fall.high is None or fall.clusters < MIN_CLUSTERS:
        end, reason = "too few", f"{fall.clusters} users or conversations; at least {MIN_CLUSTERS} are needed to say"
    elif real_mean == 0:
        end, reason = "too few", "no claim is supported by the right evidence, so nothing can fall"
    elif fall.high < 0:
        end, reason = "works", f"the score falls from {real_mean:.3f} to {wrong_mean:.3f}"
    elif found.detectable is not None and found.detectable > real_mean / 2:
        end, reason = "too few", f"a fall from {real_mean:.3f} by half would not show with so few texts"
    else:
        end, reason = "broken", f"this measure is broken: the score does not fall ({real_mean:.3f} to {wrong_mean:.3f})"
    return Control(name=name, texts=len(pairs), real=real_mean, wrong=wrong_mean, fall=fall, end=end, reason=reason)


def _exchanged(texts: Sequence[Text], *, by_item: bool) -> list[tuple[Text, Text]]:
    """Each text with the next one (around the end) of another item, or of another user."""

    def key(text: Text) -> Hashable:
        return text.evidence.item_id if by_item else text.cluster

    pairs = []
    for place, text in enumerate(texts):
        for step in range(1, len(texts)):
            other = texts[(place + step) % len(texts)]
            if key(other) != key(text):
                pairs.append((text, other))
                break
    return pairs


def _facts(evidence: Evidence, *, personal: bool) -> tuple[Fact, ...]:
    return tuple(fact for fact in evidence.facts if (fact.source in PERSONAL) == personal)


def _with_other_record(text: Text, other: Text) -> Text:
    evidence = replace(
        text.evidence,
        item_id=other.evidence.item_id,
        record=other.evidence.record,
        facts=(*_facts(other.evidence, personal=False), *_facts(text.evidence, personal=True)),
    )
    return replace(text, evidence=evidence)


def _with_other_user(text: Text, other: Text) -> Text:
    evidence = replace(
        text.evidence,
        history=other.evidence.history,
        asked=other.evidence.asked,
        facts=(*_facts(text.evidence, personal=False), *_facts(other.evidence, personal=True)),
    )
    return replace(text, evidence=evidence)
