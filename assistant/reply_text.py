"""The words around the cards. Everything they state is counted by code."""

from __future__ import annotations

import difflib

from assistant.catalogue import Catalogue
from assistant.text import fold, fold_title
from assistant.types import Constraint, Query

_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def acting_on(query: Query, catalogue: Catalogue) -> tuple[str, ...]:
    """The promises and wishes that a reply obeys, and what it goes by, as short labels."""
    like = [f"like {catalogue.title(row)}" for row in catalogue.rows(query.like).tolist()]
    wishes = [wish.words or wish.label() for wish in query.wishes]
    labels = [*like, *wishes, *(constraint.label() for constraint in query.constraints)]
    return tuple({label.casefold(): label for label in reversed(labels)}.values())[::-1]


def opening(
    query: Query, catalogue: Catalogue, *, shown: int, new_user: bool, allowed: int, mentioned: bool = True
) -> str:
    """One or two sentences before the cards, and what the catalogue does not have.

    ``mentioned`` is whether any item that is allowed holds any of the words of the request.
    """
    text = _opening(query, catalogue, shown=shown, new_user=new_user, allowed=allowed)
    if shown and not mentioned:
        text = f"No item here mentions what you describe; {text[0].lower()}{text[1:-1]} that may come near."
    return " ".join([*(_unknown(words, catalogue) for words in query.unknown), text])


def _unknown(words: str, catalogue: Catalogue) -> str:
    """That a name is not there, and the closest title or person that is."""
    meant = None
    if titles := difflib.get_close_matches(fold_title(words), catalogue.titles, n=1, cutoff=0.75):
        meant = catalogue.title(catalogue.titles[titles[0]][0])
    else:
        columns = [catalogue.labels[role] for role in catalogue.roles if role in catalogue.labels]
        people = {name: shown for column in columns for name, shown in column.display.items()}
        if names := difflib.get_close_matches(fold(words), people, n=1, cutoff=0.8):
            meant = people[names[0]]
    hint = f" Did you mean “{meant}”?" if meant else ""
    return f"“{words}” is not in this catalogue.{hint}"


def _opening(query: Query, catalogue: Catalogue, *, shown: int, new_user: bool, allowed: int) -> str:
    if shown == 0:
        return _nothing(query, catalogue)
    number = _NUMBERS[shown] if shown < len(_NUMBERS) else str(shown)
    suggestions = f"{number} suggestion{'' if shown == 1 else 's'}"
    if query.intent == "small_talk":
        greeting = "Hello! Tell me what you are in the mood for."
        return f"{greeting} Until then, {suggestions.lower()} " + (
            "to begin with." if new_user else "from what you liked."
        )
    if query.like:
        titles = [catalogue.title(row) for row in catalogue.rows(query.like).tolist()]
        suggestions += " in the direction of " + " and ".join(titles)
    if shown < query.k and allowed <= shown:
        left = "meets everything you asked for" if query.constraints else "is new to you"
        return f"{suggestions}: nothing else in this catalogue {left}."
    return f"{suggestions}."


def _nothing(query: Query, catalogue: Catalogue) -> str:
    """Says what leaves nothing: what was shown already, or which promise, with how many items there would be without it."""
    if not len(catalogue):
        return "This catalogue is empty."
    if not query.constraints:
        return "There is nothing left in this catalogue that you have not seen or been shown."
    asked = " · ".join(constraint.label() for constraint in query.constraints)
    if known := int(catalogue.allowed(query.constraints).sum()):
        items = "the 1 item" if known == 1 else f"all {known:,} items"
        return f"You have seen or been shown {items} of this catalogue for: {asked}."
    ways = sorted(
        ((int(catalogue.allowed(_without(query, c), query.excluded).sum()), c) for c in query.constraints),
        key=lambda way: -way[0],
    )
    if ways[0][0] == 0:
        return f"Nothing in this catalogue is {asked}, and nothing is when any one of these is left out."
    count, dropped = ways[0]
    items = "1 item" if count == 1 else f"{count:,} items"
    return f"Nothing in this catalogue is {asked}. Without “{dropped.label()}” there would be {items}."


def _without(query: Query, constraint: Constraint) -> tuple[Constraint, ...]:
    return tuple(other for other in query.constraints if other is not constraint)
