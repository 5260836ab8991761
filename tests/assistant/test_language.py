from __future__ import annotations

import pytest

from assistant.detecting import languages
from assistant.language import load_language


@pytest.mark.parametrize("code", languages())
def test_every_pattern_of_a_language_compiles(code: str) -> None:
    language = load_language(code)
    cues = [cue for found in language.patterns.values() for cue in found] + [said.cue for said in language.statements]
    assert cues or not language.spaced
    for cue in cues:
        assert cue.regex.pattern == cue.pattern
        assert cue.regex is cue.regex
