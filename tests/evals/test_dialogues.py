"""The dialogue benchmark tells an assistant that knows from one that does not listen, and its own checks are right."""

from __future__ import annotations

import asyncio
import random
import re
from pathlib import Path

import pytest

from assistant.catalogue import Catalogue
from assistant.ingest import index_items
from assistant.settings import load_settings
from assistant.store import Store
from assistant.types import Constraint, Explanation, Item, Person, Question, Recommendation, Reply
from evals.dialogues.phrasing import ACTS, CLAUSE, half_of, load_phrasings, read_phrasings
from evals.dialogues.running import DialogueSettings, hold_dialogues, phrasebook
from evals.dialogues.scores import dialogue_document, summed_up, transcript
from evals.dialogues.tasks import KINDS, TaskSettings, make_tasks, strictly
from evals.dialogues.user import ScriptedUser
from evals.dialogues.world import World, WorldSettings, meets
from evals.errors import EvaluationError

ROOT = Path(__file__).resolve().parents[2]
FILE = load_phrasings("en")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The shop's world."""
    folder = tmp_path_factory.mktemp("shop")
    index_items(ROOT / "examples" / "data" / "shop.jsonl", folder, settings=load_settings(folder, embedder="hashing"))
    with Store(folder) as store:
        yield World(Catalogue.load(store), WorldSettings(skip=frozenset(FILE.skip)))


@pytest.fixture(scope="module")
def tasks(shop):
    return make_tasks(shop, 64, seed=3)


def reply_with(world, message, ids, *, text="Here you are.", question=None):
    explanation = Explanation(text="", phrased_by="template", facts=())
    cards = []
    for position, item_id in enumerate(ids, 1):
        item = world.item(item_id)
        cards.append(
            Recommendation(
                item_id=item_id, title=item.title, year=item.year, position=position, score=0.0,
                explanation=explanation, item=item,
            )
        )  # fmt: skip
    return Reply(
        reply_id="r", user=message.user, conversation=message.conversation or "", text=text,
        recommendations=tuple(cards), question=question,
    )  # fmt: skip


class Knowing:
    """A fake that reads the user's mind as far as it has been told: asks for what is kept back, shows what fits."""

    def __init__(self, world, task, user):
        self.world, self.task, self.user = world, task, user
        self.shown = set()

    async def reply(self, message):
        mask = self.world.fitting([*self.user.stated, *self.user.bounds])
        mask[self.world.catalogue.rows([*self.shown, *self.user.rejected])] = False
        ids = [self.world.catalogue.ids[row] for row in mask.nonzero()[0]][:5]
        if not ids:
            return reply_with(self.world, message, (), text="Nothing here is all of that.")
        self.shown.update(ids)
        kept = self.user._unsaid("on_ask")
        question = Question(slot=kept[0].constraint.slot, text="And what about that?") if kept else None
        return reply_with(self.world, message, ids, question=question)


class Deaf:
    """A fake that shows whatever it likes."""

    def __init__(self, world, seed):
        self.world, self.random = world, random.Random(seed)

    async def reply(self, message):
        return reply_with(self.world, message, self.random.sample(self.world.catalogue.ids, 5))


class Denying:
    """A fake that never has anything."""

    def __init__(self, world):
        self.world = world

    async def reply(self, message):
        return reply_with(self.world, message, (), text="I'm sorry, there is nothing that fits.")


def held(world, tasks, partner_of, **settings):
    settings = DialogueSettings(trials=2, half="all", **settings)
    return asyncio.run(hold_dialogues(world, tasks, FILE, partner_of, settings))


def test_an_assistant_that_knows_reaches_everything(shop, tasks):
    report = summed_up(held(shop, tasks, lambda task, user: Knowing(shop, task, user)))
    for kind in ("volunteer", "changed", "nothing", "on_ask"):
        assert report.by_kind(kind).success.estimate == 1.0, kind
    assert report.by_kind("hidden").success.estimate >= 0.9
    assert report.satisfaction.estimate == 1.0
    assert report.critiques_obeyed is None or report.critiques_obeyed.estimate == 1.0
    assert report.false_denials.estimate == 0.0
    assert report.returned == report.errors == 0


