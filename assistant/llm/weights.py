"""Which model files may be loaded: those whose SHA-256 is known here or was given by the user.

A GGUF file is parsed by native code, so a file is hashed before anything else looks into it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from assistant.errors import SettingsError

KNOWN: Mapping[str, str] = {
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53": "SmolLM2-135M-Instruct Q4_1",
    "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32": "Qwen2.5-Coder-0.5B-Instruct Q4_K_M",
    "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046": "Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
}
"""SHA-256 of the files that load without asking."""

_hashed: dict[tuple[str, int, int], str] = {}
"""Digest by (path, size, modification time in ns), so that a process hashes a file once."""


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hex. Raises ``SettingsError`` when it cannot be read."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            key = (str(path.resolve()), status.st_size, status.st_mtime_ns)
            if key not in _hashed:
                _hashed[key] = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SettingsError(
            f"The model file {str(path)!r} cannot be read: {error.strerror}. Check the path in the llm setting."
        ) from None
    return _hashed[key]


def verify_weights(path: Path, allowed: Collection[str] = ()) -> str:
    """The digest of ``path`` when it is known or among ``allowed``; otherwise ``SettingsError`` with what to do."""
    digest = sha256_of(path)
    if digest in KNOWN or digest in {value.strip().lower() for value in allowed}:
        return digest
    raise SettingsError(
        f"The model file {str(path)!r} is not one of the known ones: its SHA-256 is {digest}. If you trust where it came"
        f" from, allow it with the setting llm_sha256 = {digest!r}."
    )
