"""What a message changes in what a conversation holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.catalogue import Catalogue
from assistant.conversation import State
from assistant.merging import MAX_SEARCH_TEXT, hear, request
from assistant.relaxing import relaxations
from assistant.types import Constraint, Held, Question, Utterance


def years(low: float | None = None, high: float | None = None) -> Constraint:
    return Constraint(slot="year", op="range", low=low, high=high, words="then")


def kinds(*values: str, op: str = "any") -> Constraint:
    return Constraint(slot="categories", op=op, values=values, words=" or ".join(values))


def after(catalogue: Catalogue, *messages: Utterance) -> State:
    """The state once the messages were heard one after the other."""
    state = State()
    for said in messages:
        state = replace(hear(state, said, catalogue).state, turns=state.turns + 1)
    return state


def promised(*constraints: Constraint) -> Utterance:
    return Utterance(text="", constraints=constraints)


def held(state: State) -> list[Constraint]:
    return [replace(one.constraint, words="") for one in state.held]


@pytest.mark.parametrize(
    ("first", "then", "left"),
    [
        (years(1990, 1999), years(1980, 1989), [years(1980, 1989)]),
        (years(1990, 1999), years(low=1995), [years(high=1999), years(low=1995)]),
        (years(low=1990), years(high=2000), [years(low=1990), years(high=2000)]),
        (years(low=1990), years(low=1970), [years(low=1970)]),
        (years(1990, 1999), years(low=2005), [years(low=2005)]),
        (kinds("Western"), kinds("Animation"), [kinds("Animation")]),
        (kinds("Comedy"), kinds("Science fiction"), [kinds("Comedy"), kinds("Science fiction")]),
        (kinds("Comedy"), kinds("Comedy", op="none"), [kinds("Comedy", op="none")]),
        (kinds("Comedy", "Western"), kinds("Western", op="none"), [kinds("Comedy", "Western"), kinds("Western", op="none")]),
        (kinds("Horror", op="none"), kinds("Horror"), [kinds("Horror")]),
        (kinds("Comedy"), kinds("Comedy"), [kinds("Comedy")]),
        (kinds("Comedy"), years(low=1970), [kinds("Comedy"), years(low=1970)]),
    ],
)  # fmt: skip
def test_the_newest_word_counts(films: Catalogue, first: Constraint, then: Constraint, left: list[Constraint]) -> None:
    assert held(after(films, promised(first), promised(then))) == [replace(c, words="") for c in left]


def test_a_person_in_any_role_gives_way_to_another_that_no_item_shares(films: Catalogue) -> None:
    kubrick = Constraint(slot="director", op="any", values=("Stanley Kubrick",))
    weaver = Constraint(slot="people", op="any", values=("Sigourney Weaver",))
    assert held(after(films, promised(kubrick), promised(weaver))) == [weaver]


def test_the_same_person_in_a_certain_role_is_held_once(films: Catalogue) -> None:
    director = Constraint(slot="director", op="any", values=("Stanley Kubrick",))
    people = Constraint(slot="people", op="any", values=("Stanley Kubrick",))
    assert held(after(films, promised(director), promised(people))) == [director]
    assert held(after(films, promised(people), promised(director))) == [director]
    assert hear(after(films, promised(people)), promised(director), films).replaced == ()


def test_two_promises_of_one_message_both_stand(films: Catalogue) -> None:
    assert len(after(films, promised(kinds("Western"), kinds("Animation"))).held) == 2


def test_a_wish_displaces_no_promise(films: Catalogue) -> None:
    must = promised(kinds("Horror"), years(low=1970))
    for wish in (kinds("Comedy"), kinds("Horror", op="none"), years(high=1900)):
        after_it = held(after(films, must, Utterance(text="", wishes=(wish,))))
        assert after_it[:2] == held(after(films, must))


def test_taking_back_and_starting_over(films: Catalogue) -> None:
    state = after(films, promised(kinds("Comedy"), years(low=1970)))
    heard = hear(state, Utterance(text="forget the comedy part", take_back=("h1",)), films)
    assert [one.held_id for one in heard.gone] == ["h1"]
    assert held(heard.state) == [replace(years(low=1970), words="")]
    fresh = hear(state, Utterance(text="start over", new_subject=True, constraints=(kinds("Drama"),)), films)
    assert held(fresh.state) == [replace(kinds("Drama"), words="")]
    assert fresh.state.held[0].held_id == "h3"  # an id is never used for something else


def test_a_new_description_takes_the_place_of_the_old_one_and_a_refinement_is_added(films: Catalogue) -> None:
    assert after(films, Utterance(text="", search_text="a lonely robot")).search_text == "a lonely robot"
    one = Utterance(text="", search_text="a lonely robot")
    assert after(films, one, Utterance(text="", search_text="a siege")).search_text == "a siege"
    refined = after(films, one, Utterance(text="", search_text="in space", intent="refine"))
    assert refined.search_text == "a lonely robot in space"
    assert after(films, one, Utterance(text="")).search_text == "a lonely robot"


def test_the_words_of_what_is_taken_back_are_no_longer_searched_by(films: Catalogue) -> None:
    state = after(films, Utterance(text="", search_text="a Western about revenge", constraints=(kinds("Western"),)))
    assert hear(state, Utterance(text="", take_back=("h1",)), films).state.search_text == "a about revenge"


def test_what_a_narrower_range_takes_the_place_of_is_not_told(films: Catalogue) -> None:
    state = after(films, promised(years(high=1990)))
    assert hear(state, promised(years(high=1980)), films).replaced == ()
    assert [one.held_id for one in hear(state, promised(years(high=2000)), films).replaced] == ["h1"]


def test_a_hundred_refinements_do_not_grow_what_is_searched_by(films: Catalogue) -> None:
    state = after(films, *(Utterance(text="", search_text=f"word{n}", intent="refine") for n in range(200)))
    assert len(state.search_text) <= MAX_SEARCH_TEXT
    assert "word199" in state.search_text


def test_rejected_items_stay_away_until_they_are_asked_for(films: Catalogue) -> None:
    state = after(films, Utterance(text="", rejected=("alien",)), Utterance(text=""), Utterance(text=""))
    assert "alien" in request(state, Utterance(text="")).excluded
    again = Utterance(text="show me Alien again", again=("alien",))
    state = hear(state, again, films).state
    query = request(state, again, excluded=("alien", "her"))
    assert query.only == ("alien",)
    assert query.excluded == {"her"}
    assert "alien" not in request(state, Utterance(text="")).excluded


def test_the_taste_memory_counts_until_it_is_taken_back_or_contradicted(films: Catalogue) -> None:
    taste = Held(held_id="taste:1", constraint=kinds("Horror", op="none"), promised=True, turn=0)
    state = hear(State(), Utterance(text=""), films, tastes=(taste,)).state
    assert request(state, Utterance(text=""), tastes=(taste,)).constraints == (taste.constraint,)
    for said in (Utterance(text="", take_back=("taste:1",)), promised(kinds("Horror"))):
        state = hear(State(), said, films, tastes=(taste,)).state
        assert taste.constraint not in request(state, said, tastes=(taste,)).constraints


def test_questions_without_an_answer_are_counted(films: Catalogue) -> None:
    asked = State(question=Question(slot="year", text="Which decade?"))
    passed = hear(asked, Utterance(text="I don't mind", no_preference=True), films).state
    assert (passed.passed, passed.ignored) == (1, 0)
    ignored = hear(replace(asked, passed=1), Utterance(text="more"), films).state
    assert (ignored.passed, ignored.ignored) == (1, 1)
    answered = hear(replace(asked, ignored=1, passed=2), promised(years(low=1990)), films).state
    assert (answered.passed, answered.ignored) == (0, 0)
    assert hear(State(ignored=1), Utterance(text="more"), films).state.ignored == 1
    assert hear(State(ignored=2), promised(years(low=1990)), films).state.ignored == 0  # they go on, and so may we


def test_what_only_another_version_keeps_in_a_state_is_left_out() -> None:
    assert State.of({**State(k=3).document(), "declined": 1}) == State(k=3)


def test_the_state_reads_what_it_wrote(films: Catalogue) -> None:
    state = after(films, promised(kinds("Comedy"), years(1970, 1979)), Utterance(text="", rejected=("alien",), k=3))
    state = replace(state, question=Question(slot="year", text="Which?", options=("1970s",), drops=("h1",)))
    assert State.of(state.document()) == state


@given(st.data())
def test_what_was_promised_last_always_stands(films: Catalogue, data: st.DataObject) -> None:
    """Whatever came before, the constraints of the newest message are all in the request."""
    values = st.sampled_from(sorted(films.labels["categories"].display.values()))
    bounds = st.integers(1930, 2015)
    constraint = st.one_of(
        st.builds(lambda v, op: kinds(v, op=op), values, st.sampled_from(("any", "none"))),
        st.builds(lambda low: years(low=low), bounds),
        st.builds(lambda high: years(high=high), bounds),
    )
    messages = data.draw(st.lists(st.builds(promised, constraint), min_size=1, max_size=8))
    state = after(films, *messages)
    last = messages[-1].constraints[0]
    kept = [replace(one.constraint, words="") for one in state.held]
    assert replace(last, words="") in kept
    # Of two values that no item has together, the older went: such a list would always be empty.
    for one in kept:
        if one.op == last.op == "any" and one != replace(last, words=""):
            assert (films.satisfies(one) & films.satisfies(last)).any()


def test_the_nearest_past_a_bound_comes_first(films: Catalogue) -> None:
    state = after(films, promised(kinds("Western"), years(high=1950)))
    ways = relaxations(films, request(state, Utterance(text="")), state.held)
    assert [(way.drops[0].constraint.slot, way.value) for way in ways] == [("year", 1964.0), ("categories", None)]
    assert films.ids[ways[0].nearest or 0] == "fistful"


def test_two_promises_are_left_out_where_one_is_not_enough(films: Catalogue) -> None:
    quiet = Constraint(slot="moods", op="any", values=("tender",))
    state = after(films, promised(kinds("Western"), years(high=1950), quiet))
    ways = relaxations(films, request(state, Utterance(text="")), state.held)
    assert {len(way.drops) for way in ways} == {2}
    for way in ways:
        kept = [one.constraint for one in state.held if one not in way.drops]
        assert way.count == int(np.count_nonzero(films.allowed(kept)))


def test_nothing_is_offered_where_nothing_is_left(films: Catalogue) -> None:
    state = after(films, promised(kinds("Western")))
    everything = request(state, Utterance(text=""), excluded=films.ids)
    assert relaxations(films, everything, state.held) == ()
