from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import SettingsError
from assistant.settings import FILE_NAME, PREFIX, Settings, load_settings


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def written(folder: Path, text: str) -> Path:
    (folder / FILE_NAME).write_text(text)
    return folder


def test_defaults(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert (settings.llm, settings.embedder, settings.cards, settings.reply_within) == ("auto", "wordllama", 5, 20.0)
    assert load_settings() == settings


def test_arguments_beat_the_environment_and_that_beats_the_file(tmp_path: Path, monkeypatch) -> None:
    written(tmp_path, "cards = 7\ncandidates = 70\nreply_within = 7.5\n")
    monkeypatch.setenv("ASSISTANT_CARDS", "8")
    monkeypatch.setenv("ASSISTANT_CANDIDATES", "80")
    settings = load_settings(tmp_path, cards=9, llm=None)
    assert (settings.cards, settings.candidates, settings.reply_within, settings.llm) == (9, 80, 7.5, "auto")


def test_one_folders_file_is_not_anothers(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    assert load_settings(written(tmp_path / "one", "cards = 3")).cards == 3
    assert load_settings(tmp_path / "two").cards == 5


def test_a_key_is_not_shown(monkeypatch) -> None:
    monkeypatch.setenv("ASSISTANT_LLM_API_KEY", "sk-very-secret")
    settings = load_settings()
    assert settings.llm_api_key.get_secret_value() == "sk-very-secret"
    assert "sk-very-secret" not in repr(settings) + str(settings.model_dump())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("card = 3", r"card: there is no such setting\. Did you mean 'cards'\?"),
        ("zzz = 3", r"zzz: there is no such setting\.$"),
        ('cards = "many"', "cards: Input should be a valid integer"),
        ("cards = 0", "cards: Input should be greater than or equal to 1"),
        ("reply_within = 0", "reply_within: Input should be greater than 0"),
        ("cards = 0\ncard = 1", "cards: .*\n  card: |card: .*\n  cards: "),
        ("cards = ", "cannot be read"),
    ],
)
def test_a_bad_file_is_explained(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        load_settings(written(tmp_path, text))
    assert FILE_NAME in str(caught.value)


def test_a_bad_variable_or_argument_is_explained(monkeypatch) -> None:
    with pytest.raises(SettingsError, match=r"cardz: there is no such setting\. Did you mean 'cards'"):
        load_settings(cardz=3)
    monkeypatch.setenv("ASSISTANT_CARDS", "many")
    with pytest.raises(SettingsError, match="cards: Input should be a valid integer"):
        load_settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().cards = 3


def test_an_empty_variable_counts_as_unset(monkeypatch) -> None:
    for name in ("CARDS", "LLM", "LLM_PRICES", "PROMPTS"):
        monkeypatch.setenv(PREFIX + name, "")
    assert load_settings() == Settings()
    assert load_settings().cards == 5
