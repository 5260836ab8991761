"""What a turn can start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.blocking import connect
from assistant.errors import UserError
from assistant.ingest import index_items
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import offline_settings
from vectorstore.embed_hashing import HashingEmbedder


@pytest.mark.parametrize(
    ("text", "user", "conversation", "why"),
    [
        (None, "ana", None, "text of a message must be text, and this is None"),
        (7, "ana", None, "text of a message must be text, and this is 7"),
        ("a comedy", None, None, "user of a message must be text"),
        ("a comedy", " ", None, "user of a message is blank"),
        ("a comedy", "ana", 3, "conversation of a message must be text"),
    ],
)
def test_a_message_without_text_or_user_is_refused(text, user, conversation, why, tmp_path: Path) -> None:
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    with connect(tmp_path, settings=offline_settings()) as assistant:
        with pytest.raises(UserError, match=why):
            assistant.chat(text, user=user, conversation=conversation)
        assert assistant.chat("", user="ana").recommendations
