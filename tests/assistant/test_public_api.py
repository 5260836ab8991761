from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import assistant

ROOT = Path(__file__).resolve().parents[2]
NAMES = [
    "Assistant", "AssistantError", "BlockingAssistant", "Event", "Explanation", "Fact", "Item", "Message", "RankedList",
    "Recommendation", "Recommended", "Replied", "Reply", "Retrieved", "Settings", "connect", "index_items",
]  # fmt: skip
HEAVY = [
    "chromadb", "numpy", "scipy", "pydantic", "pydantic_settings", "wordllama", "openai", "llama_cpp", "tiktoken", "rich",
    "orjson", "anyio", "sqlite3",
]  # fmt: skip


def test_the_public_names_are_these() -> None:
    assert sorted(assistant.__all__) == sorted(NAMES)
    assert len(set(assistant.__all__)) == len(assistant.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_imported_and_is_documented(name: str) -> None:
    value = getattr(assistant, name)
    assert value.__name__ == name
    assert value.__doc__
    assert value.__module__.startswith("assistant.")


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        assistant.nothing  # noqa: B018


def imported_by(code: str) -> list[str]:
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, timeout=120)
    return json.loads(done.stdout.splitlines()[-1])


def test_importing_loads_nothing_heavy_and_does_nothing() -> None:
    before = set(imported_by(""))
    loaded = set(imported_by("import assistant")) - before
    assert not loaded & set(HEAVY)
    assert {name for name in loaded if name.startswith(("assistant", "vectorstore", "prompts"))} == {"assistant"}


def test_the_help_of_the_command_line_loads_nothing_heavy() -> None:
    code = "from assistant.cli import run\ntry: run(['--help'])\nexcept SystemExit: pass"
    assert not set(imported_by(code)) & (set(HEAVY) - {"rich"})


def test_a_recommender_needs_no_vendor_library_until_one_is_used() -> None:
    code = "import assistant\nfrom assistant import Assistant, Settings, connect, index_items"
    assert not set(imported_by(code)) & {"chromadb", "openai", "llama_cpp", "wordllama", "tiktoken", "onnxruntime"}
