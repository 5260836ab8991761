"""The tier between rules and judge: a natural language inference model exported to ONNX, on the CPU.

A folder holds ``model.onnx`` (or one other ``*.onnx``), ``tokenizer.json`` and ``config.json`` with ``id2label``, as an
export of a sequence classifier trained on MNLI and its kind has them. The record turned into sentences is the premise,
the claim as a sentence the hypothesis.

Only entailment and contradiction decide. *Neutral* says that the record does not tell, which is also what such models say
of sentences they do not understand: the claim stays uncheckable, for a judge or for nobody.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import MissingExtraError, SettingsError
from assistant.faithfulness.sentences import hypothesis
from assistant.types import Claim, Verdict

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})
_HELP = (
    "Export a sequence classifier trained for natural language inference to ONNX, and give the folder that holds "
    "'model.onnx', 'tokenizer.json' and 'config.json'."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class EntailmentSettings:
    """When the model's word counts, and limits."""

    threshold: float = 0.9
    """Least probability of entailment (supported) or contradiction (contradicted) for a verdict, above 0.5; below it the
    claim stays uncheckable. Raise it where the model decides too much that reading would not."""
    max_tokens: int = 512
    """Of premise and hypothesis together; the longer one is cut, which for a claim is the premise."""
    threads: int = 0
    """Threads within a run; 0 lets onnxruntime choose."""

    def __post_init__(self) -> None:
        if not 0.5 < self.threshold <= 1:
            raise SettingsError(f"The threshold is {self.threshold!r}; it must be above 0.5 and at most 1.")


class OnnxEntailment:
    """An ``Entailment`` tier. Safe to share between threads."""

    name = "nli"

    def __init__(self, folder: Path | str, settings: EntailmentSettings | None = None) -> None:
        """Loads the model. Raises ``MissingExtraError`` (``onnx``), ``SettingsError`` for a folder that is no such model."""
        self.settings = settings or EntailmentSettings()
        self._folder = Path(folder).expanduser()
        model, tokenizer, config = self._files()
        self._labels = _labels(config)
        self._tokenizer, self._session = self._load(model, tokenizer)
        self._outputs = [entry.name for entry in self._session.get_outputs()]
        digest = sha256()
        for file in (model, tokenizer, config):
            digest.update(file.read_bytes())
        self.label = f"{self._folder.name}#{digest.hexdigest()[:12]}"
        """Folder and digest of the files: what reports show."""
        self.probabilities("It is.", "It is.")  # a model of another form fails here and not at the first claim

    def decide(self, claim: Claim, premise: str) -> Verdict | None:
        """``supported`` or ``contradicted`` where the model is sure enough, else None."""
        if not premise:
            return None
        found = self.probabilities(premise, hypothesis(claim))
        if found["entailment"] >= self.settings.threshold:
            return "supported"
        if found.get("contradiction", 0.0) >= self.settings.threshold:
            return "contradicted"
        return None

    def probabilities(self, premise: str, hypothesis: str) -> dict[str, float]:
        """Of ``entailment`` and, where the model knows it, ``contradiction``."""
        encoding = self._tokenizer.encode(premise, hypothesis)
        columns = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        feed = {e.name: np.asarray([columns[e.name]], dtype=np.int64) for e in self._session.get_inputs()}
        try:
            outputs = self._session.run(["logits" if "logits" in self._outputs else self._outputs[0]], feed)
        except Exception as error:  # onnxruntime raises bare Exceptions of several kinds for a model that does not run
            raise SettingsError(f"The model in {str(self._folder)!r} does not run ({error}). {_HELP}") from error
        logits: NDArray[np.float64] = np.asarray(outputs[0], dtype=np.float64)
        if logits.shape != (1, len(self._labels)) or not np.isfinite(logits).all():
            raise SettingsError(
                f"The model in {str(self._folder)!r} gives an output of shape {logits.shape}, and its 'config.json' names "
                f"{len(self._labels)} labels: it must give a finite number for each. {_HELP}"
            )
        odds = np.exp(logits[0] - logits[0].max())
        shares = (odds / odds.sum()).tolist()
        return {name: share for name, share in zip(self._labels, shares, strict=True) if name}

    def _files(self) -> tuple[Path, Path, Path]:
        """(model, tokenizer, config)."""
        models = [self._folder / "model.onnx"]
        if not models[0].is_file():
            models = sorted(self._folder.glob("*.onnx"))
        others = [self._folder / "tokenizer.json", self._folder / "config.json"]
        missing = [file.name for file in others if not file.is_file()]
        if len(models) != 1 or missing:
            lacks = f"{len(models)} '*.onnx'" + (f" and no {' and no '.join(map(repr, missing))}" if missing else "")
            raise SettingsError(
                f"Folder {str(self._folder)!r} is no model of inference: it holds {lacks}, where exactly one '*.onnx' "
                f"(or 'model.onnx'), 'tokenizer.json' and 'config.json' are needed. {_HELP}"
            )
        return models[0], others[0], others[1]

    def _load(self, model: Path, tokenizer_file: Path) -> tuple[Tokenizer, Any]:
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise MissingExtraError(f"The inference model {str(self._folder)!r}", "onnx") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.settings.threads
        try:
            session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
            tokenizer = Tokenizer.from_file(str(tokenizer_file))
        except Exception as error:  # both libraries raise bare Exceptions for files they cannot read
            raise SettingsError(
                f"The model in {str(self._folder)!r} cannot be loaded ({error}). Copy {model.name!r} and "
                "'tokenizer.json' again."
            ) from error
        names = {entry.name for entry in session.get_inputs()}
        if "input_ids" not in names or not names <= _INPUTS:
            raise SettingsError(f"{str(model)!r} takes the inputs {sorted(names)}: it is no text classifier. {_HELP}")
        tokenizer.no_padding()
        tokenizer.enable_truncation(self.settings.max_tokens, strategy="longest_first")
        return tokenizer, session


def _labels(config: Path) -> list[str]:
    """For each output ``entailment``, ``contradiction``, or an empty string for what does not decide."""
    try:
        given = json.loads(config.read_text(encoding="utf-8"))["id2label"]
        labels = [str(given[str(number)]).casefold() for number in range(len(given))]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{str(config)!r} has no 'id2label' that names each output, as in "
            f'{{"id2label": {{"0": "contradiction", "1": "neutral", "2": "entailment"}}}} ({error!r}). Add it.'
        ) from error
    if labels.count("entailment") != 1 or labels.count("contradiction") > 1:
        raise SettingsError(
            f"'id2label' in {str(config)!r} names {', '.join(map(repr, labels))}; one of them must be 'entailment', and at "
            "most one 'contradiction'. Name the outputs as the model's description says."
        )
    return [label if label in ("entailment", "contradiction") else "" for label in labels]
