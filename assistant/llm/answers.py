"""What every backend checks of a finished answer, so that a Generation is never empty, cut or of the wrong form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from assistant.errors import BadModelOutput, ContextOverflow
from assistant.llm.base import ChatMessage, Generation, JsonSchema, Sampling, Usage

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def finished(
    model: str,
    text: str,
    finish_reason: Literal["stop", "length"],
    *,
    schema: JsonSchema | None,
    usage: Usage,
    seconds: float,
) -> Generation:
    """The Generation, or ``BadModelOutput`` when the text is empty or, with ``schema``, not a document of it."""
    if not text.strip():
        cause = (
            "all of max_tokens went to something that is not text" if finish_reason == "length" else "it just stopped"
        )
        raise BadModelOutput(f"{model} gave an empty answer: {cause}. Ask again, or raise max_tokens.", retryable=True)
    if schema is not None:
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            why = "it was cut at max_tokens; raise it" if finish_reason == "length" else str(error)
            raise BadModelOutput(
                f"{model} gave an answer that is not JSON: {why}. It began {text[:80]!r}.", retryable=True
            ) from None
        if problem := mismatch(value, schema):
            raise BadModelOutput(f"{model} gave JSON that does not follow the schema: {problem}.", retryable=True)
    return Generation(text=text, finish_reason=finish_reason, usage=usage, seconds=seconds)


def check_room(model: str, prompt_tokens: int, sampling: Sampling, context_tokens: int) -> None:
    """Raise ``ContextOverflow`` when prompt and answer do not fit together."""
    if prompt_tokens + sampling.max_tokens > context_tokens:
        raise ContextOverflow(
            f"A prompt of {prompt_tokens:,} tokens and an answer of up to {sampling.max_tokens:,} do not fit the"
            f" {context_tokens:,} tokens of context of {model}. Shorten the prompt or raise the context setting."
        )


def mismatch(value: Any, schema: JsonSchema, where: str = "answer") -> str | None:
    """The first way in which ``value`` breaks ``schema``, or None.

    Covers what backends are asked to produce here: type, enum, const, properties, required, additionalProperties, items,
    lengths and anyOf. Keywords beyond these are not looked at; callers validate with their own models anyway.
    """
    if "anyOf" in schema:
        problems = [mismatch(value, option, where) for option in schema["anyOf"]]
        return None if None in problems else problems[0]
    if "const" in schema and value != schema["const"]:
        return f"{where} is {value!r}, not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where} is {value!r}, which is not allowed"
    if (expected := schema.get("type")) is not None:
        names: Sequence[str] = [expected] if isinstance(expected, str) else expected
        if not any(_is(value, name) for name in names):
            return f"{where} is {type(value).__name__}, not {' or '.join(names)}"
    if isinstance(value, str):
        return _size(len(value), "minLength", "maxLength", schema, where)
    if isinstance(value, list):
        if problem := _size(len(value), "minItems", "maxItems", schema, where):
            return problem
        items = schema.get("items")
        if isinstance(items, Mapping):
            return next(filter(None, (mismatch(v, items, f"{where}[{i}]") for i, v in enumerate(value))), None)
    if isinstance(value, dict):
        return _object(value, schema, where)
    return None


def _object(value: dict[str, Any], schema: JsonSchema, where: str) -> str | None:
    properties: Mapping[str, JsonSchema] = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            return f"{where} lacks {name!r}"
    for name, inner in value.items():
        if name in properties:
            if problem := mismatch(inner, properties[name], f"{where}.{name}"):
                return problem
        elif schema.get("additionalProperties") is False:
            return f"{where} has an unknown field {name!r}"
    return None


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):  # a bool is an int in Python, never in JSON
        return name == "boolean"
    return isinstance(value, _TYPES.get(name, object))


def _size(n: int, least: str, most: str, schema: JsonSchema, where: str) -> str | None:
    if n < schema.get(least, 0) or n > schema.get(most, n):
        return f"{where} has length {n}, outside {schema.get(least, 0)} to {schema.get(most, 'any')}"
    return None


def as_records(messages: Sequence[ChatMessage]) -> list[dict[str, str]]:
    """Messages as the JSON that chat backends take."""
    return [{"role": message.role, "content": message.content} for message in messages]
