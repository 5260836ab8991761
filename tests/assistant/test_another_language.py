"""A language is a data file: a small one of words with spaces between them, written for this test, is understood.

It has every table of the English file, all of them empty but for what stands here. So a word of English in the rules, and
not in the file, would show. Words are written as they are compared: without accents.
"""

from __future__ import annotations

import datetime
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from assistant import detecting, language
from assistant.detecting import detect_language
from assistant.language import load_language, read_file
from assistant.types import Context
from assistant.understand import understand
from assistant.vocabulary import Vocabulary
from tests.assistant.unspaced.test_read import FILMS, catalogue_of, told

TODAY = datetime.date(2026, 6, 1)
NEVER = "(?!)"
ESPERANTO: dict[str, Any] = {
    "stopwords": "mi ni volas sercas iun ion la de kaj por bonvolu estas vi havas cu montru rekomendu rilate al pri",
    "item_words": "filmo filmon filmoj filmojn libro libron libroj",
    "numbers": {"du": 2, "tri": 3, "kvin": 5, "dek": 10, "naudek": 90},
    "ordinals": {"unua": 1, "unuan": 1, "dua": 2, "duan": 2, "tria": 3},
    "decades": {"naudekaj": 90},
    "synonyms": {
        "komedio": "comedy", "komedion": "comedy", "komediojn": "comedy", "hororo": "horror", "hororon": "horror",
        "hororfilmo": "horror", "hororfilmoj": "horror", "sciencfikcio": "science fiction", "animacio": "animation",
        "sciencfikcion": "science fiction", "animacion": "animation",
    },
    "countries": {"franca": "France", "francan": "France", "japana": "Japan", "japanan": "Japan", "usona": "United States"},
    "wishes": {"amuzan": ["funny", "comedy"], "timigan": ["frightening", "horror"]},
    "cues": {
        "negation": ["sen", "ne", "neniu", "escepte de"],
        "contrast": ["sed"],
        "like": ["kiel", "simila al"],
        "seen": ["mi jam vidis"],
        "directed": ["regisorita de", "regisoro"],
        "acted": ["kun", "cefrolas"],
        "by": ["de"],
        "alternative": ["au"],
        "conjunction": ["kaj", "au"],
        "list_words": ["au", "kaj"],
        "greeting": ["saluton"],
        "asking": ["mi volas", "montru", "mi sercas"],
    },
    "lists": {"greeting": "saluton|dankon"},
    "patterns": {"small_talk": ["^saluton$"]},
    "slots": {"length": {"names": ["daŭro"], "units": {"minuto": 1, "minutoj": 1, "horo": 60, "horoj": 60}}},
    "numeric": {
        "decade_words": "jardeko",
        "decade": r"(?:(?:1[89]|20)\d0)-aj(?: jaroj)?",
        "before": "antau", "until": "gis", "after": "post", "since": "ekde",
        "below": "malpli ol|sub|maksimume", "below_strict": "malpli ol|sub", "above": "pli ol|minimume", "above_strict": "pli ol",
        "between": "inter", "to": "kaj|gis|-", "to_after_between": "kaj",
    },
}  # fmt: skip
"""What the toy file says; everything else of it is empty."""
KEPT = ("year", "year_reach", "few", "century_start")
"""Of the table of numbers: no words."""

ASKED = [
    ("mi volas francan komedion", "recommend; countries France; categories Comedy"),
    ("montru komediojn sen hororo", "recommend; categories Comedy; not categories Horror"),
    ("mi serĉas japanan filmon antaŭ 1960", "recommend; year ..1959; countries Japan"),
    ("sciencfikcio, malpli ol 100 minutoj", "recommend; runtime ..99; categories Science fiction"),
    ("ion kun Sigourney Weaver", "recommend; cast Sigourney Weaver"),
    ("filmon reĝisorita de Akira Kurosawa", "recommend; director Akira Kurosawa"),
    ("animacio aŭ sciencfikcio post 1990", "recommend; year 1991..; categories Animation|Science fiction"),
    ("saluton", "small_talk"),
]  # fmt: skip


def emptied(value: Any, name: str = "") -> Any:
    """A table of the same form that says nothing."""
    if isinstance(value, dict):
        return {key: emptied(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return []
    if isinstance(value, (bool, int, float)) or name in KEPT:
        return value
    groups = dict.fromkeys(re.findall(r"\(\?P<([^>]+)>", value))
    if re.fullmatch(re.sub(r"\{[a-z_]+\}", "", value), ""):  # it may be absent
        return "".join(f"(?P<{group}>{NEVER})?" for group in groups)
    return NEVER + "".join(f"(?P<{group}>)" for group in groups)


def written(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, bool) else str(value).lower()


def toy_file() -> str:
    english = read_file("en")
    assert english is not None
    data: dict[str, Any] = {}
    for name, table in english.items():
        if name in ("numeric", "cues", "lists", "patterns", "behind"):
            data[name] = emptied(table)
        elif name == "slots":
            data[name] = {slot: {"slots": words["slots"]} for slot, words in table.items()}
        else:
            data[name] = type(table)() if isinstance(table, (dict, list)) else table
    data |= {"stopwords": "", "item_words": "", "adjectival": {"words": ""}, "statements": [], "suffixes": []}
    for name, table in ESPERANTO.items():
        if not isinstance(table, dict):
            data[name] = table
            continue
        for key, value in table.items():
            data[name][key] = {**data[name][key], **value} if name == "slots" else value
    return "\n".join(f"{json.dumps(name)} = {written(table)}" for name, table in data.items())


@pytest.fixture
def esperanto(tmp_path, monkeypatch):
    """The vocabulary of the sample films with a third language beside English and Chinese."""
    own = Path(language.__file__).parent / "languages"
    shutil.copytree(own, tmp_path / "languages")
    (tmp_path / "languages" / "eo.toml").write_text(toy_file(), encoding="utf-8")

    class Resources:
        @staticmethod
        def files(package: str) -> Path:
            assert package == "assistant"
            return tmp_path

    for module in (language, detecting):
        monkeypatch.setattr(module, "resources", Resources)
    caches = (detecting.languages, detecting._function_words, language.load_language)
    for cached in caches:
        cached.cache_clear()
    rows = [json.loads(line) for line in FILMS.read_text("utf-8").splitlines()]
    yield Vocabulary(catalogue_of(rows), load_language("en"))
    monkeypatch.undo()
    for cached in caches:
        cached.cache_clear()


def test_a_third_language_is_a_file(esperanto):
    assert detecting.languages() == ("en", "eo", "zh")
    heard = {text: understand(text, esperanto, Context(language="eo"), today=TODAY) for text, _ in ASKED}
    assert {text: told(said) for text, said in heard.items()} == dict(ASKED)
    assert {said.language for said in heard.values()} == {"eo"}
    assert detect_language("a comedy without horror, please", "eo") == "en"
    assert detect_language("想看喜剧", "eo") == "zh"
