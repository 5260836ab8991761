"""Splits, the order of ties, and the guard against leakage."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import DataError
from assistant.interactions import to_interactions
from assistant.types import Event
from evals.errors import EvaluationError, LeakageError
from evals.leakage import check_fitted, check_interactions, check_split, held_out_pairs, nothing_read_from
from evals.splits import SplitConfig, core, make_split, tie_order


def event(user, item, time=None, position=None):
    return Event(
        event_id=f"{user}{item}{time}{position}", user_id=user, item_id=item, timestamp=time, position=position
    )


def items(events, rows):
    return [events[i].item_id for i in rows]


EVENTS = [
    event("u", "c", 3.0),
    event("u", "a", 1.0),
    event("u", "d", 4.0),
    event("u", "b", 2.0),
    event("v", "a", 1.0),
    event("v", "c", 9.0),
    event("w", "d", 9.0),
]


def test_leave_last_out():
    split = make_split(EVENTS, SplitConfig())
    u, v, w = split.users
    assert (items(EVENTS, u.train), items(EVENTS, u.history), items(EVENTS, u.held_out)) == (
        ["a", "b"],
        ["a", "b", "c"],
        ["d"],
    )
    assert (items(EVENTS, v.train), items(EVENTS, v.history), items(EVENTS, v.held_out)) == ([], ["a"], ["c"])
    assert (items(EVENTS, w.train), w.held_out) == (["d"], ())
    assert [user.user for user in split.evaluated] == ["u", "v"]
    standard = make_split(EVENTS, SplitConfig(fit_without=1))
    assert items(EVENTS, standard.users[0].train) == ["a", "b", "c"]
    with pytest.raises(EvaluationError, match="fit-without"):
        make_split(EVENTS, SplitConfig(fit_without=0))


def test_positions_order_where_there_is_no_time():
    events = [event("u", "b", position=2), event("u", "c", position=3), event("u", "a", position=1)]
    assert items(events, make_split(events, SplitConfig()).users[0].held_out) == ["c"]


def test_ties_keep_the_order_of_the_file_or_are_shuffled():
    events = [event("u", name, 5.0) for name in "abcdefgh"]
    assert items(events, make_split(events, SplitConfig()).users[0].held_out) == ["h"]
    drawn = {items(events, make_split(events, SplitConfig(), tie_seed=seed).users[0].held_out)[0] for seed in range(5)}
    assert len(drawn) > 1
    first = make_split(events, SplitConfig(), tie_seed=3)
    assert first == make_split(events, SplitConfig(), tie_seed=3)
    apart = [event("u", name, float(n)) for n, name in enumerate("abcdefgh")]
    assert items(apart, make_split(apart, SplitConfig(), tie_seed=3).users[0].held_out) == ["h"]


def test_tie_order_is_the_place_after_a_shuffle():
    shuffled = list(range(50))
    np.random.default_rng(4).shuffle(shuffled)
    place = tie_order(50, 4)
    assert sorted(range(50), key=lambda i: place[i]) == shuffled
    assert tie_order(3, None) == [0, 1, 2]


def test_temporal_cuts_everybody_at_one_moment():
    split = make_split(EVENTS, SplitConfig(name="temporal", held_out=0.4))
    assert split.cut == 4.0
    assert items(EVENTS, split.users[0].train) == ["a", "b", "c"]
    assert items(EVENTS, split.users[0].held_out) == ["d"]
    assert split.users[2].held_out == ()  # nothing is known of w before the cut
    with pytest.raises(EvaluationError, match="have no timestamp"):
        make_split([*EVENTS, event("u", "x")], SplitConfig(name="temporal"))


def test_random_holds_out_a_share():
    events = [event(f"u{n % 20}", f"i{n}", float(n)) for n in range(1000)]
    split = make_split(events, SplitConfig(name="random", held_out=0.25, seed=1))
    assert 200 < sum(len(user.held_out) for user in split.users) < 300
    assert split != make_split(events, SplitConfig(name="random", held_out=0.25, seed=2))


def test_repeats_are_left_out_and_counted():
    events = [
        event("u", "a", 1.0),
        event("u", "b", 2.0),
        event("u", "a", 3.0),
        event("v", "a", 1.0),
        event("v", "b", 2.0),
    ]
    split = make_split(events, SplitConfig())
    assert split.repeats == 1
    assert [user.user for user in split.evaluated] == ["v"]


def test_nobody_to_test():
    with pytest.raises(EvaluationError, match="nobody to test"):
        make_split([event("u", "a", 1.0)], SplitConfig())


def test_core():
    events = [event(u, i, 1.0) for u in "abc" for i in "xyz"] + [event("a", "rare", 1.0), event("d", "x", 1.0)]
    kept = core(events, 2)
    assert {e.item_id for e in kept} == {"x", "y", "z"}
    assert {e.user_id for e in kept} == {"a", "b", "c"}
    assert core(events, 0) == events


any_events = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from("abcdef"), st.integers(0, 4)), min_size=8, max_size=40
)


@given(any_events, st.sampled_from(["leave-last-out", "temporal", "random"]), st.sampled_from([None, 0, 1]))
def test_no_split_leaks(rows, name, tie_seed):
    events = [event(user, item, float(time)) for user, item, time in rows]
    try:
        split = make_split(events, SplitConfig(name=name, held_out=0.4), tie_seed=tie_seed)
    except EvaluationError:
        return
    check_split(split, events)
    ids = {item: row for row, item in enumerate("abcdef")}
    train = to_interactions([events[i] for user in split.users for i in user.train], ids, 6)
    check_interactions(train, held_out_pairs(split, events, ids), "the training part")


def test_the_guard_sees_a_leaking_split():
    split = make_split(EVENTS, SplitConfig())
    u = split.users[0]
    overlapping = replace(split, users=(replace(u, train=(*u.train, *u.held_out)), *split.users[1:]))
    with pytest.raises(LeakageError, match="both fitted on and held out"):
        check_split(overlapping, EVENTS)
    later = replace(split, users=(replace(u, train=(2,), history=(2,), held_out=(0,)), *split.users[1:]))
    with pytest.raises(LeakageError, match="older"):
        check_split(later, EVENTS)
    twice = [*EVENTS, event("u", "d", 0.5)]
    known = replace(split, users=(replace(u, train=(*u.train, 7)), *split.users[1:]))
    with pytest.raises(LeakageError, match="in the known part"):
        check_split(known, twice)
    temporal = make_split(EVENTS, SplitConfig(name="temporal", held_out=0.4))
    with pytest.raises(LeakageError, match="not before the cut"):
        check_split(replace(temporal, cut=3.0), EVENTS)


def test_the_guard_looks_through_what_was_fitted():
    split = make_split(EVENTS, SplitConfig())
    ids = {item: row for row, item in enumerate("abcd")}
    pairs = held_out_pairs(split, EVENTS, ids)
    in_order = sorted(EVENTS, key=lambda e: (e.user_id, e.timestamp))
    everything = to_interactions(in_order, ids, 4)
    train = to_interactions([EVENTS[i] for user in split.users for i in user.train], ids, 4)

    class Fitted:
        def __init__(self, data):
            self.deep = {"models": [("first", data)]}

    check_fitted(Fitted(train), pairs, "honest")
    with pytest.raises(LeakageError, match="'cheat' has seen a held-out event"):
        check_fitted(Fitted(everything), pairs, "cheat")

    def closure():
        return everything

    with pytest.raises(LeakageError):
        check_fitted(closure, pairs, "cheat")


def test_nothing_may_be_read_from_the_data_folder(tmp_path):
    inside, outside = tmp_path / "data" / "model.bin", tmp_path / "data-of-others.bin"
    inside.parent.mkdir()
    for file in (inside, outside):
        file.write_bytes(b"x")
    with nothing_read_from(tmp_path / "data"):
        assert outside.read_bytes() == b"x"
        with pytest.raises(LeakageError, match="opened"):
            inside.read_bytes()
        with pytest.raises((LeakageError, DataError)):
            sqlite3.connect(inside)
    assert inside.read_bytes() == b"x"


def test_a_shuffled_file_gives_the_same_split():
    """Without ties the order of the file does not matter."""
    events = [event("u", f"i{n}", float(n)) for n in range(10)] + [event("v", f"i{n}", float(n)) for n in range(5)]
    shuffled = events.copy()
    random.Random(0).shuffle(shuffled)
    for name in ("leave-last-out", "temporal"):
        one, other = (make_split(e, SplitConfig(name=name)) for e in (events, shuffled))
        assert [items(events, u.held_out) for u in one.users] == [items(shuffled, u.held_out) for u in other.users]
