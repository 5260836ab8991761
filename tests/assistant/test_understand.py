from __future__ import annotations

import pytest

from assistant.catalogue import Catalogue
from assistant.merging import request_of
from assistant.types import Constraint
from assistant.understand import understand
from assistant.vocabulary import Vocabulary, load_language


def short(constraints: tuple[Constraint, ...]) -> set[str]:
    """``slot op value`` of each constraint."""
    found = set()
    for c in constraints:
        low, high = ("" if end is None else f"{end:g}" for end in (c.low, c.high))
        value = f"{low}..{high}" if c.op in ("range", "outside") else ",".join(sorted(c.values))
        found.add(f"{c.slot} {c.op} {value}")
    return found


@pytest.mark.parametrize(
    ("text", "promises"),
    [
        (
            "something funny set in space, not animated",
            {"categories none Animation", "moods any funny", "tags any space"},
        ),
        ("a western", {"categories any Western"}),
        ("westerns please", {"categories any Western"}),
        ("comedies or westerns, anything really", {"categories any Comedy,Western"}),
        ("a sci-fi film about a robot who is lonely", {"categories any Science fiction"}),
        ("a French comedy", {"countries any France", "categories any Comedy"}),
        (
            "an Italian horror film from the seventies",
            {"countries any Italy", "categories any Horror", "year range 1970..1979"},
        ),
        ("films from the 1990s", {"year range 1990..1999"}),
        (
            "'80s action films with soldiers in them",
            {"year range 1980..1989", "categories any Action", "tags any soldiers"},
        ),
        ("something from the late 70s or early 80s", {"year range 1977..1983"}),
        ("before 1970", {"year range ..1969"}),
        ("made after 2000", {"year range 2001.."}),
        ("anything since 1992", {"year range 1992.."}),
        ("between 1960 and 1970", {"year range 1960..1970"}),
        ("1964-1968", {"year range 1964..1968"}),
        ("a film from 1979", {"year range 1979..1979"}),
        ("before the sixties", {"year range ..1959"}),
        ("something quiet, but not from the 1990s", {"year outside 1990..1999"}),
        ("under 100 minutes", {"runtime range ..99"}),
        ("at most two hours long", {"runtime range ..120"}),
        ("longer than two and a half hours", {"runtime range 151.."}),
        ("films with Sigourney Weaver", {"cast any Sigourney Weaver"}),
        ("directed by Clint Eastwood", {"director any Clint Eastwood"}),
        ("Clint Eastwood westerns", {"people any Clint Eastwood", "categories any Western"}),
        ("something by Kubrick", {"director any Stanley Kubrick"}),
        ("no horror and no westerns", {"categories none Horror", "categories none Western"}),
        ("nothing scary, set on an island", {"categories none Horror"}),
        ("not a comedy, please, with Clint Eastwood", {"categories none Comedy", "cast any Clint Eastwood"}),
        ("without Sigourney Weaver", {"people none Sigourney Weaver"}),
        ("a story where the family has to keep quiet", set()),
        ("non-animated space adventures", {"categories none Animation", "categories any Adventure", "tags any space"}),
        ("a robot who falls in love", set()),
        ("not before 1990", {"year range 1990.."}),
        ("nothing after 1960", {"year range ..1960"}),
        ("no later than 1960", {"year range ..1960"}),
        ("not newer than 1970", {"year range ..1970"}),
        ("made after 2000 but not after 2010", {"year range 2001..2010"}),
        ("not longer than 2 hours", {"runtime range ..120"}),
        ("not under 90 minutes", {"runtime range 90.."}),
        ("not from the 90s or 2000s", {"year outside 1990..1999", "year outside 2000..2009"}),
        ("something not American from the 70s", {"countries none United States", "year range 1970..1979"}),
        ("1968 or 1972", {"year range 1968..1972", "year outside 1969..1971"}),
        ("a western from before 1970 or after 2010", {"categories any Western", "year outside 1970..2010"}),
        ("don't show me anything from Italy", {"countries none Italy"}),
        ("I don't like French films", {"countries none France"}),
        ("not a film about revenge", {"tags none revenge"}),
        ("everything but horror", {"categories none Horror"}),
        ("science fiction without robots", {"categories any Science fiction", "tags none robots"}),
        ("no Eastwood", {"people none Clint Eastwood"}),
        ("with Tim Allen or Naomi Watts", {"cast any Naomi Watts,Tim Allen"}),
        ("in French or in Italian", {"languages any French,Italian"}),
        ("at most 100 minutes, science fiction", {"categories any Science fiction", "runtime range ..100"}),
        ("a drama, not from the United States", {"categories any Drama", "countries none United States"}),
        ("nothing by Kubrick", {"director none Stanley Kubrick"}),
        ("a comedy in French", {"categories any Comedy", "languages any French"}),
        (
            "westerns from Europe",
            {"categories any Western", "countries any France,Ireland,Italy,Spain,United Kingdom,West Germany"},
        ),
        ("a horror or science fiction film", {"categories any Horror,Science fiction"}),
        ("a drama or a western about revenge", {"categories any Drama,Western", "tags any revenge"}),
        ("funny rather than scary", set()),
        ("neither animated nor a western", {"categories none Animation", "categories none Western"}),
        ("live action robots in space", {"categories none Animation", "tags any robots", "tags any space"}),
        ("a space film that Ridley Scott directed", {"director any Ridley Scott", "tags any space"}),
        ("a film that Sigourney Weaver stars in", {"cast any Sigourney Weaver"}),
        ("an actress in Paris who paints", set()),
        ("science fiction in space", {"categories any Science fiction", "tags any space"}),
    ],
)
def test_promises(text: str, promises: set[str], vocabulary: Vocabulary) -> None:
    assert short(understand(text, vocabulary).constraints) == promises


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("something like Alien, but funny", ("alien",)),
        ("something like alien, but funny", ("alien",)),
        ("more films like Aliens and Suspiria", ("aliens", "suspiria")),
        ("I loved the 1933 King Kong", ("kong-1933",)),
        ("similar to King Kong (2005)", ("kong-2005",)),
        ("films like King Kong with Naomi Watts", ("kong-2005",)),
        ("I liked 2001: A Space Odyssey", ("odyssey",)),
        ("something like a dream", ()),
        ("i'd like a western", ()),
        ("I like her voice in films", ()),
        ("something like Her", ("her",)),
        ("like a fistful of dollars", ("fistful",)),
    ],
)
def test_titles_to_resemble(text: str, like: tuple[str, ...], vocabulary: Vocabulary) -> None:
    query = understand(text, vocabulary)
    assert query.like == like
    assert request_of(query).excluded >= set(like)


