"""``assistant-evals relevance``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("relevance")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder with the indexed catalogue; its events and models are not read.",
)
@click.option(
    "--interactions",
    type=click.Path(path_type=Path),
    required=True,
    help="File of events: user_id, item_id, and if known timestamp, value, kind.",
)
@click.option("--map", "mapping", multiple=True, metavar="CONTRACT=COLUMN", help="Read a column under another name.")
@click.option(
    "--split", type=click.Choice(["leave-last-out", "temporal", "random"]), default="leave-last-out", show_default=True
)
@click.option(
    "--fit-without",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Leave-last-out: each user's last so many events are not fitted on.",
)
@click.option(
    "--held-out",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    help="Temporal and random: share of events held out.",
)
@click.option("--core", type=click.IntRange(0), default=0, help="Keep users and items with at least so many events.")
@click.option("--k", type=click.IntRange(1), default=10, show_default=True)
@click.option(
    "--systems",
    default="default",
    show_default=True,
    help="Comma-separated: default, random, tuned (every classical recommender, its settings chosen on the training part), tuned-NAME, or a scorer, with settings as NAME:setting=value. Popularity and random are always in the table.",
)
@click.option(
    "--baseline", default="popularity", show_default=True, help="The system that the others are compared with."
)
@click.option(
    "--tie-seeds",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    help="How many seeds break ties in time at random, besides the file's order.",
)
@click.option(
    "--sampled-candidates",
    type=click.IntRange(1),
    default=None,
    help="Rank among so many random items instead of all. Such figures say 'sampled' and compare with no others.",
)
@click.option(
    "--user-groups",
    type=click.Path(path_type=Path, exists=True),
    default=None,
    help="File with user_id and a column of groups.",
)
@click.option("--group-column", default="group", show_default=True)
@click.option("--per-user", is_flag=True, help="With --json: every user's figures too.")
@click.option("--skip-bad", is_flag=True, help="Leave out rows that cannot be read.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(
    data: Path,
    interactions: Path,
    mapping: tuple[str, ...],
    split: str,
    fit_without: int,
    held_out: float,
    core: int,
    k: int,
    systems: str,
    baseline: str,
    tie_seeds: int,
    sampled_candidates: int | None,
    user_groups: Path | None,
    group_column: str,
    per_user: bool,
    skip_bad: bool,
    as_json: bool,
) -> None:
    """How well do systems rank what users chose next?

    Every system is fitted again on the training part of the split alone. Ties in time keep the order of the file, and
    are broken at random over several seeds: both are shown.
    """
    from typing import cast, get_args

    from evals.commands.output import print_document, print_tables, say
    from evals.errors import EvaluationError
    from evals.loading import load_dataset
    from evals.relevance import RelevanceConfig, evaluate_relevance
    from evals.relevance_report import relevance_document, relevance_tables
    from evals.splits import SplitConfig, SplitName
    from evals.systems import make_systems

    if bad := [pair for pair in mapping if "=" not in pair]:
        raise EvaluationError(f"--map {bad[0]!r} is not of the form CONTRACT=COLUMN.")
    assert split in get_args(SplitName)
    chosen = make_systems([*(name.strip() for name in systems.split(",") if name.strip()), baseline])
    dataset = load_dataset(
        data,
        interactions,
        mapping=dict(pair.split("=", 1) for pair in mapping),
        minimum=core,
        user_groups=user_groups,
        group_column=group_column,
        skip_bad=skip_bad,
    )
    config = RelevanceConfig(
        split=SplitConfig(name=cast(SplitName, split), fit_without=fit_without, held_out=held_out),
        k=k,
        tie_seeds=tuple(range(tie_seeds)),
        sampled_candidates=sampled_candidates,
        baseline=baseline,
    )
    report = evaluate_relevance(dataset, chosen, config, say)
    if as_json:
        print_document(relevance_document(report, per_user=per_user))
    else:
        print_tables(relevance_tables(report))
