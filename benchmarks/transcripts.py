"""Plays the sessions of ``transcripts.toml`` with local models and prints what was said as Markdown, unedited.

    python -m benchmarks.transcripts > docs/transcripts.md
    python -m benchmarks.transcripts --only 3 --model none

The sample films are indexed into a temporary folder; every session is a user nobody knows, in a copy of it. Everything between the headings is what the program replied; the criticism below each session and the
summary at the top are from the file, written after reading. ``--model`` plays all sessions with one setting (``none``:
templates only).
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from assistant.llm.base import LanguageModel
from assistant.settings import load_settings
from assistant.surfaces.markdown import said
from assistant.surfaces.render import facts_line, heading
from assistant.turn import Assistant
from assistant.types import Explanation, Message, Recommendation, Reply

FILMS = Path(__file__).parents[1] / "examples" / "data" / "films.jsonl"
SESSIONS = Path(__file__).with_name("transcripts.toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """What one person says, in order."""

    name: str
    model: str
    """A name of ``benchmarks.local_model_turns.files``."""
    messages: tuple[str, ...]
    criticism: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sessions:
    """The file: the sessions, and what the criticism says over all."""

    sessions: tuple[Session, ...]
    summary: str = ""


@dataclass(kw_only=True, slots=True)
class Counts:
    """What was counted while playing."""

    turns: int = 0
    phrased: Counter[str] = field(default_factory=Counter)
    """Cards by who phrased them."""


def read_sessions(path: Path = SESSIONS) -> Sessions:
    """Raises ``KeyError`` or ``TypeError`` where the file lacks a field or has one too many."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = [Session(**row | {"messages": tuple(row["messages"])}) for row in document["sessions"]]
    return Sessions(sessions=tuple(rows), summary=document.get("summary", ""))


async def play(assistant: Assistant, messages: Sequence[str], *, user: str) -> AsyncIterator[Reply]:
    """The replies to the messages, in one conversation."""
    for text in messages:
        yield await assistant.reply(Message(user=user, text=text, conversation=user))


def by(explanation: Explanation) -> str:
    """Who phrased it, in words."""
    if explanation.model is None:
        return "template"
    if explanation.phrased_by == "model":
        return "written by the model"
    return "chosen by the model"


def turn(message: str, reply: Reply) -> str:
    """A turn as Markdown."""
    lines = [f"> **{said(message)}**", said(reply.text)]
    if reply.acting_on:
        lines.append("Acting on: " + " · ".join(said(label) for label in reply.acting_on))
    if reply.recommendations:
        lines.append("\n".join(card(one) for one in reply.recommendations))
    if reply.question is not None:
        lines.append(f"Question: {said(reply.question.text)}")
    return "\n\n".join(line for line in lines if line)


def card(recommendation: Recommendation) -> str:
    item, explanation = recommendation.item, recommendation.explanation
    first = f"{recommendation.position}. {said(heading(recommendation.title, recommendation.year))}"
    facts = f" ({said(line)})" if (line := facts_line(item)) else ""
    return f"{first}{facts}: {said(explanation.text)} *[{by(explanation)}]*"


async def transcript(assistant: Assistant, number: int, session: Session, counts: Counts) -> str:
    """A session as Markdown: heading, turns, criticism."""
    parts = [f"## {number}. {session.name}", f"Model: {session.model}"]
    replies = play(assistant, session.messages, user=f"visitor {number}")
    messages = iter(session.messages)
    async for reply in replies:
        counts.turns += 1
        counts.phrased.update(by(one.explanation) for one in reply.recommendations)
        parts.append(turn(next(messages), reply))
    if session.criticism:
        parts.append(f"**Criticism.** {session.criticism}")
    return "\n\n".join(parts)


def make(name: str) -> LanguageModel | None:
    """The model with a name of ``local_model_turns.files``; None for ``none``. Exits when its weights are missing."""
    from assistant.llm.llama_cpp import LlamaCppConfig, LlamaCppModel
    from benchmarks.local_model_turns import files

    if name == "none":
        return None
    there = files()
    if name not in there:
        raise SystemExit(f"The weights of {name!r} are not on this machine. There are: {', '.join(there) or 'none'}.")
    path, digest = there[name]
    return LlamaCppModel(path, LlamaCppConfig(sha256=(digest,) if digest else ()))


async def run(index: Path, chosen: Sequence[tuple[int, Session]], only_model: str | None, summary: str) -> str:
    """The transcripts. Each is played on a fresh copy of the index: what is accepted counts as liked, and would
    move the rankings of the next."""
    counts = Counts()
    parts: list[str] = []
    for number, session in chosen:
        data = index.with_name(str(number))
        shutil.copytree(index, data)
        model = make(only_model or session.model)
        async with Assistant.open(data, settings=load_settings(data, llm="none"), model=model) as assistant:
            parts.append(await transcript(assistant, number, session, counts))
        print(number, session.name, file=sys.stderr)
    told = ", ".join(f"{count} {name}" for name, count in counts.phrased.most_common())
    figures = f"{len(parts)} sessions, {counts.turns} turns, {counts.phrased.total()} cards: {told}."
    return "\n\n".join(part for part in (summary.strip(), figures, *parts) if part)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=int, action="append", help="number of a session, from 1; may be repeated")
    parser.add_argument("--model", choices=("none", "smollm2", "qwen2.5-0.5b"), help="one model for all sessions")
    arguments = parser.parse_args()
    read = read_sessions()
    chosen = [(n, one) for n, one in enumerate(read.sessions, 1) if not arguments.only or n in arguments.only]
    if not chosen:
        raise SystemExit(f"There are sessions 1 to {len(read.sessions)}.")
    summary = "" if arguments.only else read.summary
    with TemporaryDirectory() as folder:
        index = Path(folder, "index")
        command = [str(Path(sys.executable).with_name("assistant")), "index", str(FILMS), "--data", str(index)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        print(asyncio.run(run(index, chosen, arguments.model, summary)))


if __name__ == "__main__":
    main()
