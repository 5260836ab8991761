"""How long whole processes take to start: ``import assistant``, ``assistant --help``, and a second ``assistant demo``.

    python -m benchmarks.startup [--runs 7] [--llm none]

Median of the wall clock of new processes, from start to end; the bare interpreter, which is part of each, is given too.
The demo's first run, which indexes the sample, is not counted. Targets: import 0.3 s, help 0.5 s, second demo 5 s.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.films import ROOT, show

CLI = "from assistant.cli import main; main()"


def seconds(code: str, arguments: list[str], environment: dict[str, str], runs: int) -> tuple[float, float, float]:
    """(median, shortest, longest) of ``runs`` processes that run ``code``."""
    took = []
    for _ in range(runs):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=ROOT, env=environment, check=True, capture_output=True
        )
        took.append(time.perf_counter() - started)
    return statistics.median(took), min(took), max(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--llm", default="none", help="as the setting llm")
    arguments = parser.parse_args()
    environment = {**os.environ, "ASSISTANT_LLM": arguments.llm}
    with tempfile.TemporaryDirectory() as folder:
        demo = ["demo", "--data", folder]
        subprocess.run([sys.executable, "-c", CLI, *demo], cwd=ROOT, env=environment, check=True, capture_output=True)
        measured = (
            ("python, nothing imported", "pass", []),
            ("import assistant", "import assistant", []),
            ("assistant --help", CLI, ["--help"]),
            (f"assistant demo, again, llm {arguments.llm}", CLI, demo),
        )
        rows = [("s", "median", "shortest", "longest")]
        for label, code, words in measured:
            rows.append((label, *(f"{value:.2f}" for value in seconds(code, words, environment, arguments.runs))))
    show(f"whole processes, {arguments.runs} runs each", rows)


if __name__ == "__main__":
    main()
