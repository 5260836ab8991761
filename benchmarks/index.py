"""Indexing all 32,560 shared films from nothing: seconds, seconds per stage, and peak memory of the whole process.

    python -m benchmarks.index

A process of its own indexes into an empty folder with the default embedder, as ``assistant index`` does. Time is wall
clock from the start of that process to its end; memory is its peak resident set as the operating system counted it.
Targets: 60 s, 1 GB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time

from benchmarks.films import ROOT, require_films, show

INDEXER = """
import json, sys, time
started = time.perf_counter()
from assistant.ingest import index_items
stages, last, current = {"starting": time.perf_counter() - started}, time.perf_counter(), None
def progress(stage, done, total):
    global last, current
    now = time.perf_counter()
    # what lies before the first report of a stage is counted as part of it
    stages[stage] = stages.get(stage, 0.0) + now - last
    last = now
report = index_items(sys.argv[1], sys.argv[2], progress=progress)
stages["finishing"] = time.perf_counter() - last
print(json.dumps({"items": report.items, "stages": stages}))
"""


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    films = require_films()
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        command = [sys.executable, "-c", INDEXER, str(films), folder]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - started
    result = json.loads(done.stdout)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9
    rows = [
        ("", "figure"),
        ("seconds", f"{seconds:.1f} s"),
        ("processor time of all threads", f"{usage.ru_utime + usage.ru_stime:.1f} s"),
        ("peak memory", f"{peak:.2f} GB"),
    ]
    rows += [(f"  {stage}", f"{took:.1f} s") for stage, took in result["stages"].items()]
    show(f"{result['items']:,} films from nothing", rows)


if __name__ == "__main__":
    main()
