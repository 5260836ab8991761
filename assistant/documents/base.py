"""What every document has in common: values as JSON holds them, and how a document becomes a line."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

JsonValue = Any
"""Anything JSON can hold; numbers are finite."""
WireValue = str | int | float | bool | list[str]
Score = Annotated[float, Field(allow_inf_nan=False)]

MAX_MESSAGE = 8_000
"""Characters of a message."""
MAX_ID = 500
"""Characters of an id, as in an indexed catalogue."""

_UNPRINTED = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What shows nothing: it hides, turns what stands around it, ends a line, or commands a terminal."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def well_formed(text: str) -> str:
    """Text that UTF-8 can hold: an unpaired surrogate becomes U+FFFD, so that offsets into the text stay right."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def jsonable(value: object) -> JsonValue:
    """A value as JSON holds it: NaN and infinities become null, tuples and sets lists, anything else its text."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {well_formed(str(key)): jsonable(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonable(entry) for entry in value]
    if isinstance(value, (set, frozenset)):
        return sorted((jsonable(entry) for entry in value), key=str)
    if hasattr(value, "tolist"):  # numpy's scalars and arrays, recognised without importing numpy
        return jsonable(value.tolist())
    return well_formed(str(value))


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, list):
        kinds = set(map(type, value))
        # A long ranking is told from others without a look at each of its entries.
        if not any(issubclass(kind, str) for kind in kinds) or (kinds == {str} and "".join(value).isascii()):
            return value
        return [well_formed(entry) if isinstance(entry, str) else entry for entry in value]
    return value


class Document(BaseModel):
    """Base of every document."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)

    @model_validator(mode="before")
    @classmethod
    def _mend_strings(cls, given: Any) -> Any:
        """What comes from items, users and models may hold unpaired surrogates, which UTF-8 cannot."""
        return {name: _mended(value) for name, value in given.items()} if isinstance(given, dict) else given

    def encode(self, *, indent: int | None = None) -> bytes:
        """One line of UTF-8 JSON with its line feed; several with ``indent``.

        DEL, C1 controls, Unicode's line separators and invisible characters are written as escapes: they would forge a
        terminal's output, or split the line for a reader that knows more line ends than ``\\n``.
        """
        text = self.model_dump_json(indent=indent)
        if text.isascii() and "\x7f" not in text:
            return text.encode() + b"\n"
        return _UNPRINTED.sub(_escaped, text).encode() + b"\n"
