"""A user who used the real product is erased from it: no byte of what they said, did or liked is left in any file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from assistant.blocking import connect
from assistant.catalogue import Catalogue
from assistant.cli import run
from assistant.fitting import fit
from assistant.ingest import index_items
from assistant.profile import UserProfile
from assistant.store import Store
from assistant.sync import sync_vectors
from tests.assistant.catalogues import FILMS
from tests.assistant.turns import did
from vectorstore.embed_hashing import HashingEmbedder

ROOT = Path(__file__).resolve().parents[2]
CANARY = "canary-9d41c7"
SAID = "quetzalcoatlus-5be2"
BESIDE = """
import sys
from pathlib import Path
from assistant.store import Store
with Store(Path(sys.argv[1])) as store:
    store.events(sys.argv[2])
    print("reading", flush=True)
    sys.stdin.readline()
    print(len(store.events(sys.argv[2])), flush=True)
"""


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("ASSISTANT_EMBEDDER", "hashing")
    monkeypatch.setenv("ASSISTANT_LLM", "none")


def files_with(folder: Path, *needles: bytes) -> list[str]:
    """Files of the folder that hold any of the needles."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            found += [f"{path.relative_to(folder)}: {needle[:20]!r}" for needle in needles if needle in content]
    return found


def profile_bytes(folder: Path, user: str) -> list[bytes]:
    """The user's interest vectors as they would lie in a file: whole, and any eight numbers of them."""
    with Store(folder) as store:
        catalogue = Catalogue.load(store)
        profile = UserProfile(user, store.events(user), catalogue, store.rating_scale())
        centres, _ = profile.interests
        of_items = {vector.tobytes() for vector in catalogue.vectors}
    assert len(centres) >= 2
    mixed = [centre for centre in centres if centre.tobytes() not in of_items]
    assert mixed, "every interest is a single item, whose vector stays"
    needles = []
    for centre in mixed:
        for kind in (np.float32, np.float64):
            needles.append(centre.astype(kind).tobytes())
            start = int(np.flatnonzero(centre)[0])
            part = centre[start : start + 8].astype(kind)
            if np.count_nonzero(part) >= 4:
                needles.append(part.tobytes())
    return needles


def test_nothing_of_an_erased_user_is_left(tmp_path, capsys):
    folder = tmp_path / "data"
    index_items(FILMS, folder, embedder=HashingEmbedder())
    with Store(folder) as store:
        assert sync_vectors(store)
        for n in range(6):
            did(store, f"neighbour {n}", *[film["item_id"] for film in FILMS[n : n + 4]])
    liked = ["alien", "aliens", "galaxy", "walle", "odyssey", "her", "fistful", "unforgiven"]
    with connect(folder) as assistant:
        for item_id in liked:
            assistant.add_event(CANARY, item_id, "rating", value=5.0)
        assistant.chat(f"something with a {SAID} in it", user=CANARY)
        assistant.chat("something set in space", user=CANARY, conversation=f"{SAID} talk")
        with Store(folder) as store:
            fit(store, Catalogue.load(store))
        assistant.chat("and now?", user=CANARY)
    vectors = profile_bytes(folder, CANARY)
    texts = [CANARY.encode(), SAID.encode(), CANARY.encode("utf-16-le")]
    assert len(files_with(folder, *texts)) >= 2

    beside = subprocess.Popen(
        [sys.executable, "-c", BESIDE, str(folder), CANARY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ,
    )
    with beside, Store(folder) as open_here:
        assert beside.stdout.readline() == b"reading\n"
        assert len(open_here.events(CANARY)) == len(liked)
        assert run(["users", "delete", CANARY, "--data", str(folder), "--json"]) == 0
        assert files_with(folder, *texts, *vectors) == []
        beside.stdin.write(b"\n")
        beside.stdin.flush()
        assert beside.stdout.readline() == b"0\n"
        assert open_here.events(CANARY) == []
    assert files_with(folder, *texts, *vectors) == []

    capsys.readouterr()
    with connect(folder) as assistant:
        assert "neighbour 0" in assistant.core.store.users()
        assert assistant.chat("something set in space", user=CANARY, conversation=f"{SAID} talk").recommendations
        assert all(fact.source != "history" for card in assistant.chat("", user=CANARY).recommendations
                   for fact in card.explanation.facts)  # fmt: skip


def test_a_running_assistant_forgets_too(tmp_path):
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    with connect(tmp_path) as assistant:
        assistant.add_event(CANARY, "unforgiven")
        assert "unforgiven" not in dict(assistant.rank(user=CANARY))
        assistant.chat(f"a western, {SAID}", user=CANARY, conversation="c")
        assert run(["users", "delete", CANARY, "--data", str(tmp_path), "--json"]) == 0
        assert "unforgiven" in dict(assistant.rank(user=CANARY))
        cards = assistant.chat("a western", user=CANARY, conversation="c").recommendations
        assert {card.item_id for card in cards} == {"fistful", "unforgiven"}
        assert run(["users", "delete", CANARY, "--data", str(tmp_path), "--json"]) == 0
        assert files_with(tmp_path, SAID.encode(), CANARY.encode()) == []
