"""What the OpenAPI document says beyond what routes tell of themselves: refusals, links, and the events of a turn.

Refusals follow from what a request goes through on its way: the guard before every route, the reading of its body, the
question of who asks. A route names only those of its own, as ``responses={404: {}}``; their description stands here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from assistant.documents import Document, ErrorBody, ErrorDocument, RepliedDocument
from assistant.surfaces.web.asking import needs_keys
from assistant.surfaces.web.documents import CardDocument, RankedEvent, StartedEvent
from assistant.surfaces.web.state import Web

_SCHEMAS = "#/components/schemas/"
_OF_FASTAPI = ("HTTPValidationError", "ValidationError")
"""Bodies of FastAPI's own refusals, which no route sends."""
_EVENTS: dict[str, type[Document]] = {
    "started": StartedEvent,
    "ranked": RankedEvent,
    "card": CardDocument,
    "replied": RepliedDocument,
    "error": ErrorBody,
}
"""What the data of each event of a turn is."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An answer with an ``ErrorDocument``."""

    description: str
    headers: tuple[str, ...] = ()
    """Names of ``_HEADERS``; such an answer has all of them."""


_HEADERS: dict[str, dict[str, Any]] = {
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {"description": "How to say who asks.", "schema": {"type": "string", "const": "Bearer"}},
}
REFUSALS: dict[int, Refusal] = {
    400: Refusal(description="The body is not text in UTF-8, or is nested too deeply to be read."),
    401: Refusal(description="Nobody whom this server knows asks.", headers=("WWW-Authenticate",)),
    403: Refusal(description="Another site made a browser ask."),
    404: Refusal(description="There is no such thing, or none of the caller's."),
    413: Refusal(description="The request is larger than the setting web_max_body allows."),
    421: Refusal(description="The server does not answer to the name it was asked by: see the setting web_hosts."),
    422: Refusal(description="The request is not as described here, or cannot be met; the message says why."),
    429: Refusal(description="The caller has asked as often as they may for now.", headers=("Retry-After",)),
    500: Refusal(description="A fault of this program."),
    502: Refusal(description="A model that this server calls failed."),
    503: Refusal(
        description="Too many ask at once, or the data of this server cannot be used at the moment.",
        headers=("Retry-After",),
    ),
}

_ITEM_BODIES: dict[str, dict[str, str]] = {"explain": {}, "why": {}, "events": {"kind": "like"}}
"""Operations about an item, by what else their body needs."""


def describe(app: FastAPI, web: Web) -> None:
    """Have the application's document completed when it is asked for. It is another once there are keys."""
    make = app.openapi
    made: dict[bool, dict[str, Any]] = {}

    def openapi() -> dict[str, Any]:
        keyed = needs_keys(web)
        if keyed not in made:
            app.openapi_schema = None  # FastAPI makes it once
            made[keyed] = completed(make(), keyed=keyed)
        return made[keyed]

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI documents it


def completed(document: dict[str, Any], *, keyed: bool) -> dict[str, Any]:
    """The document that FastAPI made of the routes, with all that they answer. Without ``keyed`` nobody has to say who asks."""
    schemas = document["components"]["schemas"]
    models = [(model, "serialization") for model in (ErrorDocument, *_EVENTS.values())]
    _, made = models_json_schema(models, ref_template=_SCHEMAS + "{model}")  # type: ignore[arg-type]  # the mode is a literal
    for name, schema in made["$defs"].items():
        schemas.setdefault(name, schema)
    for name in _OF_FASTAPI:
        schemas.pop(name, None)
    operations = {
        operation["operationId"]: (method, operation)
        for path in document["paths"].values()
        for method, operation in path.items()
    }
    for method, operation in operations.values():
        responses = operation["responses"]
        derived = {str(status) for status in _refused(method, operation)}
        named = {status for status, response in responses.items() if status >= "400" and "content" not in response}
        for status in derived | named:
            responses[status] = _refusal(REFUSALS[int(status)])
        operation["responses"] = dict(sorted(responses.items()))
        if "security" in operation and not keyed:
            operation["security"].append({})
    for name, links in _links().items():
        operations[name][1]["responses"]["200"]["links"] = links
    _, chat = operations["chat"]
    chat["responses"]["200"]["content"]["text/event-stream"]["itemSchema"] = {"oneOf": list(map(_event, _EVENTS))}
    return document


def _refused(method: str, operation: dict[str, Any]) -> Iterator[int]:
    """The statuses that a request may be refused with before its route has a say."""
    yield from (413, 421, 500)  # app._Guard, which comes before everything, and the handlers of errors
    if "requestBody" in operation:
        yield from (400, 422)
    if "parameters" in operation:
        yield 422
    if "security" in operation:  # asking.caller
        yield from (401, 422, 429, 503)
        if method != "get":
            yield 403


def _refusal(refusal: Refusal) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": refusal.description,
        "content": {"application/json": {"schema": {"$ref": f"{_SCHEMAS}{ErrorDocument.__name__}"}}},
    }
    if refusal.headers:
        response["headers"] = {name: {**_HEADERS[name], "required": True} for name in refusal.headers}
    return response


def _event(name: str) -> dict[str, Any]:
    """A server-sent event. Its data is a line of JSON."""
    content = {"$ref": f"{_SCHEMAS}{_EVENTS[name].__name__}"}
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": content}
    return {
        "type": "object",
        "properties": {"event": {"type": "string", "const": name}, "data": data},
        "required": ["event", "data"],
    }


def _links() -> dict[str, dict[str, Any]]:
    """By operation: what its answer can be gone on with."""
    said = "$response.body#/choices/0/message"
    entry = _with_path("entry_id", "$response.body#/entry_id", "change_taste", "delete_taste")
    first_entry = _with_path("entry_id", "$response.body#/0/entry_id", "change_taste", "confirm_taste", "delete_taste")
    return {
        "rank": _about_item("$response.body#/ranking/0"),
        "explain": _about_item("$response.body#/recommendation/item_id"),
        "events": _about_item("$request.body#/item_id"),
        "chat": _on_conversation("$request.body#/conversation"),
        "completions": _on_conversation(f"{said}/conversation") | _about_item(f"{said}/recommendations/0/item_id"),
        "conversations": _on_conversation("$response.body#/0/conversation"),
        "transcript": _on_conversation("$response.body#/conversation")
        | _about_item("$response.body#/turns/0/cards/0/item_id"),
        "list_tastes": first_entry,
        "add_taste": first_entry,
        "propose_tastes": first_entry,
        "change_taste": entry,
        "confirm_taste": entry,
    }


def _about_item(item_id: str) -> dict[str, Any]:
    return {
        name: {"operationId": name, "requestBody": {"item_id": item_id, **more}} for name, more in _ITEM_BODIES.items()
    }


def _on_conversation(conversation: str) -> dict[str, Any]:
    going_on = {"operationId": "chat", "requestBody": {"conversation": conversation}}
    return {"chat": going_on} | _with_path("conversation", conversation, "transcript", "delete_conversation")


def _with_path(parameter: str, value: str, *operations: str) -> dict[str, Any]:
    return {name: {"operationId": name, "parameters": {parameter: value}} for name in operations}
