"""The web server under load: conversations without a model on the 32,560 shared films, over loopback.

    python -m benchmarks.web_load [--data DIR] [--conversations 50] [--every 5] [--seconds 40]

The server is ``assistant serve`` in a process of its own. Each conversation has a session and a turn every ``--every``
seconds, from first byte to last; then ten times as many conversations for half as long; then one turn a second until one
is answered again within a second. Targets: p95 1 s and no error at 50; at 500 only 200, 429 and 503 with Retry-After,
memory steady, answered again within 5 s. The client shares the two cores with the server.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from benchmarks.films import SEED, indexed, percentile, requests


class Load:
    """What came back."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.answers: collections.Counter[str] = collections.Counter()


async def converse(url: str, number: int, load: Load, every: float, until: float) -> None:
    """One conversation, its turns spread evenly."""
    dice = random.Random(SEED + number)
    texts = requests()
    await asyncio.sleep(dice.random() * every)
    conversation = None
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False, verify=False) as client:
        while time.monotonic() < until:
            begun = time.monotonic()
            body = {"text": dice.choice(texts)} | ({"conversation": conversation} if conversation else {})
            try:
                answer = await client.post("/api/chat", json=body)
            except httpx.HTTPError as error:
                load.answers[type(error).__name__] += 1
            else:
                taken = time.monotonic() - begun
                name = str(answer.status_code)
                if answer.status_code == 200:
                    refused = '"kind":"limit"' in answer.text
                    name = "200" if "event: replied" in answer.text else "200, refused" if refused else "200, error"
                    if name == "200":
                        load.seconds.append(taken)
                elif "retry-after" not in answer.headers:
                    name += " without Retry-After"
                load.answers[name] += 1
            conversation = conversation or f"load-{number}"
            await asyncio.sleep(max(0.0, begun + every - time.monotonic()))


async def run(url: str, conversations: int, every: float, seconds: float) -> Load:
    load = Load()
    until = time.monotonic() + seconds
    await asyncio.gather(*(converse(url, number, load, every, until) for number in range(conversations)))
    return load


async def recovered(url: str) -> float:
    """Seconds until a turn is answered within one second again."""
    started = time.monotonic()
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False, verify=False) as client:
        while time.monotonic() - started < 60:
            begun = time.monotonic()
            answer = await client.post("/api/chat", json={"text": "a quiet film"})
            if "event: replied" in answer.text and time.monotonic() - begun < 1:
                return begun - started
            await asyncio.sleep(0.5)
    return float("inf")


def memory(process: subprocess.Popen[bytes]) -> float:
    """MiB that a process holds."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def worked(process: subprocess.Popen[bytes]) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tell(name: str, load: Load, process: subprocess.Popen[bytes], seconds: float) -> None:
    """``seconds`` of processor time went into it."""
    ordered = sorted(load.seconds) or [float("nan")]
    p50, p95 = (1000 * percentile(ordered, share) for share in (0.5, 0.95))
    answers = ", ".join(f"{key}: {count}" for key, count in sorted(load.answers.items()))
    each = 1000 * seconds / max(len(load.seconds), 1)
    print(
        f"{name}: p50 {p50:.0f} ms, p95 {p95:.0f} ms; {answers}; server {each:.0f} ms of processor time an answer, "
        f"{memory(process):.0f} MiB; load average {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--conversations", type=int, default=50)
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=40.0)
    options = parser.parse_args()
    with indexed(options.data) as folder:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "assistant.cli",
            "serve",
            "--data",
            str(folder),
            "--port",
            str(port),
            "--llm",
            "none",
        ]
        begun = time.monotonic()
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            while True:
                try:
                    if httpx.get(url + "/ready", trust_env=False).status_code == 200:
                        break
                except httpx.HTTPError:
                    if process.poll() is not None:
                        raise SystemExit("the server did not start") from None
                time.sleep(0.05)
            print(f"ready after {time.monotonic() - begun:.1f} s", flush=True)
            many, more = options.conversations, 10 * options.conversations
            for name, conversations, every, seconds in (
                ("warm", 5, 1.0, 5.0),  # what is made at first use is made
                (f"{many} conversations", many, options.every, options.seconds),
                (f"{more} conversations", more, options.every, options.seconds / 2),
            ):
                before = worked(process)
                load = asyncio.run(run(url, conversations, every, seconds))
                tell(name, load, process, worked(process) - before)
            print(f"answered within a second again after {asyncio.run(recovered(url)):.1f} s", flush=True)
            print(f"server {memory(process):.0f} MiB after it", flush=True)
        finally:
            process.terminate()
            process.wait(20)


if __name__ == "__main__":
    main()
