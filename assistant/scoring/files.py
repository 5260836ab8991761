"""How scorers are written: a JSON file with settings and a format version, and plain arrays. Never pickle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from assistant.errors import ModelMissingError

FORMAT = 2
"""Grows when what is written changes its meaning."""

AnyArray = NDArray[Any]


def write(folder: Path, settings: Mapping[str, object], arrays: Mapping[str, AnyArray]) -> None:
    """Write ``settings.json`` and a file per array into ``folder``.

    Plain files, as an archive takes four times as long to read.
    """
    document = {"format": FORMAT, "settings": dict(settings), "arrays": list(arrays)}
    (folder / "settings.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def read(folder: Path) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    """What ``write`` wrote; raises ``ModelMissingError`` when it is absent, damaged, or of a newer format."""
    try:
        document = orjson.loads((folder / "settings.json").read_bytes())
        version, settings = document["format"], document["settings"]
        names = document["arrays"] if version == FORMAT else ()
        arrays = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in names}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise ModelMissingError(
            f"The model in {str(folder)!r} cannot be read: {error}. Fit again with: assistant fit --data DIR"
        ) from error
    if version != FORMAT:
        raise ModelMissingError(
            f"The model in {str(folder)!r} has format {version!r}, and this version reads {FORMAT}. "
            "Fit again with: assistant fit --data DIR"
        )
    return settings, arrays
