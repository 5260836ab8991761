"""The OpenAPI document against the server: Schemathesis asks what the document allows and what it forbids, alone and in
sequences along its links, and every answer has to be one that is described."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, Response, engine
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
    StatefulPhaseConfig,
)
from schemathesis.engine import events as told
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.engine.run import PhaseName
from schemathesis.generation.stateful.state_machine import StepInput, StepOutput
from schemathesis.specs.openapi.checks import use_after_free
from schemathesis.specs.openapi.schemas import OpenApiSchema

from assistant.documents import ErrorDocument
from assistant.errors import IndexLockedError, ProviderUnavailable
from assistant.ingest import index_items
from assistant.surfaces.web.accounts import Keys
from assistant.surfaces.web.described import REFUSALS
from assistant.turn import Assistant
from tests.assistant.catalogues import FILMS
from tests.surfaces.served import Served, ask, served
from vectorstore.embed_hashing import HashingEmbedder

FUZZED = 50
"""Requests by operation that are drawn at random, where it has that many."""
ALONE = 1_500
"""Requests at least, each on its own."""
SEQUENCES = 120
STEPS = 8
"""Of a sequence, at most."""
IN_SEQUENCES = 700
"""Requests at least."""
LINKED = 250
"""Of these, at least so many go on with what an earlier answer of the sequence said."""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
    "missing_required_header",
)
"""Not ``positive_data_acceptance``: whether the last message is the user's, say, no schema of JSON tells, and it is 422."""


