"""Faithfulness over texts: each figure by itself, negative controls, counterfactuals, and the commands."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.errors import BadRowsError
from assistant.faithfulness import ClaimChecker, Evidence, HistoryItem
from assistant.types import Claim, Fact
from evals.claim_scores import score_claims, scorer_version
from evals.cli import cli
from evals.counterfactual import Citation, counterfactual, placebo
from evals.faithfulness import Text, check_texts, negative_controls, summarise_texts
from evals.replies import read_replies, texts_of

WORLD = runpy.run_path(str(Path(__file__).with_name("suite_worlds.py")))


def claim(verdict, fact_ids=(), source="catalogue"):
    return Claim(
        text="x", start=0, end=1, item_id="i", slot="year", value=1, verdict=verdict, fact_ids=fact_ids, source=source
    )


def test_counts_and_shares():
    score = score_claims(
        [claim("supported"), claim("contradicted"), claim("absent"), claim("absent"), claim("uncheckable")], None
    )
    assert (score.precision, score.contradiction_rate, score.absent_rate) == (0.25, 0.25, 0.5)
    assert score.checkable_share == 0.8
    assert score.all_supported is False
    assert (score.evidence_precision, score.evidence_recall) == (None, None)


def test_a_text_without_claims_is_neither_right_nor_wrong():
    score = score_claims([], ())
    assert score.vacuous
    assert (score.precision, score.all_supported, score.contradiction_rate, score.checkable_share) == (None,) * 4
    assert (score.evidence_precision, score.evidence_recall) == (None, None)


def test_uncheckable_alone_is_supported_and_has_no_precision():
    score = score_claims([claim("uncheckable")], None)
    assert score.all_supported is True
    assert score.precision is None


def test_citations():
    claims = [claim("supported", ("f1",)), claim("supported", ("f2", "f3")), claim("absent"), claim("supported")]
    score = score_claims(claims, ("f1", "f3", "f9", "f8"))
    assert score.evidence_precision == 0.5  # f9 and f8 support nothing
    assert score.evidence_recall == 1.0
    assert score_claims(claims, ("f1",)).evidence_recall == 0.5  # the second claim is uncited
    assert score_claims(claims, ()).evidence_recall == 0.0
    assert score_claims(claims, ()).evidence_precision is None


def texts(count=12, users=8, liked=True):
    made = []
    for case in WORLD["make_cases"](count, users=users):
        director, genre, title = case.record["director"][0], case.record["categories"][0], case.history[0].title
        text = f"Directed by {director}, this is a {genre.lower()}."
        if liked:
            text += f" You liked {title}."
        made.append(
            Text(text_id=case.id, cluster=case.cluster, text=text, evidence=case.evidence(), cited=("f1", "f2", "f3"))
        )
    return made


def test_report_of_true_texts():
    found = texts()
    report = summarise_texts(found, check_texts(found, ClaimChecker()))
    assert report.claim_precision.estimate == 1.0
    assert report.all_supported.estimate == 1.0
    assert report.contradiction_rate.estimate == report.absent_rate.estimate == 0.0
    assert report.vacuous_rate.estimate == 0.0
    assert report.claims_per_text.estimate >= 3
    assert report.evidence_recall.estimate == 1.0
    assert report.claim_precision.clusters == 8
    assert sum(report.tiers.values()) == report.claims


def test_report_of_nothing():
    report = summarise_texts([], [])
    assert report.claim_precision is None
    assert report.vacuous_rate is None
    silent = [
        Text(text_id="1", cluster="u", text="Here you are.", evidence=Evidence(item_id="i", record={"title": "A"}))
    ]
    report = summarise_texts(silent, check_texts(silent, ClaimChecker()))
    assert report.vacuous_rate.estimate == 1.0
    assert (report.claim_precision, report.all_supported, report.checkable_share) == (None, None, None)


def test_negative_controls_fall():
    item, user = negative_controls(texts(24), ClaimChecker())
    assert (item.end, user.end) == ("works", "works")
    assert item.real == 1.0
    assert item.wrong < 0.5
    assert user.wrong < 0.5
    assert item.fall.high < 0


class Flatterer:
    """A broken checker: it finds everything supported."""

    def check(self, text, evidence):
        return (claim("supported"), claim("supported", source="history"))


def test_a_measure_that_does_not_fall_is_called_broken():
    item, user = negative_controls(texts(24), Flatterer())
    assert (item.end, user.end) == ("broken", "broken")
    assert "broken" in item.reason


def test_controls_with_too_little_to_say():
    item, user = negative_controls(texts(6, users=3, liked=False), ClaimChecker())
    assert item.end == "too few"
    assert (user.end, user.texts) == ("too few", 0)
    assert negative_controls([], ClaimChecker())[0].end == "too few"


def test_texts_that_are_all_wrong_say_nothing_of_the_measure():
    wrong = [replace(text, text="Directed by Nobody Known.") for text in texts(24)]
    item, _ = negative_controls(wrong, ClaimChecker())
    assert item.end == "too few"
    assert "nothing can fall" in item.reason


def test_placebo_is_the_nearest_uncited():
    assert placebo(["a", "b", "c", "d"], ["d"]) == ("c",)
    assert placebo(["a", "b", "c", "d"], ["c", "d"]) == ("b", "a")
    assert placebo(["a", "b"], ["a", "b"]) is None


def ranked_by(causes):
    """A ranking in which each cause in the history lifts an item by ten places, and everything else by one."""

    def rank_of(citation, kept):
        lifted = sum(10 if thing in causes else 1 for thing in kept)
        return max(1, 60 - lifted)

    return rank_of


def test_an_explanation_that_names_the_cause():
    history = ("a", "b", "c", "d", "e")
    right = [Citation(cluster=f"u{n}", item_id="i", history=history, cited=("c",)) for n in range(8)]
    wrong = [Citation(cluster=f"u{n}", item_id="i", history=history, cited=("a",)) for n in range(8)]
    good = counterfactual(right, ranked_by({"c"}), k=50)
    bad = counterfactual(wrong, ranked_by({"c"}), k=50)
    assert good.necessity.estimate > 0.2
    assert good.sufficiency.estimate == 1.0
    assert bad.necessity.estimate == pytest.approx(0.0)
    assert bad.sufficiency.estimate == 0.0
    assert (good.tested, good.untested) == (8, 0)
    difference = good.drop_without_cited.estimate - good.drop_without_placebo.estimate
    assert good.necessity.estimate == pytest.approx(difference)
    assert (good.stays_with_cited.estimate, good.stays_with_placebo.estimate) == (1.0, 0.0)


def test_citations_that_cannot_be_tested_are_counted():
    report = counterfactual(
        [
            Citation(cluster="u", item_id="i", history=("a",), cited=()),
            Citation(cluster="u", item_id="i", history=("a",), cited=("a",)),
            Citation(cluster="u", item_id="i", history=("a",), cited=("gone",)),
        ],
        ranked_by({"a"}),
    )
    assert (report.tested, report.untested, report.uncited, report.necessity) == (0, 3, 2, None)


def test_scorer_version_is_stable():
    assert scorer_version() == scorer_version()
    assert len(scorer_version()) == 12


def replies_file(tmp_path):
    rows = []
    for case in WORLD["make_cases"](24):
        director = case.record["director"][0]
        rows.append(
            {
                "id": case.id,
                "user": case.user,
                "item_id": case.item_id,
                "record": {k: list(v) if isinstance(v, tuple) else v for k, v in case.record.items()},
                "history": [case.history[0].title],
                "facts": [{"fact_id": "f2", "source": "catalogue", "slot": "director", "value": director}],
                "draft": f"Directed by {director} in 1931.",
                "draft_cited": ["f2"],
                "shown": f"Directed by {director}.",
            }
        )
    file = tmp_path / "replies.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return file


def test_drafts_and_shown_apart(tmp_path):
    drafts, shown = texts_of(read_replies(replies_file(tmp_path)))
    assert len(drafts) == len(shown) == 24
    checker = ClaimChecker()
    of_drafts = summarise_texts(drafts, check_texts(drafts, checker))
    of_shown = summarise_texts(shown, check_texts(shown, checker))
    assert of_drafts.claim_precision.estimate == 0.5
    assert of_drafts.contradiction_rate.estimate == 0.5
    assert of_shown.claim_precision.estimate == 1.0
    assert of_drafts.evidence_precision.estimate == 1.0
    assert of_shown.evidence_precision is None  # it is not known what was cited


def test_faithfulness_command(tmp_path):
    file = replies_file(tmp_path)
    result = CliRunner().invoke(cli, ["faithfulness", "--replies", str(file), "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["controls"][0]["end"] == "works"
    assert document["drafts"]["claim_precision"]["estimate"] == 0.5
    table = CliRunner().invoke(cli, ["faithfulness", "--replies", str(file)])
    assert "claim precision" in table.stdout
    assert "nan" not in table.stdout.lower()


def test_bad_replies_are_named(tmp_path):
    file = tmp_path / "replies.jsonl"
    file.write_text('{"id": "1"}\n')
    with pytest.raises(BadRowsError, match="user is missing"):
        read_replies(file)


def test_claims_command(tmp_path):
    file = tmp_path / "pairs.jsonl"
    pairs = [
        {"id": "1", "text": "Directed by Ridley Scott.", "record": {"title": "Alien", "director": "Ridley Scott"}},
        {"id": "2", "text": "Directed by Jane Campion.", "record": {"title": "Alien", "director": "Ridley Scott"}},
        {"id": "3", "text": "Here you are.", "record": {"title": "Alien"}},
    ]
    file.write_text("\n".join(json.dumps(pair) for pair in pairs))
    result = CliRunner().invoke(cli, ["claims", "--pairs", str(file), "--json"])
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["supported"] for row in rows] == [True, False, True]
    assert [row["vacuous"] for row in rows] == [False, False, True]
    file.write_text('{"id": "1", "text": "x", "record": {}, "more": 1}')
    bad = CliRunner().invoke(cli, ["claims", "--pairs", str(file), "--json"])
    assert isinstance(bad.exception, BadRowsError)


def test_facts_of_the_other_item_are_not_kept_in_the_control():
    """A fact about the item that the text cites must go with its record."""
    fact = Fact(fact_id="f1", source="catalogue", item_id="a", slot="director", value="Jane Campion")
    one = Text(
        text_id="1",
        cluster="u",
        text="Directed by Jane Campion.",
        evidence=Evidence(item_id="a", record={"title": "A", "director": ("Jane Campion",)}, facts=(fact,)),
    )
    other = Text(
        text_id="2",
        cluster="v",
        text="Directed by Mira Nair.",
        evidence=Evidence(
            item_id="b",
            record={"title": "B", "director": ("Mira Nair",)},
            history=(HistoryItem(item_id="h", title="H"),),
        ),
    )
    item, _ = negative_controls([one, other], ClaimChecker())
    assert (item.real, item.wrong) == (1.0, 0.0)
