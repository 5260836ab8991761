"""The data contract at the edge: rows of a file or a frame become items and events, or a reason why not."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, get_args

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from assistant.text import clean
from assistant.types import Event, EventKind, Item, Person, Value, is_translation

MAX_TITLE = 500
MAX_TEXT = 20_000
"""Characters of a description that are kept."""

MIN_TIME, MAX_TIME = -62_135_596_800.0, 253_402_300_799.999
"""Unix seconds of the beginning of the year 1 and of the end of the year 9999: what a date can be."""

MIN_PASSAGE = 25
"""Characters of a sentence that says something of its own."""
MAX_PASSAGES = 12
"""Sentences of an item that get a vector of their own, from the first."""

ITEM_FIELDS = (
    "item_id", "title", "description", "year", "creators", "categories", "tags", "image_url", "url", "price", "in_stock",
)  # fmt: skip
EVENT_FIELDS = ("user_id", "item_id", "event_id", "kind", "value", "timestamp", "position")

ITEM_ALIASES: Mapping[str, tuple[str, ...]] = {
    "categories": ("genres", "genre", "category"),
    "description": ("overview", "summary", "plot"),
    "creators:director": ("director", "directors"),
    "creators:cast": ("cast", "actors"),
    "creators:author": ("author", "authors"),
    "creators:artist": ("artist", "artists"),
    "creators:writer": ("writer", "writers"),
    "creators": ("creator",),
}
"""Columns of items that are read for a contract field when there is none of its name and none was mapped."""
EVENT_ALIASES: Mapping[str, tuple[str, ...]] = {"value": ("rating",)}
"""The same for events."""

_NAMES = re.compile(r"\s*[|;]\s*|\s*,\s+(?!(?:Jr|Sr|II|III|IV|PhD|MD)\b)")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
_LABELS = re.compile(r"\s*[|;,]\s*")
_COUNTED = re.compile(r"(\d+(?:\.\d+)?)\s*(?:minutes?|mins?|pages?|分钟|页)(?:\s*[(（][^()（）]*[)）])?", re.IGNORECASE)
"""A count of minutes or pages that is written with its unit: "117 min", "117分钟(公映版)"."""
_YES = {"true", "yes", "y", "1", "t"}
_NO = {"false", "no", "n", "0", "f"}


def is_unknown(value: object) -> bool:
    """Null, an empty string or list, and NaN all mean unknown."""
    if value is None:
        return True
    if isinstance(value, float):
        return math.isnan(value)
    if isinstance(value, str):
        return not value.strip()
    if type(value).__name__ in ("NAType", "NaTType"):  # pandas' own, recognised without importing pandas
        return True
    return isinstance(value, (list, tuple, dict, set)) and not value


def _text(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return clean(str(value))


def _number(value: object) -> object:
    if isinstance(value, str):
        return value.strip().replace("_", "")
    return value


def _whole(value: object) -> object:
    value = _number(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d+\.0+", value):
        return value.split(".")[0]
    return value


def _boolean(value: object) -> object:
    if isinstance(value, str):
        folded = value.strip().casefold()
        return True if folded in _YES else False if folded in _NO else value
    return value


def _listed(value: object, separator: re.Pattern[str]) -> object:
    """A list from a list, a JSON array in a string, or separated text."""
    if isinstance(value, str):
        text = value.strip()
        if text.startswith("["):
            try:
                return orjson.loads(text)
            except orjson.JSONDecodeError:
                pass
        return separator.split(text)
    return list(value) if isinstance(value, (tuple, set)) else value


def _labels(value: object) -> object:
    value = _listed(value, _LABELS)
    return [_text(v) for v in value if not is_unknown(v)] if isinstance(value, list) else value


def _people(value: object) -> object:
    value = _listed(value, _NAMES)
    if not isinstance(value, list):
        return value
    return [{"name": _text(v)} if isinstance(v, str) else v for v in value if not is_unknown(v)]


def _time(value: object) -> object:
    if isinstance(value, (datetime, date)):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        try:
            return moment.timestamp()
        except (ValueError, OverflowError):  # a local time at the edge of the years there are
            return moment.isoformat()
    if isinstance(value, str):
        text = value.strip()
        try:
            return float(text)
        except ValueError:
            try:
                return datetime.fromisoformat(text).timestamp()
            except (ValueError, OverflowError):
                return value
    return value


Text = Annotated[str, BeforeValidator(_text), Field(min_length=1)]
Labels = Annotated[tuple[Text, ...], BeforeValidator(_labels)]


class PersonRow(BaseModel):
    """One of ``creators``."""

    model_config = ConfigDict(extra="ignore")
    name: Text
    role: Annotated[str | None, BeforeValidator(lambda v: None if is_unknown(v) else _text(v))] = None


class ItemRow(BaseModel):
    """An item as a catalogue gives it. Further columns become typed attributes."""

    model_config = ConfigDict(extra="allow")
    item_id: Annotated[Text, Field(max_length=MAX_TITLE)]
    title: Annotated[Text, Field(max_length=MAX_TITLE)]
    description: Text | None = None
    year: Annotated[int, BeforeValidator(_whole), Field(ge=-10_000, le=3_000)] | None = None
    creators: Annotated[tuple[PersonRow, ...], BeforeValidator(_people)] = ()
    categories: Labels = ()
    tags: Labels = ()
    image_url: Text | None = None
    url: Text | None = None
    price: Annotated[float, BeforeValidator(_number), Field(ge=0, allow_inf_nan=False)] | None = None
    in_stock: Annotated[bool, BeforeValidator(_boolean)] | None = None


class EventRow(BaseModel):
    """An event as a file gives it. Only ``user_id`` and ``item_id`` must be there."""

    model_config = ConfigDict(extra="ignore")
    user_id: Annotated[Text, Field(max_length=MAX_TITLE)]
    item_id: Annotated[Text, Field(max_length=MAX_TITLE)]
    event_id: Text | None = None
    kind: EventKind | None = None
    value: Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)] | None = None
    timestamp: Annotated[float, BeforeValidator(_time), Field(ge=MIN_TIME, le=MAX_TIME, allow_inf_nan=False)] | None = (
        None
    )
    position: Annotated[int, BeforeValidator(_whole)] | None = None


_MUST_BE: Mapping[str, str] = {
    "string_type": "text",
    "too_short": "text that is not blank",
    "tuple_type": "a list, or text with commas between its parts",
    "model_type": "a name, or an object with a name",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}
"""What a value must be, by pydantic's type of the problem."""


