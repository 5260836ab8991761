"""Slots and claims as sentences, for tiers that read language: facts are the premise, a claim is the hypothesis.

>>> premise({"title": "Alien", "director": ("Ridley Scott",), "year": 1979})
'The title is Alien. The director is Ridley Scott. The year is 1979.'
"""

from __future__ import annotations

from collections.abc import Mapping

from assistant.types import Claim, Value

_NEGATORS = frozenset({"not", "never", "no", "without", "is", "are", "was", "were", "does", "do", "has", "have"})


def sentence(slot: str, value: Value, *, positive: bool = True) -> str:
    """``The director is Ridley Scott.``, ``It has multiplayer.``, ``The price is not cheap.``"""
    name = slot.replace("_", " ").strip()
    if isinstance(value, bool):
        verb = "has" if name.startswith("has ") else "is"
        name = name.removeprefix("has ").removeprefix("is ")
        if value == positive:
            return f"It {verb} {name}."
        return f"It does not have {name}." if verb == "has" else f"It is not {name}."
    verb = "is"
    if isinstance(value, tuple):
        verb = "are" if len(value) > 1 or name.endswith("s") else "is"
        value = " and ".join(filter(None, [", ".join(value[:-1]), *value[-1:]]))
    return f"The {name} {verb} {'' if positive else 'not '}{value}."


def premise(record: Mapping[str, Value]) -> str:
    """Every slot of a record as a sentence, in the record's order; empty for an empty record."""
    return " ".join(sentence(slot, value) for slot, value in record.items())


def hypothesis(claim: Claim) -> str:
    """What a claim asserts. A denial that stands in the claim's own words is said once, not twice."""
    value = claim.value
    if not claim.positive and isinstance(value, str):
        words = value.split()
        while len(words) > 1 and (words[0].lower() in _NEGATORS or words[0].lower().endswith(("n't", "n’t"))):
            del words[0]
        value = " ".join(words)
    if claim.slot == "opinion":
        return f"It is {'' if claim.positive else 'not '}{value}."
    return sentence(claim.slot, value, positive=claim.positive)
