"""``assistant-evals dialogues``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from assistant.settings import Settings
    from evals.dialogues.phrasing import PhrasingFile
    from evals.dialogues.running import Dialogue, DialogueSettings
    from evals.dialogues.scores import DialoguesReport
    from evals.statistics import Interval


@click.command("dialogues")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Data folder with an index. The dialogues are held on a copy of it.",
)
@click.option("--n", "tasks", type=click.IntRange(1), default=300, show_default=True, help="Tasks.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the tasks and of what users say.")
@click.option(
    "--trials", type=click.IntRange(1), default=4, show_default=True, help="Dialogues a task, each in other words."
)
@click.option("--llm", default="none", show_default=True, help="Who phrases and helps understand: as assistant chat.")
@click.option("--language", default="en", show_default=True, help="What users speak: en, zh.")
@click.option(
    "--phrasings",
    type=click.Choice(["dev", "held-out", "all"]),
    default="held-out",
    show_default=True,
    help="Which half of the phrasings users draw from.",
)
@click.option(
    "--kinds",
    default="volunteer,on_ask,hidden,changed,nothing",
    show_default=True,
    help="Comma-separated kinds of tasks that are held; the others are drawn and left out.",
)
@click.option("--skip", default="", help="Comma-separated slots that users do not speak of.")
@click.option("--show-failures", type=click.IntRange(0), default=0, help="Print so many failed dialogues.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the report with every dialogue to a file, as JSON.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, with every dialogue.")
def command(
    data: Path,
    tasks: int,
    seed: int,
    trials: int,
    llm: str,
    language: str,
    phrasings: str,
    kinds: str,
    skip: str,
    show_failures: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Does a conversation end with what the user wanted?

    Scripted users with three to five wishes about typed attributes, drawn from the index so that at most 20 items have
    them all, talk for up to 8 turns. Some wishes are told at once, some when asked, some only by rejecting; some users
    change their mind, and some want what does not exist. Code decides how it went.
    """
    import asyncio
    import json
    from typing import get_args

    from assistant.errors import UnknownNameError, did_you_mean
    from assistant.settings import load_settings
    from evals.commands.output import print_document, print_tables, say
    from evals.dialogues.phrasing import Half, phrasings_of
    from evals.dialogues.running import DialogueSettings
    from evals.dialogues.scores import dialogue_document, report_document, summed_up, transcript
    from evals.dialogues.tasks import KINDS

    chosen = tuple(name.strip() for name in kinds.split(",") if name.strip())
    for name in chosen:
        if name not in KINDS:
            raise UnknownNameError(
                f"There is no kind {name!r}.{did_you_mean(name, KINDS)} There are: {', '.join(KINDS)}."
            )
    assert phrasings in get_args(Half)
    file, half = phrasings_of(language, phrasings)  # type: ignore[arg-type]  # asserted above
    settings = DialogueSettings(trials=trials, half=half, seed=seed)
    skipped = {name.strip() for name in skip.split(",") if name.strip()}
    dialogues = asyncio.run(_held(data, load_settings(data, llm=llm), file, settings, tasks, chosen, skipped))
    report = summed_up(dialogues)
    document = {
        "type": "dialogues",
        "data": str(data),
        "seed": seed,
        "tasks": len({d.task.task_id for d in dialogues}),
        "trials": trials,
        "llm": llm,
        "language": language,
        "phrasings": phrasings,
        **report_document(report),
        "dialogues": [dialogue_document(d) for d in dialogues],
    }
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False, default=list), encoding="utf-8")
        say(f"wrote {out}")
    failed = [d for d in dialogues if not d.success or any(t.broken or t.false_denial for t in d.turns)]
    if as_json:
        print_document(document)
        for dialogue in failed[:show_failures]:
            say(transcript(dialogue) + "\n")
        return
    for dialogue in failed[:show_failures]:
        click.echo(transcript(dialogue) + "\n")
    print_tables(_tables(report))


async def _held(
    data: Path,
    settings: Settings,
    file: PhrasingFile,
    how: DialogueSettings,
    n: int,
    kinds: tuple[str, ...],
    skipped: set[str],
) -> list[Dialogue]:
    """The dialogues, held on a copy of the data folder, so that nothing is added to it."""
    import re
    import shutil
    from tempfile import TemporaryDirectory

    from assistant.catalogue import Catalogue
    from assistant.store import Store
    from assistant.turn import Assistant
    from evals.commands.output import Counter
    from evals.dialogues.running import hold_dialogues
    from evals.dialogues.tasks import make_tasks
    from evals.dialogues.world import World, WorldSettings

    with TemporaryDirectory() as folder:
        copy = Path(folder) / "data"
        shutil.copytree(data, copy, ignore=shutil.ignore_patterns("*.lock"))
        with Store(copy) as store:
            catalogue = Catalogue.load(store)
        world = World(
            catalogue,
            WorldSettings(skip=frozenset({*file.skip, *skipped})),
            sayable=file.values,
            native=re.compile(file.native) if file.native else None,
        )
        tasks = [task for task in make_tasks(world, n, how.seed) if task.kind in kinds]
        with Counter("dialogues") as counter:
            async with Assistant.open(copy, settings=settings) as assistant:
                return await hold_dialogues(
                    world, tasks, file, lambda task, user: assistant, how, progress=counter.show
                )


def _shown(interval: Interval | None, digits: int = 3) -> str:
    if interval is None:
        return "–"
    text = f"{interval.estimate:.{digits}f}"
    return text if interval.low is None else f"{text} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"


_TITLES = {
    "volunteer": "all volunteered",
    "on_ask": "with on-ask",
    "hidden": "with hidden",
    "changed": "mind changed",
    "nothing": "nothing exists, said so",
}


def _tables(report: DialoguesReport) -> Iterable[Table]:
    from rich.table import Table

    by_kind = Table(title="Dialogues", title_justify="left")
    for name in ("kind", "tasks", "dialogues", "success (pass^1)", "pass^4", "turns", "questions", "ends"):
        by_kind.add_column(name, justify="left" if name in ("kind", "ends") else "right", overflow="fold")
    for kind in report.kinds:
        by_kind.add_row(
            _TITLES[kind.kind],
            str(kind.tasks),
            str(kind.dialogues),
            _shown(kind.success),
            "–" if kind.pass_k is None else f"{kind.pass_k:.3f}",
            "–" if kind.turns is None else f"{kind.turns:.1f}",
            f"{kind.questions:.1f}",
            ", ".join(f"{name} {count}" for name, count in sorted(kind.ends.items())),
        )
    yield by_kind
    checks = Table(title="Promises", title_justify="left")
    checks.add_column("check")
    checks.add_column("figure", justify="right")
    checks.add_row(
        f"shown items that meet all that was stated (of {report.items_shown:,})", _shown(report.satisfaction, 4)
    )
    checks.add_row("shown items that no critique rules out", _shown(report.critiques_obeyed, 4))
    checks.add_row("dialogues with a false denial", _shown(report.false_denials, 4))
    checks.add_row("rejected items shown again", str(report.returned))
    checks.add_row("questions asked twice", str(report.asked_twice))
    checks.add_row("dialogues that ended in an error", str(report.errors))
    if report.milliseconds is not None:
        checks.add_row("a turn, median and p95, ms", f"{report.milliseconds[0]:.0f}, {report.milliseconds[1]:.0f}")
    yield checks