def reason(error: ValidationError) -> str:
    """A validation error in one line, with the value that was refused."""
    parts = []
    for problem in error.errors(include_url=False):
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "missing":
            parts.append(f"{where} is missing")
        elif problem["type"] == "literal_error":
            parts.append(f"{where} is {problem['input']!r}; it must be one of {', '.join(get_args(EventKind))}")
        elif problem["type"] == "too_long":  # only texts have a limit
            long, most = problem["ctx"]["actual_length"], problem["ctx"]["max_length"]
            parts.append(f"{where} has {long:,} characters; it may have {most:,}")
        elif where == "timestamp":
            finer = (
                " (these look like milliseconds: divide them by 1,000)" if _is_milliseconds(problem["input"]) else ""
            )
            parts.append(
                f"{where} is {problem['input']!r:.60}; it must be an ISO date or Unix seconds, in the years 1 to 9999{finer}"
            )
        elif problem["type"] in _MUST_BE:
            parts.append(f"{where} is {problem['input']!r:.60}; it must be {_MUST_BE[problem['type']]}")
        else:
            parts.append(f"{where} is {problem['input']!r:.60}: {problem['msg'][:1].lower()}{problem['msg'][1:]}")
    return "; ".join(parts)


def _is_milliseconds(value: object) -> bool:
    number = _time(value)
    return isinstance(number, (int, float)) and MAX_TIME < number <= 1000 * MAX_TIME


def _attribute(value: object) -> Value | None:
    """A further column's value, typed; None when it cannot be an attribute (an object, or a list of objects)."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, str):
        text = clean(value)[:MAX_TEXT]
        if counted := _COUNTED.fullmatch(text):
            return float(counted[1]) if "." in counted[1] else int(counted[1])
        return text or None
    if isinstance(value, (list, tuple)) and all(isinstance(v, (str, int, float)) for v in value):
        return tuple(text for v in value if not is_unknown(v) and (text := clean(str(v))))
    return None


def item_from_row(row: Mapping[str, Any]) -> Item:
    """An item from a row whose columns carry contract names. Raises pydantic's ``ValidationError``.

    ``creators:ROLE`` columns add people with that role.
    """
    given: dict[str, Any] = {}
    roles: list[dict[str, Any]] = []
    for name, value in row.items():
        if is_unknown(value):
            continue
        if name.startswith("creators:"):
            people = _people(value)
            for person in people if isinstance(people, list) else [people]:
                role = {"role": name.removeprefix("creators:")}
                roles.append({**person, **role} if isinstance(person, dict) else {"name": person, **role})
        else:
            given[name] = value
    if roles:
        plain = _people(given.get("creators", []))
        given["creators"] = [*(plain if isinstance(plain, list) else [plain]), *roles]
    parsed = ItemRow.model_validate(given)
    attributes = {
        clean(name): value
        for name, raw in (parsed.model_extra or {}).items()
        if (value := _attribute(raw)) is not None and value != ()
    }
    return Item(
        item_id=parsed.item_id,
        title=parsed.title,
        description=parsed.description[:MAX_TEXT] if parsed.description else None,
        year=parsed.year,
        creators=tuple(dict.fromkeys(Person(name=p.name, role=p.role) for p in parsed.creators)),
        categories=tuple(dict.fromkeys(parsed.categories)),
        tags=tuple(dict.fromkeys(parsed.tags)),
        image_url=parsed.image_url,
        url=parsed.url,
        price=parsed.price,
        in_stock=parsed.in_stock,
        attributes=attributes,
    )


def event_from_row(row: Mapping[str, Any]) -> Event:
    """An event from a row whose columns carry contract names. Raises pydantic's ``ValidationError``."""
    parsed = EventRow.model_validate({name: value for name, value in row.items() if not is_unknown(value)})
    kind: EventKind = parsed.kind or ("rating" if parsed.value is not None else "view")
    identity = [parsed.user_id, parsed.item_id, kind, parsed.value, parsed.timestamp, parsed.position]
    return Event(
        event_id=parsed.event_id or hashlib.sha256(orjson.dumps(identity)).hexdigest()[:32],
        user_id=parsed.user_id,
        item_id=parsed.item_id,
        kind=kind,
        value=parsed.value,
        timestamp=parsed.timestamp,
        position=parsed.position,
    )


