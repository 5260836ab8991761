"""Candidates over a few films: sources, promises, wishes, passages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.alignment import WordAligner, inverse_frequency
from assistant.catalogue import Catalogue
from assistant.merging import request_of
from assistant.profile import UserProfile
from assistant.records import embedding_text, item_from_row, passages
from assistant.retrieve import Found, RetrievalSettings, content_words, retrieve, telling_words
from assistant.store import Store
from assistant.types import Constraint, Event, Query
from assistant.understand import understand
from assistant.vocabulary import Vocabulary, load_language
from tests.assistant.catalogues import FILMS
from vectorstore.embed_hashing import HashingEmbedder
from vectorstore.exact import ExactStore
from vectorstore.search import FilteredSearch


class World:
    """The films, and retrieval over them for one user."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.catalogue = Catalogue.load(store)
        self.vocabulary = Vocabulary(self.catalogue, load_language())
        self.embedder = HashingEmbedder()
        self.popularity = np.zeros(len(self.catalogue), np.float32)

    def find(
        self,
        query: str | Query,
        *,
        events: tuple[Event, ...] = (),
        settings: RetrievalSettings | None = None,
        limit: int = 100,
    ) -> Found:
        return retrieve(
            request_of(understand(query, self.vocabulary)) if isinstance(query, str) else query,
            UserProfile("ana", events, self.catalogue, None),
            catalogue=self.catalogue,
            store=self.store,
            search=FilteredSearch(ExactStore.from_arrays(self.catalogue.ids, self.catalogue.vectors)),
            embedder=self.embedder,
            language=self.vocabulary.language,
            popularity=self.popularity,
            limit=limit,
            settings=settings,
        )


@pytest.fixture
def world(films_folder: Path) -> Iterator[World]:
    with Store(films_folder) as store:
        yield World(store)


def ids(found: Found) -> list[str]:
    return [candidate.item_id for candidate in found.candidates]


def liked(item_id: str) -> Event:
    return Event(event_id=item_id, user_id="ana", item_id=item_id, kind="like", timestamp=1.0)


def test_promises_and_exclusions_hold_for_every_candidate_of_every_source(world: World) -> None:
    query = request_of(
        understand("science fiction in space after 1975, not animated", world.vocabulary), excluded={"alien"}
    )
    found = world.find(query, events=(liked("aliens"),))
    assert found.allowed == 2
    assert set(ids(found)) == {"aliens", "galaxy"}
    assert found.relevance is not None
    assert found.relevance[0] == 1.0


def test_nothing_allowed_is_nothing_found(world: World) -> None:
    found = world.find("silly westerns from 2020")
    assert (found.allowed, found.candidates) == (0, ())


def test_sources_are_named_and_ranks_start_at_one(world: World) -> None:
    found = world.find("a robot in space", events=(liked("galaxy"),))
    assert set(found.sources) == {"message_dense", "message_lexical", "message_words", "interest_1", "popular"}
    first = found.candidates[0]
    assert first.item_id == "walle"
    assert first.ranks["message_lexical"] == 1
    fused = [candidate.fused for candidate in found.candidates]
    assert fused == sorted(fused, reverse=True)


def test_weight_zero_switches_a_source_off(world: World) -> None:
    only_words = RetrievalSettings(message_dense=0, message_words=0, popular=0, interests=0)
    found = world.find("a robot", settings=only_words)
    assert set(found.sources) == {"message_lexical"}
    assert ids(found) == ["walle"]


def test_limit_and_depth_cut(world: World) -> None:
    assert len(world.find("space", limit=2).candidates) == 2
    assert max(world.find("space", settings=RetrievalSettings(depth=3)).sources.values()) == 3


def test_what_is_resembled_is_not_proposed(world: World) -> None:
    found = world.find("something like Alien")
    assert "alien" not in ids(found)
    assert {"like_dense_1", "like_lexical_1"} <= set(found.sources)
    assert "aliens" in ids(found)[:3]


def test_without_words_the_profile_and_popularity_decide(world: World) -> None:
    world.popularity[world.catalogue.row_of["playtime"]] = 5
    new = world.find("")
    assert ids(new)[0] == "playtime"
    assert new.relevance is None
    assert "interest_1" in world.find("", events=(liked("alien"),)).sources


