"""The code of README.md and docs/ is run as it stands, page by page, in a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(?:<!-- not run: (?P<why>[^>]+) -->\n+)?^```(?P<kind>python|sh)\n(?P<code>.*?)^```$", re.M | re.S)


def blocks(page: Path) -> list[tuple[int, str, str, str | None]]:
    """(line, kind, code, why it is not run) of every block of Python or shell."""
    text = page.read_text(encoding="utf-8")
    return [(text[: m.start("code")].count("\n") + 1, m["kind"], m["code"], m["why"]) for m in BLOCK.finditer(text)]


def run_python(code: str, names: dict[str, object], where: str) -> None:
    source = compile(code, where, "exec")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(source, names)


def run_shell(code: str, folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_code_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [block for block in blocks(page) if block[3] is None]
    if not found:
        pytest.skip("the page has no code to run")
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ASSISTANT_LLM": "none",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "NO_COLOR": "1",
    }
    for name in ("ASSISTANT_LLM", "XDG_CACHE_HOME", "NO_COLOR"):
        monkeypatch.setenv(name, environment[name])
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    names: dict[str, object] = {"__name__": "__main__"}
    for line, kind, code, _ in found:
        where = f"{page.relative_to(ROOT)}:{line}"
        if kind == "python":
            run_python(code, names, where)
        else:
            run_shell(code, work, environment)


def test_code_that_is_not_run_says_why() -> None:
    reasons = {why for page in PAGES for *_, why in blocks(page) if why}
    assert reasons <= {
        "it installs",
        "it needs a key",
        "it serves until it is stopped",
        "it asks a running server",
        "it needs a model file",
        "it asks on a terminal",
    }


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
