"""The kinds of scorers by the names they are saved under."""

from __future__ import annotations

from assistant.errors import ModelMissingError
from assistant.scoring.base import Scorer


def kind_of(scorer: Scorer) -> str:
    """The name that ``scorer_class`` knows it by."""
    return str(getattr(scorer, "kind", type(scorer).__name__))


def scorer_class(kind: str) -> type[Scorer]:
    """The class of a saved scorer; raises ``ModelMissingError`` for a kind that this version does not have."""
    from assistant.scoring.content import Attributes, Content
    from assistant.scoring.ease import Ease
    from assistant.scoring.factors import Als, Bpr
    from assistant.scoring.item_cf import ItemCF
    from assistant.scoring.popularity import Popularity, Trend
    from assistant.scoring.recency import Recency
    from assistant.scoring.sequential import NextItem, Transitions
    from assistant.scoring.user_cf import UserCF

    known: dict[str, type[Scorer]] = {
        cls.kind: cls
        for cls in (
            Als,
            Attributes,
            Bpr,
            Content,
            Ease,
            ItemCF,
            NextItem,
            Popularity,
            Recency,
            Transitions,
            Trend,
            UserCF,
        )
    }
    if kind not in known:
        raise ModelMissingError(
            f"The model has a scorer of kind {kind!r}, and this version knows {', '.join(sorted(known))}. "
            "Fit again with: assistant fit --data DIR"
        )
    return known[kind]
