"""The program that plays the sessions of ``docs/transcripts.md``, with a scripted model."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.ingest import index_items
from assistant.llm.scripted import ScriptedModel
from benchmarks.transcripts import Counts, Session, read_sessions, transcript
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import good_answer, opened
from vectorstore.embed_hashing import HashingEmbedder


@pytest.mark.anyio
async def test_a_session_is_played_in_one_conversation_and_printed(tmp_path: Path) -> None:
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    session = Session(
        name="A try", model="scripted", messages=("a horror film", "who directed the first one?"), criticism="Good."
    )
    counts = Counts()
    async with opened(tmp_path, model=ScriptedModel(good_answer), phrasing="write") as assistant:
        text = await transcript(assistant, 7, session, counts)
    assert text.startswith("## 7. A try\n\nModel: scripted\n\n> **a horror film**\n\n")
    assert "Acting on: Horror" in text
    assert "so give it a try. *[written by the model]*" in text
    assert (
        "was directed by" in text.rpartition("who directed the first one?")[2]
    )  # "the first one" is known: it is one talk
    assert text.endswith("**Criticism.** Good.")
    assert counts.turns == 2
    assert counts.phrased["written by the model"] == counts.phrased.total() > 0


def test_there_are_twenty_five_sessions_of_three_to_seven_messages() -> None:
    sessions = read_sessions().sessions
    assert [session.model for session in sessions].count("smollm2") == 13
    assert [session.model for session in sessions].count("qwen2.5-0.5b") == 12
    assert all(3 <= len(session.messages) <= 7 for session in sessions)
    assert sum(not session.messages[0].isascii() for session in sessions) == 4
