"""The language of a message."""

from __future__ import annotations

import pytest

from assistant.detecting import detect_language, languages


def test_there_are_two_languages():
    assert languages() == ("en", "zh")


@pytest.mark.parametrize(
    ("text", "previous", "language"),
    [
        ("想看诺兰的科幻片", "en", "zh"),
        ("喜剧", "en", "zh"),
        ("霸王别姬", "en", "zh"),
        ("《异形》", "en", "zh"),
        ("推荐 Nolan 的 movie", "en", "zh"),
        ("Wong Kar-wai 90年代", "en", "zh"),
        ("a comedy please", "zh", "en"),
        ("something funny", "zh", "en"),
        ("films like 《异形》", "zh", "en"),
        ("show me 霸王别姬", "en", "en"),
        # a title or a single word says nothing of the language it stands in
        ("Alien", "zh", "zh"),
        ("Alien", "en", "en"),
        ("Blade Runner", "zh", "zh"),
        ("The Thing", "zh", "zh"),
        ("ok", "zh", "zh"),
        ("1994", "zh", "zh"),
        ("?!", "zh", "zh"),
        ("", "en", "en"),
        ("第二个", "zh", "zh"),
    ],
)
def test_language_of_a_message(text, previous, language):
    assert detect_language(text, previous) == language
