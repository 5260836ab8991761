"""LangChain: a retriever, a tool for a model, a whole turn as a runnable, and a chat model of LangChain as ours.

It needs the extra langchain. Where a chain of yours has a model such as ChatOpenAI, there is one here that follows a
script, so that this runs without a key.

    python examples/langchain_recommender.py
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from assistant import BlockingAssistant, Settings, connect, index_items
from assistant.documents import RepliedDocument
from assistant.llm.langchain import LangChainModel
from assistant.surfaces.langchain import AssistantRetriever, AssistantRunnable, recommend_tool

SAMPLE = Path(__file__).parent / "data"


class ScriptedChat(BaseChatModel):
    """Stands where your chat model would: it phrases the reason from the first director it is told of."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        directed = re.search(r"^(f\d+): director: (.+?)(?:,|$)", str(messages[-1].content), re.MULTILINE)
        said = (
            {"text": f"This one was directed by {directed[2]}.", "fact_ids": [directed[1]]}
            if directed
            else {"text": "-"}
        )
        return ChatResult(generations=[ChatGeneration(message=AIMessage(json.dumps(said)))])


def in_chains(assistant: BlockingAssistant) -> None:
    retriever = AssistantRetriever(assistant=assistant, user="ana", k=3)
    titles = retriever | (lambda documents: ", ".join(document.metadata["title"] for document in documents))
    print("retrieved:", titles.invoke("a lonely detective"))

    tool = recommend_tool(assistant, user="ana", conversation="of the tool")
    called = {"name": "recommend", "args": {"request": "a western"}, "id": "call_1", "type": "tool_call"}
    message = tool.invoke(called)  # what an agent of LangChain does with a model's call
    print("tool answers:", message.content.splitlines()[0])
    print("with the document of:", ", ".join(card.title for card in message.artifact.recommendations))

    turn = AssistantRunnable(assistant, user="ana")
    for document in turn.stream("a warm comedy", {"configurable": {"thread_id": "of the turn"}}):
        if isinstance(document, RepliedDocument):
            print("reply:", document.text)
        else:
            print(f"card {document.position}: {document.title}: {document.explanation.text}")


def main() -> None:
    with TemporaryDirectory() as data:
        index_items(SAMPLE / "films.jsonl", data, interactions=SAMPLE / "interactions.csv")
        with connect(data, settings=Settings(llm="none")) as assistant:
            in_chains(assistant)
        with connect(data, model=LangChainModel(ScriptedChat())) as assistant:
            card = assistant.chat("a western", user="sam").recommendations[0]
            print(f"phrased by {card.explanation.model}: {card.explanation.text}")


if __name__ == "__main__":
    main()
