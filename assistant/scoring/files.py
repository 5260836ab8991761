"""How scorers are written: a JSON file with settings and a format version, and plain arrays. Never pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from assistant.errors import ModelMissingError

FORMAT = 1
"""Grows when what is written changes its meaning."""

AnyArray = NDArray[Any]


def write(folder: Path, settings: Mapping[str, object], arrays: Mapping[str, AnyArray]) -> None:
    """Write ``settings.json`` and ``arrays.npz`` into ``folder``."""
    document = {"format": FORMAT, "settings": dict(settings)}
    (folder / "settings.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)


def read(folder: Path) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    """What ``write`` wrote; raises ``ModelMissingError`` when it is absent, damaged, or of a newer format."""
    try:
        document = orjson.loads((folder / "settings.json").read_bytes())
        with np.load(folder / "arrays.npz", allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        version, settings = document["format"], document["settings"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ModelMissingError(
            f"The model in {str(folder)!r} cannot be read: {error}. Fit again with: assistant fit --data DIR"
        ) from error
    if version != FORMAT:
        raise ModelMissingError(
            f"The model in {str(folder)!r} has format {version!r}, and this version reads {FORMAT}. "
            "Fit again with: assistant fit --data DIR"
        )
    return settings, arrays
