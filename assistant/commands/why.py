"""``assistant why``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assistant.commands.output import Name, data_option, emit, json_option, say

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from assistant.why import Why

SHOWN = 12
"""Columns that a table shows, those with the largest contributions."""
LEAST = 5e-4
"""A smaller contribution is not shown to people."""


@click.command()
@data_option
@click.option("--user", type=Name(), required=True, help="Id of the user.")
@click.option("--item", type=Name(), required=True, help="Id of the item.")
@click.option("--k", type=click.IntRange(min=1), default=10, show_default=True, help="Length of the list.")
@json_option
def why(data: Path, user: str, item: str, k: int, as_json: bool) -> None:
    """Take an item's place in a user's list apart.

    Every column with its weight and its contribution to the score, the items of the history that moved it most, what rules
    and diversity did; for an item that is not in the list, what keeps it below the last one that is. No request is taken
    into account: the trace of a reply holds the same for its cards.

    \b
    assistant why --user ana --item galaxy-quest-1999 --data films
    """
    from assistant.arranging.arranger import folder_rules
    from assistant.catalogue import Catalogue
    from assistant.documents import WhyDocument
    from assistant.fitting import open_ranker
    from assistant.settings import load_settings
    from assistant.store import Store
    from assistant.why import why as explain_place

    settings = load_settings(data)
    with Store(data) as store:
        catalogue = Catalogue.load(store)
        rules = folder_rules(settings, data, catalogue)
        found = explain_place(
            store,
            catalogue,
            open_ranker(store, catalogue),
            user,
            item,
            k=k,
            rules=rules,
            diversity=settings.diversity,
        )
        year = catalogue.year(catalogue.row_of[item])
    if as_json:
        emit(WhyDocument.of(found))
    else:
        say(*_told(found, year))


def _told(found: Why, year: int | None) -> list[RenderableType]:
    from assistant.surfaces.render import heading, safe

    parts: list[RenderableType] = [f"{heading(found.title, year)} for {safe(found.user)}"]
    by_score = f"place {found.place_by_score:,} of {found.ranked:,} by score"
    if found.left_out == "history":
        parts.append(f"Not recommended: it is in the history. It would have {by_score}.")
    elif found.left_out == "withheld":
        parts.append(f"Not recommended: a rule withholds what is not in stock. It would have {by_score}.")
    elif found.position is None:
        parts.append(f"{by_score[0].upper()}{by_score[1:]}; not in the list of {found.k}.")
    else:
        parts.append(f"{by_score[0].upper()}{by_score[1:]}; position {found.position} in the list of {found.k}.")
    if found.label is not None:
        parts.append(f"Label: {safe(found.label)}")
    parts.extend(
        f"{step.stage}: {safe(step.reason)}, from {step.before or 'nowhere'} to {step.after}"
        for step in found.placements
    )
    common = f", and {found.constant:+.3f} that every item of the list has" if abs(found.constant) >= LEAST else ""
    made_by = "the trees over the blend" if found.stage == "learned" else "the blend"
    parts.append(
        f"\nScore {found.score:.3f}, made by {made_by} of model {safe(found.ranker)}: the sum of what follows{common}."
    )
    table = _table("column", "value", "weight", "contribution")
    told = [part for part in found.parts if abs(part.contribution) >= LEAST]
    for part in told[:SHOWN]:
        weight = "" if part.weight is None else f"{part.weight:.3f}"
        table.add_row(part.name, "" if part.value is None else f"{part.value:.4g}", weight, f"{part.contribution:+.3f}")
    if (more := len(told) - SHOWN) > 0:
        rest = sum(part.contribution for part in told[SHOWN:])
        table.add_row(f"{more} smaller ones", "", "", f"{rest:+.3f}")
    parts.append(table)
    if found.history:
        parts.append("\nItems of the history that moved it most:")
        moved = _table("item", "contribution")
        for one in found.history:
            moved.add_row(heading(one.title, None), f"{one.contribution:+.3f}")
        parts.append(moved)
    if found.against is not None:
        against = found.against
        parts.append(
            f"\nAgainst {heading(against.title, None)}, at place {against.position} with {against.score:.3f}, what pulls it down most:"
        )
        compared = _table("column", "this item", "that item", "difference")
        for difference in [one for one in against.differences if one.difference <= -LEAST][:5]:
            compared.add_row(
                difference.name, f"{difference.here:+.3f}", f"{difference.there:+.3f}", f"{difference.difference:+.3f}"
            )
        parts.append(compared)
    return parts


def _table(*names: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for at, name in enumerate(names):
        table.add_column(name, justify="right" if at else "left", no_wrap=at > 0)
    return table
