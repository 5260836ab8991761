"""The relevance evaluation: ties, guards, and the figures of the plain reference."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from assistant.errors import UnknownNameError
from assistant.ingest import index_items, read_events
from assistant.interactions import histories, prefix
from assistant.scoring.base import ItemFeatures
from assistant.types import Event
from evals import metrics
from evals.cli import cli
from evals.errors import EvaluationError, LeakageError
from evals.ranks import ranked_rows
from evals.relevance import Dataset, RelevanceConfig, evaluate_relevance, fit_guarded, prepare, rank_users
from evals.relevance_report import relevance_document
from evals.splits import SplitConfig, core
from evals.systems import make_system, make_systems, scorer_classes
from vectorstore.embed_hashing import HashingEmbedder


def bare_features(n):
    return ItemFeatures(
        vectors=np.zeros((n, 1), np.float32),
        year=np.full(n, np.nan),
        categories=((),) * n,
        people=((),) * n,
        tags=((),) * n,
    )


def small_dataset(n_users=30, n_items=25, seed=0, **more):
    """Users who walk along the items: what comes next is predictable."""
    rng = np.random.default_rng(seed)
    events = []
    for user in range(n_users):
        start = int(rng.integers(n_items))
        for step in range(8):
            item = (start + step) % n_items
            events.append(
                Event(event_id=f"{user}-{step}", user_id=f"u{user:02}", item_id=f"i{item:02}", timestamp=float(step))
            )
    ids = tuple(f"i{n:02}" for n in range(n_items))
    return Dataset(events=tuple(events), ids=ids, features=bare_features(n_items), **more)


def test_ranked_rows():
    scores = np.array([5, 4, 3, 2, 1], np.float32)
    assert ranked_rows(scores, [], [3], 5) == [0, 1, 2, 3, 4]
    assert ranked_rows(scores, [0, 1], [3], 5) == [2, 3, 4]
    assert ranked_rows(scores, [], [3], 2) == [0, 1]
    assert ranked_rows(scores, [], [4], 5, among=[0]) == [0, 4]


def test_ties_put_held_out_rows_in_the_middle():
    same = np.zeros(9, np.float32)
    assert ranked_rows(same, [], [0], 9).index(0) == 4
    assert ranked_rows(same, [], [8], 9).index(8) == 4
    both = ranked_rows(same, [], [8, 0], 9)
    assert sorted((both.index(0), both.index(8))) == [3, 4]
    assert len(set(both)) == 9


@pytest.mark.parametrize("seed", range(20))
def test_rank_is_the_references(seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, 30).astype(np.float32)
    known = rng.choice(30, 6, replace=False).tolist()
    target = next(row for row in range(30) if row not in known)
    masked = scores.astype(float)
    masked[known] = -np.inf
    rank = int((masked > masked[target]).sum()) + int((masked == masked[target]).sum() - 1) // 2
    assert ranked_rows(scores, known, [target], 30).index(target) == rank


def test_a_predictable_world():
    report = evaluate_relevance(
        small_dataset(), make_systems(["transitions:decay=0.5"]), RelevanceConfig(k=3, tie_seeds=(0, 1))
    )
    assert [system.name for system in report.systems] == ["transitions:decay=0.5", "popularity", "random"]
    walker, popularity, _ = report.systems
    assert walker.figures["nDCG@3"].estimate > 0.8 > 0.4 > popularity.figures["nDCG@3"].estimate
    assert walker.tie_seeds[0] == pytest.approx(walker.tie_seeds[1])  # no ties in this data
    assert walker.tie_seeds[0]["nDCG@3"] == pytest.approx(walker.figures["nDCG@3"].estimate)
    versus = walker.versus_baseline["nDCG@3"]
    assert versus.difference.low > 0
    assert walker.adjusted_p["nDCG@3"] < 0.01
    assert walker.figures["validity@3"].estimate == 1.0
    assert walker.figures["diversity@3"] is None  # no vectors, no categories: not defined, not 0
    assert walker.figures["calibration@3"] is None
    json.dumps(relevance_document(report, per_user=True), allow_nan=False)


def test_baselines_are_tuned_on_the_training_part_and_stand_in_the_same_table():
    report = evaluate_relevance(
        small_dataset(), make_systems(["tuned-transitions", "tuned-ease"]), RelevanceConfig(k=3, tie_seeds=())
    )
    figures = {system.name: system.figures["nDCG@3"].estimate for system in report.systems}
    assert figures["tuned-transitions"] > 0.8 > figures["popularity"]
    assert {"tuned-popularity", "tuned-user_cf", "tuned-ease_recent", "tuned-content"} <= set(make_systems(["tuned"]))
    with pytest.raises(UnknownNameError, match="Did you mean 'ease'"):
        make_system("tuned-eas")


@pytest.mark.parametrize("name", ["temporal", "random"])
def test_other_splits(name):
    report = evaluate_relevance(
        small_dataset(), make_systems([]), RelevanceConfig(split=SplitConfig(name=name), tie_seeds=(0,))
    )
    assert {system.name for system in report.systems} == {"popularity", "random"}
    assert report.users > 0


def test_sampled_figures_say_so():
    report = evaluate_relevance(
        small_dataset(), make_systems(["transitions"]), RelevanceConfig(sampled_candidates=3, tie_seeds=(0,))
    )
    for system in report.systems:
        names = [*system.figures, *system.lists, *system.versus_baseline, *system.tie_seeds[0]]
        assert all(name.startswith("sampled ") for name in names)
    full = evaluate_relevance(small_dataset(), make_systems(["transitions"]), RelevanceConfig(tie_seeds=()))
    assert not any("sampled" in name for name in full.systems[0].figures)
    easier = report.systems[-1].figures["sampled nDCG@10"].estimate
    assert easier > full.systems[-1].figures["nDCG@10"].estimate
    assert relevance_document(report)["ranking"] == "sampled 3"


def test_what_a_user_rated_later_does_not_colour_the_training_part():
    """Weights compare a rating with the user's mean: a held-out rating must not move it."""

    def events(last):
        values = [5.0, 1.0, 3.0, 4.0, last]
        return tuple(
            Event(event_id=str(n), user_id="u", item_id=f"i{n:02}", kind="rating", value=v, timestamp=float(n))
            for n, v in enumerate(values)
        )

    ids = tuple(f"i{n:02}" for n in range(5))
    one, other = (
        prepare(Dataset(events=events(last), ids=ids, features=bare_features(5)), SplitConfig(), None)
        for last in (1.0, 5.0)
    )
    assert one.train.weight.tolist() == other.train.weight.tolist()
    assert one.users[0][1].weight.tolist() == other.users[0][1].weight.tolist()


