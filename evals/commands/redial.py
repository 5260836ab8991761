"""``assistant-evals redial``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from assistant.scoring.base import Interactions
    from evals.redial.data import Redial
    from evals.redial.running import RedialReport


@click.command("redial")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Data folder with an index of films.",
)
@click.option(
    "--redial",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Folder with items.jsonl.gz and test.jsonl.gz.",
)
@click.option(
    "--ratings",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=None,
    help="Data folder of an index with ratings of films, which teach what goes together.",
)
@click.option(
    "--split",
    type=click.Choice(["dev", "test"]),
    default="dev",
    show_default=True,
    help="Half of the dialogues to report on. Everything is learned on dev.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of folds, samples and ties.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(data: Path, folder: Path, ratings: Path | None, split: str, seed: int, as_json: bool) -> None:
    """Is what a human recommended next in a conversation near the top?

    recall@1/5/10/50 over the films of ReDial that the index has, those already mentioned taken out; what the index does
    not have counts as missed. Random, popularity among the dialogues that teach, and BM25 over all that was said stand
    beside it, with intervals clustered by dialogue.
    """
    from dataclasses import asdict
    from typing import cast, get_args

    from assistant.build import build_embedder
    from assistant.catalogue import Catalogue
    from assistant.ingest import check_embedder
    from assistant.settings import load_settings
    from assistant.store import Store
    from assistant.threads import one_blas_thread
    from evals.commands.output import Counter, print_document, print_tables
    from evals.redial.columns import Columns, ColumnSettings
    from evals.redial.data import Split, read_redial
    from evals.redial.running import RedialSettings, run

    assert split in get_args(Split)
    with Store(data) as store:
        embedder = build_embedder(load_settings(data))
        check_embedder(store, embedder.info)
        catalogue = Catalogue.load(store)
    redial = read_redial(folder, catalogue)
    taught = _ratings(ratings, redial, catalogue) if ratings is not None else None
    with one_blas_thread(), Counter("turns") as counter:
        columns = Columns(redial, catalogue, embedder, taught, ColumnSettings())
        settings = RedialSettings(split=cast(Split, split), seed=seed)
        report, _ = run(redial, columns, settings, progress=counter.show)
    if as_json:
        print_document({"type": "redial", "data": str(data), "ratings": ratings and str(ratings), **asdict(report)})
    else:
        print_tables(_tables(report))


def _ratings(folder: Path, redial: Redial, catalogue: object) -> Interactions:
    """The events of an index over the candidates' places, its items found by title and year."""
    from assistant.catalogue import Catalogue
    from assistant.store import Store
    from evals.errors import EvaluationError
    from evals.redial.columns import interactions
    from evals.redial.data import joined_row

    assert isinstance(catalogue, Catalogue)
    places = {row: place for place, row in enumerate(redial.rows.tolist())}
    with Store(folder) as store:
        rated = Catalogue.load(store)
        events = store.events()
    place_of: dict[str, int] = {}
    for row, item_id in enumerate(rated.ids):
        year = rated.year(row)
        found = joined_row(f"{rated.title(row)} ({year} film)" if year else rated.title(row), catalogue)
        if found in places:
            place_of[item_id] = places[found]
    histories: dict[str, list[int]] = {}
    for event in events:
        if event.item_id in place_of:
            histories.setdefault(event.user_id, []).append(place_of[event.item_id])
    if not histories:
        raise EvaluationError(
            f"{str(folder)!r} has no events on films of ReDial. Index ratings with: assistant index FILE --data DIR --interactions FILE"
        )
    return interactions(histories, len(redial.rows))


def _tables(report: RedialReport) -> Iterable[Table]:
    from rich.table import Table

    from evals.redial.running import CUTS

    table = Table(
        title=f"ReDial, {report.split}: {report.targets:,} recommendations at {report.turns:,} turns of "
        f"{report.dialogues:,} dialogues; {report.candidates:,} candidates, which hold {report.joined:.1%} of them",
        title_justify="left",
    )
    table.add_column("system")
    for cut in CUTS:
        table.add_column(f"recall@{cut}", justify="right")
    for name, by_cut in report.recall.items():
        cells = [f"{i.estimate:.3f} [{i.low or 0:.3f}, {i.high or 0:.3f}]" for i in by_cut.values()]
        table.add_row(name, *cells)
    yield table
    paired = Table(title="The assistant minus each, paired by recommendation", title_justify="left")
    paired.add_column("against")
    for cut in CUTS:
        paired.add_column(f"recall@{cut}", justify="right")
    for name, compared in report.against.items():
        cells = []
        for comparison in compared.values():
            d = comparison.difference
            cells.append(f"{d.estimate:+.3f} [{d.low or 0:+.3f}, {d.high or 0:+.3f}] p {comparison.p:.4f}")
        paired.add_row(name, *cells)
    yield paired
