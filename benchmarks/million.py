"""``fit`` on a million interactions: wall time and peak memory of ``assistant fit``, through the command line.

    python -m benchmarks.million [--users 6000] [--items 3400] [--events 1000000] [--data DIR] [--set ml-100k]

The interactions are made up, with the marginals of MovieLens 100K: how active users are and how popular items are follows
the quantiles of the shared set, stretched to the numbers asked for; where the set is absent, log-normal distributions
fitted to it (sigma 1.0 for users, 1.6 for items, users with at least 20 events) take their place, and the output says so.
Each user likes two of twenty groups of items, whose items are four times as likely, so that there is something to learn;
no item occurs twice for a user; times are random within a stay of a few days, ratings follow the set's shares. Printed
are the table that ``fit`` prints, its wall time, its processor time and the largest resident memory of its process. With
``--data`` the index stays there, for ``benchmarks.ranking_speed``; with ``--set``, a shared set takes the sample's place.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.films import ROOT, show
from benchmarks.ranking_data import index_set

RATINGS = ROOT.parent / "shared" / "data" / "ml-100k" / "interactions.csv.gz"
GROUPS = 20
LIKED_GROUPS = 2
TILT = 4.0
"""How much likelier items of liked groups are."""
LEAST = 20
"""Events of a user at least, as in MovieLens."""
START, SPAN = 880_000_000.0, 200 * 86400.0
RATING_SHARES = (0.06, 0.11, 0.27, 0.34, 0.22)
"""Of the values 1 to 5 in MovieLens 100K."""
SIGMA_USERS, SIGMA_ITEMS = 1.0, 1.6


def marginals(n_users: int, n_items: int, n_events: int) -> tuple[NDArray[np.int64], NDArray[np.float64], str]:
    """Events per user, weight per item (both in no particular order), and where they come from."""
    at_users, at_items = (np.arange(n_users) + 0.5) / n_users, (np.arange(n_items) + 0.5) / n_items
    if RATINGS.is_file():
        with gzip.open(RATINGS, "rt") as lines:
            rows = [(row["user_id"], row["item_id"]) for row in csv.DictReader(lines)]
        active = np.quantile(list(Counter(user for user, _ in rows).values()), at_users)
        weight = np.quantile(list(Counter(item for _, item in rows).values()), at_items)
        source = "marginals of MovieLens 100K"
    else:
        normal = np.random.default_rng(0).standard_normal
        active, weight = np.exp(SIGMA_USERS * normal(n_users)), np.exp(SIGMA_ITEMS * normal(n_items))
        source = "log-normal marginals, as the shared set is absent"
    over = np.maximum(active - active.min(), 0)
    sizes = LEAST + over * (n_events - LEAST * n_users) / over.sum()
    return np.clip(np.round(sizes), 1, n_items // 2).astype(np.int64), weight, source


def sample(n_users: int, n_items: int, n_events: int, seed: int = 0) -> tuple[NDArray[np.int64], ...]:
    """(users, items, seconds, ratings, groups of items): columns of about ``n_events`` events, and (n_items,) groups."""
    dice = np.random.default_rng(seed)
    sizes, weight, source = marginals(n_users, n_items, n_events)
    print(f"{int(sizes.sum()):,} events of {n_users:,} users on {n_items:,} items, {source}", flush=True)
    groups = dice.integers(0, GROUPS, n_items)
    users, items, times = [], [], []
    for user, size in enumerate(sizes.tolist()):
        liked = np.isin(groups, dice.choice(GROUPS, LIKED_GROUPS, replace=False))
        # The largest of log-weights with Gumbel noise are a weighted sample without replacement.
        keys = np.log(weight * np.where(liked, TILT, 1.0)) + dice.gumbel(size=n_items)
        chosen = np.argpartition(-keys, size - 1)[:size]
        users.append(np.full(size, user))
        items.append(dice.permutation(chosen))
        stay = dice.uniform(0, SPAN * 0.97) + np.sort(dice.uniform(0, SPAN * 0.03, size))
        times.append((START + stay).astype(np.int64))
    total = int(sizes.sum())
    ratings = dice.choice(np.arange(1, 6), total, p=RATING_SHARES)
    return np.concatenate(users), np.concatenate(items), np.concatenate(times), ratings, groups


def write(folder: Path, n_users: int, n_items: int, n_events: int) -> tuple[Path, Path]:
    """``items.jsonl`` and ``ratings.csv`` of such a sample."""
    users, items, times, ratings, groups = sample(n_users, n_items, n_events)
    dice = np.random.default_rng(1)
    with (folder / "items.jsonl").open("w") as lines:
        for item, group in enumerate(groups.tolist()):
            labels = sorted({f"Group {group}", f"Group {int(dice.integers(0, GROUPS))}"})
            record = {"item_id": f"i{item}", "title": f"Item {item}", "categories": labels}
            lines.write(json.dumps(record | {"year": int(dice.integers(1950, 2000))}) + "\n")
    with (folder / "ratings.csv").open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["user_id", "item_id", "rating", "timestamp"])
        writer.writerows(
            (f"u{u}", f"i{i}", r, t)
            for u, i, r, t in zip(users.tolist(), items.tolist(), ratings.tolist(), times.tolist(), strict=True)
        )
    return folder / "items.jsonl", folder / "ratings.csv"


def index(folder: Path, n_users: int, n_items: int, n_events: int) -> None:
    """An index of a sample in ``folder``."""
    with tempfile.TemporaryDirectory() as temporary:
        items, ratings = write(Path(temporary), n_users, n_items, n_events)
        command = [sys.executable, "-m", "assistant.cli", "index", str(items), "--interactions", str(ratings)]
        subprocess.run([*command, "--data", str(folder)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=6000)
    parser.add_argument("--items", type=int, default=3400)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="index and fit in this folder, which stays")
    parser.add_argument(
        "--set", choices=["ml-100k", "ml-latest-small", "goodbooks"], help="fit this shared set instead"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.data or Path(temporary)
        started = time.monotonic()
        if not (folder / "assistant.sqlite3").exists():
            if arguments.set:
                index_set(arguments.set, folder)
            else:
                index(folder, arguments.users, arguments.items, arguments.events)
            print(f"indexed in {time.monotonic() - started:.0f} s", flush=True)
        indexing = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.monotonic()
        # A process of its own between this and `fit`, whose children's peak is that of `fit` alone.
        code = (
            "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        fit = [sys.executable, "-m", "assistant.cli", "fit", "--data", str(folder)]
        done = subprocess.run(
            [sys.executable, "-c", code, *fit], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        )
        wall = time.monotonic() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        *table, peak = done.stdout.splitlines()
        print("\n".join(table))
        cpu = after.ru_utime + after.ru_stime - indexing.ru_utime - indexing.ru_stime
        rows = [
            ("assistant fit", "wall", "processor", "peak memory"),
            (
                arguments.set or f"{arguments.events:,} events",
                f"{wall:.0f} s",
                f"{cpu:.0f} s",
                f"{int(peak) / 2**20:.2f} GiB",
            ),
        ]
        show("fit", rows)


if __name__ == "__main__":
    main()
