"""Two users of one server, in any order of requests to any of its routes: nothing of one ever reaches the other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from assistant.ingest import index_items
from tests.assistant.catalogues import FILMS
from tests.surfaces.served import Served, served
from vectorstore.embed_hashing import HashingEmbedder

MARKS = ("quxana", "quxben")
"""A word of its own for each user, in all that they say."""
PATHS = ("/", "/health", "/ready", "/metrics", "/openapi.json", "/pictures/alien", "/static/app.js", "/v1/models", "/api/me",
         "/api/me/export", "/api/examples", "/api/conversations", "/api/tastes")  # fmt: skip
"""Of routes that are read and take no name of anything of anybody."""
SEQUENCES = 1_000
REQUESTS = 4
"""Of a sequence, at most; each by either user."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("two")
    index_items(FILMS, folder, embedder=HashingEmbedder())
    with served(folder, web_rate="1000000/second") as running:
        yield running


class _TwoUsers(RuleBasedStateMachine):
    server: Served

    @initialize()
    def arrive(self) -> None:
        self.clients = [self.server.client(), self.server.client()]
        self.conversations: list[str] = ["none"]
        self.tastes: list[str] = ["none"]
        self.users = [client.get("/api/me").json()["user"] for client in self.clients]

    def teardown(self) -> None:
        for client in getattr(self, "clients", ()):
            client.request("DELETE", "/api/me")
            client.close()

    def see(self, who: int, response: httpx.Response) -> httpx.Response:
        """What every answer is examined for."""
        assert response.status_code < 500, response.text
        other = 1 - who
        assert MARKS[other] not in response.text
        assert self.users[other] not in response.text
        return response

    def a_conversation(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(self.conversations))

    @rule(who=st.integers(0, 1), text=st.sampled_from(("a western", "I never watch horror", "forget horror", "more", "why?")),
          data=st.data(), edits=st.booleans())  # fmt: skip
    def chat(self, who: int, text: str, data: st.DataObject, edits: bool) -> None:
        named = self.a_conversation(data)
        body = {"text": f"{text} {MARKS[who]}", "edits": edits} | ({} if named == "none" else {"conversation": named})
        response = self.see(who, self.clients[who].post("/api/chat", json=body))
        for line in response.text.splitlines():
            if line.startswith("data: ") and "conversation" in (document := json.loads(line[6:])):
                self.conversations.append(document["conversation"])

    @rule(who=st.integers(0, 1), text=st.sampled_from(("a western", "more")), data=st.data(), stream=st.booleans())
    def complete(self, who: int, text: str, data: st.DataObject, stream: bool) -> None:
        """As a client of OpenAI's that goes on in a conversation, by its name or by what was said."""
        named = self.a_conversation(data)
        body = {"messages": [{"role": "user", "content": f"{text} {MARKS[who]}"}], "stream": stream}
        headers = {} if named == "none" else {"X-Conversation": named}
        self.see(who, self.clients[who].post("/v1/chat/completions", json=body, headers=headers))

    @rule(who=st.integers(0, 1), data=st.data())
    def read(self, who: int, data: st.DataObject) -> None:
        client = self.clients[who]
        for path in PATHS:
            self.see(who, client.get(path))
        self.see(who, client.get(f"/api/conversations/{self.a_conversation(data)}"))
        self.tastes += [entry["entry_id"] for entry in client.get("/api/tastes").json()]

    @rule(
        who=st.integers(0, 1),
        item=st.sampled_from(("alien", "her", "walle")),
        kind=st.sampled_from(("like", "dislike")),
    )
    def feedback(self, who: int, item: str, kind: str) -> None:
        client = self.clients[who]
        event = {"item_id": item, "kind": kind, "event_id": f"{MARKS[who]}-{self.users[who]}-{item}-{kind}"}
        self.see(who, client.post("/api/events", json=event))
        other = self.clients[1 - who].get("/api/me/export").json()
        assert all(row["user_id"] == self.users[1 - who] for row in other["event"])
        self.see(who, client.post("/api/rank", json={}))
        self.see(who, client.post("/api/why", json={"item_id": item}))
        self.see(who, client.post("/api/explain", json={"item_id": item}))

    @rule(who=st.integers(0, 1), data=st.data())
    def taste(self, who: int, data: st.DataObject) -> None:
        client = self.clients[who]
        words = {"slot": "categories", "value": "Western", "likes": True, "words": f"westerns {MARKS[who]}"}
        self.see(who, client.post("/api/tastes", json=words))
        self.see(who, client.post("/api/tastes/propose"))
        entry = data.draw(st.sampled_from(self.tastes))
        mine = {found["entry_id"] for found in client.get("/api/tastes").json()}
        for answer in (
            client.patch(f"/api/tastes/{entry}", json={"likes": False}),
            client.post(f"/api/tastes/{entry}/confirm"),
        ):
            assert entry in mine or self.see(who, answer).status_code == 404

    @rule(who=st.integers(0, 1), data=st.data())
    def delete(self, who: int, data: st.DataObject) -> None:
        """Deleting what is the other's deletes nothing."""
        other = self.clients[1 - who]
        before = other.get("/api/me").json()
        self.see(who, self.clients[who].delete(f"/api/conversations/{self.a_conversation(data)}"))
        self.see(who, self.clients[who].delete(f"/api/tastes/{data.draw(st.sampled_from(self.tastes))}"))
        assert other.get("/api/me").json() == before

    @rule(who=st.integers(0, 1))
    def renew(self, who: int) -> None:
        """A new session goes on as the user of the one before."""
        answer = self.see(who, self.clients[who].post("/api/session"))
        assert answer.json()["user"] == self.users[who]

    @rule(who=st.integers(0, 1))
    def erase(self, who: int) -> None:
        before = self.clients[1 - who].get("/api/me").json()
        self.see(who, self.clients[who].request("DELETE", "/api/me"))
        assert self.clients[who].get("/api/conversations").json() == []
        assert self.clients[1 - who].get("/api/me").json() == before


def _run(server: Served, sequences: int) -> None:
    machine = type("TwoUsers", (_TwoUsers,), {"server": server})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=REQUESTS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
    described = server.app.openapi()["paths"]
    with server.client() as nobody:
        counted = nobody.get("/metrics").text.replace(":path}", "}")
    asked = set(re.findall(r'requests_total\{method="(\w+)",route="([^"]+)"', counted))
    assert asked >= {(method.upper(), path) for path, methods in described.items() for method in methods}


def test_nothing_of_one_user_reaches_the_other(server: Served) -> None:
    _run(server, 15)


@pytest.mark.slow
def test_nothing_of_one_user_reaches_the_other_in_a_thousand_sequences(server: Served) -> None:
    _run(server, SEQUENCES)
