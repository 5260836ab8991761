"""What tests of answers share: a catalogue in memory, a user, and questions put to both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from assistant.answers import answer
from assistant.answers.table import load_table
from assistant.catalogue import Catalogue
from assistant.faithfulness import ClaimChecker, Lexicon
from assistant.interactions import to_interactions
from assistant.profile import UserProfile
from assistant.ranking import cold_ranker
from assistant.records import item_from_row, item_to_record
from assistant.retrieve import Found
from assistant.serving import Serving
from assistant.text import fold
from assistant.types import Candidate, Constraint, Context, Event, Explanation, Fact, Query, Utterance
from assistant.vocabulary import Vocabulary, load_language
from vectorstore.embed_hashing import HashingEmbedder

EMBEDDER = HashingEmbedder()


@dataclass
class Asker:
    """A user over a catalogue in memory. Retrieval here is plain: every allowed item, ranked by the words it shares."""

    serving: Serving
    profile: UserProfile
    told: tuple[Fact, ...] = ()
    context: Context = field(default_factory=Context)

    @classmethod
    def over(cls, rows: Sequence[dict[str, Any]], *, likes: Sequence[str] = (), dislikes: Sequence[str] = ()) -> Asker:
        catalogue = make_catalogue(rows)
        events = [event(item_id, "like", n) for n, item_id in enumerate(likes)]
        events += [event(item_id, "dislike", 100 + n) for n, item_id in enumerate(dislikes)]
        interactions = to_interactions(events, catalogue.row_of, len(catalogue))
        serving = Serving(
            catalogue=catalogue,
            vocabulary=Vocabulary(catalogue, load_language()),
            index=None,  # type: ignore[arg-type]  # nothing here searches by vectors
            ranker=cold_ranker(catalogue.ids, catalogue.features(), interactions),
            checker=ClaimChecker(Lexicon.from_records(catalogue.item(row).slots() for row in range(len(catalogue)))),
            popularity=np.zeros(len(catalogue), np.float32),
        )
        return cls(serving, UserProfile("u", events, catalogue, None))

    def find(self, query: Query, likes: Sequence[str] = ()) -> tuple[Found, UserProfile]:
        """An ``Again``."""
        events = [event(entry.item_id, "like", n) for n, entry in enumerate(self.profile.liked)]
        events += [event(item_id, "like", 500 + n) for n, item_id in enumerate(likes)]
        profile = UserProfile("u", events, self.serving.catalogue, None) if likes else self.profile
        catalogue = self.serving.catalogue
        rows = np.flatnonzero(catalogue.allowed(query.constraints, query.excluded | set(likes))).tolist()
        relevance = None
        if query.search_text:
            wanted = set(fold(query.search_text).split())
            shared = [len(wanted & set(fold(str(catalogue.item(row))).split())) for row in rows]
            relevance = np.array([n / max(max(shared, default=1), 1) for n in shared], np.float32)
        candidates = tuple(Candidate(item_id=catalogue.ids[row], row=row, fused=1.0) for row in rows)
        found = Found(candidates=candidates, sources={}, allowed=len(rows), mentioned=True, relevance=relevance)
        return found, profile

    def ask(
        self,
        intent: str,
        text: str = "",
        *about: str,
        promised: Sequence[Constraint] = (),
        wished: Sequence[Constraint] = (),
        search: str = "",
        unknown: Sequence[str] = (),
        is_it: Sequence[Constraint] = (),
        like: Sequence[str] = (),
        k: int = 3,
        supposing: bool = True,
        language: str = "en",
    ) -> Explanation | None:
        """The answer to a question about items, ``promised`` and the like being what the conversation holds."""
        said = Utterance(
            text=text,
            intent=intent,
            references=about,
            unknown=tuple(unknown),
            constraints=tuple(is_it),
            language=language,
        )
        query = Query(
            text=text,
            search_text=search,
            constraints=tuple(promised),
            wishes=tuple(wished),
            like=tuple(like),
            excluded=self.profile.known_items | self.context.shown | self.context.rejected | set(like),
            k=k,
            language=language,
        )
        found, _ = self.find(query)
        rows = np.array([candidate.row for candidate in found.candidates], np.int64)
        ranking = self.serving.ranker.rank(self.profile.history, rows, relevance=found.relevance, k=k)
        return answer(
            said,
            query,
            self.context,
            serving=self.serving,
            profile=self.profile,
            found=found,
            ranking=ranking,
            again=self.find if supposing else None,
            told=self.told,
            seconds=5.0,
        )

    def text(self, *args: Any, **kwargs: Any) -> str:
        """The words of an answer that is there, and that holds."""
        explanation = self.ask(*args, **kwargs)
        assert explanation is not None
        assert_holds(explanation, self.serving.catalogue)
        return explanation.text

    def after(self, **changes: Any) -> Asker:
        """The same user in another context."""
        return Asker(self.serving, self.profile, self.told, replace(self.context, **changes))


def event(item_id: str, kind: str, at: float) -> Event:
    return Event(event_id=f"{item_id}{kind}{at}", user_id="u", item_id=item_id, kind=kind, timestamp=at)


def make_catalogue(rows: Sequence[dict[str, Any]]) -> Catalogue:
    items = [item_from_row(row) for row in rows]
    vectors = EMBEDDER.embed([f"{item.title}. {item.description or ''}" for item in items])
    return Catalogue.of_items(1, [(n, item.item_id, item_to_record(item)) for n, item in enumerate(items, 1)], vectors)


def assert_holds(explanation: Explanation, catalogue: Catalogue) -> None:
    """That claims stand where they say, none is refuted, and that every fact of the catalogue is in its record."""
    assert explanation.phrased_by == "template"
    for claim in explanation.claims:
        assert explanation.text[claim.start : claim.end] == claim.text
        assert claim.verdict in ("supported", "uncheckable"), claim
    assert len({fact.fact_id for fact in explanation.facts}) == len(explanation.facts)
    for fact in explanation.facts:
        if fact.source == "catalogue":
            held = catalogue.item(catalogue.row_of[fact.item_id]).slots()[fact.slot]
            if isinstance(fact.value, tuple):
                assert isinstance(held, tuple)
                assert set(fact.value) <= set(held)
            else:
                assert fact.value == held


def wordings() -> dict[str, tuple[str, ...]]:
    return dict(load_table().sentences)
