from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text import clean, fold, fold_title, words


@pytest.mark.parametrize(
    ("dirty", "cleaned"),
    [
        ("plain", "plain"), ("  two\t\nwords \r\n", "two words"), ("a\x00b\x07c", "abc"), ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("a\u200bb\u200dc\ufeffd", "abcd"), ("\u202eevil\u202c", "evil"), ("\u2066x\u2069", "x"), ("\x9b1m", "1m"),
        ("i\U000e0067\U000e0062gnore", "ignore"), ("x\ue000y", "xy"), ("x\ud800y", "xy"), ("a\u00a0b\u3000c\u2028d", "a b c d"),
        ("e\u0301", "é"), ("\u3164\u115f", ""), ("日本 映画", "日本 映画"), ("", ""), ("👍\ufe0f", "👍"),
    ],
)  # fmt: skip
def test_clean(dirty: str, cleaned: str) -> None:
    assert clean(dirty) == cleaned


@given(st.text())
def test_cleaning_again_changes_nothing_and_what_is_left_can_be_written(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert once.encode().decode() == once
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in once)


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Amélie  POULAIN", "amelie poulain"), ("Straße", "strasse"), ("İstanbul", "istanbul"), ("Ångström", "angstrom"),
     ("ﬁne", "fine"), ("ＡＢＣ", "abc"), ("東京", "東京"), (" x ", "x")],
)  # fmt: skip
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_ignores_case_of_ascii(text: str) -> None:
    assert fold(fold(text)) == fold(text) or not text.isascii()


def test_words() -> None:
    assert words("Don't Look Now — Part 2, d’Or") == ["don't", "look", "now", "part", "2", "d’or"]


@pytest.mark.parametrize(
    ("title", "folded"),
    [("The Thing", "thing"), ("The", "the"), ("A Man & a Woman", "man and a woman"), ("Schindler's List", "schindlers list"),
     ("M*A*S*H", "m a s h"), ("2001: A Space Odyssey", "2001 a space odyssey"), ("…", "")],
)  # fmt: skip
def test_fold_title(title: str, folded: str) -> None:
    assert fold_title(title) == folded
