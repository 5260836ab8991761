"""Does an index open and find what it holds? Asked in a child process, because a damaged one may crash or hang.

``python -m vectorstore.chroma_probe CHROMA_FOLDER SAMPLE`` is that child: it prints one JSON document.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from vectorstore import chroma_folder
from vectorstore.errors import StoreDamagedError, StoreStaleError


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeReport:
    """What a probe found."""

    ok: bool
    reason: str
    """Why it is damaged; empty when it is not."""
    count: int = 0
    """Vectors it says it holds."""
    checked: int = 0
    """Vectors that were asked for and had to find themselves."""
    seconds: float = 0.0


def probe(folder: Path | str, *, timeout: float = 120.0, sample: int = 64) -> ProbeReport:
    """Open the current index of ``folder`` in a child process and let ``sample`` vectors find themselves.

    Where this process has the folder open, the open index is asked instead. Raises ``StoreLockedError`` when another
    process has it open, and ``StoreStaleError`` when nothing was built yet.
    """
    from vectorstore.chroma import verify_open

    folder = Path(folder).resolve()
    if not folder.is_dir():
        raise StoreStaleError(f"There is no vector index in {str(folder)!r} yet. Build it.")
    started = time.monotonic()
    with chroma_folder.holding(folder):
        try:
            generation = chroma_folder.current(folder)
            generation.manifest()
            checked = verify_open(generation, sample)
        except StoreDamagedError as error:
            return ProbeReport(ok=False, reason=str(error), seconds=time.monotonic() - started)
        if checked is not None:
            return ProbeReport(
                ok=True, reason="", count=checked[0], checked=checked[1], seconds=time.monotonic() - started
            )
        clean = generation.closed()
        if clean is not None and clean.sizes != generation.sizes():
            return ProbeReport(ok=False, reason=changed_files(clean.sizes, generation.sizes()))
        report = probe_generation(generation, timeout=timeout, sample=sample)
        if report.ok:
            # The child closed it; opening it may have rewritten files.
            generation.mark_closed(report.count)
        else:
            (generation.path / "CLEAN").unlink(missing_ok=True)
        return report


def changed_files(before: dict[str, int], now: dict[str, int]) -> str:
    """Which files differ from those of the last close."""
    gone = sorted(before.keys() - now.keys())
    other = sorted(name for name in before.keys() & now.keys() if before[name] != now[name])
    new = sorted(now.keys() - before.keys())
    parts = [
        f"{len(names)} {what} ({names[0]})"
        for names, what in ((gone, "missing"), (other, "resized"), (new, "new"))
        if names
    ]
    return f"its files are not those of the last close: {', '.join(parts)}"


def probe_generation(generation: chroma_folder.Generation, *, timeout: float, sample: int) -> ProbeReport:
    """Run the child; the caller holds the folder's lock and this process does not have the generation open."""
    started = time.monotonic()
    package = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(part for part in (package, os.environ.get("PYTHONPATH", "")) if part)
    command = [sys.executable, "-P", "-m", "vectorstore.chroma_probe", str(generation.chroma), str(sample)]
    try:
        child = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            env=os.environ | {"PYTHONPATH": path},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ProbeReport(ok=False, reason=f"it did not answer within {timeout:g} s", seconds=timeout)
    seconds = time.monotonic() - started
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        return ProbeReport(ok=False, reason=f"opening it crashed the process ({name})", seconds=seconds)
    try:
        answer = json.loads(child.stdout.splitlines()[-1])
        return ProbeReport(
            ok=answer["reason"] == "",
            reason=str(answer["reason"]),
            count=int(answer["count"]),
            checked=int(answer["checked"]),
            seconds=seconds,
        )
    except (IndexError, KeyError, TypeError, ValueError):
        last = child.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no output"]
        return ProbeReport(ok=False, reason=f"the probe ended with {child.returncode}: {last[0]}", seconds=seconds)


def main(arguments: list[str]) -> None:
    """The child."""
    from vectorstore.chroma import open_collection
    from vectorstore.chroma_verify import verify_collection

    chroma, sample = Path(arguments[0]), int(arguments[1])
    count = checked = 0
    reason = ""
    try:
        database = chroma / "chroma.sqlite3"
        if not database.is_file():
            raise StoreDamagedError("chroma.sqlite3 is missing")
        with sqlite3.connect(f"{database.resolve().as_uri()}?mode=rw", uri=True) as connection:
            if (found := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise StoreDamagedError(f"chroma.sqlite3 is damaged: {found}")
        connection.close()
        client, collection = open_collection(chroma)
        count = collection.count()
        checked = verify_collection(collection, sample)
        client.close()
    except (StoreDamagedError, sqlite3.Error) as error:
        reason = str(error)
    print(json.dumps({"reason": reason, "count": count, "checked": checked}))


if __name__ == "__main__":
    main(sys.argv[1:])