class FromDisk:
    """A system that loads what lies in the data folder."""

    def __init__(self, file):
        self.file = file

    def fit(self, interactions, features):
        self.file.read_bytes()
        return self

    def score(self, history):
        raise AssertionError("never reached")


def test_a_system_that_reads_the_data_folder_is_refused(tmp_path):
    (tmp_path / "model").write_bytes(b"fitted on everything")
    data = small_dataset(closed=(tmp_path,))
    with pytest.raises(LeakageError, match="opened"):
        evaluate_relevance(data, {"saved": FromDisk(tmp_path / "model").fit, **make_systems([])}, RelevanceConfig())


def test_a_system_that_kept_all_events_is_refused():
    data = small_dataset()
    every = prepare(data, SplitConfig(fit_without=1), None)

    class Cheat:
        def __init__(self):
            self.events = prepare(data, SplitConfig(name="random", held_out=0.01), None).train

        def fit(self, interactions, features):
            return self

        def score(self, history):
            return np.zeros(len(data.ids), np.float32)

    assert len(every.users) == 30
    with pytest.raises(LeakageError, match="'cheat' has seen a held-out event"):
        evaluate_relevance(data, {"cheat": Cheat().fit, **make_systems([])}, RelevanceConfig())


def test_scores_that_are_not_finite_are_refused():
    class Broken:
        def fit(self, interactions, features):
            return self

        def score(self, history):
            return np.full(25, np.nan, np.float32)

    with pytest.raises(EvaluationError, match="finite"):
        evaluate_relevance(small_dataset(), {"broken": Broken().fit, **make_systems([])}, RelevanceConfig())


