"""Language models by the settings that options name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.llm.base import LanguageModel


def open_models(names: str, base_url: str | None, option: str = "--llm") -> dict[str, LanguageModel]:
    """Models of a comma-separated list by their names; the caller frees them. Keys are those of the settings.

    Raises ``EvaluationError`` for a name that gives no model, as ``auto`` does where none is installed.
    """
    from assistant.llm.make import ModelOptions, make_model
    from assistant.settings import load_settings
    from evals.errors import EvaluationError

    settings = load_settings(llm_base_url=base_url)
    options = ModelOptions(
        base_url=settings.llm_base_url,
        api_key=settings.llm_api_key or (settings.openai_api_key if settings.llm_base_url is None else None),
        sha256=(settings.llm_sha256,) if settings.llm_sha256 else (),
    )
    models: dict[str, LanguageModel] = {}
    for name in (part.strip() for part in names.split(",") if part.strip()):
        model = make_model(name, options=options)
        if model is None:
            raise EvaluationError(
                f"{option} {name!r} gives no model. Install a local one with: pip install 'recommender-assistant[local]', "
                "or name another, such as openai:MODEL or scripted:FILE."
            )
        models[model.name] = model
    return models
