"""Answers to questions about items: why, why not, what if, compared, and what a record says.

What is said is decided by code, from records, from the user's history and from the trace of the ranking; sentences come
from a table per language; each is checked by the claim checker against the evidence of the item it speaks of, and one that
it does not bear out is not said. Text of items is data: what looks like markup or an instruction is not quoted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from assistant.answers.about import about
from assistant.answers.again import SupposedAgain
from assistant.answers.compare import compare
from assistant.answers.missing import named_after_all, not_there
from assistant.answers.standing import Again, Standing, best
from assistant.answers.what_if import what_if
from assistant.answers.why import why
from assistant.answers.why_not import why_not
from assistant.answers.write import Sentence, writer
from assistant.profile import UserProfile
from assistant.retrieve import Found
from assistant.serving import Serving
from assistant.types import Context, Explanation, Fact, Intent, Query, Ranked, Utterance

__all__ = ["QUESTIONS", "Again", "SupposedAgain", "answer"]

QUESTIONS: frozenset[Intent] = frozenset({"why", "why_not", "what_if", "compare", "about"})
"""Intents that ``answer`` answers."""
MOST_ABOUT = 3
"""Items that one answer speaks of, where they are not compared."""


def answer(
    said: Utterance,
    query: Query,
    context: Context,
    *,
    serving: Serving,
    profile: UserProfile,
    found: Found,
    ranking: tuple[Ranked, ...],
    again: Again | None = None,
    told: tuple[Fact, ...] = (),
    seconds: float = 0.3,
) -> Explanation | None:
    """The answer to the question that a message asks, with its facts and claims; None when it asks none, or names no item
    and none is on the table.

    ``query``, ``found`` and ``ranking`` (best first, its first ``query.k`` at least) are those of the standing request.
    ``again`` retrieves it again under a supposition: without it nothing is said of what would change the ranking; the
    search for changes takes ``seconds`` at most, and a ranking. ``told`` are stated tastes (``tastes.told_facts``).
    A title that the catalogue does not have is said not to be there; one that it has never is.
    """
    if said.intent not in QUESTIONS:
        return None
    standing = Standing(
        writer=writer(said, query, serving=serving, profile=profile, told=told),
        said=said,
        query=query,
        context=context,
        found=found,
        ranking=ranking,
        again=again,
        seconds=seconds,
    )
    there, missing = named_after_all(standing)
    standing = _as_it_stood(standing, there)
    item_ids = _spoken_of(standing, there, missing)
    if not item_ids and not missing:
        return None
    answered = standing.writer.explanation([*not_there(standing, missing), *_sentences(standing, item_ids)])
    if answered is None and item_ids:
        values = {"title": standing.writer.title(item_ids[0])}
        return standing.writer.explanation([Sentence(name="unsure", item_id=item_ids[0], values=values)])
    return answered


def _as_it_stood(standing: Standing, there: Sequence[str]) -> Standing:
    """The request as the last list answered it: what has been shown since, and what is asked about, is not hidden."""
    if standing.again is None or standing.said.intent == "about":
        return standing
    asked_about = () if standing.said.intent == "why_not" else (*standing.said.references, *there)
    shown = {*standing.context.table, *asked_about} & standing.context.shown
    query = replace(standing.query, excluded=standing.query.excluded - (shown - standing.profile.known_items))
    if query == standing.query:
        return standing
    found, _ = standing.again(query)
    writer, k = standing.writer, max(query.k, len(standing.context.table))
    return replace(standing, query=query, found=found, ranking=best(writer, found, standing.profile.history, k))


def _spoken_of(standing: Standing, there: Sequence[str], missing: Sequence[str]) -> tuple[str, ...]:
    """The items of the question: those it names, else what was spoken of last, else the first on the table."""
    said, context = standing.said, standing.context
    ids = tuple(dict.fromkeys(i for i in (*said.references, *there) if i in standing.writer.serving.catalogue.row_of))
    shown = tuple(i for i in context.table if i in standing.writer.serving.catalogue.row_of)
    if said.intent == "compare":
        if len(ids) == 1 and not missing:
            return tuple(dict.fromkeys((*ids, *shown)))[:2]
        return ids or (() if missing else shown[:2])
    if ids or missing:
        return ids
    focus = tuple(i for i in context.focus if i in standing.writer.serving.catalogue.row_of)
    return focus[:MOST_ABOUT] or shown[:1]


def _sentences(standing: Standing, item_ids: tuple[str, ...]) -> Iterator[Sentence]:
    intent = standing.said.intent
    if intent == "compare" and len(item_ids) > 1:
        yield from compare(standing, item_ids)
    elif intent in ("about", "compare"):
        yield from about(standing, item_ids[:MOST_ABOUT])
    elif intent == "why" and len(item_ids) > 1:
        for item_id in item_ids[:MOST_ABOUT]:
            yield from why(standing, item_id, brief=True)
    else:
        make = {"why": why, "why_not": why_not, "what_if": what_if}[intent]
        for item_id in item_ids[: 2 if intent == "why_not" else 1]:
            yield from make(standing, item_id)
