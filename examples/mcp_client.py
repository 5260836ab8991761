"""An MCP client: it starts ``assistant mcp``, sees its tools, asks, refines, asks why not, and says what it thinks.

It needs the extra mcp. Clients such as desktop chats do the same, with a model that chooses the tools.

    python examples/mcp_client.py
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mcp import Client, StdioServerParameters

from assistant import index_items

SAMPLE = Path(__file__).parent / "data"


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured answer of a tool; its ``content`` is the same in Markdown, for a model to read."""
    answer = await client.call_tool(tool, arguments)
    if answer.is_error or answer.structured_content is None:
        raise SystemExit(f"{tool} failed: {answer.content}")
    return answer.structured_content


def titles(reply: dict[str, Any]) -> str:
    return ", ".join(card["title"] for card in reply["recommendations"])


async def talk(data: str) -> None:
    command = ["-m", "assistant.cli", "mcp", "--data", data, "--user", "ana", "--llm", "none"]
    async with Client(StdioServerParameters(command=sys.executable, args=command)) as client:
        print("tools:", ", ".join(sorted(tool.name for tool in (await client.list_tools()).tools)))

        first = await call(client, "recommend", request="a comedy from the 1990s")
        print("recommended:", titles(first))

        shorter = await call(client, "refine", request="under 100 minutes", conversation=first["conversation"])
        print("acting on:", ", ".join(shorter["acting_on"]))
        print("refined:", titles(shorter))

        missed = await call(client, "why_not", item_id="alien-1979", conversation=first["conversation"])
        print("why not Alien:", missed["text"])

        best = shorter["recommendations"][0]
        liked = await call(client, "give_feedback", item_id=best["item_id"], kind="like")
        print(f"recorded a {liked['kind']} of {best['title']}: {liked['new']}")


def main() -> None:
    with TemporaryDirectory() as data:
        index_items(SAMPLE / "films.jsonl", data, interactions=SAMPLE / "interactions.csv")
        asyncio.run(talk(data))


if __name__ == "__main__":
    main()
