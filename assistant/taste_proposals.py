"""What a user's behaviour suggests of their tastes: several dimensions, each proposal with the items it rests on.

Counted by code. Nothing of it is in force until the user confirms it (``tastes.propose``, ``tastes.confirm``). A language
model may group and word what was counted; what it says beyond that is dropped.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, ValidationError

import prompts as prompt_files
from assistant.answers.table import number
from assistant.catalogue import Catalogue
from assistant.errors import ProviderError
from assistant.llm.base import ChatMessage, LanguageModel, Sampling, generate
from assistant.phrases.labels import clean_label, clean_name, instructs, kind_of
from assistant.profile import UserProfile
from assistant.taste_words import TasteWords
from assistant.tastes import RANGE, Dimension, TasteEntry
from assistant.text import clean, fold
from prompts import Prompt

HABIT_KINDS = ("year", "runtime", "pages", "price")
"""Kinds of numbers in which somebody has habits."""
MOST_WORDED = 160
"""Characters of a model's wording."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProposalSettings:
    """When behaviour is worth a proposal."""

    least_items: int = 3
    """Liked items that must have a value."""
    least_share: float = 0.25
    """The share of the liked items that must have it."""
    least_lift: float = 1.5
    """How many times as frequent it must be as in the catalogue."""
    most_by_dimension: int = 4
    most_evidence: int = 12
    """Items that a proposal names, the latest first."""
    range_share: float = 0.75
    """The share of the liked items that a range of a habit covers, from the middle."""
    narrow: float = 0.6
    """A range is a habit when it is at most so wide as the one that covers the same share of the catalogue."""
    range_items: int = 6
    """Liked items with a number that a range rests on at least."""
    confidence: float = 0.5
    """Of a proposal at most: it was never said."""
    max_tokens: int = 300
    """Of a model's answer."""
    timeout: float = 20.0
    """Seconds that a model may take."""


def proposals(
    profile: UserProfile, catalogue: Catalogue, words: TasteWords, settings: ProposalSettings | None = None
) -> tuple[TasteEntry, ...]:
    """What the liked items of a user suggest, dimension by dimension, the most telling first; none for too short a history."""
    settings = settings or ProposalSettings()
    found = [*_labels(profile, catalogue, words, settings), *_ranges(profile, catalogue, words, settings)]
    chosen: list[TasteEntry] = []
    for dimension in ("interests", "habits", "company"):
        of_it = sorted((p for p in found if p[1].dimension == dimension), key=lambda p: (-p[0], p[1].slot, p[1].value))
        chosen += [entry for _, entry in of_it[: settings.most_by_dimension]]
    return tuple(chosen)


def _labels(
    profile: UserProfile, catalogue: Catalogue, words: TasteWords, settings: ProposalSettings
) -> Iterator[tuple[float, TasteEntry]]:
    """Values that are over-represented among the liked items: (how telling, entry)."""
    liked = profile.liked
    for slot, column in catalogue.labels.items():
        people = slot in catalogue.roles
        kind = "people" if people else kind_of(slot)
        if slot in ("title", "original_title", "in_stock") or kind in (None, "languages"):
            continue
        holders: dict[str, list[str]] = {}
        for entry in liked:
            held = catalogue.item(entry.row).slots().get(slot)
            for value in dict.fromkeys(held if isinstance(held, tuple) else (held,)):
                if isinstance(value, str):
                    holders.setdefault(fold(value), []).append(entry.item_id)
        for value, evidence in holders.items():
            share = len(evidence) / len(liked)
            usual = len(column.rows.get(value, ())) / max(len(catalogue), 1)
            least = settings.least_items if people else max(settings.least_items, settings.least_share * len(liked))
            shown = column.display.get(value, value)
            quotable = (clean_name if people else clean_label)(shown)
            if len(evidence) < least or share < settings.least_lift * usual or quotable is None:
                continue
            company = value in words.company
            telling = share * math.log(share / max(usual, 1e-9))
            said = words.proposal(slot, quotable, n=len(evidence), of=len(liked), people=people)
            dimension: Dimension = "company" if company else "interests"
            yield telling, _entry(profile.user, slot, shown, said, evidence, share, dimension, settings)


