"""Make the pictures of the documentation that are text, from what the programs really print.

    python docs/make_pictures.py [terminal] [openai] [langchain] [mcp]

``docs/terminal.svg`` is the reply of ``assistant demo``; ``docs/pictures/openai.svg`` what the package ``openai`` gets from
``assistant serve``; ``langchain.svg`` and ``mcp.svg`` what the examples print. All reasons are phrased by template, so that they are the
same on every machine. Pictures of the page and of Slack: ``make_screenshots.py``.
"""

from __future__ import annotations

import io
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console, RenderableType
from rich.syntax import Syntax
from rich.text import Text

from assistant.blocking import connect
from assistant.commands.demo import REQUEST, USER, prepare
from assistant.settings import load_settings
from assistant.surfaces.render import terminal

DOCS = Path(__file__).parent
PICTURES = DOCS / "pictures"
EXAMPLES = DOCS.parent / "examples"
COLUMNS = 84
ASKED = """\
from openai import OpenAI

client = OpenAI(base_url="http://localhost:8000/v1", api_key="-")
answer = client.chat.completions.create(
    model="recommender-assistant",
    messages=[{"role": "user", "content": "a short western"}],
)
print(answer.choices[0].message.content)
"""
"""What a user of the package ``openai`` writes; it is run as it stands, but for the port."""
SHOWN = 22
"""Lines of the answer that the picture shows."""


def main() -> None:
    makers = {"terminal": demo, "openai": openai, "langchain": langchain, "mcp": mcp}
    PICTURES.mkdir(exist_ok=True)
    for name in sys.argv[1:] or makers:
        makers[name]()


def demo() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        prepare(data)
        with connect(data, settings=load_settings(data, llm="none", cards=3)) as assistant:
            reply = assistant.chat(REQUEST, user=USER)
    shown: list[RenderableType] = [Text.assemble((f"{USER}: ", "bold"), REQUEST), "", terminal(reply)]
    draw(DOCS / "terminal.svg", "assistant demo", shown)


def openai() -> None:
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        with served(Path(folder)) as address:
            answer = printed("-c", ASKED.replace("http://localhost:8000", address))
    lines = [line.rstrip() for line in answer.splitlines()]
    text = "\n".join([*lines[:SHOWN], "…"] if len(lines) > SHOWN else lines)
    code = Syntax(ASKED.rstrip(), "python", theme="ansi_dark", background_color="default")
    draw(PICTURES / "openai.svg", "python ask.py", [Text(text)], before=code)


def langchain() -> None:
    draw(
        PICTURES / "langchain.svg",
        "python examples/langchain_recommender.py",
        [Text(example("langchain_recommender.py"))],
    )


def mcp() -> None:
    draw(PICTURES / "mcp.svg", "python examples/mcp_client.py", [Text(example("mcp_client.py"))])


def example(name: str) -> str:
    return printed(str(EXAMPLES / name)).rstrip()


def printed(*arguments: str) -> str:
    """What Python prints for these arguments."""
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True).stdout


@contextmanager
def served(data: Path) -> Iterator[str]:
    """``assistant serve`` in a process of its own; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["serve", "--data", str(data), "--port", str(port), "--llm", "none"]
    server = subprocess.Popen([sys.executable, "-c", "from assistant.cli import main; main()", *command])
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"{address}/ready"):
                    break
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def draw(target: Path, command: str, shown: list[RenderableType], *, before: RenderableType | None = None) -> None:
    """A terminal in which a command was run."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False)
    if before is not None:
        console.print(before, "")
    console.print(Text.assemble(("$ ", "dim"), (command, "bold")))
    for one in shown:
        console.print(one)
    svg = console.export_svg(title="assistant", unique_id=target.stem)
    # Without the fonts that rich would have the reader's browser fetch: it has a monospaced one of its own.
    target.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