def test_an_assistant_that_does_not_listen_reaches_next_to_nothing(shop, tasks):
    report = summed_up(held(shop, tasks, lambda task, user: Deaf(shop, task.task_id)))
    by_kind = {kind: report.by_kind(kind).success.estimate for kind in KINDS}
    assert by_kind.pop("nothing") == 0.0
    assert max(by_kind.values()) < 0.75  # 40 of the 182 items are seen by chance
    assert report.satisfaction.estimate < 0.2
    assert report.false_denials.estimate == 0.0


def test_an_assistant_that_always_denies_is_caught(shop, tasks):
    report = summed_up(held(shop, tasks, lambda task, user: Denying(shop)))
    assert report.by_kind("nothing").success.estimate == 1.0
    assert report.by_kind("volunteer").success.estimate == 0.0
    assert report.false_denials.estimate == 1.0
    assert report.satisfaction is None


def test_near_items_are_excused_only_when_nothing_fits(shop, tasks):
    class Offering(Denying):
        async def reply(self, message):
            wrong = [i for i in self.world.catalogue.ids if not self.world.meets_all(i, self.user.stated)][:2]
            return reply_with(self.world, message, wrong, text="Nothing is all of that; these come near.")

        def __init__(self, world, user):
            self.world, self.user = world, user

    dialogues = held(shop, tasks, lambda task, user: Offering(shop, user))
    for dialogue in dialogues:
        for turn in dialogue.turns:
            assert (turn.checked == 0) == (not turn.false_denial)
            assert bool(turn.broken) == turn.false_denial


# tasks


def test_tasks_are_as_they_are_described(shop, tasks):
    assert {task.kind for task in tasks} == set(KINDS)
    for task in tasks:
        wanted = [p.constraint for p in task.wanted()]
        fit = [i for i in shop.catalogue.ids if all(meets(shop.item(i), c, shop.catalogue.roles) for c in wanted)]
        assert len(fit) == task.satisfied <= TaskSettings().satisfied_by
        assert 3 <= len(task.predicates) <= 5
        assert any(p.reveal == "volunteer" for p in task.predicates)
        if task.kind == "nothing":
            assert not fit
            assert all(shop.mask(c).any() for c in wanted)
        else:
            assert any(shop.meets_all(i, [strictly(c) for c in wanted]) for i in fit)
        if task.kind in ("on_ask", "hidden"):
            told = [p.constraint for p in task.predicates if p.reveal == "volunteer"]
            assert shop.fitting(told).sum() >= len(fit) + TaskSettings().kept_back
            assert any(p.reveal == task.kind for p in task.predicates)
        if task.kind == "changed":
            before = [p.constraint for p in task.predicates]
            assert task.change.old in task.predicates
            assert not (shop.fitting(before) & shop.fitting(wanted)).any()


def test_tasks_depend_on_the_seed_alone(shop):
    assert make_tasks(shop, 8, seed=1) == make_tasks(shop, 8, seed=1)
    assert make_tasks(shop, 8, seed=1) != make_tasks(shop, 8, seed=2)
    assert make_tasks(shop, 16, seed=1)[:8] == make_tasks(shop, 8, seed=1)


def test_an_index_with_too_few_attributes_is_told_so(tmp_path):
    file = tmp_path / "plain.jsonl"
    file.write_text('{"item_id": "a", "title": "A"}\n{"item_id": "b", "title": "B", "year": 2001}\n')
    index_items(file, tmp_path / "d", settings=load_settings(tmp_path, embedder="hashing"))
    with Store(tmp_path / "d") as store, pytest.raises(EvaluationError, match="three or more"):
        World(Catalogue.load(store))


