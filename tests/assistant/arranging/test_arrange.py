"""Lists after scoring: what rules, the dial and chance do to them, and that each move is told."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.arranging.arrange import Arrangement, arrange
from assistant.arranging.exploration import explore
from assistant.arranging.rule_file import RuleFile
from assistant.arranging.rules import bind, touched
from assistant.errors import UserError
from tests.assistant.arranging.lists import listing

SCORES = {"alien": 10, "aliens": 9, "galaxy": 8, "walle": 7, "playtime": 6, "suspiria": 5, "fistful": 4, "unforgiven": 3,
          "her": 2, "odyssey": 0}  # fmt: skip


def rules(films, **content):
    return bind(RuleFile.model_validate(content), films)


def everything(films):
    return np.ones(len(films), bool)


def made(films, how, scores=SCORES, k=5, *, allowed=None, dice=None, **more):
    arranged = arrange(
        listing(films, scores, k, **more),
        how,
        catalogue=films,
        allowed=everything(films) if allowed is None else allowed,
        dice=dice,
    )
    return arranged, [ranked.item_id for ranked in arranged.ranking]


def test_nothing_asked_for_changes_nothing(films):
    arranged, ids = made(films, Arrangement())
    assert ids == ["alien", "aliens", "galaxy", "walle", "playtime"]
    assert arranged.trace() == {}
    assert all(not r.placements and r.propensity == 1 and r.label is None for r in arranged.ranking)


# rules


def test_a_boost_moves_by_its_share_of_the_range(films):
    scores = {f"{item_id}": score for item_id, score in SCORES.items()}
    where = {"slot": "director", "any": ["Jacques Tati"]}
    how = Arrangement(rules=rules(films, boost=[{"name": "Tati", "where": where, "by": 0.25}]))
    arranged, ids = made(films, how, scores)
    # The range is 10 - 0 in standardised units, a quarter of it 2.5: from 6 to 8.5, between aliens (9) and galaxy (8).
    assert ids == ["alien", "aliens", "playtime", "galaxy", "walle"]
    moved = arranged.ranking[2]
    assert [(p.stage, p.rule, p.before, p.after) for p in moved.placements] == [("boost", "Tati", 5, 3)]
    assert moved.placements[0].reason == "raised by rule 'Tati'"
    gap = arranged.ranking[0].score - arranged.ranking[1].score
    assert moved.contributions["boost 'Tati'"] == pytest.approx(2.5 * gap)
    assert moved.score == pytest.approx(arranged.ranking[1].score - 0.5 * gap)


def test_a_bury_moves_down_and_the_one_that_fell_out_is_told(films):
    how = Arrangement(rules=rules(films, bury=[{"where": {"slot": "categories", "any": ["Horror"]}, "by": 0.9}]))
    arranged, ids = made(films, how)
    assert ids == ["aliens", "galaxy", "walle", "playtime", "fistful"]
    assert [(p.stage, p.before) for p in arranged.held_back["alien"]] == [("bury", 1)]
    assert arranged.trace()["held_back"]["alien"][0]["rule"] == "bury 1"


def test_all_conditions_of_a_rule_must_hold(films):
    where = [{"slot": "categories", "any": ["Horror"]}, {"slot": "year", "to": 1978}]
    how = Arrangement(rules=rules(films, boost=[{"where": where, "by": 1.0}]))
    assert made(films, how)[1][0] == "suspiria"


def test_a_pin_stands_at_its_place_and_moves_nothing_else(films):
    how = Arrangement(rules=rules(films, pin=[{"name": "pick", "item": "her", "position": 2, "label": "Sponsored"}]))
    arranged, ids = made(films, how)
    assert ids == ["alien", "her", "aliens", "galaxy", "walle"]
    pinned = arranged.ranking[1]
    assert pinned.pinned
    assert pinned.label == "Sponsored"
    assert [(p.stage, p.reason, p.before, p.after) for p in pinned.placements] == [
        ("pin", "pinned by rule 'pick'", 9, 2)
    ]
    assert not any(r.pinned or r.label for r in arranged.ranking if r.item_id != "her")
    pushed = arranged.held_back["playtime"]
    assert [(p.reason, p.before, p.after) for p in pushed] == [("pushed down by what is pinned", 5, 6)]


def test_a_pin_may_be_no_candidate_and_is_scored_beside_them(films):
    scores = {item_id: score for item_id, score in SCORES.items() if item_id != "her"}
    how = Arrangement(rules=rules(films, pin=[{"item": "her", "position": 1}]))
    arranged, ids = made(films, how, scores)
    plain, _ = made(films, Arrangement(), scores)
    assert ids == ["her", "alien", "aliens", "galaxy", "walle"]
    assert arranged.ranking[0].placements[0].before is None
    assert arranged.ranking[0].columns["given"] == 0
    assert [(r.score, r.columns) for r in arranged.ranking[1:]] == [(r.score, r.columns) for r in plain.ranking[:4]]


def test_a_pin_by_condition_takes_the_best_that_meets_it(films):
    how = Arrangement(rules=rules(films, pin=[{"where": {"slot": "categories", "any": ["Western"]}, "position": 1}]))
    assert made(films, how)[1][0] == "fistful"


def test_a_pin_that_breaks_a_promise_is_not_shown(films):
    allowed = everything(films)
    allowed[films.row_of["her"]] = False
    how = Arrangement(rules=rules(films, pin=[{"item": "her", "position": 1}]))
    arranged, ids = made(films, how, allowed=allowed)
    assert ids == ["alien", "aliens", "galaxy", "walle", "playtime"]
    assert not any(r.pinned for r in arranged.ranking)


def test_pins_behind_the_end_are_not_shown_and_short_lists_put_them_last(films):
    how = Arrangement(rules=rules(films, pin=[{"item": "her", "position": 6}]))
    assert "her" not in made(films, how)[1]
    how = Arrangement(rules=rules(films, pin=[{"item": "her", "position": 4}]))
    assert made(films, how, {"alien": 2, "aliens": 1})[1] == ["alien", "aliens", "her"]


def test_a_cap_holds_back_and_says_so(films):
    how = Arrangement(rules=rules(films, cap=[{"name": "one each", "slot": "cast", "most": 1}]))
    arranged, ids = made(films, how)
    assert ids == ["alien", "walle", "playtime", "suspiria", "fistful"]  # Sigourney Weaver is in the first three
    assert [p.reason for p in arranged.held_back["aliens"]] == [
        "held back by rule 'one each': 1 of the same cast stand above it"
    ]


def test_a_cap_counts_pinned_items_and_never_empties_a_list(films):
    how = Arrangement(rules=rules(films, cap=[{"slot": "cast", "most": 1}], pin=[{"item": "galaxy", "position": 1}]))
    assert made(films, how)[1] == ["galaxy", "walle", "playtime", "suspiria", "fistful"]
    how = Arrangement(rules=rules(films, cap=[{"slot": "cast", "most": 1}]))
    assert made(films, how, {"alien": 3, "aliens": 2, "galaxy": 1})[1] == ["alien", "aliens", "galaxy"]


def test_a_cap_on_people_counts_every_role(films):
    how = Arrangement(rules=rules(films, cap=[{"most": 1}]))
    scores = {"unforgiven": 3, "fistful": 2, "her": 1, "blanche": 0}
    assert made(films, how, scores, 3)[1] == ["unforgiven", "her", "blanche"]  # nobody is known of the last


def test_what_is_not_in_stock_is_withheld():
    from assistant.catalogue import Catalogue

    records = [
        (n, name, f'{{"item_id": "{name}", "title": "{name}"{more}}}'.encode())
        for n, (name, more) in enumerate(
            [("here", ', "in_stock": true'), ("gone", ', "in_stock": false'), ("unknown", "")]
        )
    ]
    catalogue = Catalogue.of_items(1, records, np.zeros((3, 0), np.float32))
    bound = rules(catalogue, in_stock_only=True)
    assert bound.withheld == {"gone"}
    assert touched(bound, catalogue) == [("in_stock_only", "not in stock", 1)]


def test_rules_about_nothing_are_problems_and_the_others_hold(films):
    bound = rules(
        films,
        pin=[{"item": "alienn", "position": 1}],
        boost=[{"where": {"slot": "yeer", "from": 1}, "by": 0.1}, {"where": {"slot": "year", "from": 2000}, "by": 0.1}],
        cap=[{"slot": "directr", "most": 1}],
    )
    assert [problem.split(".")[1].strip() for problem in bound.problems] == [
        "Did you mean 'alien'?", "Did you mean 'year'?", "Did you mean 'director'?",
    ]  # fmt: skip
    assert [push.name for push in bound.pushes] == ["boost 2"]
    assert touched(bound, films) == [("boost", "boost 2", 4)]


# diversity


def test_the_dial_prefers_what_is_unlike(films):
    plain = made(films, Arrangement())[1]
    arranged, ids = made(films, Arrangement(diversity=0.9))
    assert ids[0] == plain[0]
    assert set(ids) != set(plain)

    def spread(ids):
        vectors = films.vectors[films.rows(ids)]
        return 1 - (vectors @ vectors.T)[np.triu_indices(len(ids), 1)].mean()

    assert spread(ids) > spread(plain)
    assert {p.stage for r in arranged.ranking for p in r.placements} == {"diversity"}
    assert made(films, Arrangement(diversity=0.0))[1] == plain


def test_a_dial_outside_its_scale_is_refused(films):
    from assistant.arranging.plain import arranging

    with pytest.raises(UserError, match=r"diversity is 1\.5"):
        arranging(rules(films), 1.5, films, listing(films, SCORES).ranker)


# exploration


def new_ones(films, *item_ids):
    mask = np.zeros(len(films), bool)
    mask[films.rows(item_ids)] = True
    return mask


def test_exploration_is_bounded_and_of_new_items_alone(films):
    new = new_ones(films, "her", "odyssey", "alien")
    seen = Counter()
    for seed in range(200):
        how = Arrangement(exploration=0.3, new=new)
        arranged, ids = made(films, how, dice=np.random.default_rng(seed))
        explored = [
            r.item_id for r in arranged.ranking if any(p.stage == "exploration" and p.after <= 5 for p in r.placements)
        ]
        assert 1 <= len(explored) <= 2  # 0.3 of 5 is 1.5
        assert set(explored) <= {"her", "odyssey"}
        assert ids[:3] == ["alien", "aliens", "galaxy"]
        seen[len(explored)] += 1
    assert seen[1] > 60
    assert seen[2] > 60


def test_logged_propensities_are_the_frequencies(films):
    """Over many draws, how often an item comes to a position is what each of those draws logs for it."""
    new = new_ones(films, "suspiria", "unforgiven", "her", "odyssey")
    draws = 6000
    counts: Counter[tuple[int, str]] = Counter()
    logged: dict[tuple[int, str], set[float]] = {}
    for seed in range(draws):
        arranged, _ = made(films, Arrangement(exploration=0.3, new=new), dice=np.random.default_rng([7, seed]))
        for position, ranked in enumerate(arranged.ranking, 1):
            counts[position, ranked.item_id] += 1
            logged.setdefault((position, ranked.item_id), set()).add(round(ranked.propensity, 12))
    for key, propensities in logged.items():
        assert len(propensities) == 1, key  # the same whatever was drawn
        (propensity,) = propensities
        deviation = np.sqrt(propensity * (1 - propensity) / draws)
        assert counts[key] / draws == pytest.approx(propensity, abs=max(4.5 * deviation, 1e-9)), key
    assert logged[5, "her"] == {0.25}
    assert logged[4, "her"] == {0.125}
    assert logged[4, "walle"] == {0.5}
    assert logged[3, "galaxy"] == {1.0}


@pytest.mark.parametrize("k", [1, 2, 5, 10])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.1, 0.2, 0.3, 0.5])
@pytest.mark.parametrize("new", [0, 1, 2, 30])
def test_propensities_of_a_position_add_up_to_one(k, share, new):
    """What its score puts there, and all that may be drawn: one of them stands there."""
    explored_in: set[int] = set()
    kept: dict[int, float] = {}
    drawn: dict[int, float] = {}
    for seed in range(40):
        found = explore(k, list(range(new)), share, np.random.default_rng(seed))
        assert len(found.items) <= np.ceil(share * k)
        assert len(set(found.items)) == len(found.items)
        for position, propensity in enumerate(found.propensities, 1):
            explored = position > k - len(found.items)
            (drawn if explored else kept)[position] = propensity
            explored_in |= {position} if explored else set()
    for position in range(1, k + 1):
        total = kept.get(position, 0.0) + new * drawn.get(position, 0.0)
        if position in kept and position in explored_in:
            assert total == pytest.approx(1)
        elif position in explored_in:
            assert new * drawn[position] == pytest.approx(1)
        else:
            assert kept[position] == pytest.approx(1)


def test_nothing_new_means_nothing_explored(films):
    how = Arrangement(exploration=0.5, new=new_ones(films, "alien", "aliens"))
    arranged, ids = made(films, how, dice=np.random.default_rng(0))
    assert ids == ["alien", "aliens", "galaxy", "walle", "playtime"]
    assert {r.propensity for r in arranged.ranking} == {1.0}


def test_a_pin_is_certain_and_exploration_goes_on_around_it(films):
    how = Arrangement(
        rules=rules(films, pin=[{"item": "playtime", "position": 5}]),
        exploration=0.5,
        new=new_ones(films, "her", "odyssey"),
    )
    arranged, ids = made(films, how, dice=np.random.default_rng(0))
    assert ids[4] == "playtime"
    assert arranged.ranking[4].propensity == 1.0
    assert {ids[2], ids[3]} == {"her", "odyssey"}
    assert [r.propensity for r in arranged.ranking[2:4]] == [0.5, 0.5]


# whatever is set


@given(
    data=st.data(),
    k=st.integers(1, 12),
    dial=st.sampled_from([0.0, 0.3, 1.0]),
    share=st.sampled_from([0.0, 0.2, 0.5]),
    seed=st.integers(0, 99),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_list_has_each_item_once_and_nothing_that_is_not_allowed(films, data, k, dial, share, seed):
    ids = st.sampled_from(films.ids)
    scores = data.draw(st.dictionaries(ids, st.integers(0, 5), min_size=1))
    forbidden = data.draw(st.sets(ids, max_size=3))
    pins = [
        {"item": item_id, "position": position}
        for position, item_id in enumerate(data.draw(st.lists(ids, max_size=3)), 1)
    ]
    where = {"slot": "categories", "any": [data.draw(st.sampled_from(["Horror", "Comedy", "Western"]))]}
    caps = [{"slot": data.draw(st.sampled_from(["director", "categories", "people", "year"])), "most": 1}]
    bound = rules(films, pin=pins, boost=[{"where": where, "by": 0.5}], cap=caps if data.draw(st.booleans()) else [])
    allowed = everything(films)
    allowed[films.rows(forbidden)] = False
    candidates = {item_id: score for item_id, score in scores.items() if item_id not in forbidden}
    if not candidates:
        return
    how = Arrangement(
        rules=bound,
        diversity=dial,
        exploration=share,
        new=everything(films),
        opinion={films.row_of[item_id]: 0.05 for item_id in list(candidates)[:3]},
    )
    arranged, shown = made(films, how, candidates, k, allowed=allowed, dice=np.random.default_rng(seed))
    assert len(set(shown)) == len(shown) <= k
    assert not set(shown) & forbidden
    pinned = {ranked.item_id for ranked in arranged.ranking if ranked.pinned}
    assert set(shown) - pinned <= set(candidates)
    assert len(shown) >= min(k, len(candidates))
    wanted = [pin["item"] for pin in pins if pin["position"] <= k and pin["item"] not in forbidden]
    assert pinned == set(wanted)
    for ranked in arranged.ranking:
        assert 0 < ranked.propensity <= 1
        assert (ranked.label is not None) == ranked.pinned
        assert ranked.score == pytest.approx(sum(ranked.contributions.values()), abs=1e-4)
    assert not set(arranged.held_back) & set(shown)
    assert all(arranged.held_back.values())
