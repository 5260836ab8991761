"""Lines of JSON from a file or from stdin: bounded, checked, each with its number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, TypeVar

import orjson
from pydantic import ValidationError

from assistant.documents import MAX_ID, Document
from assistant.errors import UserError, did_you_mean

D = TypeVar("D", bound=Document)


CHUNK = 1 << 16
"""Bytes read at once."""
BOM = b"\xef\xbb\xbf"


class BadLineError(UserError):
    """A line of the input that cannot be used."""


def input_lines(stream: IO[bytes], limit: int) -> Iterator[tuple[int, bytes | None]]:
    """(number from 1, line) as they arrive; None in place of a line of more than ``limit`` bytes, which is never held."""
    for batch in line_batches(stream, limit, 1):
        yield from batch


def line_batches(stream: IO[bytes], limit: int, most: int) -> Iterator[list[tuple[int, bytes | None]]]:
    """The lines that are there already, ``most`` of them at a time, each as from ``input_lines``.

    Whoever writes a line and waits for its answer gets it; whoever writes many is answered many at a time.
    """
    read = getattr(stream, "read1", stream.read)
    number, rest, too_long = 0, bytearray(), False
    while chunk := read(CHUNK):
        batch: list[tuple[int, bytes | None]] = []
        *ended, last = chunk.split(b"\n")
        for part in ended:
            number += 1
            rest += part
            batch.append((number, None if too_long or len(rest) > limit else _unmarked(rest, number)))
            rest, too_long = bytearray(), False
            if len(batch) == most:
                yield batch
                batch = []
        rest += last
        if len(rest) > limit:
            rest, too_long = bytearray(), True
        if batch:
            yield batch
    if rest or too_long:
        yield [(number + 1, None if too_long else _unmarked(rest, number + 1))]


def _unmarked(line: bytearray, number: int) -> bytes:
    return bytes(line.removeprefix(BOM) if number == 1 else line)


def parse_line(line: bytes | None, document: type[D], limit: int) -> D:
    """A document from a line. Raises ``BadLineError`` saying what is wrong with it."""
    if line is None:
        raise BadLineError(f"The line has more than {limit:,} bytes; that is the most it may have.")
    if not line.strip():
        raise BadLineError("The line is empty; it must be a JSON object.")
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadLineError(f"The line is not valid JSON: {error}.") from error
    if not isinstance(value, dict):
        raise BadLineError(f"The line must be a JSON object, not {_json_type(value)}.")
    try:
        return document.model_validate(value, strict=True)
    except ValidationError as error:
        raise BadLineError("; ".join(_problems(error, document)) + ".") from error


def partial_text(line: bytes | None, key: str) -> str | None:
    """What a line that was refused has under a key, if it can be read so far and it is text."""
    found = _partial(line, key)
    return found if isinstance(found, str) and len(found) <= MAX_ID else None


def partial_id(line: bytes | None, key: str) -> str | int | None:
    """The same where a whole number will do, too."""
    found = _partial(line, key)
    return found if type(found) is int else partial_text(line, key)


def _partial(line: bytes | None, key: str) -> object:
    try:
        value = orjson.loads(line or b"")
    except orjson.JSONDecodeError:
        return None
    return value.get(key) if isinstance(value, dict) else None


def _problems(error: ValidationError, document: type[Document]) -> Iterator[str]:
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "missing":
            yield f"{where!r} is missing"
        elif problem["type"] == "extra_forbidden":
            known = ", ".join(document.model_fields)
            yield f"there is no key {where[:80]!r}.{did_you_mean(where[:80], document.model_fields)} The keys are: {known}"
        else:
            message = problem["msg"]
            yield f"{where!r}: {message[:1].lower()}{message[1:]}"


def _json_type(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
