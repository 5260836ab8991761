"""The web server, asked by real clients over a real socket."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from assistant.documents import MAX_MESSAGE
from assistant.errors import SettingsError
from assistant.ingest import index_items
from assistant.surfaces.web.accounts import KEYS_FILE, PREFIX, SECRET_FILE, Keys
from tests.assistant.catalogues import FILMS
from tests.surfaces.served import Served, ask, events, served
from vectorstore.embed_hashing import HashingEmbedder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web")
    index_items(FILMS, folder, embedder=HashingEmbedder())
    return folder


@pytest.fixture(scope="module")
def server(folder: Path):
    with served(folder) as running:
        yield running


@pytest.fixture
def client(server: Served):
    with server.client() as client:
        yield client


# turns


def test_a_turn_comes_as_events_in_their_order(client: httpx.Client) -> None:
    response = client.post("/api/chat", json={"text": "a comedy set in space"})
    assert response.headers["content-type"].startswith("text/event-stream")
    told = events(response)
    assert [name for name, _ in told] == ["started", "ranked", *["card"] * told[1][1]["count"], "replied"]
    reply = told[-1][1]
    assert [document["item_id"] for name, document in told if name == "card"] == [
        card["item_id"] for card in reply["recommendations"]
    ]
    assert told[0][1]["conversation"] == reply["conversation"]
    assert all(document["details"] and document["picture"] is None for name, document in told if name == "card")


def test_a_conversation_goes_on_takes_back_and_is_restored(client: httpx.Client) -> None:
    first = ask(client, "a comedy")
    name = first["conversation"]
    second = ask(client, "before 1970", conversation=name)
    assert [held["label"] for held in second["held"]] == ["Comedy", "up to 1969"]
    shown = {card["item_id"] for reply in (first, second) for card in reply["recommendations"]}
    third = ask(client, take_back=[second["held"][0]["held_id"]], conversation=name)
    assert [held["label"] for held in third["held"]] == ["up to 1969"]
    assert not shown & {card["item_id"] for card in third["recommendations"]}
    kept = client.get(f"/api/conversations/{name}").json()
    assert [turn["message"] for turn in kept["turns"]] == ["a comedy", "before 1970", ""]
    assert kept["turns"][1]["reply"]["text"] == second["text"]
    assert kept["turns"][1]["reply"]["recommendations"] == second["recommendations"]
    assert "state" not in kept["turns"][1]["reply"]
    assert [entry["conversation"] for entry in client.get("/api/conversations").json()] == [name]
    assert client.delete(f"/api/conversations/{name}").json()["rows"] == 3
    assert client.get(f"/api/conversations/{name}").status_code == 404


def test_the_last_message_can_be_said_otherwise(client: httpx.Client) -> None:
    name = ask(client, "a comedy")["conversation"]
    ask(client, "from the 1960s", conversation=name)
    reply = ask(client, "from the 1990s", conversation=name, edits=True)
    assert [held["label"] for held in reply["held"]] == ["Comedy", "1990–1999"]
    turns = client.get(f"/api/conversations/{name}").json()["turns"]
    assert [turn["message"] for turn in turns] == ["a comedy", "from the 1990s"]


@pytest.mark.parametrize("name", ["a/b", "/", "a b", "a?b#c", "100%", "\u540d"])
def test_a_conversation_may_be_called_anything(client, name):
    ask(client, "a drama", conversation=name)
    path = f"/api/conversations/{quote(name, safe='')}"
    assert client.get(path).json()["conversation"] == name
    assert client.delete(path).json()["rows"] == 1
    assert client.get(path).status_code == 404


def test_a_conversation_is_called_by_what_can_be_seen(client):
    assert ask(client, "a drama", conversation="a\r\nb\u200b\x1b[31m")["conversation"] == "a b[31m"
    assert client.get("/api/conversations/a%20b%5B31m").status_code == 200
    assert client.post("/api/chat", json={"text": "a drama", "conversation": "\u200b"}).status_code == 422


def test_an_edit_without_anything_to_edit_is_an_error_event(client: httpx.Client) -> None:
    told = events(client.post("/api/chat", json={"text": "a comedy", "edits": True}))
    assert told[-1][0] == "error"
    assert "no message in this conversation" in told[-1][1]["message"]


def test_whose_an_event_is_stays_unsaid(server: Served) -> None:
    with server.client() as ana, server.client() as bo:
        event = {"item_id": "alien", "kind": "like", "event_id": "order-1"}
        assert ana.post("/api/events", json=event).json()["new"] is True
        refused = bo.post("/api/events", json={**event, "item_id": "her"})
        assert refused.status_code == 422
        assert "order-1" in refused.text
        assert "alien" not in refused.text
        assert ana.get("/api/me").json()["user"] not in refused.text


def test_feedback_counts_from_the_next_request_on(client: httpx.Client) -> None:
    shown = [card["item_id"] for card in ask(client, "space")["recommendations"]]
    event = {"item_id": shown[0], "kind": "like", "event_id": "once"}
    assert client.post("/api/events", json=event).json()["new"] is True
    assert client.post("/api/events", json=event).json()["new"] is False
    assert shown[0] not in {card["item_id"] for card in ask(client, "space again, please")["recommendations"]}
    ranking = client.post("/api/rank", json={"k": 20}).json()["ranking"]
    assert ranking
    assert shown[0] not in ranking
    why = client.post("/api/why", json={"item_id": ranking[0]}).json()
    assert why["item_id"] == ranking[0]
    assert client.post("/api/explain", json={"item_id": ranking[0]}).json()["recommendation"]["explanation"]["text"]


def test_tastes_are_kept_corrected_and_forgotten(client: httpx.Client) -> None:
    reply = ask(client, "I never watch horror")
    assert "horror" in reply["text"]
    (entry,) = client.get("/api/tastes").json()
    assert (entry["slot"], entry["value"], entry["likes"]) == ("categories", "Horror", False)
    changed = client.patch(f"/api/tastes/{entry['entry_id']}", json={"likes": True}).json()
    assert changed["likes"] is True
    assert client.delete(f"/api/tastes/{entry['entry_id']}").json()["rows"] == 1
    added = client.post(
        "/api/tastes", json={"slot": "categories", "value": "Western", "likes": True, "words": "westerns"}
    )
    assert [entry["value"] for entry in added.json()] == ["Western"]
    assert client.post("/api/tastes/propose").status_code == 200


def test_what_is_kept_can_be_taken_away_and_deleted(client: httpx.Client) -> None:
    ask(client, "a western, and this sentence is mine")
    client.post("/api/events", json={"item_id": "alien", "kind": "like"})
    exported = client.get("/api/me/export")
    assert "attachment" in exported.headers["content-disposition"]
    assert "this sentence is mine" in exported.text
    me = client.get("/api/me").json()
    assert (me["events"], me["conversations"]) == (1, 1)
    assert client.request("DELETE", "/api/me").json()["rows"] > 0
    assert client.get("/api/conversations").json() == []
    assert client.get("/api/me").json()["events"] == 0


def test_leaving_in_mid_reply_keeps_nothing_of_it(server: Served) -> None:
    with server.client() as client:
        client.get("/api/me")
        with client.stream("POST", "/api/chat", json={"text": "20 films"}) as response:
            for line in response.iter_lines():
                if line.startswith("event: ranked"):
                    break
        running = server.app.state.web.limits
        for _ in range(100):
            if running.running == 0:
                break
            time.sleep(0.05)
        assert running.running == 0


# who asks


def test_two_browsers_never_meet(server: Served) -> None:
    with server.client() as ana, server.client() as ben:
        name = ask(ana, "a western for Ana")["conversation"]
        assert ben.get(f"/api/conversations/{name}").status_code == 404
        assert ben.get("/api/conversations").json() == []
        assert "for Ana" not in ben.get("/api/me/export").text
        assert ben.delete(f"/api/conversations/{name}").json()["rows"] == 0
        assert ask(ben, "a comedy", conversation=name)["held"][0]["label"] == "Comedy"  # a conversation of Ben's own
        assert len(ana.get(f"/api/conversations/{name}").json()["turns"]) == 1


def test_a_cookie_cannot_be_made_or_changed(server: Served) -> None:
    with server.client() as client:
        client.get("/api/me")
        cookie = client.cookies["session"]
        mine = client.get("/api/me").json()["user"]
        user, key, started, signature = cookie.split(".")
        other = b"web/someone".hex()
        for forged in (
            f"{other}.{key}.{started}.{signature}", cookie[:-1] + ("0" if cookie[-1] != "0" else "1"), "x", "a.b.c.d", "...",
            f"{user}.{key}.{int(started) + 1}.{signature}",
        ):  # fmt: skip
            answer = httpx.get(server.url + "/api/me", cookies={"session": forged}, trust_env=False)
            assert answer.json()["user"] not in (mine, "web/someone")


@pytest.mark.parametrize(
    "text",
    [
        "\uff9f",
        "one \uff9f\uff9e two",
        "like \uff9f",
        "the \uff9f one",
        "under \uff9f minutes",
        "\u0301",
        "\u24fb westerns",
        "\u00b2 westerns",
    ],
)
def test_words_of_which_folding_leaves_nothing_and_digits_that_are_no_numbers_are_answered(
    client: httpx.Client, text: str
) -> None:
    assert ask(client, text)["text"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ],
)
def test_other_sites_may_not_make_a_browser_ask(client: httpx.Client, headers: dict[str, str]) -> None:
    client.get("/api/me")
    assert client.request("DELETE", "/api/me", headers=headers).status_code == 403


def test_only_our_own_names_are_answered_to(client: httpx.Client) -> None:
    answer = client.get("/api/me", headers={"Host": "evil.example"})
    assert answer.status_code == 421
    assert client.get("/ready", headers={"Host": "localhost:1234"}).status_code == 200


def test_where_no_key_is_needed_clients_of_openai_may_send_any_but_a_former_one(client: httpx.Client) -> None:
    assert client.get("/v1/models", headers={"Authorization": "Bearer none"}).status_code == 200
    assert client.get("/v1/models", headers={"Authorization": f"Bearer {PREFIX}_0a_b"}).status_code == 401
    assert client.get("/api/me", headers={"Authorization": "Bearer none"}).status_code == 401


def test_keys_say_who_asks(folder: Path, tmp_path: Path) -> None:
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    keys = Keys(tmp_path)
    ana, service = keys.add("acme", "ana"), keys.add("acme", None)
    other = keys.add("other", "ana")
    with served(tmp_path) as server, server.client() as nobody:
        refused = nobody.get("/api/me")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert nobody.get("/api/me", headers={"Authorization": f"Bearer {ana[:-1]}x"}).status_code == 401
        assert nobody.get("/v1/models", headers={"Authorization": "Bearer none"}).status_code == 401

        def who(key: str, **headers: str) -> httpx.Response:
            return nobody.get("/api/me", headers={"Authorization": f"Bearer {key}", **headers})

        assert who(ana).json()["user"] == "acme/ana"
        assert who(other).json()["user"] == "other/ana"
        assert who(service).status_code == 422
        assert who(service, **{"X-User": "ben"}).json()["user"] == "acme/ben"
        assert who(ana, **{"X-User": "ben"}).status_code == 422
        with server.client() as browser:  # a key becomes a session, which ends with the key
            browser.post("/api/session", headers={"Authorization": f"Bearer {ana}"})
            assert browser.get("/api/me").json()["user"] == "acme/ana"
            keys.revoke(ana.split("_")[1])
            assert browser.get("/api/me").status_code == 401
    kept = (tmp_path / KEYS_FILE).read_text()
    assert ana not in kept
    assert ana.split("_", 2)[2] not in kept
    for name in (KEYS_FILE, SECRET_FILE):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


# limits


def test_too_often_too_large_and_too_many(folder: Path) -> None:
    with served(folder, web_rate="3/minute", web_max_body=2_000) as server, server.client() as client:
        assert [client.get("/api/me").status_code for _ in range(2)] == [200, 200]
        assert client.post("/api/chat", content=b"x" * 3_000).status_code == 413

        def chunks():
            for _ in range(10):
                yield b"x" * 1_000

        assert client.post("/api/chat", content=chunks()).status_code == 413
        while (answer := client.get("/api/me")).status_code == 200:
            pass
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_a_body_that_breaks_off_is_answered_once(server: Served) -> None:
    """The routes answer the body that broke off, too; nothing of that may follow the refusal."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b" " * 1_000_000, "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": "/api/chat", "raw_path": b"/api/chat",
        "query_string": b"", "root_path": "", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1),
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")], "state": {},
    }  # fmt: skip
    asyncio.run(server.app(scope, receive, send))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 413
    assert dict(sent[0]["headers"])[b"x-content-type-options"] == b"nosniff"
    assert json.loads(sent[1]["body"])["error"]["kind"] == "too_large"