def test_systems_by_name():
    assert {"popularity", "ease", "transitions", "item_cf"} <= set(scorer_classes())
    with pytest.raises(UnknownNameError, match="Did you mean 'popularity'"):
        make_system("populrity")
    with pytest.raises(UnknownNameError, match="Did you mean 'regularisation'"):
        make_system("ease:regularization=3")
    with pytest.raises(EvaluationError, match="not a float"):
        make_system("ease:regularisation=much")
    with pytest.raises(EvaluationError, match="setting=value"):
        make_system("ease:200")
    with pytest.raises(EvaluationError, match="baseline"):
        evaluate_relevance(small_dataset(), make_systems([]), RelevanceConfig(baseline="ease"))


def test_a_dislike_is_no_target():
    data = small_dataset()
    events = tuple(replace(e, kind="dislike") if e.user_id == "u03" and e.timestamp == 7 else e for e in data.events)
    report = evaluate_relevance(replace(data, events=events), make_systems([]), RelevanceConfig(tie_seeds=()))
    assert (report.users, report.disliked) == (29, 1)


def test_no_event_on_a_known_item():
    data = small_dataset()
    with pytest.raises(EvaluationError, match="item ids"):
        evaluate_relevance(
            Dataset(events=data.events, ids=("x", "y"), features=bare_features(2)), make_systems([]), RelevanceConfig()
        )


