"""What a file of rules may say, and how it is told what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.arranging.rule_file import RuleFile, find_rules, load_rules
from assistant.errors import SettingsError

GOOD = """\
in_stock_only = true

[[pin]]
name = "house pick"
item = "alien"
position = 1
label = "Sponsored"

[[boost]]
where = { slot = "year", from = 1990 }
by = 0.1

[[bury]]
where = [{ slot = "categories", any = ["Horror"] }, { slot = "year", to = 1980 }]
by = 0.2

[[cap]]
slot = "director"
most = 1
"""


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str, name: str = "rules.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_file_says_what_it_says(write):
    rules = load_rules(write(GOOD))
    assert rules.in_stock_only
    assert rules.pin[0].item == "alien"
    assert [rules.names(kind) for kind in ("pin", "boost", "bury", "cap")] == [
        ["house pick"], ["boost 1"], ["bury 1"], ["cap 1"],
    ]  # fmt: skip
    assert [c.slot for c in rules.bury[0].where] == ["categories", "year"]
    assert rules.cap[0].within == 10


def test_json_says_the_same(write):
    content = {"boost": [{"where": {"slot": "year", "from": 1990}, "by": 0.1}]}
    assert load_rules(write(json.dumps(content), "rules.json")).boost[0].where[0].low == 1990


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("in_stok_only = true", "in_stock_only = true", ":1: there is no 'in_stok_only'. Did you mean 'in_stock_only'?"),
        ('itm = "alien"', 'item = "alien"', ":5: pin 'house pick': there is no 'itm'. Did you mean 'item'?"),
        ("position = 0", "position = 1", ":6: pin 'house pick': position:"),
        ("frm = 1990", "from = 1990", ":10: boost 1: there is no 'frm'. Did you mean 'from'?"),
        ("by = 2", "by = 0.1", ":11: boost 1: by:"),
        ('slot = "year", to = 1980, any = ["a"]', 'slot = "year", to = 1980', ":14: bury 1: a condition needs exactly one"),
        ("most = 0", "most = 1", ":19: cap 1: most:"),
        ("[[capp]]", "[[cap]]", "there is no 'capp'. Did you mean 'cap'?"),
    ],
)  # fmt: skip
def test_an_error_names_the_line_the_rule_and_what_was_meant(write, wrong, right, said):
    assert right in GOOD
    path = write(GOOD.replace(right, wrong))
    with pytest.raises(SettingsError) as error:
        load_rules(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)


def test_several_errors_are_told_at_once(write):
    with pytest.raises(SettingsError) as error:
        load_rules(write(GOOD.replace("position = 1", "position = 0").replace("by = 0.1", "by = 0")))
    assert "pin 'house pick'" in str(error.value)
    assert "boost 1" in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[pin]]\nposition = 1\n", "needs either item (an id) or where"),
        ('[[pin]]\nitem = "a"\nposition = 1\n[[pin]]\nitem = "b"\nposition = 1\n', "two pins want position 1"),
        ('[[cap]]\nname = "x"\nmost = 1\n[[cap]]\nname = "x"\nmost = 2\n', "two rules are called 'x'"),
        ('[[boost]]\nby = 0.1\nwhere = { slot = "year", from = 2000, to = 1990 }\n', "from 2000 is above to 1990"),
        ("[[boost]\n", "not valid TOML"),
    ],
)
def test_contradictions_are_refused(write, text, said):
    with pytest.raises(SettingsError, match=r"rules\.toml") as error:
        load_rules(write(text))
    assert said in str(error.value)


def test_json_that_is_none_names_its_line(write):
    with pytest.raises(SettingsError, match=r"rules.json:2: not valid JSON"):
        load_rules(write('{"pin":\n]', "rules.json"))


def test_where_rules_are_looked_for(tmp_path, write):
    assert find_rules(tmp_path, None) is None
    path = write(GOOD)
    assert find_rules(tmp_path, None) == path
    with pytest.raises(SettingsError, match="no file of rules"):
        find_rules(tmp_path, tmp_path / "other.toml")
    assert RuleFile() == load_rules(write("", "empty.toml"))
