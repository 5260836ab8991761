"""From the ``llm`` setting to a model. Nothing heavy is imported until a model is asked something."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from assistant.errors import MissingExtraError, SettingsError, did_you_mean
from assistant.llm.base import LanguageModel
from assistant.llm.llama_cpp import LlamaCppConfig, LlamaCppModel
from assistant.llm.openai import VENDOR_URL, OpenAIConfig, OpenAIModel, Prices
from assistant.llm.recorded import Mode, RecordedModel
from assistant.llm.scripted import ScriptedModel, read_script
from assistant.llm.smollm2 import find_smollm2

FORMS = {
    "none": "none",
    "auto": "auto",
    "llama-cpp": "llama-cpp:FILE or llama-cpp:smollm2",
    "openai": "openai:MODEL",
    "scripted": "scripted or scripted:FILE",
    "recorded": "recorded:FILE",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelOptions:
    """What the other settings say about the model. None leaves the backend's own default."""

    base_url: str | None = None
    """Address of an OpenAI-compatible server; None is the vendor's own."""
    api_key: SecretStr | None = None
    timeout: float | None = None
    """Seconds for a whole answer where the caller gives none."""
    context_tokens: int | None = None
    """Tokens of prompt and answer together."""
    queue: int | None = None
    """Requests that may run or wait (llama-cpp)."""
    threads: int | None = None
    """Threads that compute (llama-cpp); None is one for each processor."""
    sha256: tuple[str, ...] = ()
    """Digests of model files that may be loaded besides the known ones (llama-cpp)."""
    prices: Prices | None = None
    """US dollars per million tokens (openai)."""
    retries: int | None = None
    """Further tries after a failure that may pass (openai)."""
    proxy: str | None = None
    """Address of a proxy (openai)."""
    record: str | None = None
    """The setting of the model that ``recorded:FILE`` calls for what it does not hold; None replays only."""
    record_mode: Mode = "auto"
    """``auto`` asks that model for what is missing, ``record`` for everything anew."""


def make_model(setting: str, *, options: ModelOptions | None = None) -> LanguageModel | None:
    """The model that the setting names, or None for ``none`` and for ``auto`` without a local model installed.

    Raises ``SettingsError`` for a setting that names nothing and ``MissingExtraError`` for one that needs an extra.
    """
    options = options or ModelOptions()
    kind, _, rest = (part.strip() for part in setting.strip().partition(":"))
    kind = kind.casefold()
    if kind not in FORMS:
        raise SettingsError(
            f"Unknown language model {setting!r}.{did_you_mean(kind, FORMS)} Known: {', '.join(FORMS.values())}."
        )
    if (kind in ("none", "auto")) == bool(rest) and kind != "scripted":
        raise SettingsError(f"The language model {setting!r} is incomplete or says too much. Write {FORMS[kind]}.")
    match kind:
        case "auto":
            weights = find_smollm2()
            installed = weights is not None and importlib.util.find_spec("llama_cpp") is not None
            return _llama_cpp(weights, options) if installed and weights is not None else None
        case "llama-cpp":
            found = find_smollm2() if rest.casefold() == "smollm2" else Path(rest).expanduser()
            if found is None:
                raise MissingExtraError("The SmolLM2 model", "local")
            return _llama_cpp(found, options)
        case "openai":
            return _openai(rest, options)
        case "scripted":
            script = read_script(Path(rest).expanduser()) if rest else ["This is a scripted answer."]
            context = options.context_tokens or 4096
            return ScriptedModel(script, name=setting.strip(), context_tokens=context, repeat=True)
        case "recorded":
            inner = make_model(options.record, options=options) if options.record else None
            return RecordedModel(Path(rest).expanduser(), inner=inner, mode=options.record_mode if inner else "replay")
    return None


def _llama_cpp(path: Path, options: ModelOptions) -> LanguageModel:
    default = LlamaCppConfig()
    config = LlamaCppConfig(
        context_tokens=options.context_tokens or default.context_tokens,
        threads=options.threads,
        queue=options.queue or default.queue,
        timeout=options.timeout or default.timeout,
        sha256=options.sha256,
    )
    return LlamaCppModel(path, config)


def _openai(model: str, options: ModelOptions) -> LanguageModel:
    default = OpenAIConfig()
    config = OpenAIConfig(
        api_key=options.api_key,
        base_url=(options.base_url or VENDOR_URL).rstrip("/"),
        timeout=options.timeout or default.timeout,
        retries=default.retries if options.retries is None else options.retries,
        context_tokens=options.context_tokens,
        prices=options.prices,
        proxy=options.proxy,
    )
    return OpenAIModel(model, config)
