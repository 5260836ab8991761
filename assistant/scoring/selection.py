"""Choose scorers, their settings and their blend from the data alone, on choices that the scorers have not seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from assistant.interactions import drop_last, first_times, histories, history_of_rows, prefix, suffix
from assistant.ranking import SHORT_BELOW, Ranker, cold_ranker
from assistant.scoring import choices as past
from assistant.scoring import ltr
from assistant.scoring.base import Interactions, ItemFeatures, Scorer, Scores
from assistant.scoring.choices import Choice
from assistant.scoring.content import Attributes, Content
from assistant.scoring.fit_table import FitRow, FitTable
from assistant.scoring.grids import Family, families
from assistant.scoring.linear import LinearScorer
from assistant.scoring.new_items import NewItems, chosen_for

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """How to choose and fit."""

    refit: bool = True
    """Fit the winner again on all events. Off only to compare under a protocol that fits on less."""
    past_choices: int = 5
    """How many choices per user, before the validated one, the weights are learned from at most."""
    kept_share: float = 2 / 3
    """Share of the events that must lie before these choices: fewer are learned from where histories are short."""
    candidates: int = 200
    """Items per past choice that the weights are learned on; as many as the learned stage reorders."""
    most_choices: int = 5_000
    """Past choices used at most."""
    bare_every: int = 4
    """Every so many past choices are learned from with the items of the history alone, without times and ratings: that is
    how a request of item ids comes."""
    most_validated: int = 4_000
    """Users validated on at most."""
    most_validated_new: int = 1_000
    """Of these, users on whom the place of new items is chosen at most."""
    least_users: int = 50
    """With fewer users of at least three events nothing is fitted: the cold default serves."""
    learned: bool = True
    """Try the learned stage, where the extra is installed."""
    look_back: int = 1
    """Where fewer than ``most_choices`` were found, the trees also learn from so many times ``past_choices`` before these,
    with scorers fitted on what came before those."""
    trees: ltr.LearnedConfig = field(default_factory=ltr.LearnedConfig)
    user_rows: bool = False
    """Try, for comparison, scorers whose model keeps rows of single users; they never serve."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What came out of a fit."""

    ranker: Ranker
    table: FitTable
    singles: tuple[tuple[FitRow, Scorer], ...] = ()
    """The best of every family alone, as it was validated: not fitted again."""


def select_and_fit(
    interactions: Interactions,
    features: ItemFeatures,
    config: FitConfig | None = None,
    *,
    item_ids: Sequence[str] | None = None,
    incumbent: Ranker | None = None,
    report: Report | None = None,
) -> tuple[Ranker, FitTable]:
    """A ranker chosen on each user's last event and fitted on all. Pure: same input, same result."""
    selection = select(interactions, features, config, item_ids=item_ids, incumbent=incumbent, report=report)
    return selection.ranker, selection.table


