"""Settings become an assistant: the only place that chooses backends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.ingest import check_embedder
from assistant.llm.base import LanguageModel
from assistant.settings import Settings, load_settings
from assistant.store import Store
from assistant.telemetry import Telemetry, telemetry_for
from vectorstore.base import Embedder
from vectorstore.embedders import make_embedder

if TYPE_CHECKING:
    from assistant.turn import Assistant


def build_embedder(settings: Settings) -> Embedder:
    """The embedder that the settings name."""
    key = settings.embedder_api_key or (settings.openai_api_key if settings.embedder_base_url is None else None)
    return make_embedder(
        settings.embedder,
        base_url=settings.embedder_base_url,
        api_key=key.get_secret_value() if key else None,
    )


def build_model(settings: Settings) -> LanguageModel | None:
    """The language model that the settings name, None when reasons are phrased by template only."""
    from assistant.llm.make import ModelOptions, make_model
    from assistant.llm.openai import Prices

    return make_model(
        settings.llm,
        options=ModelOptions(
            base_url=settings.llm_base_url,
            api_key=settings.llm_api_key or (settings.openai_api_key if settings.llm_base_url is None else None),
            context_tokens=settings.llm_context if not settings.llm.startswith("openai:") else None,
            prices=Prices(prompt=settings.llm_prices[0], completion=settings.llm_prices[1])
            if settings.llm_prices
            else None,
            sha256=(settings.llm_sha256,) if settings.llm_sha256 else (),
        ),
    )


@asynccontextmanager
async def open_assistant(
    data: str | Path,
    *,
    settings: Settings | None = None,
    model: LanguageModel | None = None,
    telemetry: Telemetry | None = None,
) -> AsyncIterator[Assistant]:
    """See ``Assistant.open``. ``telemetry`` replaces what the settings and the environment say."""
    from assistant.arranging.arranger import Arranger
    from assistant.explain import Explainer, ExplainSettings
    from assistant.turn import Assistant

    folder = Path(data)
    settings = settings or load_settings(folder)
    telemetry = telemetry or telemetry_for(settings)
    store = Store(folder)
    try:
        embedder = build_embedder(settings)
        check_embedder(store, embedder.info)
        model = model or build_model(settings)
        if model is not None and telemetry.on:
            from assistant.llm.traced import TracedModel

            model = TracedModel(model, telemetry)
        arranger = Arranger(settings, folder, model)
        explainer = Explainer(model, prompts=settings.prompts, settings=ExplainSettings(style=settings.phrasing))
    except BaseException:
        store.close()
        raise
    assistant = Assistant(
        store=store,
        embedder=embedder,
        explainer=explainer,
        arranger=arranger,
        model=model,
        settings=settings,
        telemetry=telemetry,
    )
    try:
        yield assistant
    finally:
        await assistant.aclose()
