"""What users said of themselves, kept across conversations, with the words it came from.

An entry is one thing that somebody likes or does not like: a value of a slot, a person, or an item. A later statement about
the same thing takes the place of the earlier one, which is deleted, so that what is kept is what was said last. Entries
that were proposed from behaviour are never in force until the user confirms them.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

import orjson

from assistant.catalogue import Catalogue
from assistant.errors import UnknownNameError, UserError, did_you_mean
from assistant.store import Store
from assistant.text import clean, fold
from assistant.types import Constraint, Fact, Held, Statement

Dimension = Literal["interests", "habits", "company"]
TasteSource = Literal["stated", "proposed"]

HELD_PREFIX = "taste:"
STRONG = 0.9
"""A dislike of at least this confidence ("never", "hate") is a promise; a weaker one is a wish."""
MAX_WORDS = 200
"""Characters of the user's words that are kept."""
RANGE = "–"
"""Between the ends of a proposed range: ``90–120``; either may be missing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TasteEntry:
    """One taste of one user."""

    entry_id: str
    user: str
    slot: str
    """A slot of the catalogue, ``people``, or ``item`` where ``value`` is an item's id."""
    value: str
    """A value of the slot; for a slot of numbers a range, ``90–120``."""
    likes: bool
    words: str
    """The user's; of a proposal, what it says in words."""
    confidence: float
    """In (0, 1]."""
    source: TasteSource
    created_at: float
    """Unix seconds."""
    evidence: tuple[str, ...] = ()
    """Ids of the items that a proposal rests on."""
    dimension: Dimension = "interests"

    @property
    def held_id(self) -> str:
        """Its id where a conversation holds it."""
        return HELD_PREFIX + self.entry_id

    @property
    def in_force(self) -> bool:
        """Whether it counts: it was stated, or confirmed."""
        return self.source == "stated"


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """What remembering did."""

    entries: tuple[TasteEntry, ...]
    """The new ones."""
    superseded: tuple[TasteEntry, ...] = ()
    """Older ones that said the contrary, and are deleted."""


def tastes(store: Store, user: str) -> tuple[TasteEntry, ...]:
    """Everything that is kept, proposals included, oldest first."""
    return tuple(_entry(user, *row) for row in store.tastes.of(user))


def remember(store: Store, user: str, statements: Iterable[Statement]) -> Remembered:
    """Keep statements; when this returns they survive a crash. Raises ``UserError`` for one without slot, value or words.

    Of statements about the same thing the last one counts. An entry about the same thing that is kept already is deleted,
    whether it was stated or proposed; it is reported as superseded where it said the contrary.
    """
    latest: dict[tuple[str, str], TasteEntry] = {}
    for statement in statements:
        entry = _checked(_new(user, statement))
        latest[_key(entry)] = entry
    new = tuple(latest.values())
    older = [entry for entry in tastes(store, user) if any(_same_thing(entry, other) for other in new)]
    store.tastes.change(user, add=[_row(entry) for entry in new], remove=[entry.entry_id for entry in older])
    contrary = tuple(
        entry
        for entry in older
        if entry.in_force and any(_same_thing(entry, other) and entry.likes != other.likes for other in new)
    )
    return Remembered(entries=new, superseded=contrary)


def propose(store: Store, user: str, proposals: Iterable[TasteEntry]) -> tuple[TasteEntry, ...]:
    """Keep proposals beside what is stated, in place of earlier proposals; none about a thing that was spoken of."""
    known = tastes(store, user)
    stated = [entry for entry in known if entry.in_force]
    new = tuple(
        _checked(replace(entry, source="proposed"))
        for entry in proposals
        if not any(_same_thing(entry, other) for other in stated)
    )
    old = [entry.entry_id for entry in known if not entry.in_force]
    store.tastes.change(user, add=[_row(entry) for entry in new], remove=old)
    return new


def confirm(store: Store, user: str, entry_id: str) -> TasteEntry:
    """Put a proposal in force. Raises ``UnknownNameError``."""
    entry = find_taste(store, user, entry_id)
    confirmed = replace(entry, source="stated", created_at=time.time())
    store.tastes.change(user, add=[_row(confirmed)], remove=[entry_id])
    return confirmed


