"""What keeps an item out of a list although it meets every promise: the user knows it, or the conversation had it."""

from __future__ import annotations

from assistant.answers.standing import Standing
from assistant.answers.write import Sentence
from assistant.types import Fact

_KNOWN = {
    "liked": "liked_already",
    "bought": "bought_already",
    "disliked": "disliked_already",
    "seen": "seen_already",
}


def kept_out(standing: Standing, item_id: str, *, known: bool = False) -> Sentence | None:
    """That the conversation or the history keeps an item out, and how. ``known``: only that the user knows it."""
    writer, context, said = standing.writer, standing.context, standing.said
    relation = next((entry.relation for entry in standing.profile.entries if entry.item_id == item_id), None)
    if known:
        if relation is None:
            return None
        name = "known_already"
    elif item_id in standing.query.like:
        name = "named_like"
    elif any(fact.slot == "told_not" and fact.shared == (("item", item_id),) for fact in writer.told):
        name = "told_disliked"
    elif item_id in context.rejected:
        name = "rejected"
    elif relation is not None and item_id in standing.query.excluded:
        name = _KNOWN[relation]
    elif item_id in context.shown and item_id in standing.query.excluded:
        name = "shown_already"
    elif item_id in said.seen:
        name = "told_seen"
    else:
        return None
    facts: tuple[Fact, ...] = ()
    if name in _KNOWN.values() or known:
        assert relation is not None
        facts = (
            Fact(
                fact_id="", source="history", item_id=item_id, slot=relation, value=writer.item(item_id).title,
                other_item_id=item_id,
            ),
        )  # fmt: skip
    return Sentence(name=name, item_id=item_id, values={"title": writer.title(item_id)}, facts=facts)