def item_to_record(item: Item) -> bytes:
    """Canonical JSON of an item: equal items give equal bytes."""
    record: dict[str, Any] = {"item_id": item.item_id, "title": item.title}
    for name in ("description", "year", "categories", "tags", "image_url", "url", "price", "in_stock"):
        value = getattr(item, name)
        if value is not None and value != ():
            record[name] = value
    if item.creators:
        record["creators"] = [{"name": p.name, "role": p.role} if p.role else {"name": p.name} for p in item.creators]
    if item.attributes:
        record["attributes"] = dict(item.attributes)
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)


def item_from_record(record: Mapping[str, Any]) -> Item:
    """The inverse of ``item_to_record``, given its parsed JSON; nothing is validated again."""
    return Item(
        item_id=record["item_id"],
        title=record["title"],
        description=record.get("description"),
        year=record.get("year"),
        creators=tuple(Person(name=p["name"], role=p.get("role")) for p in record.get("creators", ())),
        categories=tuple(record.get("categories", ())),
        tags=tuple(record.get("tags", ())),
        image_url=record.get("image_url"),
        url=record.get("url"),
        price=record.get("price"),
        in_stock=record.get("in_stock"),
        attributes={k: tuple(v) if isinstance(v, list) else v for k, v in record.get("attributes", {}).items()},
    )


def translated(item: Item, slot: str) -> tuple[str, ...]:
    """Texts of a slot in other languages: of ``description``, what the attributes ``description_zh``, … hold."""
    found = []
    for name, value in sorted(item.attributes.items()):
        base, mark, language = name.rpartition("_")
        if mark and base == slot and len(language) == 2 and isinstance(value, str):
            found.append(value)
    return tuple(found)


def other_titles(item: Item) -> tuple[str, ...]:
    """The original title and those in other languages."""
    original = item.attributes.get("original_title")
    return tuple(dict.fromkeys([*([original] if isinstance(original, str) else []), *translated(item, "title")]))


def people_text(item: Item) -> str:
    """Names of all creators, for search."""
    return ", ".join(person.name for person in item.creators)


def labels_text(item: Item, *, translations: bool = True) -> str:
    """Categories, tags and attributes that are words, for search; titles and descriptions in other languages apart.

    ``translations`` False leaves out what repeats a slot in another language.
    """
    labels = [*item.categories, *item.tags]
    known = {"categories", "tags", *item.attributes, *(person.role or "creators" for person in item.creators)}
    for name, value in sorted(item.attributes.items()):
        if is_translation(name, ("title", "description")):
            continue
        if not translations and is_translation(name, known):
            continue
        if isinstance(value, tuple):
            labels.extend(value)
        elif isinstance(value, str) and len(value) <= 60:
            labels.append(value)
    return ", ".join(dict.fromkeys(labels))


def embedding_text(item: Item) -> str:
    """What an item's vector is made from: its title, labels and description, without the names of its own people.

    A description names the people again and again, and in a vector of 256 numbers names drown what the item is about:
    ``benchmarks/retrieval.py`` shows what leaving them out gains. People are found by words and by promises.
    """
    parts = [item.title, labels_text(item, translations=False), _about(item)]
    return ". ".join(part for part in parts if part)


def passages(item: Item) -> tuple[str, ...]:
    """The sentences of the description, without the names of the item's own people; empty when it has none.

    What a request tells of an item is often one sentence of its description, and lost in the mean of all of them.
    """
    found = (sentence.strip() for sentence in _SENTENCE_END.split(_about(item)))
    return tuple(sentence for sentence in found if len(sentence) >= MIN_PASSAGE)[:MAX_PASSAGES]


def _about(item: Item) -> str:
    about = item.description or ""
    for person in item.creators:
        about = about.replace(person.name, " ")
    return " ".join(about.split())