def correct(
    store: Store,
    user: str,
    entry_id: str,
    *,
    slot: str | None = None,
    value: str | None = None,
    likes: bool | None = None,
    words: str | None = None,
    confidence: float | None = None,
) -> TasteEntry:
    """Change an entry; what is None stays. It is in force afterwards. Raises ``UnknownNameError``, ``UserError``."""
    entry = find_taste(store, user, entry_id)
    changed = _checked(
        replace(
            entry,
            slot=entry.slot if slot is None else slot,
            value=entry.value if value is None else value,
            likes=entry.likes if likes is None else likes,
            words=entry.words if words is None else words,
            confidence=entry.confidence if confidence is None else confidence,
            source="stated",
            created_at=time.time(),
        )
    )
    same = [other.entry_id for other in tastes(store, user) if _same_thing(other, changed)]
    store.tastes.change(user, add=[_row(changed)], remove=[*same, entry_id])
    return changed


def forget(store: Store, user: str, what: str | Statement) -> tuple[TasteEntry, ...]:
    """Delete an entry by its id (``held_id`` will do), or those that a statement is about; returns what was deleted.

    A statement about a thing deletes what is kept of it whether it is liked or not. Afterwards no file holds the entry.
    Raises ``UnknownNameError`` for an id that is not there; a statement that nothing is kept about deletes nothing.
    """
    if isinstance(what, str):
        gone: tuple[TasteEntry, ...] = (find_taste(store, user, what),)
    else:
        wanted = _new(user, what)
        gone = tuple(entry for entry in tastes(store, user) if _same_thing(entry, wanted))
    if gone:
        store.tastes.change(user, remove=[entry.entry_id for entry in gone])
        store.truncate_log()
    return gone


def find_taste(store: Store, user: str, entry_id: str) -> TasteEntry:
    """The entry of an id. Raises ``UnknownNameError``."""
    entry_id = entry_id.removeprefix(HELD_PREFIX)
    known = {entry.entry_id: entry for entry in tastes(store, user)}
    if entry_id not in known:
        raise UnknownNameError(
            f"There is no taste {entry_id!r} of {user!r}.{did_you_mean(entry_id, known)} "
            f"See: assistant tastes list --user {user}"
        )
    return known[entry_id]


def statement_about(
    catalogue: Catalogue, slot: str, value: str, *, likes: bool, words: str | None = None, confidence: float = 1.0
) -> Statement:
    """A statement about something that the catalogue has, in its spelling; ``words`` default to the value.

    A value of a slot of numbers is a number or a range, ``90–120`` or ``90-120``. Raises ``UnknownNameError``.
    """
    if slot == "item":
        if value not in catalogue.row_of:
            raise UnknownNameError(f"There is no item {value!r}.{did_you_mean(value, catalogue.ids)}")
        shown = value
    elif slot in catalogue.numbers:
        shown = value.replace("-", RANGE)
        ends = [end for end in shown.split(RANGE) if end]
        if not ends or len(ends) > 2 or any(not _is_number(end) for end in ends):
            raise UserError(f"The value of {slot!r} is a number or a range such as 90–120, and this is {value!r}.")
    else:
        slots = sorted(catalogue.roles) if slot == "people" else [slot]
        columns = [catalogue.labels[each] for each in slots if each in catalogue.labels]
        if not columns:
            known = [*catalogue.labels, *catalogue.numbers, "people", "item"]
            raise UnknownNameError(f"The catalogue has no slot {slot!r}.{did_you_mean(slot, known)}")
        displayed = {name: text for column in columns for name, text in column.display.items()}
        if fold(value) not in displayed:
            raise UnknownNameError(
                f"Nothing in this catalogue has {value!r} as {slot!r}.{did_you_mean(value, displayed)}"
            )
        shown = displayed[fold(value)]
    return Statement(slot=slot, value=shown, likes=likes, words=words or value, confidence=confidence)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# what it does to a conversation


