"""Two prompts on the same cases, and a gate: is the second no worse than the first?

The second is bad on purpose (``prompts/explain_invents_awards``): it tells the model to invent awards. The model here is
made up and does what it is told; ``assistant-evals prompts`` does the same with real ones, and ends with exit code 1 where
the gate fails.

    python examples/compare_prompts.py
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from assistant import index_items
from assistant.faithfulness import ClaimChecker
from assistant.llm.base import ChatMessage
from assistant.llm.scripted import ScriptedModel
from evals.suite.comparison import GateConfig, summarise
from evals.suite.making import make_cases
from evals.suite.phrasing import ExplainerPhraser
from evals.suite.running import RunConfig, run_grid
from prompts import load

HERE = Path(__file__).parent


def obedient(messages: Sequence[ChatMessage]) -> str:
    """What a model that does as it is told answers: the genre from the facts, or an award."""
    told, asked = messages[0].content, messages[-1].content
    genre = re.search(r"^(f\d+): categories: ([A-Z][\w ]+)", asked, re.MULTILINE)
    if "invent" in told or genre is None:
        return json.dumps(
            {"text": "It won the Golden Lion at Venice in 1898 and four Academy Awards.", "fact_ids": ["f1"]}
        )
    return json.dumps({"text": f"This one is {genre[2].lower()}, as you like it.", "fact_ids": [genre[1]]})


def main() -> None:
    with TemporaryDirectory() as data:
        index_items(HERE / "data" / "films.jsonl", data)
        cases = make_cases(Path(data), 40)
    phrasers = [
        ExplainerPhraser(prompt=load("explain", "v2")),
        ExplainerPhraser(prompt=load("explain_invents_awards", "v1", HERE / "prompts")),
    ]
    model = ScriptedModel(obedient)
    run = asyncio.run(run_grid(cases, phrasers, {model.name: model}, ClaimChecker(), RunConfig()))
    report = summarise(run, GateConfig(no_worse_than="explain@2", margin=0.05))
    for variant in report.variants:
        precision, accepted = variant.figures["claim_precision"], variant.figures["accepted"]
        if precision is not None and accepted is not None:
            print(
                f"{variant.variant.prompt}: {precision.estimate:.0%} of claims true, {accepted.estimate:.0%} accepted"
            )
    for gate in report.gates:
        print(f"{gate.end}: {gate.reason}")
    print(f"the whole gate: {report.end}")


if __name__ == "__main__":
    main()
