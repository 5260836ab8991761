"""Labelled claims in drafts: their form, where a checker's claim counts as being in the same place, the figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.errors import BadRowsError
from assistant.faithfulness import ClaimChecker, Lexicon
from assistant.types import Claim
from evals.catalogues import catalogue_records
from evals.cli import cli
from evals.draft_claims import (
    DraftClaim,
    agreements,
    evidence_of,
    false_alarms,
    gazetteer,
    half_of,
    judge_drafts,
    outcomes_of,
    read_draft_claims,
    readers_kappa,
    same_place,
)
from evals.meta_evaluation import by_slot

ROOT = Path(__file__).resolve().parents[2]
TEXT = "You liked Alpha, and this comedy is directed by Ann Lee, with Alpha in the cast."


def _row(claim, *, supported, relation_error=False, slot="cast", number="c1", draft="d1", second=None):
    label = {"supported": supported, "relation_error": relation_error, "slot": slot}
    return DraftClaim.model_validate(
        {
            "id": number,
            "draft": draft,
            "model": "m",
            "text": TEXT,
            "start": TEXT.index(claim),
            "end": TEXT.index(claim) + len(claim),
            "claim": claim,
            "evidence": {
                "item_id": "x",
                "request": "a comedy",
                "record": {"title": "Beta", "categories": ["Comedy"], "director": ["Ann Lee"], "cast": ["Bo Ek"]},
                "history": [{"title": "Alpha", "relation": "liked", "item_id": "a", "record": {"title": "Alpha"}}],
                "facts": [
                    {
                        "fact_id": "f1",
                        "source": "history",
                        "slot": "liked",
                        "value": "Alpha",
                        "other_item_id": "a",
                        "shared": [],
                    }
                ],
            },
            "pass1": label,
            "pass2": {**label, "supported": label["supported"] if second is None else second},
            **label,
        }
    )


class _Checker(ClaimChecker):
    """A fake that flags given stretches and counts the texts it is shown."""

    def __init__(self, *flagged):
        super().__init__()
        self.flagged = flagged
        self.read = 0

    def check(self, text, evidence):
        self.read += 1
        return tuple(
            Claim(
                text=words, start=text.index(words), end=text.index(words) + len(words), item_id="x", slot="cast",
                value=words, verdict=verdict,
            )
            for words, verdict in self.flagged
        )  # fmt: skip


def test_a_place_is_half_of_the_shorter_span():
    assert same_place(0, 30, 10, 16)  # the value within the relation
    assert same_place(10, 16, 0, 30)
    assert same_place(0, 10, 5, 30)
    assert not same_place(0, 10, 6, 30)  # a fringe
    assert not same_place(0, 10, 10, 20)


def test_only_unsupported_claims_of_the_checker_flag():
    rows = [
        _row("You liked Alpha", supported=True, slot="liked"),
        _row("with Alpha in the cast", supported=False, relation_error=True, number="c2"),
        _row("directed by Ann Lee", supported=True, slot="director", number="c3"),
    ]
    checker = _Checker(("with Alpha", "absent"), ("Ann Lee", "contradicted"), ("You liked", "uncheckable"))
    judged = judge_drafts(rows, checker)
    assert [bool(entry.flags) for entry in judged] == [False, True, True]
    assert checker.read == 1  # a draft is read once for all its claims
    assert by_slot(outcomes_of(judged)) == {"cast": {"relation": (1, 1)}}
    assert false_alarms(judged) == {"director": (1, 1), "liked": (0, 1)}


def test_parts_and_the_errors_told_apart():
    rows = [
        _row("You liked Alpha", supported=True, slot="liked"),
        _row("with Alpha in the cast", supported=False, relation_error=True, number="c2", draft="d2"),
        _row("this comedy", supported=False, slot="categories", number="c3", draft="d3"),
    ]
    parts = agreements(judge_drafts(rows, _Checker(("with Alpha", "absent"))))
    assert parts["all"].recall.value == pytest.approx(0.5)
    assert parts["all"].balanced_accuracy.value == pytest.approx(0.75)
    assert parts["wrong relations"].balanced_accuracy.value == pytest.approx(1.0)
    assert parts["other errors"].recall.value == pytest.approx(0.0)
    halves = {half_of(row.draft) for row in rows}
    assert parts["development"].pairs + parts["held out"].pairs == 3
    assert halves <= {"development", "held out"}


def test_agreement_of_the_readers_by_hand():
    rows = [
        _row("You liked Alpha", supported=True),
        _row("this comedy", supported=True, number="c2"),
        _row("with Alpha in the cast", supported=False, number="c3"),
        _row("directed by Ann Lee", supported=False, number="c4", second=True),
    ]
    # Agreed 3/4; chance 2/4 * 3/4 + 2/4 * 1/4 = 1/2.
    assert readers_kappa(rows) == pytest.approx((0.75 - 0.5) / 0.5)
    assert readers_kappa([]) is None
    assert readers_kappa(rows[:2]) is None


def test_evidence_is_what_the_checker_takes():
    row = _row("You liked Alpha", supported=True)
    evidence = evidence_of(row.evidence)
    assert evidence.record["cast"] == ("Bo Ek",)
    assert evidence.asked == ("a comedy",)
    assert evidence.history[0].title == "Alpha"
    assert evidence.facts[0].item_id == "x"
    assert gazetteer([row]).slot_of("Alpha") == "title"


def test_a_row_that_contradicts_itself_is_refused(tmp_path):
    row = _row("You liked Alpha", supported=True).model_dump(mode="json")
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({**row, "start": 1}) + "\n" + json.dumps({**row, "relation_error": True}) + "\n")
    with pytest.raises(BadRowsError) as failure:
        read_draft_claims(file)
    assert failure.value.total == 2


def test_the_command(tmp_path):
    rows = [
        _row("You liked Alpha", supported=True, slot="liked"),
        _row("with Alpha in the cast", supported=False, relation_error=True, number="c2"),
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row.model_dump(mode="json")) + "\n" for row in rows))
    result = CliRunner().invoke(cli, ["meta", "--drafts", str(file), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["type"], found["claims"], found["drafts"], found["readers_kappa"]) == ("meta_drafts", 2, 1, 1.0)
    assert found["by_slot"]["cast"]["relation"]["claims"] == 1
    assert CliRunner().invoke(cli, ["meta", "--drafts", str(file)]).exit_code == 0
    refused = CliRunner().invoke(cli, ["meta"])
    assert refused.exit_code != 0
    assert "--drafts" in refused.output


def test_on_the_labelled_drafts():
    """Floors below what is measured, so that a real loss fails."""
    rows = read_draft_claims(ROOT / "tests" / "data" / "draft_claims.jsonl")
    assert len(rows) == 300
    assert len({row.id for row in rows}) == 300
    assert {row.model for row in rows} == {"smollm2-135m", "qwen2.5-coder-0.5b"}
    assert sum(not row.supported for row in rows) >= 120
    assert all(row.supported in {row.pass1.supported, row.pass2.supported} for row in rows)
    assert readers_kappa(rows) == pytest.approx(0.959, abs=0.001)
    records = catalogue_records(ROOT / "examples" / "data" / "films.jsonl")
    parts = agreements(judge_drafts(rows, ClaimChecker(Lexicon.from_records(records))))
    assert parts["all"].balanced_accuracy.value >= 0.9
    assert parts["wrong relations"].balanced_accuracy.value >= 0.9
    assert parts["held out"].balanced_accuracy.value >= 0.88