def select(
    interactions: Interactions,
    features: ItemFeatures,
    config: FitConfig | None = None,
    *,
    item_ids: Sequence[str] | None = None,
    incumbent: Ranker | None = None,
    report: Report | None = None,
) -> Selection:
    """As ``select_and_fit``, with the scorers that it tried.

    The recipe of the ``incumbent`` (settings, weights, trees) is fitted on the same events and validated beside the new
    ones, and stays when it does better.
    """
    config = config or FitConfig()
    ids = tuple(item_ids) if item_ids is not None else tuple(str(n) for n in range(interactions.n_items))
    say = report or (lambda line: None)
    config = replace(config, past_choices=_past_choices(interactions, config))
    train = drop_last(interactions, 1)
    validation = _sampled(last_choices(interactions, 1, 1), config.most_validated, config.seed)
    taken = _sampled(last_choices(interactions, 2, config.past_choices), config.most_choices, config.seed)
    if len(validation) < config.least_users or not taken:
        note = f"{config.least_users} users with three items or more are needed to choose; there are {len(validation)}"
        if not taken and len(validation) >= config.least_users:
            note = "users with four items or more are needed to choose; there are none"
        ranker = cold_ranker(ids, features, interactions)
        table = FitTable(rows=(), chosen="cold", n_validated=len(validation), note=note)
        return Selection(ranker=ranker, table=table)

    tried: list[Entry] = []
    columns: list[Scorer] = []
    strengths: list[float] = []
    for family in families(train, features, user_rows=config.user_rows):
        started = time.monotonic()
        for row, scorer in bests_of(family, train, features, validation):
            tried.append((row, [scorer], np.ones(1, np.float32)))
        row, best, _ = max(tried[-2:] if tried[-1][0].name.endswith("_recent") else tried[-1:], key=lambda t: t[0].ndcg)
        say(f"{row.name:20s} nDCG@10 {row.ndcg:.4f}  {row.settings}  ({time.monotonic() - started:.1f} s)")
        if family.name == "user_cf":  # compared with, never served: its model keeps rows of single users
            continue
        related = family.columns(best[0])
        columns += related
        strengths += [row.ndcg / len(related)] * len(related)

    singles = [(row, scorers[0]) for row, scorers, _ in tried]
    guide = np.square(np.array(strengths, np.float32))
    before = drop_last(interactions, 1 + config.past_choices)
    earlier = refitted(columns, before, features)
    taken = _some_bare(taken, config)
    width = min(config.candidates, interactions.n_items)
    wide = min(2 * config.candidates, interactions.n_items)
    guide = np.asarray(guide / max(float(guide.sum()), 1e-12), np.float32)
    lists = past.choice_lists(earlier, taken, guide, candidates=wide)
    weights = past.fit_weights(lists)
    say("weights " + ", ".join(f"{s.name} {w:.2f}" for s, w in zip(columns, weights, strict=True) if w > 0.005))
    tried.append((_row("blend", ranks_of(columns, weights, validation)), columns, weights))
    for_short = _short_weights(earlier, taken, guide, wide)
    cold = cold_ranker(ids, features, train)
    cold_weights = np.array([cold.weights[scorer.name] for scorer in cold.scorers], np.float32)
    tried.append(
        (_row("cold default", ranks_of(cold.scorers, cold_weights, validation)), list(cold.scorers), cold_weights)
    )

    winner, scorers, final = _winner([entry for entry in tried if entry[0].name != "user_cf"])
    table_rows = [row for row, _, _ in tried]
    stage = None
    note = ""
    if not winner.ndcg:  # weights that were learned here are chance
        for_short = {}
        note = "nothing that was tried finds what users chose last: the cold default serves"
    if config.learned and ltr.is_available():
        held = past.choice_lists(columns, validation, weights, candidates=width)
        names = [scorer.name for scorer in columns]
        parts = [
            (taken, lists, before),
            *_before_these(interactions, features, columns, guide, wide, len(taken), config),
        ]
        learning = ltr.learn(names, weights, parts, (validation, held, train), features, config.trees, report=say)
        reached = FitRow(name="learned", ndcg=learning.ndcg, hit=learning.hit, settings=f"{learning.trees} trees")
        table_rows.append(reached)
        if reached.ndcg > winner.ndcg:
            winner, stage, scorers, final = reached, learning.stage, columns, weights
    elif config.learned:
        note = "; ".join([*filter(None, [note]), "the learned stage needs the extra 'rank'"])
    if incumbent is not None:
        reached = in_service(incumbent, train, features, validation)
        table_rows.append(reached)
        say(f"in service          nDCG@10 {reached.ndcg:.4f}")
        if reached.ndcg > winner.ndcg:
            winner, stage, scorers = reached, incumbent.learned, list(incumbent.scorers)
            final = np.array([incumbent.weights.get(scorer.name, 0.0) for scorer in scorers], np.float32)
            for_short = dict(incumbent.short_weights)
    scorers, final = _together(scorers, final, columns, for_short, keep_all=stage is not None)
    about_content = _content_weights(columns, lists)
    names = [scorer.name for scorer in scorers]
    scorers += [scorer for scorer in columns if about_content.get(scorer.name) and scorer.name not in names]
    final = np.concatenate([final, np.zeros(len(scorers) - len(names), np.float32)])
    new_items = _for_new_items(
        Ranker(
            ids,
            tuple(scorers),
            dict(zip((s.name for s in scorers), map(float, final), strict=True)),
            stage,
            short_weights=for_short,
        ),
        validation,
        about_content,
        train,
        config,
    )
    if new_items is not None:
        say(f"new items: the r-th best match by content stands at place {new_items.stride} r or higher")
    if config.refit:
        scorers = refitted(scorers, interactions, features)
        stage = ltr.refreshed(stage, interactions) if stage is not None else None
        new_items = new_items.refreshed(interactions) if new_items is not None else None
    names = [scorer.name for scorer in scorers]
    served = dict(zip(names, map(float, final), strict=True))
    ranker = Ranker(ids, tuple(scorers), served, stage, short_weights=for_short, new_items=new_items)
    table = FitTable(
        rows=tuple(replace(row, used=row.name in {winner.name, *names}) for row in table_rows),
        chosen=winner.name,
        n_validated=len(validation),
        note=note,
        weights=dict(ranker.weights),
    )
    return Selection(ranker=ranker, table=table, singles=tuple(singles))