def _ranges(
    profile: UserProfile, catalogue: Catalogue, words: TasteWords, settings: ProposalSettings
) -> Iterator[tuple[float, TasteEntry]]:
    """Numbers within which most liked items lie, where that is narrower than the catalogue's."""
    for slot, column in catalogue.numbers.items():
        if kind_of(slot) not in HABIT_KINDS and slot != "price":
            continue
        own = sorted(
            (value, entry.item_id) for entry in profile.liked if not math.isnan(value := float(column[entry.row]))
        )
        everyone = sorted(value for value in column.tolist() if not math.isnan(value))
        if len(own) < settings.range_items:
            continue
        low, high = _narrowest([value for value, _ in own], settings.range_share)
        usual = _narrowest(everyone, settings.range_share)
        width = usual[1] - usual[0]
        if kind_of(slot) == "year":
            low, high = low // 10 * 10, high // 10 * 10 + 9
        if width <= 0 or high - low > settings.narrow * width:
            continue
        evidence = [item_id for value, item_id in own if low <= value <= high]
        share = len(evidence) / len(own)
        inside = sum(low <= value <= high for value in everyone) / len(everyone)
        if share < settings.least_lift * inside:
            continue
        said = words.range_proposal(slot, number(low), number(high), n=len(evidence), of=len(own))
        ends = f"{number(low)}{RANGE}{number(high)}"
        telling = share * math.log(share / max(inside, 1e-9))
        yield telling, _entry(profile.user, slot, ends, said, evidence, share, "habits", settings)


def _narrowest(values: Sequence[float], share: float) -> tuple[float, float]:
    """The narrowest interval of sorted values that holds this share of them."""
    size = max(1, math.ceil(share * len(values)))
    starts = range(len(values) - size + 1)
    at = min(starts, key=lambda start: values[start + size - 1] - values[start])
    return values[at], values[at + size - 1]


def _entry(
    user: str,
    slot: str,
    value: str,
    words: str,
    evidence: Sequence[str],
    share: float,
    dimension: Dimension,
    settings: ProposalSettings,
) -> TasteEntry:
    return TasteEntry(
        entry_id=uuid.uuid4().hex[:12],
        user=user,
        slot=slot,
        value=value,
        likes=True,
        words=words,
        confidence=round(min(settings.confidence, share), 2),
        source="proposed",
        created_at=time.time(),
        evidence=tuple(reversed(evidence))[: settings.most_evidence],
        dimension=dimension,
    )


# a model's wording


class _Worded(BaseModel):
    """A proposal in a model's words, about proposals that code counted."""

    model_config = ConfigDict(extra="forbid", strict=True)

    number: int
    words: str


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    proposals: list[_Worded]


async def worded_by(
    model: LanguageModel,
    counted: Sequence[TasteEntry],
    catalogue: Catalogue,
    settings: ProposalSettings | None = None,
    prompt: Prompt | None = None,
) -> tuple[TasteEntry, ...]:
    """The counted proposals, each in the model's words where those hold, and in the table's where they do not.

    A wording is dropped when it does not name the value, names another value or person of the catalogue, a number that
    the proposal does not have, or addresses the reader with an instruction. No failure of the model loses a proposal.
    """
    settings = settings or ProposalSettings()
    if not counted:
        return ()
    lines = [f"{at}. {entry.slot.replace('_', ' ')}: {entry.value}" for at, entry in enumerate(counted, 1)]
    rendered = (prompt or prompt_files.load("tastes")).render(tastes=lines)
    messages = [ChatMessage(role=role, content=content) for role, content in rendered.messages]
    sampling = Sampling(max_tokens=settings.max_tokens)
    try:
        answer = await generate(
            model, messages, sampling=sampling, schema=_Answer.model_json_schema(), timeout=settings.timeout
        )
        worded = _Answer.model_validate_json(answer.text).proposals
    except (ProviderError, ValidationError):
        return tuple(counted)
    by_number: Mapping[int, str] = {each.number: clean(each.words) for each in worded}
    return tuple(
        replace(entry, words=text) if (text := by_number.get(at)) and _bears(entry, text, catalogue) else entry
        for at, entry in enumerate(counted, 1)
    )


def _bears(entry: TasteEntry, text: str, catalogue: Catalogue) -> bool:
    """Whether a wording says what was counted, and nothing else that the catalogue knows a word for."""
    said, value = _plain(text), _plain(entry.value)
    if not text or len(text) > MOST_WORDED or instructs(text) or "?" in text or value not in said:
        return False
    if {word for word in said.split() if word.isdigit()} - set(value.split()):
        return False
    rest = said.replace(value, " ")
    return not any(_plain(other) in rest for other in _known(catalogue) if len(other) > 3)


def _plain(text: str) -> str:
    """Folded words between single spaces, with one at either end: a phrase in it is a substring."""
    return f" {' '.join(''.join(c if c.isalnum() else ' ' for c in fold(text)).split())} "


def _known(catalogue: Catalogue) -> Iterator[str]:
    for slot, column in catalogue.labels.items():
        if slot in catalogue.roles or kind_of(slot) in ("genres", "moods", "places", "subjects"):
            yield from column.rows
