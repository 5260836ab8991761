"""Facts, the claims of a text, and a verified reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assistant.types.items import Value

FactSource = Literal["catalogue", "history", "dialogue", "profile", "ranking"]
ClaimSource = Literal["catalogue", "history", "dialogue", "profile", "opinion", "ranking"]
Verdict = Literal["supported", "contradicted", "absent", "uncheckable"]
PhrasedBy = Literal["model", "template"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """Something known to be true that an explanation may say.

    ``slot`` is a slot of the record for ``catalogue`` (``director``, ``year``, ``categories``); for ``history`` it is
    ``liked``, ``disliked``, ``seen`` or ``bought`` and ``value`` the title of that item; for ``dialogue`` it is
    ``asked_for`` (``value`` in the user's words) or ``like`` (a title the user named); for ``profile`` it is
    ``often_likes`` (a category, person or tag frequent among liked items) or ``told`` and ``told_not`` (``value`` in the user's words, kept
    in the taste memory). For ``ranking``, which only answers cite, it is ``position``, ``position_of`` (how many were
    ranked), ``moved_by`` (a column that counted) or ``behind_in`` (a column in which another item has more).
    """

    fact_id: str
    source: FactSource
    item_id: str
    """The recommended item the fact is about."""
    slot: str
    value: Value
    other_item_id: str | None = None
    """For ``history`` and ``like``: the item of the history that ``value`` names."""
    shared: tuple[tuple[str, str], ...] = ()
    """For ``history`` and ``like``: (slot, value) pairs that both items have, the most telling first. For ``asked_for`` and
    ``often_likes``: the one pair of the record that it is about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What a stretch of text asserts: ``slot`` of ``item_id`` is (or, if not ``positive``, is not) ``value``."""

    text: str
    start: int
    end: int
    """``text`` is the explanation's ``[start:end]``."""
    item_id: str
    slot: str
    value: Value
    positive: bool = True
    source: ClaimSource = "catalogue"
    verdict: Verdict = "uncheckable"
    tier: str = "slots"
    """The tier of the checker that decided."""
    fact_ids: tuple[str, ...] = ()
    """Facts that support it, or that it contradicts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A verified reason. Every claim in ``claims`` is supported or uncheckable."""

    text: str
    phrased_by: PhrasedBy
    facts: tuple[Fact, ...]
    """The facts it cites."""
    claims: tuple[Claim, ...] = ()
    model: str | None = None
    """The model that wrote the text, or that chose it among the sentences of templates; None when none took part."""
    prompt: str | None = None
    """``name@version#digest`` of the prompt that the model was given."""
    rejected: tuple[str, ...] = ()
    """Why earlier drafts for this card were not shown."""
