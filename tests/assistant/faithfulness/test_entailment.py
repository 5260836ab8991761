"""The inference tier: what it may decide, when, and what a folder must hold."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest

from assistant.errors import MissingExtraError, SettingsError
from assistant.faithfulness import ClaimChecker, Evidence
from assistant.faithfulness.entailment_onnx import EntailmentSettings, OnnxEntailment
from assistant.faithfulness.sentences import hypothesis, premise, sentence
from assistant.types import Claim

TINY = runpy.run_path(str(Path(__file__).with_name("tiny_inference.py")))
SOUP = {"title": "Soup", "price": 12.5, "range": "budget"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return TINY["tiny_inference"](tmp_path_factory.mktemp("models") / "tiny")


def checked(folder, text, record, settings=None):
    checker = ClaimChecker(entailment=[OnnxEntailment(folder, settings)])
    return {c.text: (c.verdict, c.tier) for c in checker.check(text, Evidence(item_id="i", record=record))}


@pytest.mark.parametrize(
    ("text", "words", "verdict"),
    [
        ("It is cheap.", "cheap", "supported"),
        ("It is expensive.", "expensive", "contradicted"),
        ("It is not expensive.", "not expensive", "supported"),
        ("It is not cheap.", "cheap", "contradicted"),
    ],
)
def test_it_decides_what_the_rules_cannot(folder, text, words, verdict):
    rules = ClaimChecker().check(text, Evidence(item_id="i", record=SOUP))
    assert [(claim.text, claim.verdict) for claim in rules] == [(words, "uncheckable")]
    assert checked(folder, text, SOUP) == {words: (verdict, "nli")}


def test_what_is_neutral_stays_uncheckable(folder):
    assert checked(folder, "It is cheap.", {"title": "Soup", "price": 12.5}) == {"cheap": ("uncheckable", "slots")}


def test_the_threshold_holds_back_what_is_not_sure(folder):
    odds = OnnxEntailment(folder).probabilities("The range is budget.", "The price is cheap.")
    assert 0.99 < odds["entailment"] < 0.9999
    assert checked(folder, "It is cheap.", SOUP, EntailmentSettings(threshold=0.9999)) == {
        "cheap": ("uncheckable", "slots")
    }
    for wrong in (0.5, 1.1):
        with pytest.raises(SettingsError, match="must be above"):
            EntailmentSettings(threshold=wrong)


class Asked:
    """A fake tier that supports everything and remembers what it was asked."""

    name = "fake"

    def __init__(self):
        self.claims = []

    def decide(self, claim, premise):
        self.claims.append((claim.text, premise))
        return "supported"


def test_only_uncheckable_claims_of_the_catalogue_are_asked_for():
    tier = Asked()
    record = SOUP | {"director": ("Ridley Scott",)}
    found = ClaimChecker(entailment=[tier]).check(
        "Directed by Jane Campion, wonderful and cheap.", Evidence(item_id="i", record=record)
    )
    assert [words for words, _ in tier.claims] == ["cheap"]
    assert (
        tier.claims[0][1] == "The title is Soup. The price is 12.5. The range is budget. The director is Ridley Scott."
    )
    by_words = {claim.text: claim for claim in found}
    assert by_words["Jane Campion"].verdict != "supported"
    assert (by_words["wonderful"].verdict, by_words["wonderful"].source) == ("uncheckable", "opinion")
    assert by_words["cheap"].tier == "fake"


def test_sentences():
    assert sentence("cast", ("A", "B", "C")) == "The cast are A, B and C."
    assert sentence("categories", ("Horror",)) == "The categories are Horror."
    assert sentence("has_multiplayer", True) == "It has multiplayer."
    assert sentence("has_multiplayer", False) == "It does not have multiplayer."
    assert sentence("in_stock", True, positive=False) == "It is not in stock."
    assert premise({}) == ""

    def said(value, positive=True, slot="price"):
        return hypothesis(Claim(text="x", start=0, end=1, item_id="i", slot=slot, value=value, positive=positive))

    assert said("not expensive", positive=False) == "The price is not expensive."
    assert said("isn’t cheap", positive=False) == "The price is not cheap."
    assert said("cheap", positive=False) == "The price is not cheap."
    assert said("wonderful", slot="opinion") == "It is wonderful."


def test_a_long_record_is_cut_and_the_claim_is_not(folder):
    tier = OnnxEntailment(folder, EntailmentSettings(max_tokens=24))
    assert tier.probabilities("budget " + "word " * 3000, "It is cheap.")["entailment"] > 0.99
    assert tier.probabilities("word " * 3000 + "budget", "It is cheap.")["entailment"] < 0.5


def test_a_model_that_knows_no_contradiction_supports_only(tmp_path):
    folder = TINY["tiny_inference"](tmp_path, labels={"0": "not_entailment", "1": "other", "2": "entailment"})
    assert checked(folder, "It is cheap.", SOUP)["cheap"] == ("supported", "nli")
    assert checked(folder, "It is expensive.", SOUP)["expensive"] == ("uncheckable", "slots")


def test_other_names_of_the_model_file(tmp_path, folder):
    TINY["tiny_inference"](tmp_path)
    label = OnnxEntailment(tmp_path).label
    (tmp_path / "model.onnx").rename(tmp_path / "quantised.onnx")
    assert OnnxEntailment(tmp_path).label == label
    assert label.startswith(f"{tmp_path.name}#")


def test_a_folder_that_is_no_model_says_what_to_do(tmp_path):
    with pytest.raises(SettingsError, match=r"0 '\*.onnx' and no 'tokenizer.json' and no 'config.json'.*Export"):
        OnnxEntailment(tmp_path / "gone")
    TINY["tiny_inference"](tmp_path)
    config, model = tmp_path / "config.json", tmp_path / "model.onnx"
    for text, says in (
        ("{}", "no 'id2label'"),
        ("no json", "no 'id2label'"),
        (json.dumps({"id2label": {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}}), "must be 'entailment'"),
        (json.dumps({"id2label": {"0": "entailment", "1": "contradiction"}}), "2 labels"),
    ):
        config.write_text(text)
        with pytest.raises(SettingsError, match=says):
            OnnxEntailment(tmp_path)
    (tmp_path / "second.onnx").write_bytes(model.read_bytes())
    model.rename(tmp_path / "first.onnx")
    with pytest.raises(SettingsError, match=r"2 '\*.onnx'"):
        OnnxEntailment(tmp_path)


def test_files_that_cannot_be_read(tmp_path):
    TINY["tiny_inference"](tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(SettingsError, match="cannot be loaded"):
        OnnxEntailment(tmp_path)


def test_a_model_of_another_kind(tmp_path):
    TINY["tiny_inference"](tmp_path, inputs=("input_ids", "token_type_ids", "pixels"))
    with pytest.raises(SettingsError, match="no text classifier"):
        OnnxEntailment(tmp_path)


def test_without_the_extra(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"recommender-assistant\[onnx\]"):
        OnnxEntailment(folder)
