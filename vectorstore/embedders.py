"""From a setting to an embedder."""

from __future__ import annotations

from vectorstore.base import Embedder
from vectorstore.errors import UnknownEmbedderError

FORMS = "wordllama, hashing, hashing:DIM, onnx:DIR, llama-cpp:FILE, openai:MODEL"
_NAMES = ("wordllama", "hashing", "onnx", "llama-cpp", "openai")


def make_embedder(setting: str, *, base_url: str | None = None, api_key: str | None = None) -> Embedder:
    """The embedder that ``setting`` names, one of ``FORMS``. Nothing is loaded before its first use.

    ``base_url`` and ``api_key`` are for ``openai:MODEL`` only and ignored by the others. Raises
    ``UnknownEmbedderError``.
    """
    name, _, argument = setting.strip().partition(":")
    if name == "wordllama" and not argument:
        from vectorstore.embed_wordllama import WordLlamaEmbedder

        return WordLlamaEmbedder()
    if name == "hashing" and (not argument or (argument.isascii() and argument.isdigit() and int(argument) >= 2)):
        from vectorstore.embed_hashing import HashingEmbedder, HashingSettings

        return HashingEmbedder(HashingSettings(dim=int(argument)) if argument else None)
    if name == "onnx" and argument:
        from vectorstore.embed_onnx import OnnxEmbedder

        return OnnxEmbedder(argument)
    if name == "llama-cpp" and argument:
        from vectorstore.embed_llama_cpp import LlamaCppEmbedder

        return LlamaCppEmbedder(argument)
    if name == "openai" and argument:
        from vectorstore.embed_openai import OpenAIEmbedder

        return OpenAIEmbedder(argument, base_url=base_url, api_key=api_key)
    raise UnknownEmbedderError(setting, name, _NAMES, forms=FORMS)
