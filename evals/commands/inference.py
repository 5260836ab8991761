"""The options ``--nli`` and ``--nli-threshold``, and the tier they ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from assistant.faithfulness.entailment_onnx import OnnxEntailment


def nli_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The two options, given to a command as ``nli`` and ``nli_threshold``."""
    command = click.option(
        "--nli-threshold",
        type=click.FloatRange(0.5, 1, min_open=True),
        default=None,
        help="Least probability with which that model decides.  [default: 0.9]",
    )(command)
    return click.option(
        "--nli",
        type=click.Path(path_type=Path),
        default=None,
        metavar="DIR",
        help="Folder of an inference model (model.onnx, tokenizer.json, config.json) for claims that the rules cannot decide.",
    )(command)


def inference_tier(folder: Path | None, threshold: float | None) -> tuple[OnnxEntailment, ...]:
    """The tier, for ``ClaimChecker(entailment=…)``; none without ``--nli``."""
    from assistant.faithfulness.entailment_onnx import EntailmentSettings, OnnxEntailment
    from evals.errors import EvaluationError

    if folder is None:
        if threshold is not None:
            raise EvaluationError("--nli-threshold says when the model of --nli decides; give --nli DIR too.")
        return ()
    settings = EntailmentSettings() if threshold is None else EntailmentSettings(threshold=threshold)
    return (OnnxEntailment(folder, settings),)
