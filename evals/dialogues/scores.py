"""What dialogues say of an assistant: figures with intervals clustered by task, as every trial of a task is the same wish."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from assistant.types import Constraint
from evals.dialogues.running import Dialogue, Turn
from evals.dialogues.tasks import KINDS, Predicate, Task, TaskKind
from evals.statistics import Interval, mean_interval, pass_hat_k

PASS_K = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class KindScore:
    """How the dialogues of one kind of task went. An interval is None where there was nothing to count."""

    kind: TaskKind
    tasks: int
    dialogues: int
    success: Interval | None
    """pass^1: the share of dialogues that ended as they should."""
    pass_k: float | None
    """pass^4: the chance that four trials in differing words all succeed; None with fewer trials."""
    turns: float | None
    """Of successful dialogues, on average."""
    questions: float
    """Asked in a dialogue, on average."""
    ends: dict[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class DialoguesReport:
    """The figures of a run."""

    kinds: tuple[KindScore, ...]
    satisfaction: Interval | None
    """The share of shown items that meet everything stated so far; not counted are items that a reply offers as near to
    what it rightly says there is none of."""
    items_shown: int
    critiques_obeyed: Interval | None
    """The share of items, shown after a critique such as "too long", that it does not rule out."""
    false_denials: Interval | None
    """The share of dialogues, of tasks that something fits, with a reply that says nothing does while something did."""
    false_denial_replies: float | None
    """The same by reply."""
    returned: int
    """Shown items that had been rejected."""
    asked_twice: int
    """Questions about what had been asked before in the same dialogue."""
    errors: int
    milliseconds: tuple[float, float] | None
    """Median and 95th percentile of a turn."""

    def by_kind(self, kind: TaskKind) -> KindScore | None:
        """The score of a kind, None where no task was of it."""
        return next((score for score in self.kinds if score.kind == kind), None)


def summed_up(dialogues: Sequence[Dialogue]) -> DialoguesReport:
    """The figures of these dialogues."""
    turns = [(d, t) for d in dialogues for t in d.turns]
    cards = [(d.task.task_id, ok) for d, t in turns for ok in _kept(t.checked, len({item for item, _ in t.broken}))]
    after = [(d.task.task_id, ok) for d, t in _critiqued(dialogues) for ok in _kept(t.checked, t.bounds_broken)]
    fitting = [d for d in dialogues if d.task.kind != "nothing"]
    replies = [t for d in fitting for t in d.turns]
    spent = [t.milliseconds for _, t in turns if t.milliseconds is not None]
    return DialoguesReport(
        kinds=tuple(_kind(kind, here) for kind in KINDS if (here := [d for d in dialogues if d.task.kind == kind])),
        satisfaction=_share(cards),
        items_shown=len(cards),
        critiques_obeyed=_share(after),
        false_denials=_share([(d.task.task_id, d.false_denials > 0) for d in fitting]),
        false_denial_replies=sum(t.false_denial for t in replies) / len(replies) if replies else None,
        returned=sum(t.returned for _, t in turns),
        asked_twice=sum(_repeats([t.asked for t in d.turns if t.asked is not None]) for d in dialogues),
        errors=sum(d.error is not None for d in dialogues),
        milliseconds=(float(np.quantile(spent, 0.5)), float(np.quantile(spent, 0.95))) if spent else None,
    )


def _kept(shown: int, broken: int) -> Iterable[bool]:
    return (place >= broken for place in range(shown))


def _repeats(asked: Sequence[str]) -> int:
    return len(asked) - len(set(asked))


def _critiqued(dialogues: Sequence[Dialogue]) -> Iterable[tuple[Dialogue, Turn]]:
    """The turns at which a critique holds."""
    for dialogue in dialogues:
        told = False
        for turn in dialogue.turns:
            told = told or bool(turn.said.bounds)
            if told:
                yield dialogue, turn


def _share(pairs: Sequence[tuple[str, bool]]) -> Interval | None:
    return mean_interval([float(ok) for _, ok in pairs], [cluster for cluster, _ in pairs])


def _kind(kind: TaskKind, dialogues: Sequence[Dialogue]) -> KindScore:
    trials: dict[str, list[bool]] = {}
    for dialogue in dialogues:
        trials.setdefault(dialogue.task.task_id, []).append(dialogue.success)
    won = [len(d.turns) for d in dialogues if d.success]
    ends: dict[str, int] = {}
    for dialogue in dialogues:
        ends[dialogue.end] = ends.get(dialogue.end, 0) + 1
    return KindScore(
        kind=kind,
        tasks=len(trials),
        dialogues=len(dialogues),
        success=_share([(d.task.task_id, d.success) for d in dialogues]),
        pass_k=pass_hat_k(list(trials.values()), PASS_K),
        turns=sum(won) / len(won) if won else None,
        questions=sum(d.questions for d in dialogues) / len(dialogues),
        ends=ends,
    )


# documents


def constraint_document(constraint: Constraint) -> dict[str, object]:
    """A constraint with what is not empty."""
    return {key: value for key, value in asdict(constraint).items() if value not in (None, (), "")}


def task_document(task: Task) -> dict[str, object]:
    """A task, whole."""

    def told(predicate: Predicate) -> dict[str, object]:
        return {"reveal": predicate.reveal, **constraint_document(predicate.constraint)}

    document: dict[str, object] = {
        "task_id": task.task_id,
        "kind": task.kind,
        "satisfied_by": task.satisfied,
        "predicates": [told(p) for p in task.predicates],
    }
    if task.change is not None:
        new = task.change.new
        document["change"] = {
            "turn": task.change.turn,
            "old": told(task.change.old),
            "new": None if new is None else told(new),
        }
    return document


def dialogue_document(dialogue: Dialogue) -> dict[str, object]:
    """A dialogue with every turn."""
    return {
        "task": task_document(dialogue.task),
        "trial": dialogue.trial,
        "success": dialogue.success,
        "end": dialogue.end,
        "accepted": dialogue.accepted,
        "error": dialogue.error,
        "turns": [
            {
                "user": turn.said.text,
                "act": turn.said.act,
                "means": {
                    "told": [constraint_document(c) for c in turn.said.told],
                    "bounds": [constraint_document(c) for c in turn.said.bounds],
                    "rejected": list(turn.said.rejected),
                    "taken_back": [constraint_document(c) for c in turn.said.taken_back],
                },
                "reply": turn.reply,
                "acting_on": list(turn.acting_on),
                "held": [{"promised": h.promised, **constraint_document(h.constraint)} for h in turn.held],
                "asked": turn.asked,
                "cards": [{"item_id": item, "title": title} for item, title in turn.cards],
                "denies": turn.denies,
                "false_denial": turn.false_denial,
                "broken": [{"item_id": item, **constraint_document(c)} for item, c in turn.broken],
                "milliseconds": turn.milliseconds,
            }
            for turn in dialogue.turns
        ],
    }


def report_document(report: DialoguesReport) -> dict[str, object]:
    """The figures alone."""
    document: dict[str, object] = asdict(report)
    return document


def transcript(dialogue: Dialogue, record: Callable[[str], str] | None = None) -> str:
    """A dialogue to read. ``record`` gives a line about an item, which is put behind its title."""
    task = dialogue.task
    lines = [
        f"{task.task_id}/{dialogue.trial} {task.kind}: {dialogue.end}"
        + (f" ({dialogue.error})" if dialogue.error else "")
    ]
    wants = [f"{p.constraint.slot}: {p.constraint.label()} [{p.reveal}]" for p in task.predicates]
    lines.append("  wants " + " · ".join(wants) + f"   ({task.satisfied} items fit)")
    if task.change is not None:
        new = task.change.new
        becomes = "nothing" if new is None else f"{new.constraint.slot}: {new.constraint.label()}"
        lines.append(f"  changes at turn {task.change.turn}: {task.change.old.constraint.label()} → {becomes}")
    for turn in dialogue.turns:
        told = [*turn.said.told, *turn.said.bounds]
        means = "; ".join(f"{c.slot} {c.op} {c.label()}" for c in told)
        back = "; ".join(f"not any more {c.slot} {c.label()}" for c in turn.said.taken_back)
        lines.append(f"  user [{turn.said.act}]: {turn.said.text}")
        if means or back:
            lines.append(f"      means: {'; '.join(part for part in (means, back) if part)}")
        lines.append(f"  assistant: {turn.reply}")
        if turn.acting_on:
            lines.append(f"      acting on: {' · '.join(turn.acting_on)}")
        for place, (item, title) in enumerate(turn.cards, 1):
            broken = [f"{c.slot} {c.label()}" for other, c in turn.broken if other == item]
            about = f" {record(item)}" if record is not None and broken else ""
            lines.append(f"      {place}. {title}" + (f"  ✗ {'; '.join(broken)}{about}" if broken else ""))
        if turn.asked is not None:
            lines.append(f"      asks about {turn.asked}")
        if turn.false_denial:
            lines.append("      ✗ something fits what was said so far")
    return "\n".join(lines)