def test_a_wish_lifts_what_meets_it_and_rules_nothing_out(world: World) -> None:
    query = request_of(understand("preferably something funny in space", world.vocabulary))
    plain = world.find(query, settings=RetrievalSettings(wish_boost=0.0))
    lifted = world.find(query, settings=RetrievalSettings(wish_boost=5.0))
    assert set(ids(plain)) == set(ids(lifted))
    comedies = {"galaxy", "walle", "playtime"}
    assert set(ids(lifted)[:3]) == comedies != set(ids(plain)[:3])


def test_a_wish_may_be_against_something(world: World) -> None:
    against = Constraint(slot="categories", op="none", values=("Horror",))
    query = replace(request_of(understand("space", world.vocabulary)), wishes=(against,))
    found = ids(world.find(query, settings=RetrievalSettings(wish_boost=5.0)))
    assert "alien" in found
    assert found.index("galaxy") < found.index("alien")


def test_one_telling_sentence_is_found_in_a_long_description(tmp_path: Path) -> None:
    from assistant.ingest import index_items

    filler = " ".join(f"It was shown in town number {n} to people of every age." for n in range(10))
    films = [
        {"item_id": "long", "title": "One", "description": f"{filler} A clockmaker teaches a heron to dance."},
        *({"item_id": f"f{n}", "title": f"T{n}", "description": f"A clockmaker walks in rain {n}."} for n in range(5)),
    ]
    index_items(films, tmp_path, embedder=HashingEmbedder())
    only_vectors = RetrievalSettings(message_lexical=0, message_words=0, popular=0)
    with Store(tmp_path) as store:
        world = World(store)
        query = Query(text="", search_text="teaches a heron to dance clockmaker")
        assert ids(world.find(query, settings=only_vectors))[0] == "long"
        row = np.array([world.catalogue.row_of["long"]])
        vector = world.embedder.embed(["A clockmaker teaches a heron to dance."])[0]
        assert world.catalogue.best_passages(vector, row)[0] == pytest.approx(1.0, abs=1e-2)
        assert world.catalogue.vectors[row[0]] @ vector < 0.9


def test_an_item_without_passages_counts_by_its_whole_vector(world: World) -> None:
    bare = Catalogue.of_items(1, world.store.items(), world.catalogue.vectors)
    vector = world.catalogue.vectors[0]
    rows = np.arange(len(bare))
    np.testing.assert_allclose(bare.best_passages(vector, rows), bare.vectors @ vector, rtol=1e-5)


def test_texts_of_vectors_leave_the_names_of_the_items_own_people_out() -> None:
    item = item_from_row(
        {
            "item_id": "x",
            "title": "Night Boat",
            "categories": ["Drama"],
            "cast": "ignored",
            "creators": [{"name": "Ida Berg", "role": "director"}],
            "description": "Night Boat was directed by Ida Berg in Oslo. A ferryman hides Ida Berg's letters. Yes.",
        }
    )
    assert "Ida Berg" not in embedding_text(item)
    assert embedding_text(item).startswith("Night Boat. Drama")
    assert passages(item) == ("Night Boat was directed by in Oslo.", "A ferryman hides 's letters.")
    assert passages(item_from_row({"item_id": "y", "title": "Bare"})) == ()


def test_words_that_say_nothing_are_not_searched_by() -> None:
    assert content_words("Show me some film about the BOXING boxing ring, please", load_language()) == [
        "boxing",
        "ring",
    ]


def test_telling_words_are_title_labels_and_shared_rare_words(world: World) -> None:
    row = world.catalogue.row_of["alien"]
    telling = telling_words(row, world.catalogue, world.store, world.vocabulary.language, RetrievalSettings())
    assert telling[0] == "alien"
    assert {"horror", "space"} <= set(telling)
    assert "distress" not in telling  # it stands in no other film


def test_the_films_of_these_tests_are_all_indexed(world: World) -> None:
    assert len(world.catalogue) == len(FILMS)


def test_the_sentence_that_answers_most_words_decides_the_alignment(world: World) -> None:
    aligner = WordAligner(world.catalogue, world.embedder, world.vocabulary.language)
    rows = [world.catalogue.row_of[item_id] for item_id in ("walle", "suspiria", "alien")]
    weights = np.array([1.0, 2.0], dtype=np.float32)
    scores = aligner.scores(["robot", "creature"], weights, rows, floor=0.9)
    np.testing.assert_allclose(scores, [1.0, 0.0, 2.0], atol=1e-5)
    np.testing.assert_array_equal(scores, aligner.scores(["robot", "creature"], weights, rows, floor=0.9))


def test_rarer_words_weigh_more_and_every_word_weighs_something() -> None:
    weights = [inverse_frequency(count, 100) for count in (0, 1, 10, 100)]
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] > 0
