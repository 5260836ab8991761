"""The classical recommenders, each tuned on validation with the same budget: what a ranking has to beat.

The budget is ``BUDGET`` settings for each; those of a scorer that ``assistant fit`` also tries are the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.errors import MissingExtraError, UnknownNameError, did_you_mean
from assistant.interactions import drop_last
from assistant.scoring.base import Interactions, ItemFeatures, Scorer
from assistant.scoring.factors import Als, Bpr
from assistant.scoring.fit_table import FitRow
from assistant.scoring.grids import Family, families
from assistant.scoring.selection import bests_of, last_choices, refitted

BUDGET = 16
"""Settings of a baseline that are tried at most."""

ALS = Family(
    name="als",
    variants=tuple(
        Als(factors=f, regularisation=r, alpha=a)
        for f, r, a in ((32, 0.1, 1.0), (64, 0.1, 10.0), (64, 1.0, 3.0), (128, 1.0, 10.0))
    ),
)
BPR = Family(
    name="bpr",
    variants=tuple(
        Bpr(factors=f, regularisation=r, alpha=a)
        for f, r, a in ((32, 0.01, 1.0), (64, 0.01, 1.0), (64, 0.05, 10.0), (128, 0.01, 1.0))
    ),
)

NAMES = ("popularity", "item_cf", "user_cf", "ease", "ease_recent", "transitions", "next_item", "als", "bpr", "content")
"""``ease_recent`` is EASE with a history that forgets."""


def tuned(name: str, interactions: Interactions, features: ItemFeatures) -> tuple[FitRow, Scorer]:
    """The setting of a baseline that is best on each user's last event, fitted on all of ``interactions``.

    The row tells how it did there. Raises ``UnknownNameError``, and ``MissingExtraError`` for ALS and BPR without the
    extra. Where the data has no order or no content, the baselines that live on it do not exist.
    """
    if name not in NAMES:
        raise UnknownNameError(
            f"There is no baseline {name!r}.{did_you_mean(name, NAMES)} There are: {', '.join(NAMES)}."
        )
    train = drop_last(interactions, 1)
    validation = last_choices(interactions, 1, 1)
    found = [
        best
        for family in _families(name, train, features)
        for best in bests_of(family, train, features, validation)
        if best[0].name == name or name == "item_cf"  # with or without forgetting
    ]
    if not found:
        raise UnknownNameError(f"There is no baseline {name!r} for this data: it has no order, or no content.")
    row, scorer = max(found, key=lambda best: best[0].ndcg)
    return row, refitted([scorer], interactions, features)[0]


def _families(name: str, train: Interactions, features: ItemFeatures) -> Sequence[Family]:
    if name in ("als", "bpr"):
        return (ALS if name == "als" else BPR,)
    return [f for f in families(train, features, user_rows=True) if f.name == name.removesuffix("_recent")]


def available() -> tuple[str, ...]:
    """Names of baselines that can be fitted here: ALS and BPR need the extra ``rank``."""
    from assistant.scoring.factors import check_installed

    try:
        check_installed()
    except MissingExtraError:
        return tuple(name for name in NAMES if name not in ("als", "bpr"))
    return NAMES