def test_an_index_whose_tasks_cannot_be_drawn_is_told_so(shop):
    with pytest.raises(EvaluationError, match="more items or attributes"):
        make_tasks(shop, 1, seed=0, settings=TaskSettings(satisfied_by=0, attempts=50))


# the world


ITEM = Item(
    item_id="x", title="X", year=1980, creators=(Person(name="Ann Lee", role="director"),),
    categories=("Comedy", "War"), in_stock=False, attributes={"colour": ("red",), "weight": 12.5},
)  # fmt: skip


@pytest.mark.parametrize(
    ("constraint", "met"),
    [
        (Constraint(slot="categories", op="any", values=("comedy", "Horror")), True),
        (Constraint(slot="categories", op="all", values=("Comedy", "Horror")), False),
        (Constraint(slot="categories", op="none", values=("Horror",)), True),
        (Constraint(slot="categories", op="none", values=("WAR",)), False),
        (Constraint(slot="people", op="any", values=("ann lee",)), True),
        (Constraint(slot="people", op="none", values=("ann lee",)), False),
        (Constraint(slot="in_stock", op="any", values=("yes",)), False),
        (Constraint(slot="in_stock", op="any", values=("no",)), True),
        (Constraint(slot="year", op="range", low=1980, high=1980), True),
        (Constraint(slot="year", op="outside", low=1970, high=1979), True),
        (Constraint(slot="weight", op="range", high=12), False),
        (Constraint(slot="price", op="range", high=100), False),
        (Constraint(slot="price", op="outside", high=100), True),
        (Constraint(slot="brand", op="any", values=("A",)), False),
        (Constraint(slot="brand", op="none", values=("A",)), True),
    ],
)
def test_whether_an_item_meets_a_constraint(constraint, met):
    assert meets(ITEM, constraint, ["director"]) is met


def test_both_checks_agree(shop, tasks):
    constraints = {p.constraint for task in tasks for p in task.wanted()}
    for constraint in constraints:
        mask = shop.mask(constraint)
        for row, item_id in enumerate(shop.catalogue.ids):
            assert mask[row] == shop.meets_all(item_id, [constraint]), (item_id, constraint)


def test_attributes_are_found_by_their_type(shop):
    kinds = {slot: attribute.kind for slot, attribute in shop.attributes.items()}
    assert kinds == {
        "brand": "label", "categories": "label", "colour": "label", "in_stock": "flag", "material": "label",
        "price": "number", "rating": "number", "size": "label", "tags": "label", "weight": "number",
    }  # fmt: skip


# phrasings


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_act_has_phrasings_in_plenty(language):
    file = load_phrasings(language)
    assert all(len(file.act[act]) >= 12 for act in ACTS)
    for name, lists in (("act", file.act), ("position", file.position)):
        for key, phrasings in lists.items():
            assert half_of(phrasings, "dev"), (name, key)
            assert half_of(phrasings, "held-out"), (name, key)
    for name, forms in {**file.kind, **file.slot}.items():
        for form, phrasings in forms.items():
            assert len(phrasings) >= 2, (name, form)
            assert len(set(phrasings)) == len(phrasings), (name, form)


def test_halves_share_no_phrasing():
    lists = [*FILE.act.values(), *(p for forms in (*FILE.kind.values(), *FILE.slot.values()) for p in forms.values())]
    for phrasings in lists:
        assert not set(half_of(phrasings, "dev")) & set(half_of(phrasings, "held-out"))


@pytest.mark.parametrize("half", ["dev", "held-out"])
def test_dialogues_use_their_half_alone(shop, tasks, half):
    settings = DialogueSettings(trials=2, half=half)
    lists = [
        *FILE.act.values(), *FILE.position.values(), FILE.last_comma,
        *(p for forms in (*FILE.kind.values(), *FILE.slot.values()) for p in forms.values()),
    ]  # fmt: skip
    allowed = {phrasing for phrasings in lists for phrasing in half_of(phrasings, half)}
    dialogues = asyncio.run(hold_dialogues(shop, tasks, FILE, lambda task, user: Deaf(shop, task.task_id), settings))
    used = {template for dialogue in dialogues for template in dialogue.templates}
    assert used <= allowed
    assert len(used) > 120


