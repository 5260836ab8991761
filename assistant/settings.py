"""Settings, and the only place that reads the environment and ``assistant.toml``; ``OTEL_*`` is read by telemetry.

Sources, the stronger first: arguments, ``ASSISTANT_*`` environment variables (an empty one counts as unset), ``assistant.toml`` in
the data folder.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from assistant.errors import SettingsError, did_you_mean

PREFIX = "ASSISTANT_"
FILE_NAME = "assistant.toml"


class Settings(BaseSettings):
    """Every setting, with its default."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True)

    llm: str = "auto"
    """``auto`` (the local model when the ``local`` extra is installed, else none), ``none``, ``llama-cpp:FILE``,
    ``openai:MODEL``, ``recorded:FILE``."""
    llm_base_url: str | None = None
    """Address of an OpenAI-compatible server; None is the vendor's own."""
    llm_api_key: SecretStr | None = None
    """Key for it. Where there is none, and no ``llm_base_url``, ``openai_api_key`` is used."""
    llm_sha256: str | None = None
    """Digest of the weights of ``llama-cpp:FILE``; needed for a file this package does not know."""
    llm_prices: tuple[float, float] | None = None
    """US dollars for a million tokens of prompt and of answer, so that replies tell their cost; None: not told."""
    llm_context: int = Field(default=2048, ge=256)
    """Tokens of context for a local model."""
    embedder: str = "wordllama"
    """``wordllama``, ``hashing``, ``onnx:DIR``, ``llama-cpp:FILE``, ``openai:MODEL``."""
    embedder_base_url: str | None = None
    embedder_api_key: SecretStr | None = None
    openai_api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("openai_api_key", "OPENAI_API_KEY")
    )
    """The vendor's key, for models and embedders of its own; read from ``OPENAI_API_KEY``."""
    reply_within: float = Field(default=20.0, gt=0)
    """Seconds until a reply is complete; cards the model has not phrased by then are phrased by template."""
    phrasing: Literal["auto", "write", "choose", "template"] = "auto"
    """What a model does for a reason: ``write`` it, ``choose`` among sentences of templates, or nothing (``template``);
    ``auto`` lets small local models choose and others write."""
    phrase_at_once: int = Field(default=4, ge=1)
    """Cards that a model is asked to phrase at the same time; a local model takes them one after the other."""
    cards: int = Field(default=5, ge=1, le=50)
    """Recommendations in a reply, unless the message says how many."""
    candidates: int = Field(default=200, ge=10)
    """Candidates that retrieval hands to ranking."""
    rerank: Literal["off", "likelihood", "listwise"] = "off"
    """Whether the language model has a say in the order: by the ``likelihood`` of titles, or by putting the best in order
    (``listwise``). It can shift an item by a tenth of the range of scores at most."""
    rerank_within: float = Field(default=4.0, gt=0)
    """Seconds that it may take; after them the order stands without it. Never more than half of ``reply_within``."""
    diversity: float = Field(default=0.0, ge=0, le=1)
    """0 ranks by score alone; towards 1, items unlike those above them come first."""
    exploration: float = Field(default=0.0, ge=0, le=0.5)
    """The share of a reply's cards that is given to new items, chosen at random among the candidates."""
    exploration_below: int = Field(default=5, ge=1)
    """An item with fewer events than these is new."""
    exploration_seed: int | None = None
    """Makes the choice repeatable for the same user, conversation and message; None: chance."""
    rules: Path | None = None
    """A file of business rules; None is ``rules.toml`` or ``rules.json`` in the data folder, where there is one."""
    web_rate: str = "120/minute"
    """How often one caller of the web server may ask: a number per ``second``, ``minute``, ``hour`` or ``day``."""
    web_turns: int = Field(default=4, ge=1)
    """Turns that the web server runs at once."""
    web_waiting: int = Field(default=24, ge=0)
    """Turns that wait for one of those; more are refused with 503."""
    web_tokens_a_day: int | None = Field(default=None, ge=1)
    """Tokens of the language model that one caller may use in a day (UTC); None: as many as it takes."""
    web_max_body: int = Field(default=65_536, ge=1_024)
    """Bytes of a request's body; larger ones are refused with 413."""
    web_hosts: tuple[str, ...] = ()
    """Names that the web server answers to, besides those of this machine and the address it is bound to."""
    pictures: Literal["off", "proxy"] = "off"
    """Whether the page shows pictures; ``proxy`` fetches them through the server, from ``picture_hosts`` alone."""
    picture_hosts: tuple[str, ...] = ()
    """Hosts that pictures may come from, over https."""
    slack_bot_token: SecretStr | None = None
    """Of the Slack app: ``xoxb-…``."""
    slack_app_token: SecretStr | None = None
    """``xapp-…``, for Socket Mode."""
    slack_signing_secret: SecretStr | None = None
    """What Slack signs its requests with, for HTTP."""
    telemetry: Literal["auto", "on", "off"] = "auto"
    """Whether turns are traced with OpenTelemetry: ``auto`` does where ``OTEL_*`` variables name an exporter, or where the
    program that uses this package has set a tracer provider."""
    telemetry_content: bool = False
    """Whether traces hold messages, replies, prompts, user ids and the messages of errors."""
    prompts: Path | None = None
    """A folder of prompts that replace the packaged ones of the same name."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(data: Path | None = None, **overrides: Any) -> Settings:
    """The settings for a data folder. ``overrides`` that are None are ignored.

    Raises ``SettingsError`` naming each setting that is unknown or has no valid value.
    """

    class _Settings(Settings):
        model_config = SettingsConfigDict(toml_file=data / FILE_NAME if data is not None else None)

    for name in os.environ:
        if name.startswith(PREFIX) and name[len(PREFIX) :].lower() not in (*Settings.model_fields, "data"):
            hint = did_you_mean(name, (PREFIX + field.upper() for field in Settings.model_fields))
            warnings.warn(f"{name} is set in the environment, and there is no such setting.{hint}", stacklevel=2)
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings.model_construct(**_Settings(**given).model_dump())
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = str(problem["loc"][0]) if problem["loc"] else "?"
            hint = did_you_mean(name, Settings.model_fields) if problem["type"] == "extra_forbidden" else ""
            reason = "there is no such setting." if problem["type"] == "extra_forbidden" else problem["msg"]
            lines.append(f"  {name}: {reason}{hint}")
        where = f" (also looked into {str(data / FILE_NAME)!r})" if data is not None else ""
        raise SettingsError("Settings that cannot be used" + where + ":\n" + "\n".join(lines)) from error
    except ValueError as error:  # a file that is not TOML
        raise SettingsError(f"{str(data / FILE_NAME) if data else FILE_NAME!r} cannot be read: {error}") from error
