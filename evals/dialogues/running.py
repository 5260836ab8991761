"""Holds the dialogues, one after the other, and checks every reply in code."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from assistant.errors import AssistantError
from assistant.text import words
from assistant.types import Constraint, Held, Message, Reply
from evals.dialogues.phrasing import Half, Phrasebook, PhrasingFile
from evals.dialogues.tasks import Task
from evals.dialogues.user import Act, Heard, Said, ScriptedUser, UserSettings
from evals.dialogues.world import World

TURNS = 8
SHOWN = 5
"""Cards of a reply that a user looks at."""


class Partner(Protocol):
    """Whoever the users talk to; ``Assistant`` is one."""

    async def reply(self, message: Message) -> Reply:
        """The reply to a message."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class DialogueSettings:
    """How dialogues are held."""

    trials: int = 4
    """Dialogues of each task, each in other words."""
    turns: int = TURNS
    half: Half = "held-out"
    seed: int = 0
    user: UserSettings = field(default_factory=UserSettings)


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """A message, its reply, and what the checks found."""

    said: Said
    stated: tuple[Constraint, ...]
    """All that was stated when the reply was made."""
    reply: str
    cards: tuple[tuple[str, str], ...]
    """(id, title) of the items shown."""
    acting_on: tuple[str, ...]
    held: tuple[Held, ...]
    """What the reply says that it holds, for reading failures; no figure rests on it."""
    asked: str | None
    denies: bool
    false_denial: bool
    """It says that nothing fits while an item does that was not shown yet."""
    broken: tuple[tuple[str, Constraint], ...]
    """(item id, constraint) for each shown item and stated constraint that it does not meet."""
    checked: int
    """Shown items that were checked; none where the reply says, rightly, that nothing fits and offers what comes near."""
    bounds_broken: int
    """Shown items that a critique ("too long") rules out."""
    returned: int
    """Shown items that the user had rejected."""
    milliseconds: float | None
    """What the turn took, by the reply's own trace."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialogue:
    """A finished dialogue."""

    task: Task
    trial: int
    success: bool
    end: str
    """``accepted``, ``denied`` (rightly), ``not denied``, ``turns`` (there was none left), ``error``."""
    turns: tuple[Turn, ...]
    accepted: str | None = None
    error: str | None = None
    templates: tuple[str, ...] = ()

    @property
    def questions(self) -> int:
        """How often the assistant asked."""
        return sum(turn.asked is not None for turn in self.turns)

    @property
    def false_denials(self) -> int:
        return sum(turn.false_denial for turn in self.turns)


async def hold_dialogues(
    world: World,
    tasks: Sequence[Task],
    file: PhrasingFile,
    partner_of: Callable[[Task, ScriptedUser], Partner],
    settings: DialogueSettings,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> list[Dialogue]:
    """Every task in every trial, by task. ``partner_of`` gives whom the user of a dialogue talks to."""
    held = []
    total = len(tasks) * settings.trials
    for task in tasks:
        for trial in range(settings.trials):
            user = ScriptedUser(task, world, phrasebook(world, task, file, settings, trial), settings.user)
            held.append(await hold(world, user, file, partner_of(task, user), settings, trial))
            if progress is not None:
                progress(len(held), total)
    return held


def phrasebook(world: World, task: Task, file: PhrasingFile, settings: DialogueSettings, trial: int) -> Phrasebook:
    """The words of one dialogue."""
    return Phrasebook(
        file=file,
        half=settings.half,
        task_id=task.task_id,
        trial=trial,
        seed=settings.seed,
        roles=world.catalogue.roles,
        kinds={slot: attribute.kind for slot, attribute in world.attributes.items()},
    )


async def hold(
    world: World, user: ScriptedUser, file: PhrasingFile, partner: Partner, settings: DialogueSettings, trial: int
) -> Dialogue:
    """One dialogue."""
    task = user.task
    name = f"evals-{settings.seed}-{task.task_id}-{trial}"
    turns: list[Turn] = []
    said = user.opening()

    def end(success: bool, how: str, *, accepted: str | None = None, error: str | None = None) -> Dialogue:
        return Dialogue(
            task=task, trial=trial, success=success, end=how, turns=tuple(turns), accepted=accepted, error=error,
            templates=tuple(user.book.used),
        )  # fmt: skip

    while True:
        try:
            reply = await partner.reply(Message(user=name, conversation=name, text=said.text))
        except AssistantError as error:  # a failure is a row, counted and shown
            return end(False, "error", error=f"{type(error).__name__}: {error}")
        heard = hear(reply, file, world, user.stated)
        turns.append(_checked(world, user, said, reply, heard))
        if task.kind == "nothing":
            if user.said_all:
                return end(heard.denies, "denied" if heard.denies else "not denied")
        elif (accepted := user.accepts(heard.cards)) is not None:
            return end(True, "accepted", accepted=accepted)
        if len(turns) >= settings.turns:
            return end(False, "turns")
        said = user.next(heard)


def hear(reply: Reply, file: PhrasingFile, world: World, stated: Sequence[Constraint]) -> Heard:
    """What the user takes in. Words that deny count only where no card shown meets all that was stated."""
    cards = tuple(card.item_id for card in reply.recommendations[:SHOWN])
    fits = any(world.meets_all(card, stated) for card in cards)
    text = reply.text
    denies = not fits and any(re.search(pattern, text, re.I) for pattern in file.denial)
    return Heard(text=text, cards=cards, asked=_asked(reply, file, world), denies=denies)


def _asked(reply: Reply, file: PhrasingFile, world: World) -> str | None:
    """The slot of the reply's question: as the reply says, or by words of its last sentence where that is a question."""
    if reply.question is not None:
        return reply.question.slot
    text = reply.text.rstrip()
    if not text.endswith(("?", "？")):
        return None
    question = re.split(r"(?<=[.!?。！？])\s*", text[:-1])[-1]
    spoken = set(words(question))
    for slot in world.attributes:
        names = (slot.replace("_", " "), *file.names.get(file.alias.get(slot, slot), ()))
        if any(set(words(name)) <= spoken or (not name.isascii() and name in question) for name in names):
            return slot
    return None


def _checked(world: World, user: ScriptedUser, said: Said, reply: Reply, heard: Heard) -> Turn:
    """A turn with everything that code can say of it. The user has not yet seen its cards."""
    stated = tuple(user.stated)
    false_denial = heard.denies and user.possible()
    excused = heard.denies and not false_denial
    checked = () if excused else heard.cards
    broken = tuple((card, c) for card in checked for c in stated if not world.meets_all(card, [c]))
    total = reply.trace.get("milliseconds")
    spent = total.get("total") if isinstance(total, dict) else None
    return Turn(
        said=said,
        stated=stated,
        reply=heard.text,
        cards=tuple((card.item_id, card.title) for card in reply.recommendations[:SHOWN]),
        acting_on=reply.acting_on,
        held=reply.held,
        asked=heard.asked,
        denies=heard.denies,
        false_denial=false_denial,
        broken=broken,
        checked=len(checked),
        bounds_broken=sum(not world.meets_all(card, user.bounds) for card in checked),
        returned=sum(card in user.rejected for card in heard.cards),
        milliseconds=float(spent) if isinstance(spent, (int, float)) else None,
    )


__all__ = ["Act", "Dialogue", "DialogueSettings", "Partner", "Turn", "hear", "hold", "hold_dialogues"]