def test_command(tmp_path):
    data = small_dataset()
    index_items(
        [{"item_id": i, "title": f"Title {i}"} for i in data.ids], tmp_path / "data", embedder=HashingEmbedder()
    )
    file = tmp_path / "events.csv"
    file.write_text(
        "user_id,item_id,timestamp\n" + "".join(f"{e.user_id},{e.item_id},{e.timestamp}\n" for e in data.events)
    )
    groups = tmp_path / "users.csv"
    groups.write_text("user_id,group\n" + "".join(f"u{n:02},{'even' if n % 2 == 0 else 'odd'}\n" for n in range(30)))
    arguments = ["relevance", "--data", str(tmp_path / "data"), "--interactions", str(file), "--systems", "transitions"]
    arguments += ["--k", "5", "--tie-seeds", "1", "--user-groups", str(groups)]
    result = CliRunner().invoke(cli, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    document = json.loads(line)
    assert [system["system"] for system in document["systems"]] == ["transitions", "popularity", "random"]
    assert set(document["systems"][0]["groups"]["means"]) == {"even", "odd"}
    table = CliRunner().invoke(cli, arguments)
    assert "nDCG@5" in table.stdout
    assert "nan" not in table.stdout.lower()


REFERENCE = Path("..") / "tools" / "reference_ranking.py"


class Ease:
    """The reference's EASE: a λ of 200, histories as they are."""

    decay: float | None = None
    without_last = True

    def fit(self, interactions, features):
        n = interactions.n_items
        seen = np.zeros((len(interactions.user_ids), n), np.float32)
        seen[interactions.user, interactions.item] = 1
        gram = (seen.T @ seen).astype(float)
        gram[np.diag_indices(n)] += 200
        inverse = np.linalg.inv(gram)
        self.weights = inverse / -np.diag(inverse)
        np.fill_diagonal(self.weights, 0)
        self.weights = self.weights.astype(np.float32)
        return self

    def score(self, history):
        return profile(prefix(history, len(history) - 1), 1.0, len(self.weights)) @ self.weights


class RecentEase(Ease):
    def score(self, history):
        return profile(history, 0.8, len(self.weights)) @ self.weights


class Transitions:
    def fit(self, interactions, features):
        n = interactions.n_items
        counts = np.zeros((n, n), np.float32)
        for history in histories(interactions):
            rows = history.rows.tolist()
            for a, first in enumerate(rows):
                for step, then in enumerate(rows[a + 1 : a + 6]):
                    counts[first, then] += 0.7**step
        self.weights = counts / (np.sqrt(counts.sum(1, keepdims=True) + 1) * np.sqrt(counts.sum(0, keepdims=True) + 1))
        return self

    def score(self, history):
        return profile(history, 0.8, len(self.weights)) @ self.weights


def profile(history, decay, n):
    vector = np.zeros(n, np.float32)
    for back, row in enumerate(reversed(history.rows.tolist())):
        vector[row] = max(vector[row], decay**back)
    return vector


class Blend:
    """Both, each divided by its spread over all users and items, which the reference takes from its whole matrix."""

    def __init__(self, parts, users):
        self.parts = parts
        self.spread = [np.stack([part.score(history) for _, history, _ in users]).std() for part in parts]

    def score(self, history):
        sequential, linear = (p.score(history) / s for p, s in zip(self.parts, self.spread, strict=True))
        return sequential + 0.5 * linear


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "minimum", "seed"), [("ml-100k", 0, None), ("ml-100k", 0, 1), ("ml-latest-small", 5, None)]
)
def test_figures_of_the_reference(shared, name, minimum, seed):
    """The same scorers under the same protocol give the reference's figures, by file order and by a shuffle."""
    file = shared / name / "interactions.csv.gz"
    events = core(read_events(file)[0], minimum)
    ids = tuple(sorted({e.item_id for e in events}))
    data = Dataset(events=tuple(events), ids=ids, features=bare_features(len(ids)))
    prepared = prepare(data, SplitConfig(), seed)
    expected = reference(shared, file, minimum, seed)
    fitted = {"EASE": fit_guarded("EASE", Ease().fit, data, prepared)}
    fitted["EASE, recency-weighted history"] = recent = RecentEase()
    recent.weights = fitted["EASE"].weights
    fitted["transitions"] = fit_guarded("transitions", Transitions().fit, data, prepared)
    fitted["blend of the last two"] = Blend([fitted["transitions"], recent], prepared.users)
    same = {
        "popularity": "popularity",
        "ease:regularisation=200:decay=0.8:last=100000": "EASE, recency-weighted history",
        "transitions:window=5:step_decay=0.7:normalisation=0.5:decay=0.8:average_ties=false": "transitions",
    }
    fitted |= {spec: fit_guarded(spec, make_system(spec), data, prepared) for spec in same}
    for ours, system in fitted.items():
        rankings = rank_users(system, prepared, data, RelevanceConfig())
        pairs = [
            (ranking, dict.fromkeys(rows, 1.0)) for ranking, (_, _, rows) in zip(rankings, prepared.users, strict=True)
        ]
        for metric, value in zip((metrics.ndcg, metrics.hit_rate), expected[same.get(ours, ours)], strict=True):
            got = sum(metric(ranking, gains, 10) for ranking, gains in pairs) / len(pairs)
            assert got == pytest.approx(value, abs=1e-4), (ours, metric.__name__)


def reference(shared, file, minimum, seed):
    """{scorer: (nDCG@10, hit@10)} as the reference prints them, to four digits."""
    arguments = [sys.executable, str(shared / REFERENCE), str(file), "--core", str(minimum)]
    if seed is not None:
        arguments += ["--ties", str(seed)]
    output = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^(.+?)\s+nDCG@10 ([\d.]+)  hit@10 ([\d.]+)$", output, re.MULTILINE)
    assert len(found) == 5
    return {name: (float(ndcg), float(hit)) for name, ndcg, hit in found}