def test_a_rate_that_is_none_is_refused(folder: Path) -> None:
    with pytest.raises(SettingsError, match="60/minute"), served(folder, web_rate="often"):
        pass


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "JSON"),
        (b"[]", "dictionary"),
        (json.dumps({"text": "x" * (MAX_MESSAGE + 1)}).encode(), "text"),
        (json.dumps({"words": "a comedy"}).encode(), "words"),
        (json.dumps({"text": "a", "user": "somebody"}).encode(), "user"),
    ],
)
def test_bad_bodies_are_told_plainly(client: httpx.Client, body: bytes, told: str) -> None:
    answer = client.post("/api/chat", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert told in answer.json()["error"]["message"]


def test_every_answer_is_guarded(client: httpx.Client) -> None:
    for path in ("/", "/api/me", "/nothing", "/pictures/alien", "/static/app.js"):
        headers = client.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert "httponly" in client.get("/api/me").headers.get("set-cookie", "httponly").casefold()


def test_what_is_measured_names_nobody(client: httpx.Client) -> None:
    ask(client, "a western that nobody hears of")
    client.request("PROPFIND", "/health")
    told = client.get("/metrics").text
    assert 'assistant_http_requests_total{method="other"' in told
    assert "PROPFIND" not in told
    assert 'assistant_turns_total{intent="recommend"}' in told
    assert "assistant_turn_seconds_bucket" in told
    assert "nobody hears of" not in told
    assert "web/" not in told.replace('route="/', "")
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {"status": "ok"}
    assert "/api/chat" in client.get("/openapi.json").json()["paths"]


def test_examples_are_requests_that_this_catalogue_answers(client: httpx.Client) -> None:
    found = client.get("/api/examples").json()
    assert found["items"] == len(FILMS)
    assert "something from the United States" in found["examples"]
    for example in found["examples"]:
        assert ask(client, example)["recommendations"]
