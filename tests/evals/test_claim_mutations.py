"""Bugs that somebody might make in the figures of claims, repeats, counterfactuals and of the checker are noticed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from assistant.types import Claim


def claim(verdict: str, *fact_ids: str) -> Claim:
    return Claim(
        text="x", start=0, end=1, item_id="i", slot="year", value=1, source="catalogue", verdict=verdict, fact_ids=fact_ids
    )  # fmt: skip


def check_claim_scores(module: Any) -> None:
    """Four supported claims, one contradicted, two absent, one that nobody can check."""
    supported = [claim("supported", "f1"), claim("supported", "f2", "f3"), claim("supported", "f4"), claim("supported")]
    others = [claim("contradicted", "f5"), claim("absent"), claim("absent"), claim("uncheckable")]
    score = module.score_claims([*supported, *others], ("f1", "f3", "f5", "f8", "f9"))
    assert score.precision == 4 / 7
    assert score.contradiction_rate == 1 / 7
    assert score.absent_rate == 2 / 7
    assert score.checkable_share == 7 / 8
    assert score.all_supported is False
    assert not score.vacuous
    assert score.evidence_precision == 2 / 5  # f5 goes against the text, f8 and f9 have nothing to do with it
    assert score.evidence_recall == 2 / 3  # the claim that no fact supports could not be cited
    assert module.score_claims([claim("uncheckable")], ()).all_supported is True
    assert module.score_claims([claim("absent")], ()).all_supported is False
    assert module.score_claims([claim("contradicted")], ()).all_supported is False
    opinion = module.score_claims([claim("uncheckable")], ())
    assert (opinion.precision, opinion.contradiction_rate, opinion.absent_rate) == (None, None, None)
    assert (opinion.checkable_share, opinion.evidence_precision, opinion.evidence_recall) == (0.0, None, None)
    silent = module.score_claims([], None)
    assert silent.vacuous
    assert (silent.all_supported, silent.checkable_share, silent.precision) == (None, None, None)


def check_pass_hat_k(module: Any) -> None:
    repeats = [[True, True, False], [True, True, True], [False, False, False]]
    assert module.pass_hat_k(repeats, 1) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert module.pass_hat_k(repeats, 2) == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert module.pass_hat_k(repeats, 3) == pytest.approx(1 / 3)
    assert module.pass_hat_k([*repeats, [True]], 2) == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert module.pass_hat_k([[True]], 2) is None
    with pytest.raises(ValueError, match="k is 0"):
        module.pass_hat_k(repeats, 0)


def check_counterfactual(module: Any) -> None:
    """Without the cited item the rank falls from 2 to 16, without its nearest neighbour from 2 to 4."""
    ranks = {("a", "b", "c"): 2, ("b", "c"): 16, ("a", "c"): 4, ("a",): 3, ("b",): 30, ("c",): 1}
    citation = module.Citation(cluster="u", item_id="i", history=("a", "b", "c"), cited=("a",))
    report = module.counterfactual([citation], lambda _, kept: ranks[tuple(kept)], k=10)
    assert report.necessity.estimate == 3 - 1
    assert report.drop_without_cited.estimate == 3
    assert report.sufficiency.estimate == 1 - 0
    assert (report.tested, report.untested, report.uncited) == (1, 0, 0)
    edge = {kept: 10 if len(kept) == 1 else 2 for kept in ranks}
    assert module.counterfactual([citation], lambda _, kept: edge[tuple(kept)], k=10).stays_with_cited.estimate == 1
    for cited in ((), ("z",), ("a", "b")):  # nothing cited, nothing of the history, too much of it
        other = module.Citation(cluster="u", item_id="i", history=("a", "b", "c"), cited=cited)
        report = module.counterfactual([other], lambda _, kept: 1)
        assert (report.tested, report.untested, report.uncited) == (0, 1, int(cited != ("a", "b")))
        assert (report.necessity, report.sufficiency) == (None, None)


def check_agreement(module: Any) -> None:
    """Of 6 unsupported pairs 4 are caught, of 4 supported ones 1 is flagged; weights count pairs."""
    truth = np.array([True] * 6 + [False] * 4)
    said = np.array([True] * 4 + [False] * 2 + [True] + [False] * 3)
    score = np.array([1.0, 1.0, 0.5, 0.5, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0])
    found = module._figures(truth, said, score, np.ones(10))
    assert found["balanced_accuracy"] == pytest.approx((4 / 6 + 3 / 4) / 2)
    assert found["precision"] == pytest.approx(4 / 5)
    assert found["recall"] == pytest.approx(4 / 6)
    assert found["f1"] == pytest.approx(8 / 11)
    assert found["kappa"] == pytest.approx((0.7 - 0.5) / 0.5)
    assert found["auc"] == pytest.approx((2 * 4 + 2 * (3 + 0.5) + 2 * 3 * 0.5) / 24)
    weights = np.ones(10)
    weights[6] = 2
    assert module._figures(truth, said, score, weights)["precision"] == pytest.approx(4 / 6)
    one_class = module._figures(truth[:6], said[:6], score[:6], np.ones(6))
    assert (one_class["balanced_accuracy"], one_class["auc"]) == (None, None)
    nothing = module._figures(truth[:0], said[:0], score[:0], np.ones(0))
    assert set(nothing.values()) == {None}


# module -> (its check, [(what is wrong, old, new), …])
MUTATIONS: dict[str, tuple[Callable[[Any], None], list[tuple[str, str, str]]]] = {
    "claim_scores": (
        check_claim_scores,
        [
            ("precision over all claims", "return self.supported / self.checkable if self.checkable else None", "return self.supported / len(self.claims) if self.claims else None"),
            ("precision counts what nobody can check", "self.supported / self.checkable", "(self.supported + self.uncheckable) / self.checkable"),
            ("no claim is precise", "return self.supported / self.checkable if self.checkable else None", "return self.supported / self.checkable if self.checkable else 1.0"),
            ("no claim is imprecise", "return self.supported / self.checkable if self.checkable else None", "return self.supported / self.checkable if self.checkable else 0.0"),
            ("contradictions of all claims", "self.contradicted / self.checkable if", "self.contradicted / len(self.claims) if"),
            ("contradictions with the absent", "return self.contradicted / self.checkable", "return (self.contradicted + self.absent) / self.checkable"),
            ("no contradiction is 0", "self.contradicted / self.checkable if self.checkable else None", "self.contradicted / self.checkable if self.checkable else 0.0"),
            ("absent of all claims", "self.absent / self.checkable if", "self.absent / len(self.claims) if"),
            ("absent of the unsupported", "return self.absent / self.checkable if", "return self.absent / (self.absent + self.contradicted or 1) if"),
            ("nothing absent is 0", "self.absent / self.checkable if self.checkable else None", "self.absent / self.checkable if self.checkable else 0.0"),
            ("uncheckable counts as checkable", "self.supported + self.contradicted + self.absent", "len(self.claims)"),
            ("absent is not checkable", "self.supported + self.contradicted + self.absent", "self.supported + self.contradicted"),
            ("share of nothing is 1", "self.checkable / len(self.claims) if self.claims else None", "self.checkable / len(self.claims) if self.claims else 1.0"),
            ("all supported forgives the absent", "self.contradicted + self.absent == 0", "self.contradicted == 0"),
            ("all supported forgives contradictions", "self.contradicted + self.absent == 0", "self.absent == 0"),
            ("all supported needs every claim checkable", "self.contradicted + self.absent == 0", "self.supported == len(self.claims)"),
            ("no claim is all supported", "None if self.vacuous else self.contradicted", "True if self.vacuous else self.contradicted"),
            ("vacuous where nothing is checkable", "return not self.claims", "return not self.checkable"),
            ("vacuous where nothing is supported", "return not self.claims", "return not self.supported and not self.uncheckable"),
            ("never vacuous", "return not self.claims", "return False"),
            ("evidence against a claim counts", "used = {fact for claim in supported", "used = {fact for claim in claims"),
            ("precision over the used facts", "len(ids & used) / len(ids)", "len(ids & used) / len(used)"),
            ("nothing cited is precise", "/ len(ids) if ids else None", "/ len(ids) if ids else 1.0"),
            ("recall needs every fact", "bool(ids & set(claim.fact_ids))", "ids >= set(claim.fact_ids)"),
            ("recall over claims without facts", "if claim.fact_ids]", "]"),
            ("recall over all claims", "citable = [claim for claim in supported if", "citable = [claim for claim in claims if"),
            ("nothing to cite is recalled", "/ len(citable) if citable else None", "/ len(citable) if citable else 1.0"),
        ],
    ),
    "statistics": (
        check_pass_hat_k,
        [
            ("pass@k: any repeat is enough", "comb(sum(case), k) / comb(len(case), k)", "1 - comb(len(case) - sum(case), k) / comb(len(case), k)"),
            ("the share of successes to the power of k", "comb(sum(case), k) / comb(len(case), k)", "(sum(case) / len(case)) ** k"),
            ("all repeats must succeed", "comb(sum(case), k) / comb(len(case), k)", "float(all(case))"),
            ("cases with too few repeats fail", "/ comb(len(case), k) for case in outcomes if len(case) >= k", "/ max(1, comb(len(case), k)) for case in outcomes"),
            ("nothing to judge is 0", "return sum(shares) / len(shares) if shares else None", "return sum(shares) / len(shares) if shares else 0.0"),
            ("nothing to judge is 1", "return sum(shares) / len(shares) if shares else None", "return sum(shares) / len(shares) if shares else 1.0"),
        ],
    ),
    "counterfactual": (
        check_counterfactual,
        [
            ("no placebo", "necessity=mean([cited - instead for", "necessity=mean([cited for"),
            ("improvement for drop", "log2(without[0] / full)", "log2(full / without[0])"),
            ("keeps what it should leave out", "if i not in gone", "if i in gone"),
            ("leaves out what it should keep", "if i in kept]", "if i not in kept]"),
            ("the last place is outside", "float(alone[0] <= k)", "float(alone[0] < k)"),
            ("sufficiency without a placebo is a rate", "sufficiency=mean([cited - instead for", "sufficiency=mean([instead - cited for"),
            ("cites the placebo", "for gone in (cited, instead)]", "for gone in (instead, cited)]"),
            ("the farthest for the nearest", "(abs(p - place), p)", "(-abs(p - place), p)"),
            ("the placebo may be cited", "if item not in cited]", "]"),
            ("uncited ones are tested", "if not cited or instead is None", "if instead is None and cited"),
        ],
    ),
    "meta_evaluation": (
        check_agreement,
        [
            ("accuracy for balanced accuracy", "(recall + specificity) / 2 if", "(tp + tn) / total if"),
            ("recall counted twice", "(recall + specificity) / 2 if", "(recall + recall) / 2 if"),
            ("one class is enough", "if recall is not None and specificity is not None else None", "if recall is not None else None"),
            ("precision over the labels", "precision = tp / (tp + fp)", "precision = tp / (tp + fn)"),
            ("recall over the flags", "recall = tp / (tp + fn)", "recall = tp / (tp + fp)"),
            ("specificity for recall", '"recall": recall,', '"recall": specificity,'),
            ("recall without weights", "tp = float(weight[truth & said].sum())", "tp = float((truth & ~said).sum())"),
            ("precision without weights", "fp = float(weight[~truth & said].sum())", "fp = float((~truth & said).sum())"),
            ("F1 is the mean", "2 * tp / (2 * tp + fp + fn)", "(precision + recall) / 2"),
            ("F1 over the errors once", "2 * tp / (2 * tp + fp + fn)", "tp / (tp + fp + fn)"),
            ("F1 forgets false alarms", "2 * tp / (2 * tp + fp + fn)", "2 * tp / (2 * tp + 2 * fn)"),
            ("kappa is accuracy", "((tp + tn) / total - chance) / (1 - chance)", "(tp + tn) / total"),
            ("kappa is not scaled", "((tp + tn) / total - chance) / (1 - chance)", "(tp + tn) / total - chance"),
            ("chance is a half of all labels", "((tp + fp) * (tp + fn) + (fn + tn) * (fp + tn)) / total**2", "(tp + fp) * (tp + fn) / total**2"),
            ("nothing agrees by chance", "if total else 1.0", "if total else 0.0"),
            ("ties of scores count", "(below + good / 2)", "(below + good)"),
            ("ties of scores do not count", "(below + good / 2)", "below"),
            ("the lower, the worse", "below = np.cumsum(good) - good", "below = good.sum() - np.cumsum(good)"),
        ],
    ),
}  # fmt: skip


def load(name: str, old: str = "", new: str = "") -> ModuleType:
    """``evals.NAME`` from its source with ``old`` replaced."""
    real = importlib.import_module(f"evals.{name}")
    source = Path(str(real.__file__)).read_text(encoding="utf-8")
    assert old in source, f"{name} has changed: {old!r} is no longer in it; adapt the mutation"
    module = ModuleType(f"mutated_{name}")
    module.__file__ = real.__file__
    sys.modules[module.__name__] = module
    try:
        exec(compile(source.replace(old, new) if old else source, module.__name__, "exec"), module.__dict__)
    finally:
        del sys.modules[module.__name__]
    return module


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [pytest.param(name, old, new, id=f"{name}: {what}") for name, (_, bugs) in MUTATIONS.items() for what, old, new in bugs],
)  # fmt: skip
def test_a_bug_is_noticed(name: str, old: str, new: str) -> None:
    module = load(name, old, new)
    with pytest.raises(
        (AssertionError, ZeroDivisionError, KeyError, TypeError, ValueError, AttributeError, pytest.fail.Exception)
    ):
        MUTATIONS[name][0](module)


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_the_module_itself_passes(name: str) -> None:
    MUTATIONS[name][0](load(name))
