"""How long whole processes take to start: ``import assistant``, ``assistant --help``, a second ``assistant demo``, and
``assistant serve`` on the 32,560 shared films.

    python -m benchmarks.startup [--data DIR] [--runs 7] [--llm none]

Wall clock of new processes, from start to end; the bare interpreter, which is part of each, is given too. The demo's first
run, which indexes the sample, is not counted. The server's time is from its start until ``/ready`` answers 200, then that of
a first turn from sending it to its last byte; with the processor time that it has used by then. Targets: import 0.3 s, help
0.5 s, second demo 5 s, server 3 s.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.films import ROOT, indexed, show

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


def answer(url: str, body: dict[str, str] | None = None) -> str | None:
    """What a server says; None while it does not answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as response:
            return str(response.read().decode())
    except urllib.error.URLError:
        return None


def serve(folder: Path, environment: dict[str, str]) -> tuple[float, float, float]:
    """Seconds until a new server is ready, of its first turn, and of processor time until it was ready."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = time.perf_counter()
    command = [sys.executable, "-c", CLI, "serve", "--data", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        while answer(f"http://127.0.0.1:{port}/ready") is None:
            if process.poll() is not None:
                raise SystemExit("the server did not start")
            time.sleep(0.02)
        ready = time.perf_counter() - started
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        worked = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        begun = time.perf_counter()
        told = answer(f"http://127.0.0.1:{port}/api/chat", {"text": "a quiet film about a lighthouse keeper"})
        if told is None or "event: replied" not in told:
            raise SystemExit(f"the first turn failed: {told}")
        return ready, time.perf_counter() - begun, worked
    finally:
        process.terminate()
        process.wait(30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with the films indexed, or to index them into")
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
    with indexed(arguments.data) as films:
        serve(films, environment)  # an index made by another version is derived from anew once
        times = zip(*(serve(films, environment) for _ in range(arguments.runs)), strict=True)
        labels = ("assistant serve on the films, until ready", "its first turn", "processor time until ready")
        for label, took in zip(labels, times, strict=True):
            rows.append((label, *(f"{value:.2f}" for value in (statistics.median(took), min(took), max(took)))))
    show(f"whole processes, {arguments.runs} runs each", rows)


if __name__ == "__main__":
    main()