def test_trials_of_a_task_are_put_differently(shop, tasks):
    settings = DialogueSettings(half="held-out")
    for task in tasks[:16]:
        said = {
            ScriptedUser(task, shop, phrasebook(shop, task, FILE, settings, trial)).opening().text for trial in range(4)
        }
        assert len(said) == 4


def test_messages_are_finished(shop, tasks):
    dialogues = held(shop, tasks, lambda task, user: Deaf(shop, task.task_id))
    for dialogue in dialogues:
        for turn in dialogue.turns:
            assert not re.search(r"[{}]|\s\s|,,", turn.said.text), turn.said.text
            assert CLAUSE not in turn.said.text, turn.said.text


@pytest.mark.parametrize(
    ("text", "denies"),
    [
        ("Nothing in this catalogue is comedy · up to 20 minutes.", True),
        ("I couldn't find anything like that.", True),
        ("There are no items that fit.", True),
        ("We don't have that, sorry.", True),
        ("None of the 642 films is all of that.", True),
        ("Five suggestions.", False),
        ("Here is what comes nearest to your wishes.", False),
        ("What year should it be from?", False),
        ("Three suggestions, none animated.", True),  # words alone decide; cards that fit are looked at first
    ],
)
def test_denials_are_heard(text, denies):
    assert any(re.search(pattern, text, re.I) for pattern in FILE.denial) is denies


def test_a_file_with_an_act_missing_is_told_so():
    text = (ROOT / "evals" / "dialogues" / "phrasings" / "en.toml").read_text("utf-8")
    with pytest.raises(EvaluationError, match="reject_plain"):
        read_phrasings(text.replace("reject_plain = ", "reject_other = "), "x.toml")
    with pytest.raises(EvaluationError, match=r"x\.toml"):
        read_phrasings("language = 3", "x.toml")


# the user


def test_what_is_kept_back_is_told_when_asked_and_not_before(shop, tasks):
    for task in (t for t in tasks if t.kind == "on_ask"):
        user = ScriptedUser(task, shop, phrasebook(shop, task, FILE, DialogueSettings(), 0))
        dialogue = asyncio.run(
            hold_dialogues(shop, [task], FILE, lambda task, user: Deaf(shop, "d"), DialogueSettings(trials=1))
        )[0]
        kept = [p.constraint for p in task.predicates if p.reveal == "on_ask"]
        assert not any(c in turn.stated for turn in dialogue.turns for c in kept)
        user.opening()
        assert user._asked(kept[0].slot)


def test_critiques_bound_what_may_be_shown(shop):
    hidden = [
        task
        for task in make_tasks(shop, 240, seed=3)
        if any(p.reveal == "hidden" and p.constraint.op == "range" for p in task.predicates)
    ]
    dialogues = held(shop, hidden, lambda task, user: Knowing(shop, task, user))
    bounds = [(d, t, b) for d in dialogues for t in d.turns for b in t.said.bounds]
    assert bounds
    for dialogue, turn, bound in bounds:
        item = shop.item(turn.said.rejected[0])
        assert not meets(item, bound)
        own = next(p.constraint for p in dialogue.task.wanted() if p.constraint.slot == bound.slot)
        assert not meets(item, own)
        # Everything that fits what is wanted also lies within what the critique leaves.
        assert not (shop.mask(own) & ~shop.mask(bound)).any()


def test_reports_can_be_read(shop, tasks):
    dialogues = held(shop, tasks[:8], lambda task, user: Deaf(shop, task.task_id))
    text = transcript(dialogues[0])
    assert dialogues[0].turns[0].said.text in text
    document = dialogue_document(dialogues[0])
    assert document["turns"][0]["user"] == dialogues[0].turns[0].said.text
    assert document["task"]["predicates"]
