"""Ranking without words, arranged: the rules and the dial of diversity, nothing random and no model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assistant.arranging.arrange import Arrangement, arrange
from assistant.arranging.lists import Listing
from assistant.arranging.rules import Rules
from assistant.catalogue import Catalogue
from assistant.errors import UserError
from assistant.rank import Answer, RankRequest
from assistant.ranking import Ranker


def check_dial(diversity: float) -> float:
    """The dial itself; raises ``UserError`` outside [0, 1]."""
    if not 0 <= diversity <= 1:
        raise UserError(f"diversity is {diversity!r}; it must be from 0 (by score alone) to 1 (as unlike as can be).")
    return diversity


def arranging(
    rules: Rules, diversity: float, catalogue: Catalogue, ranker: Ranker
) -> Callable[[RankRequest], Answer] | None:
    """What answers a request of ``rank`` under rules and diversity; None when there is nothing to arrange.

    Items that a rule withholds are left out. Pins are of the candidates alone, where there are any, and never of the
    history.
    """
    how = Arrangement(rules=rules, diversity=check_dial(diversity))
    if not how and not rules.withheld:
        return None

    def answer(request: RankRequest) -> Answer:
        allowed = np.zeros(len(catalogue), bool)
        if request.rows is None:
            allowed[:] = True
            allowed[request.history.rows] = False
        else:
            allowed[request.rows] = True
        allowed[catalogue.rows(rules.withheld)] = False
        rows = np.flatnonzero(allowed)
        listing = Listing(ranker=ranker, history=request.history, rows=rows, k=min(request.k, len(rows)))
        ranked = arrange(listing, how, catalogue=catalogue, allowed=allowed, explain=False).ranking
        known: Answer = [(entry.item_id, entry.score) for entry in ranked]
        return [*known, *((item_id, None) for item_id in request.unknown)][: request.k]

    return answer
