"""``assistant chat``: one turn, a session on a terminal, or lines of JSON."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from assistant.commands.output import Name, console, data_option, emit, fault, json_option

if TYPE_CHECKING:
    from rich.console import Console

    from assistant.blocking import BlockingAssistant
    from assistant.documents import ChatLine, Document
    from assistant.types import Reply

MAX_LINE = 64 * 1024
"""Bytes of a line of ``--jsonl``."""


@click.command()
@click.argument("text", required=False)
@data_option
@click.option("--user", type=Name(), help="Id of the user; one never seen is new. Needed without --jsonl.")
@click.option("--conversation", type=Name(), help="Id of the conversation; the user's default one when left out.")
@click.option("--llm", help="auto, none, llama-cpp:smollm2, llama-cpp:FILE, openai:MODEL, recorded:FILE.")
@click.option("--jsonl", is_flag=True, help='Answer lines of {"user", "conversation", "text"} from stdin, one by one.')
@json_option
def chat(
    text: str | None,
    data: Path,
    user: str | None,
    conversation: str | None,
    llm: str | None,
    jsonl: bool,
    as_json: bool,
) -> None:
    """Ask for something in your own words.

    With TEXT, or with a text on stdin, it answers once; on a terminal without TEXT it is a session. With --jsonl it
    answers every line of stdin with exactly one line, in order, and a bad line with a document of type error.

    \b
    assistant chat "something like Alien, but funny" --user ana --data films
    assistant chat --user ana --data films
    assistant chat --jsonl --data films < messages.jsonl
    """
    from assistant.blocking import connect
    from assistant.settings import load_settings

    if jsonl:
        if text is not None or user is not None or conversation is not None:
            raise click.UsageError(
                "With --jsonl, every line says its user, conversation and text; give none of them here."
            )
    elif user is None:
        raise click.UsageError("Say who asks, with: --user NAME")
    session = not jsonl and text is None and sys.stdin.isatty()
    if session and (as_json or not sys.stdout.isatty()):
        raise click.UsageError('Say what to ask for, as in: assistant chat "something funny" --user ana')
    if not jsonl and not session:
        text = checked_text(sys.stdin.read(MAX_LINE) if text is None else text)
    with connect(data, settings=load_settings(data, llm=llm)) as assistant:
        if jsonl:
            answer_lines(assistant, sys.stdin.buffer)
            return
        assert user is not None
        if session:
            from assistant.commands.session import Session

            Session(assistant, user, conversation, console()).run()
            return
        assert text is not None
        if as_json:
            from assistant.documents import RepliedDocument

            emit(RepliedDocument.of(assistant.chat(text, user=user, conversation=conversation)))
        else:
            show_turn(assistant, text, user=user, conversation=conversation, out=console())


def checked_text(text: str) -> str:
    """A message that can be sent. Raises ``UserError``."""
    from assistant.documents import MAX_MESSAGE, well_formed
    from assistant.errors import UserError
    from assistant.text import clean

    if not clean(text):
        raise UserError('The message is blank. Say what you would like, as in: "something funny set in space"')
    if len(text) > MAX_MESSAGE:
        raise UserError(f"The message has {len(text):,} characters; it may have {MAX_MESSAGE:,}. Shorten it.")
    return well_formed(text.strip())


def show_turn(assistant: BlockingAssistant, text: str, *, user: str, conversation: str | None, out: Console) -> Reply:
    """One turn for a person. On a terminal, cards appear one by one as they are verified."""
    from contextlib import ExitStack

    from assistant.surfaces.render import card, closing, opening, terminal
    from assistant.types import RankedList, Recommended, Replied

    opened = False
    with ExitStack() as waiting:
        if out.is_terminal:
            waiting.enter_context(out.status("thinking"))
        for event in assistant.stream(text, user=user, conversation=conversation):
            if isinstance(event, Replied):
                waiting.close()
                reply = event.reply
                if not out.is_terminal:
                    out.print(terminal(reply))
                    return reply
                if not opened:
                    out.print()
                    out.print(opening(reply.text, reply.acting_on))
                for below in closing(reply):
                    out.print()
                    out.print(below)
                return reply
            if isinstance(event, RankedList) and out.is_terminal and event.text:
                out.print(opening(event.text, event.acting_on))
                opened = True
            elif isinstance(event, Recommended) and out.is_terminal:
                out.print()
                out.print(card(event.recommendation))
    raise AssertionError("the turn ended without a reply")


def answer_lines(assistant: BlockingAssistant, stream: IO[bytes]) -> None:
    """Answer every line with one document, in order."""
    from assistant.commands.lines import input_lines

    for number, line in input_lines(stream, MAX_LINE):
        emit(_answer(assistant, number, line))


def _answer(assistant: BlockingAssistant, number: int, line: bytes | None) -> Document:
    from assistant.commands.lines import parse_line, partial_text
    from assistant.documents import ChatLine, ErrorBody, LineErrorDocument, RepliedDocument

    try:
        asked = _checked(parse_line(line, ChatLine, MAX_LINE))
        return RepliedDocument.of(
            assistant.chat(
                asked.text,
                user=asked.user,
                conversation=asked.conversation,
                take_back=asked.take_back,
                edits=asked.edits,
            )
        )
    except Exception as error:  # noqa: BLE001 - the boundary of a line: those after it are answered whatever it hits
        kind, message, _ = fault(error)
        return LineErrorDocument(
            error=ErrorBody(kind=kind, message=message),
            line=number,
            user=partial_text(line, "user"),
            conversation=partial_text(line, "conversation"),
        )


def _checked(asked: ChatLine) -> ChatLine:
    from assistant.commands.lines import BadLineError
    from assistant.text import clean

    ids = {name: value for name in ("user", "conversation") if (value := getattr(asked, name)) is not None}
    for name, value in ids.items():
        if not clean(value):
            raise BadLineError(f"{name!r} is blank.")
    cleaned = {name: clean(value) for name, value in ids.items()}
    text = "" if asked.take_back and not clean(asked.text) else checked_text(asked.text)
    return asked.model_copy(update={**cleaned, "text": text})