def taste_held(entries: Sequence[TasteEntry], catalogue: Catalogue) -> tuple[Held, ...]:
    """The entries in force as a conversation holds them: a strong dislike is a promise, everything else a wish.

    Entries about something that the catalogue does not have, and about items (see ``taste_items``), are left out.
    """
    held = []
    for entry in entries:
        if entry.in_force and entry.slot != "item" and (constraint := _constraint(entry, catalogue)) is not None:
            promised = not entry.likes and entry.confidence >= STRONG
            held.append(Held(held_id=entry.held_id, constraint=constraint, promised=promised, turn=0))
    return tuple(held)


def taste_items(entries: Sequence[TasteEntry], *, likes: bool) -> tuple[str, ...]:
    """Ids of the items that the user said to like, or not to like."""
    return tuple(entry.value for entry in entries if entry.in_force and entry.slot == "item" and entry.likes == likes)


def told_facts(entries: Sequence[TasteEntry]) -> tuple[Fact, ...]:
    """What a reason or an answer may say that the user told: facts of source ``profile``, of no item yet.

    The slot is ``told`` for what they like and ``told_not`` for what they do not.
    """
    return tuple(
        Fact(
            fact_id="",
            source="profile",
            item_id="",
            slot="told" if entry.likes else "told_not",
            value=entry.words,
            shared=((entry.slot, entry.value),),
        )
        for entry in entries
        if entry.in_force
    )


def _constraint(entry: TasteEntry, catalogue: Catalogue) -> Constraint | None:
    if entry.slot in catalogue.numbers:
        low, dash, high = entry.value.partition(RANGE)
        try:
            ends = [float(end) if end else None for end in (low, high if dash else low)]
        except ValueError:
            return None
        return Constraint(slot=entry.slot, op="range" if entry.likes else "outside", low=ends[0], high=ends[1])
    slots = catalogue.roles if entry.slot == "people" else {entry.slot}
    columns = [catalogue.labels[slot] for slot in sorted(slots) if slot in catalogue.labels]
    shown = next((column.display[fold(entry.value)] for column in columns if fold(entry.value) in column.rows), None)
    if shown is None:
        return None
    return Constraint(slot=entry.slot, op="any" if entry.likes else "none", values=(shown,))


# entries and rows


def _new(user: str, statement: Statement) -> TasteEntry:
    return TasteEntry(
        entry_id=uuid.uuid4().hex[:12],
        user=user,
        slot=statement.slot,
        value=statement.value,
        likes=statement.likes,
        words=statement.words,
        confidence=statement.confidence,
        source="stated",
        created_at=time.time(),
    )


def _checked(entry: TasteEntry) -> TasteEntry:
    """The entry with its text cleaned. Raises ``UserError``."""
    entry = replace(
        entry, slot=clean(entry.slot), value=clean(entry.value), words=clean(entry.words)[:MAX_WORDS].strip()
    )
    for name in ("slot", "value", "words"):
        if not getattr(entry, name):
            raise UserError(f"A taste needs a {name}, and that of {entry!r} is blank.")
    if not 0 < entry.confidence <= 1:
        raise UserError(f"The confidence of a taste lies between 0 and 1, and this is {entry.confidence!r}.")
    return entry


def _key(entry: TasteEntry) -> tuple[str, str]:
    return entry.slot, fold(entry.value)


def _same_thing(one: TasteEntry, other: TasteEntry) -> bool:
    """Whether two entries are about the same thing: a person is one whatever the role."""
    slots = {one.slot, other.slot}
    return fold(one.value) == fold(other.value) and (len(slots) == 1 or ("people" in slots and "item" not in slots))


def _row(entry: TasteEntry) -> tuple[str, float, bytes]:
    """(entry id, created at, the rest) as the store keeps it."""
    document = asdict(entry)
    for column in ("entry_id", "user", "created_at"):
        del document[column]
    return entry.entry_id, entry.created_at, orjson.dumps(document)


def _entry(user: str, entry_id: str, created_at: float, document: bytes) -> TasteEntry:
    fields = orjson.loads(document)
    fields["evidence"] = tuple(fields["evidence"])
    return TasteEntry(entry_id=entry_id, user=user, created_at=created_at, **fields)