@pytest.mark.parametrize(
    ("text", "excluded"),
    [
        ("horror, but not Suspiria", {"suspiria"}),
        ("everything by Kubrick except 2001: A Space Odyssey", {"odyssey"}),
        ("not like Alien", {"alien"}),
        ("I don't like Alien", {"alien"}),
        ("anything with an ape but not King Kong", {"kong-1933", "kong-2005"}),
    ],
)
def test_titles_that_are_not_wanted(text: str, excluded: set[str], vocabulary: Vocabulary) -> None:
    query = understand(text, vocabulary)
    assert request_of(query).excluded == excluded
    assert query.like == ()


def test_named_film_keeps_its_number_to_itself(vocabulary: Vocabulary) -> None:
    assert understand("something like 2001: A Space Odyssey", vocabulary).constraints == ()


def test_seen_items_are_excluded_without_being_resembled(vocabulary: Vocabulary) -> None:
    query = understand("a space film, but I've already seen Alien and Galaxy Quest", vocabulary)
    assert set(query.seen) == {"alien", "galaxy"}
    assert query.like == ()


@pytest.mark.parametrize(
    ("text", "k"),
    [
        ("give me three westerns", 3),
        ("top 10 comedies", 10),
        ("a western", None),
        ("7 films about revenge", 7),
        ("2 westerns", 2),
        ("three quiet dramas", 3),
        ("20 films like Alien", 20),
        ("two people fall in love", None),
        ("show me 500 films", None),
    ],
)
def test_how_many(text: str, k: int | None, vocabulary: Vocabulary) -> None:
    assert understand(text, vocabulary).k == k


def test_negated_words_are_not_searched_by(vocabulary: Vocabulary) -> None:
    query = understand("something funny set in space, not animated", vocabulary)
    assert "animated" not in query.search_text
    assert "space" in query.search_text
    assert not query.wishes


def test_a_comparison_is_a_wish(vocabulary: Vocabulary) -> None:
    query = understand("funny rather than scary", vocabulary)
    assert {(w.op, w.values) for w in query.wishes} == {
        ("any", ("Comedy",)),
        ("any", ("funny",)),
        ("none", ("Horror",)),
    }
    assert "scary" not in query.search_text


def test_a_negation_inside_a_story_stays_part_of_it(vocabulary: Vocabulary) -> None:
    query = understand("a traveller stuck in an airport because no country will let him in", vocabulary)
    assert "country" in query.search_text
    assert "gore" not in understand("a film without gore", vocabulary).search_text


def test_a_maker_whom_the_catalogue_does_not_know_as_one_is_searched_by_name(vocabulary: Vocabulary) -> None:
    query = understand("a film that Fay Wray directed", vocabulary)
    assert query.constraints == ()
    assert "Fay Wray" in query.search_text


def test_the_beginning_of_a_long_title_is_enough(vocabulary: Vocabulary) -> None:
    assert understand("something like 2001, but funny", vocabulary).like == ("odyssey",)


def test_a_last_name_that_is_mostly_something_else_is_no_person(films: Catalogue) -> None:
    vocabulary = Vocabulary(films, load_language())
    assert vocabulary.surname_share("Weaver") == 1.0
    assert vocabulary.surname_share("Earth") == 0.0


def test_a_wish_is_not_a_promise(vocabulary: Vocabulary) -> None:
    query = understand("something romantic", vocabulary)
    assert query.constraints == ()
    assert [w.label() for w in query.wishes] == ["Romance"]


@pytest.mark.parametrize("text", ["", "   ", "hello", "Thanks!", "你好", "\x00\x1b[31m", "🦊" * 500, "a" * 100_000])
def test_any_text_is_understood_somehow(text: str, vocabulary: Vocabulary) -> None:
    query = understand(text, vocabulary)
    assert query.constraints == ()
    assert query.intent in ("recommend", "small_talk")


def test_order_of_values_and_case_do_not_matter(vocabulary: Vocabulary) -> None:
    assert short(understand("FRENCH COMEDY", vocabulary).constraints) == short(
        understand("a comedy, French", vocabulary).constraints
    )


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("something like Aliixn", ("Aliixn",)),
        ("a drama with Tilda Swinton", ("Tilda Swinton",)),
        ("something like Alien", ()),
        ("films with Sigourney Weaver", ()),
        ("I'd like Paris in spring", ()),
        ("a film by Kubrick", ()),
        ("a comedy from France", ()),
    ],
)
def test_names_that_are_not_there_are_noticed(text: str, unknown: tuple[str, ...], vocabulary: Vocabulary) -> None:
    assert understand(text, vocabulary).unknown == unknown
