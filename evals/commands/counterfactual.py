"""``assistant-evals counterfactual``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("counterfactual")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="Data folder with an index and events. Nothing is written to it.",
)
@click.option(
    "--replies",
    type=click.Path(path_type=Path),
    default=None,
    help="JSONL of replies as for faithfulness, with shown_cited or draft_cited. Without it, users of DIR get their first "
    "recommendation explained.",
)
@click.option("--users", type=click.IntRange(1), default=100, show_default=True, help="Users drawn, without --replies.")
@click.option("--llm", default="none", show_default=True, help="Who phrases, without --replies: as assistant explain.")
@click.option("--k", type=click.IntRange(1), default=10, show_default=True, help="Length of the list, for sufficiency.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draw of users.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(data: Path, replies: Path | None, users: int, llm: str, k: int, seed: int, as_json: bool) -> None:
    """Do explanations name what moved the ranking?

    What an explanation cites of the history, or the liked items behind a stated taste, is left out, and the items are
    ranked again by the ranking of DIR; and again with only that. As many uncited items, the nearest in time, are the
    placebo that both are compared with.
    """
    import asyncio
    from dataclasses import asdict

    from assistant.settings import load_settings
    from evals.citations import IndexRanking, recommended_citations, reply_citations
    from evals.commands.output import print_document, print_tables
    from evals.counterfactual import counterfactual
    from evals.faithfulness_report import counterfactual_table
    from evals.replies import read_replies

    with IndexRanking(data) as ranking:
        if replies is not None:
            citations = reply_citations(read_replies(replies), ranking)
        else:
            settings = load_settings(data, llm=llm)
            citations = asyncio.run(recommended_citations(data, ranking, settings, count=users, seed=seed))
        report = counterfactual(citations, ranking.rank_of, k=k)
    if as_json:
        print_document({"type": "counterfactual", **asdict(report)})
    else:
        print_tables([counterfactual_table(report)])