def _past_choices(interactions: Interactions, config: FitConfig) -> int:
    """As many as are asked for, or fewer, down to one, so that ``kept_share`` of the events are before them."""
    for count in range(config.past_choices, 1, -1):
        if len(drop_last(interactions, 1 + count).user) >= config.kept_share * len(interactions.user):
            return count
    return 1


def _some_bare(choices: Sequence[Choice], config: FitConfig) -> list[Choice]:
    """The choices, every ``bare_every``-th with the items of its history alone."""
    return [
        choice if n % config.bare_every else replace(choice, history=history_of_rows(choice.history.rows.tolist()))
        for n, choice in enumerate(choices)
    ]


def _before_these(
    interactions: Interactions,
    features: ItemFeatures,
    columns: Sequence[Scorer],
    guide: Scores,
    wide: int,
    found: int,
    config: FitConfig,
) -> Iterator[ltr.Part]:
    """Choices before those that the weights are learned from, as far back as ``look_back`` says and as they are needed.

    Not where that leaves less than half of the events to fit scorers on: they would be others than those that serve.
    """
    for times in range(1, config.look_back + 1):
        first = 2 + times * config.past_choices
        before = drop_last(interactions, first - 1 + config.past_choices)
        if found >= config.most_choices or 2 * len(before.user) < len(interactions.user):
            return
        choices = _sampled(
            last_choices(interactions, first, config.past_choices), config.most_choices - found, config.seed
        )
        if not choices:
            return
        found += len(choices)
        choices = _some_bare(choices, config)
        yield choices, past.choice_lists(refitted(columns, before, features), choices, guide, candidates=wide), before


def last_choices(interactions: Interactions, first: int, count: int) -> list[Choice]:
    """Each user's choices at places ``first`` … ``first + count - 1`` from the end, with at least two events before.

    Only items new to the user are choices and counted, so that somebody who buys the same things again has choices, too;
    and only liking or neutral events.
    """
    taken = []
    new = first_times(interactions)
    bounds = np.searchsorted(interactions.user, np.arange(len(interactions.user_ids)))
    for history, start in zip(histories(interactions), bounds.tolist(), strict=True):
        places = np.flatnonzero(new[start : start + len(history)])
        for at in places[::-1][first - 1 : first - 1 + count].tolist():
            if at < 2:
                break
            disliked = history.weight[at] < 0 and not np.isfinite(history.value[at])
            if not disliked:
                taken.append(Choice(history=prefix(history, at), target=int(history.rows[at])))
    return taken


def ranks_of(
    scorers: Sequence[Scorer], weights: Scores, choices: Sequence[Choice], chunk: int = 256
) -> NDArray[np.int64]:
    """(n_choices,) ranks of the targets under the weighted blend, full ranking."""
    ranks = []
    use = np.flatnonzero(weights)
    for start in range(0, len(choices), chunk):
        part = choices[start : start + chunk]
        of_part = [choice.history for choice in part]
        blend = np.zeros((len(part), 0), np.float32)
        for n in use.tolist():
            column = weights[n] * past.standardised(past.score_many(scorers[n], of_part))
            blend = column if not blend.size else blend + column
        ranks.append(past.target_ranks(blend, part))
    return np.concatenate(ranks)


def bests_of(
    family: Family, train: Interactions, features: ItemFeatures, validation: Sequence[Choice]
) -> list[tuple[FitRow, Scorer]]:
    """The best with the whole history, and the best that forgets, where the family has both."""
    bests: dict[str, tuple[FitRow, Scorer]] = {}
    for _, scorer in family.fitted(train, features):
        forgets = isinstance(scorer, LinearScorer) and scorer.weighting.decay < 1 and 1.0 in family.decays
        name = f"{family.name}_recent" if forgets else family.name
        row = _row(name, ranks_of([scorer], np.ones(1, np.float32), validation), family.describe(scorer))
        if name not in bests or row.ndcg > bests[name][0].ndcg:
            bests[name] = row, scorer
    return list(bests.values())


def _row(name: str, ranks: NDArray[np.int64], settings: str = "") -> FitRow:
    return FitRow(name=name, ndcg=float(past.ndcg(ranks).mean()), hit=float((ranks < 10).mean()), settings=settings)


Entry = tuple[FitRow, list[Scorer], Scores]

BLEND_PREFERRED = 0.98
"""The blend is served unless a single scorer beats it by more than this factor says: the blend also knows what to do with
items and users that the single one has never seen."""