@dataclass
class Seen:
    """What came of requests that were each made on their own."""

    cases: Counter[str] = field(default_factory=Counter)
    """Answers by phase."""
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """By operation."""
    faults: list[str] = field(default_factory=list)

    def add(self, event: object) -> None:
        if isinstance(event, told.NonFatalError):
            self.faults.append(f"{event.label}: {event.value}")
        elif isinstance(event, told.FatalError):
            raise event.exception
        elif isinstance(event, told.ScenarioFinished):
            self._add_scenario(event.phase, event.recorder)

    def _add_scenario(self, phase: PhaseName, recorder: ScenarioRecorder) -> None:
        for name, node in recorder.cases.items():
            interaction = recorder.interactions.get(name)
            label = node.value.operation.label
            if interaction is None or interaction.response is None:
                self.faults.append(f"{label}: no answer to {node.value.as_curl_command()}")
                continue
            self.cases[phase.value] += 1
            self.statuses[label][interaction.response.status_code] += 1
            for check in recorder.checks.get(name, ()):
                if check.failure_info is not None:
                    failure, sample = check.failure_info.failure, check.failure_info.code_sample
                    self.faults.append(f"{label}: {check.name}: {failure.title}\n{failure.message}\n{sample}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("described")
    index_items(FILMS, folder, embedder=HashingEmbedder())
    return folder


@pytest.fixture(scope="module")
def headers(folder: Path) -> dict[str, str]:
    return {"Authorization": f"Bearer {Keys(folder).add('acme', 'ana')}"}


@pytest.fixture(scope="module")
def server(folder: Path, headers: dict[str, str]) -> Iterator[Served]:
    with served(folder, web_rate="1000000/second") as running:
        yield running


@pytest.fixture(scope="module")
def document(server: Served) -> dict[str, Any]:
    return httpx.get(f"{server.url}/openapi.json", trust_env=False).json()


def operations(document: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """By id: what Schemathesis calls it, and its description."""
    return {
        operation["operationId"]: (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def _schema(server: Served, headers: dict[str, str], *, links: bool) -> OpenApiSchema:
    checks: dict[str, Any] = {check: {"enabled": True} for check in CHECKS}
    # In a sequence this check takes the key that every request has for one that was made up beside it.
    checks["ignored_auth"] = {"enabled": not links}
    # What is forbidden may well be too large as well.
    checks["negative_data_rejection"] = {"enabled": True, "expected-statuses": ["400", "401", "404", "413", "422"]}
    project = ProjectConfig(
        headers=headers,
        continue_on_failure=True,
        request_timeout=30,
        generation=GenerationConfig(max_examples=FUZZED, deterministic=True, no_shrink=True, database="none"),
        phases=PhasesConfig(stateful=StatefulPhaseConfig(enabled=links)),
        checks=ChecksConfig.from_dict({"enabled": False, **checks}),
    )
    config = SchemathesisConfig(seed=1, projects=ProjectsConfig(default=project))
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json", config=config)


def test_every_answer_is_one_that_is_described(
    server: Served, headers: dict[str, str], document: dict[str, Any]
) -> None:
    seen = Seen()
    for event in engine.from_schema(_schema(server, headers, links=False)).execute():
        seen.add(event)
    print(dict(seen.cases), {name: dict(counted) for name, counted in seen.statuses.items()})
    assert not seen.faults, "\n\n".join(seen.faults[:10])
    assert set(seen.cases) == {"examples", "coverage", "fuzzing"}
    assert seen.cases.total() >= ALONE
    of_nobody = {"GET /health", "GET /ready"}
    assert set(seen.statuses) == {label for label, _ in operations(document).values()}
    accepted = {name for name, counted in seen.statuses.items() if counted[200]}
    assert {name for name, counted in seen.statuses.items() if counted[401]} == accepted - of_nobody


def test_so_is_every_answer_in_a_sequence_along_the_links(
    server: Served, headers: dict[str, str], document: dict[str, Any]
) -> None:
    statuses: Counter[int] = Counter()
    linked: Counter[tuple[str, str, int]] = Counter()
    links: dict[str, str] = {}

    class Sequence(_schema(server, headers, links=True).as_state_machine()):  # type: ignore[misc]  # made at run time
        """Of requests of one user, of whom a conversation, a taste and an event are known at its beginning, no more."""

        def setup(self) -> None:
            with server.client(**headers) as ana:
                ana.delete("/api/me").raise_for_status()
                ask(ana, "a western")
                taste = {"slot": "categories", "value": "Western", "likes": True, "words": "westerns"}
                ana.post("/api/tastes", json=taste).raise_for_status()
                ana.post("/api/events", json={"item_id": "alien", "kind": "like"}).raise_for_status()

        def step(self, input: StepInput) -> StepOutput | None:
            if input.transition is not None and input.is_applied:
                links[input.case.id] = input.transition.id.partition(" -> ")[0]
            return super().step(input)

        def validate_response(self, response: Response, case: Case, *_: object, **options: Any) -> None:
            statuses[response.status_code] += 1
            if case.id in links:
                linked[links[case.id], case.operation.label, response.status_code] += 1
            # A conversation that was deleted begins anew where somebody says its name in a chat.
            begun_anew = case.operation.label == "GET /api/conversations/{conversation}"
            excluded = [use_after_free] if begun_anew else None
            case.validate_response(response, excluded_checks=excluded, transport_kwargs=options)

    Sequence.run(
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
    )
    print(dict(statuses), linked.total(), dict(linked))
    assert statuses.total() >= IN_SEQUENCES
    assert linked.total() >= LINKED
    described = operations(document)
    followed = {
        described[link["operationId"]][0]
        for _, operation in described.values()
        for link in operation["responses"]["200"].get("links", {}).values()
    }
    assert {label for _, label, status in linked if status == 200} >= followed


# the refusals


def _refused(document: dict[str, Any], answer: httpx.Response, path: str, status: int) -> None:
    """The answer is refused as the document says that it may be."""
    assert answer.status_code == status, answer.text
    assert ErrorDocument.model_validate_json(answer.content).error.message
    described = document["paths"][path][answer.request.method.lower()]["responses"][str(status)]
    assert described["description"] == REFUSALS[status].description
    assert all(name in answer.headers for name in described.get("headers", ()))


def test_what_is_refused_is_described(server: Served, headers: dict[str, str], document: dict[str, Any]) -> None:
    with server.client(**headers) as ana, server.client() as nobody:
        for answer, path, status in (
            (ana.post("/api/rank", content=b"\xff", headers={"Content-Type": "application/json"}), "/api/rank", 400),
            (nobody.get("/api/me"), "/api/me", 401),
            (nobody.get("/api/me", headers={"Authorization": "Bearer another"}), "/api/me", 401),
            (ana.post("/api/explain", json={"item_id": "none"}), "/api/explain", 404),
            (ana.post("/api/rank", content=b" " * 100_000), "/api/rank", 413),
            (ana.get("/health", headers={"Host": "elsewhere.example"}), "/health", 421),
            (ana.post("/api/rank", json={"k": "1"}), "/api/rank", 422),
        ):
            _refused(document, answer, path, status)
        ana.post("/api/session").raise_for_status()
        del ana.headers["Authorization"]
        _refused(
            document, ana.post("/api/rank", json={}, headers={"Origin": "http://elsewhere.example"}), "/api/rank", 403
        )


def test_so_is_asking_too_often(folder: Path, headers: dict[str, str], document: dict[str, Any]) -> None:
    with served(folder, web_rate="1/minute") as slow, slow.client(**headers) as ana:
        ana.get("/api/me").raise_for_status()
        answer = ana.get("/api/me")
    _refused(document, answer, "/api/me", 429)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


@pytest.mark.parametrize(
    ("method", "error", "path", "status"),
    [
        ("rank", RuntimeError("a fault"), "/api/rank", 500),
        ("stream", ProviderUnavailable("the model is gone"), "/v1/chat/completions", 502),
        ("rank", IndexLockedError("another process holds it"), "/api/rank", 503),
    ],
)
def test_so_is_what_fails(
    server: Served,
    headers: dict[str, str],
    document: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    error: Exception,
    path: str,
    status: int,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Assistant, method, fail)
    with server.client(**headers) as ana:
        body = {"messages": [{"role": "user", "content": "a western"}]} if path.startswith("/v1") else {}
        _refused(document, ana.post(path, json=body), path, status)


def test_without_keys_nobody_has_to_say_who_asks(tmp_path: Path, document: dict[str, Any]) -> None:
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    with served(tmp_path) as server, server.client() as nobody:
        free = nobody.get("/openapi.json").json()
        Keys(tmp_path).add("acme", "ana")
        assert nobody.get("/openapi.json").json() == document
    assert free["paths"]["/api/me"]["get"]["security"] == [{"key": []}, {"session": []}, {}]
    assert document["paths"]["/api/me"]["get"]["security"] == [{"key": []}, {"session": []}]
    assert "security" not in document["paths"]["/health"]["get"]
    assert sorted(document["components"]["securitySchemes"]) == ["key", "session"]
