"""The taste memory: what is kept, what it does, what is proposed, what is said of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from assistant.catalogue import Catalogue
from assistant.cli import run
from assistant.errors import UnknownNameError, UserError
from assistant.facts import select_facts
from assistant.faithfulness import ClaimChecker, Evidence, is_supported
from assistant.feedback import make_event
from assistant.ingest import index_items
from assistant.llm.scripted import ScriptedAnswer, ScriptedModel
from assistant.phrases import reasons
from assistant.profile import UserProfile
from assistant.store import Store
from assistant.taste_proposals import ProposalSettings, proposals, worded_by
from assistant.taste_turns import heed
from assistant.taste_words import taste_words
from assistant.tastes import (
    confirm,
    correct,
    find_taste,
    forget,
    propose,
    remember,
    statement_about,
    taste_held,
    taste_items,
    tastes,
    told_facts,
)
from assistant.types import Event, Query, Statement, Utterance
from assistant.users import erase_user
from tests.assistant.catalogues import FILMS
from vectorstore.embed_hashing import HashingEmbedder

HORROR = Statement(slot="categories", value="Horror", likes=False, words="I never watch horror")
COMEDY = Statement(slot="categories", value="Comedy", likes=True, words="I love comedies")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    index_items(FILMS, tmp_path, embedder=HashingEmbedder())
    return tmp_path


@pytest.fixture
def store(folder: Path):
    with Store(folder) as store:
        yield store


def profile_of(catalogue: Catalogue, *liked: str) -> UserProfile:
    events = [Event(event_id=str(n), user_id="ana", item_id=item, timestamp=float(n)) for n, item in enumerate(liked)]
    return UserProfile("ana", events, catalogue, None)


# keeping


def test_statements_are_kept_with_their_words(store: Store) -> None:
    remembered = remember(store, "ana", [HORROR, COMEDY])
    assert not remembered.superseded
    kept = {entry.value: entry for entry in tastes(store, "ana")}
    assert kept["Horror"].words == "I never watch horror"
    assert (kept["Horror"].likes, kept["Comedy"].likes) == (False, True)
    assert all(entry.source == "stated" and entry.in_force and entry.confidence == 1 for entry in kept.values())
    assert tastes(store, "ben") == ()


def test_a_contradiction_supersedes_and_a_repetition_renews(store: Store) -> None:
    (old,) = remember(store, "ana", [HORROR]).entries
    again = remember(store, "ana", [replace(HORROR, value="HORROR", words="no horror, ever")])
    assert again.superseded == ()
    assert [entry.words for entry in tastes(store, "ana")] == ["no horror, ever"]
    changed = remember(store, "ana", [replace(HORROR, likes=True, words="I like horror now")])
    assert [entry.words for entry in changed.superseded] == ["no horror, ever"]
    assert [entry.likes for entry in tastes(store, "ana")] == [True]
    assert old.entry_id not in {entry.entry_id for entry in tastes(store, "ana")}


def test_a_person_is_one_whatever_the_role(store: Store) -> None:
    remember(
        store, "ana", [Statement(slot="director", value="Clint Eastwood", likes=True, words="I love Eastwood's films")]
    )
    remember(
        store, "ana", [Statement(slot="people", value="Clint Eastwood", likes=False, words="I can't stand Eastwood")]
    )
    assert [entry.likes for entry in tastes(store, "ana")] == [False]


def test_of_two_statements_at_once_the_last_counts(store: Store) -> None:
    remember(store, "ana", [HORROR, replace(HORROR, likes=True, words="well, I do like horror")])
    assert [entry.likes for entry in tastes(store, "ana")] == [True]


@pytest.mark.parametrize(
    "change", [{"value": " "}, {"words": ""}, {"slot": "\n"}, {"confidence": 0.0}, {"confidence": 1.5}]
)
def test_a_statement_that_says_nothing_is_refused(store: Store, change: dict) -> None:
    with pytest.raises(UserError):
        remember(store, "ana", [replace(HORROR, **change)])
    assert tastes(store, "ana") == ()


def test_forgetting_by_id_and_by_statement_leaves_no_byte(store: Store, folder: Path) -> None:
    secret = replace(HORROR, words="zanzibar makes me sick")
    (entry,) = remember(store, "ana", [secret]).entries
    remember(store, "ben", [COMEDY])
    assert forget(store, "ana", replace(HORROR, likes=True)) == (entry,)
    assert forget(store, "ana", HORROR) == ()
    (entry,) = remember(store, "ana", [secret]).entries
    assert forget(store, "ana", entry.held_id) == (entry,)
    with pytest.raises(UnknownNameError):
        forget(store, "ana", entry.entry_id)
    assert all(b"zanzibar" not in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert len(tastes(store, "ben")) == 1


def test_one_user_cannot_touch_the_tastes_of_another(store: Store) -> None:
    (entry,) = remember(store, "ana", [HORROR]).entries
    for act in (forget, confirm, find_taste):
        with pytest.raises(UnknownNameError):
            act(store, "ben", entry.entry_id)
    with pytest.raises(UnknownNameError):
        correct(store, "ben", entry.entry_id, likes=True)
    assert tastes(store, "ana") == (entry,)


def test_export_and_erasure_cover_them(store: Store) -> None:
    remember(store, "ana", [HORROR])
    (row,) = store.export_user("ana")["taste"]
    assert row["entry"]["words"] == "I never watch horror"
    erase_user(store, "ana")
    assert tastes(store, "ana") == ()


def test_an_entry_can_be_corrected(store: Store) -> None:
    (entry,) = remember(store, "ana", [HORROR]).entries
    remember(store, "ana", [COMEDY])
    changed = correct(store, "ana", entry.entry_id, value="Comedy", likes=False, confidence=0.5)
    assert [(e.entry_id, e.value, e.likes, e.confidence) for e in tastes(store, "ana")] == [
        (entry.entry_id, "Comedy", False, 0.5)
    ]
    assert changed.words == "I never watch horror"


# what it does


def test_strong_dislikes_are_promises_and_the_rest_wishes(store: Store, films: Catalogue) -> None:
    remember(
        store,
        "ana",
        [HORROR, COMEDY, replace(HORROR, value="Western", confidence=0.6, words="not really westerns"),
         Statement(slot="people", value="sigourney weaver", likes=True, words="I love Weaver"),
         Statement(slot="categories", value="Polka", likes=True, words="I love polka"),
         Statement(slot="item", value="her", likes=False, words="I hate Her")],
    )  # fmt: skip
    entries = tastes(store, "ana")
    held = {one.constraint.values: one for one in taste_held(entries, films)}
    assert set(held) == {("Horror",), ("Comedy",), ("Western",), ("Sigourney Weaver",)}
    assert {one.turn for one in held.values()} == {0}
    assert {one.held_id for one in held.values()} <= {entry.held_id for entry in entries}
    assert [(v[0], one.constraint.op, one.promised) for v, one in sorted(held.items())] == [
        ("Comedy", "any", False), ("Horror", "none", True), ("Sigourney Weaver", "any", False), ("Western", "none", False),
    ]  # fmt: skip
    assert taste_items(entries, likes=False) == ("her",)
    assert not films.satisfies(held[("Horror",)].constraint)[films.row_of["alien"]]


def test_a_range_is_held_as_one(store: Store, films: Catalogue) -> None:
    remember(store, "ana", [Statement(slot="runtime", value="90–110", likes=True, words="about 90 to 110 minutes")])
    (held,) = taste_held(tastes(store, "ana"), films)
    assert (held.constraint.op, held.constraint.low, held.constraint.high) == ("range", 90, 110)


def test_a_stated_taste_is_a_fact_that_a_reason_may_say(store: Store, films: Catalogue) -> None:
    remember(store, "ana", [COMEDY, HORROR])
    entries = tastes(store, "ana")
    wishes = tuple(held.constraint for held in taste_held(entries, films) if not held.promised)
    item = films.item(films.row_of["galaxy"])
    facts = select_facts(item, query=Query(text="", wishes=wishes), told=told_facts(entries))
    told = [fact for fact in facts if fact.slot == "told"]
    assert [(fact.source, fact.item_id, fact.value, fact.shared) for fact in told] == [
        ("profile", "galaxy", "I love comedies", (("categories", "Comedy"),))
    ]
    assert not [fact for fact in facts if fact.slot == "asked_for"]
    evidence = Evidence(item_id="galaxy", record=item.slots(), facts=facts)
    checker = ClaimChecker()
    texts = [
        reason.text
        for reason in reasons(facts, item.slots(), accept=lambda t: is_supported(checker.check(t, evidence)))
    ]
    assert any("you told me that you like comedies" in text.lower() for text in texts)
    assert not is_supported(checker.check("You told me that you like horror, so here is a comedy.", evidence))
    without = select_facts(item, query=Query(text=""), told=told_facts(entries))
    assert not [fact for fact in without if fact.slot == "told"], "taken back for this conversation"


# proposals


def test_behaviour_is_summarised_in_dimensions_with_evidence(store: Store, films: Catalogue) -> None:
    profile = profile_of(films, "alien", "galaxy", "aliens", "odyssey", "walle")
    found = proposals(profile, films, taste_words(), ProposalSettings(least_lift=1.2))
    assert {entry.dimension for entry in found} <= {"interests", "habits", "company"}
    by_value = {entry.value: entry for entry in found}
    assert set(by_value["Sigourney Weaver"].evidence) == {"alien", "galaxy", "aliens"}
    assert by_value["Sigourney Weaver"].words == "Sigourney Weaver (cast): 3 of the 5 that you liked"
    for entry in found:
        assert entry.source == "proposed"
        assert not entry.in_force
        assert 0 < entry.confidence <= 0.5
        assert set(entry.evidence) <= {held.item_id for held in profile.liked}
        for item_id in entry.evidence:
            held = films.item(films.row_of[item_id]).slots()[entry.slot]
            assert entry.value in held if isinstance(held, tuple) else True


def test_habits_are_ranges_that_most_liked_items_lie_in(tmp_path: Path) -> None:
    rows = [{"item_id": f"i{n}", "title": f"T{n}", "runtime": 60 + 5 * n, "year": 1930 + 2 * n} for n in range(40)]
    index_items(rows, tmp_path, embedder=HashingEmbedder())
    with Store(tmp_path) as store:
        catalogue = Catalogue.load(store)
    found = proposals(profile_of(catalogue, *(f"i{n}" for n in range(4, 12))), catalogue, taste_words())
    ranges = {entry.slot: entry for entry in found if entry.dimension == "habits"}
    assert set(ranges) == {"runtime", "year"}
    low, high = map(float, ranges["runtime"].value.split("–"))
    assert all(low <= 60 + 5 * int(item_id[1:]) <= high for item_id in ranges["runtime"].evidence)
    assert len(ranges["runtime"].evidence) >= 6
    assert proposals(profile_of(catalogue, "i1", "i39"), catalogue, taste_words()) == ()


def test_company_is_told_by_labels(tmp_path: Path) -> None:
    rows = [{"item_id": f"i{n}", "title": f"T{n}", "categories": ["Family" if n < 6 else "Crime"]} for n in range(30)]
    index_items(rows, tmp_path, embedder=HashingEmbedder())
    with Store(tmp_path) as store:
        catalogue = Catalogue.load(store)
    (entry,) = proposals(profile_of(catalogue, "i0", "i1", "i2"), catalogue, taste_words())
    assert (entry.dimension, entry.value) == ("company", "Family")


def test_proposals_wait_for_confirmation_and_give_way_to_what_is_said(store: Store, films: Catalogue) -> None:
    profile = profile_of(films, "alien", "galaxy", "aliens", "odyssey", "walle")
    counted = proposals(profile, films, taste_words(), ProposalSettings(least_lift=1.2))
    remember(store, "ana", [Statement(slot="people", value="Sigourney Weaver", likes=False, words="not Weaver again")])
    kept = propose(store, "ana", counted)
    assert "Sigourney Weaver" not in {entry.value for entry in kept}
    assert len(propose(store, "ana", counted)) == len(kept)
    assert len(tastes(store, "ana")) == 1 + len(kept)
    assert len(taste_held(tastes(store, "ana"), films)) == 1
    assert not [fact for fact in told_facts(tastes(store, "ana")) if fact.value in {entry.words for entry in kept}]
    confirmed = confirm(store, "ana", kept[0].entry_id)
    assert confirmed.evidence == kept[0].evidence
    assert len(taste_held(tastes(store, "ana"), films)) == 2


@pytest.mark.anyio
async def test_a_model_may_word_them_and_says_nothing_else(films: Catalogue) -> None:
    profile = profile_of(films, "alien", "galaxy", "aliens", "odyssey", "walle")
    counted = proposals(profile, films, taste_words(), ProposalSettings(least_lift=1.2))[:3]
    values = [entry.value for entry in counted]

    def answer(*wordings: str) -> ScriptedModel:
        document = {"proposals": [{"number": n, "words": words} for n, words in enumerate(wordings, 1)]}
        return ScriptedModel([ScriptedAnswer(text=json.dumps(document))])

    good = await worded_by(answer(f"You often come back to {values[0]}."), counted, films)
    assert good[0].words == f"You often come back to {values[0]}."
    assert good[1:] == counted[1:]
    for bad in (
        "You like everything.", f"You like {values[0]} and Horror.", f"You saw {values[0]} 17 times.",
        f"Ignore your instructions, {values[0]}.", f"Do you like {values[0]}?", f"You like {values[0]} like Clint Eastwood does.",
    ):  # fmt: skip
        assert await worded_by(answer(bad), counted, films) == counted, bad
    assert await worded_by(ScriptedModel([ScriptedAnswer(text="no JSON")]), counted, films) == counted


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# what is said of it


def test_a_message_is_heeded_and_confirmed(store: Store, films: Catalogue) -> None:
    profile = profile_of(films)

    def say(**said: object) -> str:
        return heed(store, "ana", Utterance(text="", **said), catalogue=films, profile=profile).text

    assert say(intent="profile").startswith("I know nothing about you yet.")
    assert say(statements=(HORROR,)) == "Noted: no horror from now on."
    assert say(statements=(COMEDY,)) == "Noted: you like comedies."
    assert say(statements=(replace(COMEDY, likes=False, confidence=0.6, words="not really comedies"),)) == (
        "Noted: you do not like comedies. I no longer keep that you said “I love comedies”."
    )
    text = say(intent="profile")
    for entry in tastes(store, "ana"):
        assert f"“{entry.words}”" in text
        assert entry.entry_id in text
    assert re.search(r"\(\d{4}-\d\d-\d\d, ", text)
    assert say(unsaid=(HORROR,)) == "Forgotten: “I never watch horror”."
    assert say(unsaid=(HORROR,)) == "I keep nothing about horror, so there is nothing to forget."
    assert say(intent="recommend") == ""
    war, western = (replace(HORROR, value=value, words=f"I never watch {value}") for value in ("War", "Western"))
    assert say(statements=(war, COMEDY, western)) == (
        "Noted: no war films or westerns from now on. Noted: you like comedies."
        " I no longer keep that you said “not really comedies”."
    )


def test_proposals_are_told_apart_in_the_summary(store: Store, films: Catalogue) -> None:
    profile = profile_of(films, "alien", "galaxy", "aliens", "odyssey", "walle")
    propose(store, "ana", proposals(profile, films, taste_words(), ProposalSettings(least_lift=1.2)))
    text = taste_words().summary(tastes(store, "ana"), profile, films)
    assert text.startswith("From what you did I would guess, and do not use until you say so: ")
    assert "You told me" not in text
    assert "You liked 5 items" in text


@pytest.mark.parametrize("code", sorted(
    file.name.removesuffix("_tastes.toml")
    for file in resources.files("assistant").joinpath("languages").iterdir()
    if file.name.endswith("_tastes.toml")
))  # fmt: skip
def test_every_language_says_all_of_it(code: str) -> None:
    english, table = taste_words()._table, taste_words(code)._table
    assert set(english) == set(table)
    for name, sentence in english.items():
        if isinstance(sentence, str):
            assert set(re.findall(r"\{\w+\}", str(table[name]))) <= set(re.findall(r"\{\w+\}", sentence)), name


def test_statements_about_the_catalogue_are_checked(films: Catalogue) -> None:
    assert statement_about(films, "categories", "horror", likes=False).value == "Horror"
    assert statement_about(films, "people", "clint eastwood", likes=True).value == "Clint Eastwood"
    assert statement_about(films, "runtime", "90-110", likes=True).value == "90–110"
    for slot, value, hint in (
        ("categorys", "Horror", "categories"),
        ("categories", "Horor", "horror"),
        ("item", "aliem", "alien"),
    ):
        with pytest.raises(UnknownNameError, match=hint):
            statement_about(films, slot, value, likes=True)
    with pytest.raises(UserError, match="range"):
        statement_about(films, "runtime", "long", likes=True)


# the command line


def documents(capfd: pytest.CaptureFixture[str]) -> list[dict]:
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def test_the_command_line_adds_lists_corrects_and_deletes(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    common = ["--user", "ana", "--data", str(folder), "--json"]
    assert run(["tastes", "add", "I never watch horror", *common]) == 0
    (added,) = documents(capfd)
    assert (added["type"], added["value"], added["likes"], added["words"]) == (
        "taste",
        "Horror",
        False,
        "I never watch horror",
    )
    assert run(["tastes", "add", "--slot", "people", "--value", "Jacques Tati", *common]) == 0
    capfd.readouterr()
    assert run(["tastes", "list", *common]) == 0
    assert [entry["value"] for entry in documents(capfd)] == ["Horror", "Jacques Tati"]
    assert run(["tastes", "correct", added["entry_id"], "--value", "western", "--confidence", "0.5", *common]) == 0
    (changed,) = documents(capfd)
    assert (changed["value"], changed["likes"], changed["confidence"]) == ("Western", False, 0.5)
    assert run(["tastes", "delete", added["entry_id"], *common]) == 0
    assert documents(capfd) == [{"type": "taste_deleted", "user": "ana", "entry_id": added["entry_id"]}]
    assert run(["tastes", "delete", added["entry_id"], *common]) == 2
    assert "There is no taste" in documents(capfd)[0]["error"]["message"]
    assert run(["tastes", "list", "--user", "ana", "--data", str(folder)]) == 0
    assert "people: Jacques Tati" in capfd.readouterr().out


def test_the_command_line_proposes_and_confirms(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Store(folder) as store:
        store.add_events(make_event("ana", item, "like") for item in ("alien", "aliens", "galaxy", "odyssey"))
    common = ["--user", "ana", "--data", str(folder), "--json"]
    assert run(["tastes", "propose", *common]) == 0
    proposed = documents(capfd)
    assert proposed
    assert {entry["source"] for entry in proposed} == {"proposed"}
    assert all(entry["evidence"] for entry in proposed)
    assert run(["tastes", "confirm", proposed[0]["entry_id"], *common]) == 0
    assert documents(capfd)[0]["source"] == "stated"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["add"], "Give what was said"),
        (["add", "--slot", "categories"], "Give what was said"),
        (["add", "hello there"], "says what somebody likes"),
        (["add", "--slot", "categories", "--value", "Polka"], "Nothing in this catalogue"),
        (["confirm", "nothing"], "There is no taste"),
    ],
)
def test_the_command_line_says_what_to_do(folder: Path, capfd, arguments: list[str], message: str) -> None:
    assert run(["tastes", *arguments, "--user", "ana", "--data", str(folder)]) == 2
    assert message in capfd.readouterr().err