def _winner(entries: Sequence[Entry]) -> Entry:
    best = max(entries, key=lambda entry: entry[0].ndcg)
    if not best[0].ndcg:
        return next(entry for entry in entries if entry[0].name == "cold default")
    blend = next(entry for entry in entries if entry[0].name == "blend")
    return blend if blend[0].ndcg >= BLEND_PREFERRED * best[0].ndcg else best


def _short_weights(scorers: Sequence[Scorer], choices: Sequence[Choice], guide: Scores, wide: int) -> dict[str, float]:
    """Weights for histories of no or few events: the same past choices, with all but the latest events forgotten."""
    some = choices[:: max(1, len(choices) // 1500)]
    cut = [
        Choice(history=suffix(choice.history, n % SHORT_BELOW), target=choice.target, seen=choice.history.rows)
        for n, choice in enumerate(some)
    ]
    weights = past.fit_weights(past.choice_lists(scorers, cut, guide, candidates=wide))
    found = {s.name: float(w) for s, w in zip(scorers, weights, strict=True) if w > 1e-3}
    # Whatever was learned, somebody without any history gets what others chose.
    return found | {"popularity": max(found.get("popularity", 0.0), 0.05)}


def _together(
    scorers: Sequence[Scorer], weights: Scores, columns: Sequence[Scorer], short: Mapping[str, float], *, keep_all: bool
) -> tuple[list[Scorer], Scores]:
    """What serves: scorers that weigh for long histories, then those that weigh for short ones alone.

    Columns without any weight cost time for nothing, but trees need theirs.
    """
    kept = [(s, float(w)) for s, w in zip(scorers, weights, strict=True) if keep_all or w > 1e-3 or s.name in short]
    names = {scorer.name for scorer, _ in kept}
    kept += [(scorer, 0.0) for scorer in columns if scorer.name in short and scorer.name not in names]
    return [scorer for scorer, _ in kept], np.array([weight for _, weight in kept], np.float32)


def _content_weights(columns: Sequence[Scorer], lists: past.ChoiceLists) -> dict[str, float]:
    """Weights of the columns of content, learned without all others: what an item goes by that nobody has chosen yet."""
    places = [n for n, scorer in enumerate(columns) if isinstance(scorer, Content | Attributes)]
    if not places:
        return {}
    weights = past.fit_weights(replace(lists, columns=lists.columns[:, :, places]))
    return {columns[n].name: float(weight) for n, weight in zip(places, weights, strict=True) if weight > 1e-3}


def _for_new_items(
    ranker: Ranker, validation: Sequence[Choice], weights: Mapping[str, float], train: Interactions, config: FitConfig
) -> NewItems | None:
    some = _sampled(list(validation), config.most_validated_new, config.seed)
    names = [scorer.name for scorer in ranker.scorers]
    return chosen_for(names, ranker.scored_parts([choice.history for choice in some]), some, weights, train)


def in_service(ranker: Ranker, train: Interactions, features: ItemFeatures, validation: Sequence[Choice]) -> FitRow:
    """A served recipe, fitted on ``train`` and validated like the others. Its trees never saw what is validated on."""
    scorers = tuple(refitted(ranker.scorers, train, features))
    learned = None if ranker.learned is None else ltr.refreshed(ranker.learned, train)
    again = replace(ranker, scorers=scorers, learned=learned)
    parts = [validation[start : start + 256] for start in range(0, len(validation), 256)]
    ranks = [past.target_ranks(again.score_many([c.history for c in part]), part) for part in parts]
    return _row("in service", np.concatenate(ranks))


def refitted(scorers: Sequence[Scorer], interactions: Interactions, features: ItemFeatures) -> list[Scorer]:
    """The same settings fitted on other events; scorers that share a matrix share the new one."""
    fitted: dict[int, LinearScorer] = {}
    again: list[Scorer] = []
    for scorer in scorers:
        if not isinstance(scorer, LinearScorer):
            again.append(replace(scorer).fit(interactions, features))  # type: ignore[type-var]  # every scorer is a dataclass, which a Protocol cannot say
            continue
        shared = id(scorer.matrix)
        if shared not in fitted:
            fitted[shared] = replace(scorer).fit(interactions, features)
        again.append(fitted[shared].reweighted(scorer.name, scorer.weighting))
    return again


def _sampled(choices: list[Choice], most: int, seed: int) -> list[Choice]:
    if len(choices) <= most:
        return choices
    keep = np.sort(np.random.default_rng(seed).choice(len(choices), most, replace=False))
    return [choices[n] for n in keep]
