"""Make the pictures of the documentation from what the program really prints.

``python docs/make_pictures.py`` writes ``docs/terminal.svg``: the reply of ``assistant demo``, three cards, phrased by template so that
it is the same on every machine.
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from assistant.blocking import connect
from assistant.commands.demo import REQUEST, USER, prepare
from assistant.settings import load_settings
from assistant.surfaces.render import terminal

TARGET = Path(__file__).parent / "terminal.svg"
COLUMNS = 84


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        prepare(data)
        with connect(data, settings=load_settings(data, llm="none", cards=3)) as assistant:
            reply = assistant.chat(REQUEST, user=USER)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(Text.assemble(("$ ", "dim"), ("assistant demo", "bold")))
    console.print(Text.assemble((f"{USER}: ", "bold"), REQUEST), "")
    console.print(terminal(reply))
    svg = console.export_svg(title="assistant", unique_id="terminal")
    # Without the fonts that rich would have the reader's browser fetch: it has a monospaced one of its own.
    TARGET.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
