"""Everything of a turn that is decided before a word is phrased: the state, the request, the list, the facts."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from assistant.answers import QUESTIONS, SupposedAgain, answer
from assistant.arranging.arrange import Arranged
from assistant.arranging.lists import Listing
from assistant.asking import question
from assistant.catalogue import Catalogue
from assistant.conversation import State, load_state
from assistant.facts import select_facts
from assistant.faithfulness import Evidence
from assistant.language import load_language
from assistant.merging import Merged, hear, request
from assistant.profile import UserProfile
from assistant.reconsidering import reconsider
from assistant.relaxing import relaxations
from assistant.reply_text import Situation, accepted_text, acting_on, offer, phrase_question, text_before, titles_of
from assistant.reply_words import reply_words
from assistant.retrieve import Found, RetrievalSettings, content_words
from assistant.serving import Serving
from assistant.settings import Settings
from assistant.store import Store
from assistant.taste_turns import heed
from assistant.tastes import taste_held, taste_items, tastes, told_facts
from assistant.telemetry import stage_of
from assistant.text import fold, has_han
from assistant.types import Candidate, Explanation, Fact, Held, Message, Query, Question, Ranked, Utterance
from assistant.understand import understand
from vectorstore.base import Embedder


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a turn is going to say."""

    said: Utterance
    state: State
    """With the message heard, before the cards are known."""
    query: Query
    held: tuple[Held, ...]
    found: Found
    ranking: tuple[Ranked, ...]
    evidence: tuple[Evidence, ...]
    """For each of ``ranking``; its facts are the closed list that the explanation may use."""
    text: str
    """The words before the cards."""
    acting_on: tuple[str, ...]
    arranged: Arranged = field(default_factory=Arranged)
    """How the list came about."""
    question: Question | None = None
    denied: bool | None = None
    """Whether it says that nothing fits; None for a reply that was not to have cards."""
    answer: Explanation | None = None
    milliseconds: dict[str, float] = field(default_factory=dict)

    def after(self, cards: Sequence[str]) -> State:
        """The state that the turn leaves, once ``cards`` were shown."""
        state = self.state
        asked = () if self.question is None else (self.question.slot, *self.question.drops)
        return replace(
            state,
            turns=state.turns + 1,
            table=tuple(cards) or state.table,
            pinned=tuple(ranked.item_id for ranked in self.ranking if ranked.pinned) if cards else state.pinned,
            focus=self.said.references or (() if cards else state.focus),
            shown=tuple(dict.fromkeys((*state.shown, *cards))),
            question=self.question,
            denied=self.denied if self.denied is not None else state.denied,
            asked=tuple(dict.fromkeys((*state.asked, *filter(None, asked)))),
        )


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A turn whose candidates are known; they are put in order in between, as that may take a model."""

    listing: Listing
    """The list that is wanted of them."""
    profile: UserProfile
    query: Query
    finish: Callable[[Arranged], Plan]
    """What the turn is going to say, given the list."""


def decide(
    serving: Serving,
    message: Message,
    conversation: str,
    *,
    store: Store,
    embedder: Embedder,
    settings: Settings,
    retrieval: RetrievalSettings,
    withheld: frozenset[str] = frozenset(),
) -> Plan | Draft:
    """Understand, merge, retrieve; once the list is arranged, select facts. ``withheld`` are ids that no rule lets be shown.

    Raises ``UserError`` for an edit of a turn that does not exist.
    """
    clock = _Clock()
    profile = load_profile(store, serving, message.user)
    clock.lap("profile")
    state = load_state(store, message, conversation)
    entries = tastes(store, message.user)
    context = state.context(taste_held(entries, serving.catalogue))
    with stage_of("understand"):
        said = understand(message.text, serving.vocabulary, context)
    if message.take_back:
        said = replace(said, take_back=(*said.take_back, *message.take_back))
        if not message.text.strip():
            said = replace(said, intent="refine")
    heeded = heed(store, message.user, said, catalogue=serving.catalogue, profile=profile)
    if heeded.remembered.entries or heeded.forgotten:
        entries = tastes(store, message.user)
    remembered = taste_held(entries, serving.catalogue)
    merged = hear(state, said, serving.catalogue, tastes=state.in_force(remembered))
    hidden = profile.known_items | withheld | set(taste_items(entries, likes=False))
    query = request(merged.state, said, tastes=remembered, cards=settings.cards, excluded=hidden)
    if _wants_cards(said, context.turn):
        vocabulary = serving.vocabulary
        if said.language != vocabulary.language.code:
            vocabulary = vocabulary.in_language(load_language(said.language))
        in_force = merged.state.in_force(remembered)
        merged = reconsider(merged, vocabulary, tastes=in_force, excluded=query.excluded, denied=state.denied)
        query = request(merged.state, said, tastes=remembered, cards=settings.cards, excluded=hidden)
        if not _wants_others(said):
            query = _shown_again(serving.catalogue, query, state, merged.state, known=hidden)
    state = merged.state
    held = (*state.in_force(remembered), *state.held)
    clock.lap("understand")
    if not _wants_cards(said, context.turn) and said.intent not in QUESTIONS:
        return _without_cards(serving, said, merged, query, held, clock, told=heeded.text)
    if query.only:
        found = _only(serving, query)
    else:
        limit = max(settings.candidates, query.k)
        found = serving.find(query, profile, store=store, embedder=embedder, limit=limit, settings=retrieval)
    clock.lap("retrieve")
    rows = serving.catalogue.rows(candidate.item_id for candidate in found.candidates)
    if said.intent in QUESTIONS:
        again = SupposedAgain(
            store=store,
            serving=serving,
            embedder=embedder,
            user=message.user,
            limit=settings.candidates,
            settings=retrieval,
        )
        with stage_of("rank"):
            ranking = serving.ranker.rank(profile.history, rows, relevance=found.relevance, k=len(rows))
        with stage_of("answer"):
            answered = answer(
                said,
                query,
                context,
                serving=serving,
                profile=profile,
                found=found,
                ranking=ranking,
                again=again,
                told=told_facts(entries),
            )
        clock.lap("answer")
        return _without_cards(serving, said, merged, query, held, clock, answered=answered, told=heeded.text)
    listing = Listing(ranker=serving.ranker, history=profile.history, rows=rows, relevance=found.relevance, k=query.k)

    def finish(arranged: Arranged) -> Plan:
        ranking = arranged.ranking
        _require_promises(serving, query, ranking)
        clock.lap("rank")
        told = told_facts(entries)
        evidence = tuple(evidence_for(serving, profile, query, ranked, told=told) for ranked in ranking)
        clock.lap("facts")
        situation = Situation(
            query=query,
            said=said,
            merged=merged,
            held=held,
            shown=len(ranking),
            new_user=profile.is_new,
            allowed=found.allowed,
            mentioned=found.mentioned or query.intent != "recommend",
            relaxations=() if ranking else relaxations(serving.catalogue, query, held),
        )
        asked = offer(situation, made=state.asked) or _question(serving, situation, state, found, ranking)
        text = reply_words(query.language).sentences([heeded.text, text_before(situation, serving.catalogue)])
        clock.lap("words")
        return Plan(
            said=said,
            state=state,
            query=query,
            held=held,
            found=found,
            ranking=ranking,
            evidence=evidence,
            text=text,
            acting_on=acting_on(query, held, serving.catalogue),
            arranged=arranged,
            question=asked,
            denied=not ranking,
            milliseconds=clock.milliseconds,
        )

    return Draft(listing=listing, profile=profile, query=query, finish=finish)


def load_profile(store: Store, serving: Serving, user: str) -> UserProfile:
    """What the store knows of a user."""
    return UserProfile(user, store.events(user), serving.catalogue, store.rating_scale())


def evidence_for(
    serving: Serving, profile: UserProfile, query: Query, ranked: Ranked, *, told: Sequence[Fact] = ()
) -> Evidence:
    """What may be said of a ranked item, and what a claim about it is checked against."""
    item = serving.catalogue.item(ranked.row)
    history = serving.history_for(profile, query, ranked)
    often = profile.often
    if ranked.pinned:  # it stands there by rule: no taste of the user may be given as the reason
        history, often = tuple(entry for entry in history if entry.item_id in query.like), {}
    asking = query
    if query.language != serving.language.code:  # what understanding put beside the message in English was not said
        asking = replace(query, search_text=" ".join(word for word in query.search_text.split() if has_han(word)))
    facts = select_facts(
        item,
        query=asking,
        ranked=ranked,
        history=history,
        often=often,
        commonness=serving.commonness,
        told=() if ranked.pinned else told,
    )
    spoken = [query.text, query.search_text, *(c.words for c in (*query.constraints, *query.wishes))]
    asked = tuple(dict.fromkeys(words for words in (*spoken, *(c.label() for c in query.constraints)) if words))
    return Evidence(
        item_id=item.item_id,
        record=item.slots(),
        history=history,
        asked=asked,
        facts=facts,
        language=query.language,
        titles=serving.catalogue.all_titles(ranked.row)[1:],
        said=serving.said(item, query.language),
    )


def _wants_cards(said: Utterance, turn: int) -> bool:
    if said.intent in QUESTIONS or said.intent in ("accept", "profile", "out_of_scope"):
        return False
    return said.intent != "small_talk" or turn == 1 or not said.text.strip()


def _without_cards(
    serving: Serving,
    said: Utterance,
    merged: Merged,
    query: Query,
    held: tuple[Held, ...],
    clock: _Clock,
    *,
    answered: Explanation | None = None,
    told: str = "",
) -> Plan:
    """A reply in words alone: what was on the table stays there. ``told`` is what is said of the taste memory."""
    words = reply_words(query.language)
    titles = titles_of(said.accepted, serving.catalogue, words)
    if answered is not None:
        text = answered.text
    elif said.intent == "accept" and titles:
        text = accepted_text(titles, query.language)
    elif said.intent == "profile" and told:
        text = ""
    else:
        text = words.say(said.intent if said.intent in ("small_talk", "out_of_scope") else "no_answer")
    clock.lap("words")
    return Plan(
        said=said,
        state=merged.state,
        query=query,
        held=held,
        found=Found(candidates=(), sources={}, allowed=0, mentioned=True, relevance=None),
        ranking=(),
        evidence=(),
        text=words.sentences([told, text]),
        acting_on=acting_on(query, held, serving.catalogue),
        answer=answered,
        milliseconds=clock.milliseconds,
    )


def _wants_others(said: Utterance) -> bool:
    """Whether a message asks for other items: "anything else by him" wants nothing again."""
    folded = fold(said.text)
    return any(cue.regex.search(folded) for cue in load_language(said.language).patterns.get("others", ()))


def _shown_again(catalogue: Catalogue, query: Query, before: State, after: State, *, known: Collection[str]) -> Query:
    """The request for what was shown already, where the message changed what is asked for and nothing else meets that.

    Who wants comedies and then none but long ones is not told that the long one was among them: it is shown.
    """
    promised = [{replace(h.constraint, words="") for h in state.held if h.promised} for state in (before, after)]
    if promised[0] == promised[1] or query.only or catalogue.allowed(query.constraints, query.excluded).any():
        return query
    kept_away = {*known, *after.rejected, *after.seen, *after.like}
    allowed = catalogue.allowed(query.constraints, kept_away)
    rows = [row for row in catalogue.rows(after.shown).tolist() if allowed[row]]
    ids = tuple(catalogue.ids[row] for row in rows[: query.k])
    return replace(query, only=ids, excluded=query.excluded - set(ids)) if ids else query


def _only(serving: Serving, query: Query) -> Found:
    """The items asked for again, as far as they keep the promises."""
    allowed = serving.catalogue.allowed(query.constraints, query.excluded)
    rows = [row for row in serving.catalogue.rows(query.only).tolist() if allowed[row]]
    return Found(
        candidates=tuple(
            Candidate(item_id=serving.catalogue.ids[row], row=row, fused=1.0, ranks={"again": place})
            for place, row in enumerate(rows, 1)
        ),
        sources={"again": len(rows)},
        allowed=len(rows),
        mentioned=True,
        relevance=None,
    )


def _question(
    serving: Serving, situation: Situation, state: State, found: Found, ranking: tuple[Ranked, ...]
) -> Question | None:
    """The one question worth asking beside these cards."""
    query = situation.query
    if not ranking or query.only or query.like or query.intent == "small_talk":
        return None
    people = {"people", *serving.catalogue.roles}
    said = [c for one in situation.held for c in one.constraint.alternatives()]
    # Whom somebody does not want says nothing of whom they do; "no horror" says that kinds were thought of.
    settled = {c.slot for c in said if c.op != "none" or c.slot not in people} | set(state.asked)
    others = [candidate.row for candidate in found.candidates]
    if not query.search_text.strip() and not query.wishes:  # nothing orders them but taste: all that is allowed counts
        allowed = np.flatnonzero(serving.catalogue.allowed(query.constraints, query.excluded))
        others = allowed[np.linspace(0, len(allowed) - 1, min(len(allowed), MOST_COUNTED)).astype(np.int64)].tolist()
    return question(
        serving.catalogue,
        list(dict.fromkeys([*(ranked.row for ranked in ranking), *others]))[:MOST_COUNTED],
        k=query.k,
        left=found.allowed,
        described=len(content_words(situation.said.search_text, serving.language)),
        settled=frozenset(settled),
        ignored=state.ignored,
        passed=state.passed,
        phrase=lambda slot, options: phrase_question(
            slot, serving.say_all(slot, options, query.language), serving.catalogue, query.language
        ),
    )


MOST_COUNTED = 250
"""Candidates whose values are counted to find a question."""


class _Clock:
    """Milliseconds per stage."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.milliseconds[stage] = round(1000 * (now - self._last), 2)
        self._last = now


def _require_promises(serving: Serving, query: Query, ranking: tuple[Ranked, ...]) -> None:
    """Re-check that what will be shown exists, is not excluded and keeps every promise."""
    for ranked in ranking:
        kept = serving.catalogue.ids[ranked.row] == ranked.item_id and ranked.item_id not in query.excluded
        if not kept or not all(serving.catalogue.satisfies(c)[ranked.row] for c in query.constraints):
            raise AssertionError(f"{ranked.item_id!r} was ranked although it breaks a promise of {query!r}")
