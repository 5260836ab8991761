"""Whatever the records are: an answer states nothing that they contradict, and nothing that is there is denied."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.types import Constraint
from tests.assistant.questions import Asker, assert_holds

WORDS = ("Harbour", "Lantern", "Winter", "Copper", "Meadow", "Signal", "Orchard", "Glass", "Thunder", "Velvet")
GENRES = ("Comedy", "Drama", "Horror", "Western", "Documentary")
PEOPLE = ("Ada Lindqvist", "Bruno Okafor", "Chen Wei", "Dora Maar", "Emil Sander")
COUNTRIES = ("France", "Japan", "Italy", "Brazil")
QUESTIONS = {
    "who directed it?": "director",
    "how long is it?": "runtime",
    "what year is it from?": "year",
    "which country is it from?": "countries",
    "what genre is it?": "categories",
    "how much is it?": "price",
}
SUPERLATIVES = {
    "which is shorter?": ("runtime", min),
    "which is longer?": ("runtime", max),
    "which is older?": ("year", min),
    "which is newer?": ("year", max),
    "which is cheaper?": ("price", min),
}

some = st.lists
titles = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True).map(" ".join)


@st.composite
def records(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows = []
    for number in range(draw(st.integers(2, 4))):
        row: dict[str, Any] = {"item_id": f"i{number}", "title": draw(titles)}
        if draw(st.booleans()):
            row["year"] = draw(st.integers(1930, 2024))
        if draw(st.booleans()):
            row["runtime"] = draw(st.integers(61, 240))
        if draw(st.booleans()):
            row["price"] = draw(st.integers(2, 300)) + draw(st.sampled_from([0, 0.5, 0.99]))
        if draw(st.booleans()):
            row["categories"] = draw(some(st.sampled_from(GENRES), min_size=1, max_size=2, unique=True))
        if draw(st.booleans()):
            row["countries"] = draw(some(st.sampled_from(COUNTRIES), min_size=1, max_size=2, unique=True))
        if draw(st.booleans()):
            directors = draw(some(st.sampled_from(PEOPLE), min_size=1, max_size=2, unique=True))
            row["creators"] = [{"name": name, "role": "director"} for name in directors]
        rows.append(row)
    return rows


promises = st.one_of(
    st.sampled_from(GENRES).map(lambda v: Constraint(slot="categories", op="any", values=(v,), words=v.lower())),
    st.sampled_from(GENRES).map(lambda v: Constraint(slot="categories", op="none", values=(v,), words=v.lower())),
    st.sampled_from(PEOPLE).map(lambda v: Constraint(slot="people", op="any", values=(v,), words=v)),
    st.integers(1940, 2020).map(lambda y: Constraint(slot="year", op="range", low=y, words=f"after {y}")),
    st.integers(70, 200).map(lambda m: Constraint(slot="runtime", op="range", high=m, words=f"under {m} minutes")),
)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def said_of(text: str, title: str) -> str:
    """The sentences that begin with a title, without the titles, in which a number may stand."""
    return " ".join(part for part in re.split(r"(?<=[.!?]) ", text) if part.startswith(title)).replace(title, "")


@quick
@given(records(), st.sampled_from(sorted(QUESTIONS)), st.data())
def test_an_attribute_is_told_as_the_record_has_it_and_unknown_as_unknown(rows, question, data) -> None:
    asker = Asker.over(rows)
    row = data.draw(st.sampled_from(rows))
    slot = QUESTIONS[question]
    explanation = asker.ask("about", question, row["item_id"])
    assert explanation is not None
    assert_holds(explanation, asker.serving.catalogue)
    held = asker.serving.catalogue.item(asker.serving.catalogue.row_of[row["item_id"]]).slots().get(slot)
    if held is None:
        assert re.search(r"does not say|No record of this catalogue says", explanation.text)
        assert "more than I can say" not in explanation.text
        assert not re.search(r"\d", re.sub(r"\(\d{4}\)", "", explanation.text))
        assert not any(word in explanation.text for word in (*GENRES, *PEOPLE, *COUNTRIES))
    else:
        values = held if isinstance(held, tuple) else (held,)
        for value in values:
            said = f"{value:.2f}".removesuffix(".00") if slot == "price" else str(value)
            assert said in explanation.text
        others = {*GENRES, *PEOPLE, *COUNTRIES} - {str(value) for value in values}
        assert not any(word in explanation.text for word in others)


@quick
@given(records(), st.sampled_from(sorted(SUPERLATIVES)))
def test_the_one_that_is_said_to_be_shorter_is(rows, question) -> None:
    asker = Asker.over(rows)
    slot, best = SUPERLATIVES[question]
    explanation = asker.ask("compare", question, *(row["item_id"] for row in rows))
    assert explanation is not None
    assert_holds(explanation, asker.serving.catalogue)
    known = [row[slot] for row in rows if slot in row]
    first = explanation.text.split(". ")[0]
    winners = [row for row in rows if row.get(slot) == best(known, default=None)]
    if len(known) == len(rows) and len(winners) == 1 and "as its" not in explanation.text:
        fact = next(fact for fact in explanation.facts if fact.item_id == winners[0]["item_id"])
        assert fact.value == winners[0][slot]
        assert winners[0]["title"] in first
    elif not known or len(known) < len(rows):
        assert not re.search(r"(shorter|longer|older|newer|lower)\b", first)


@quick
@given(records(), st.lists(promises, max_size=2), st.data())
def test_why_not_and_why_say_nothing_that_the_records_contradict(rows, promised, data) -> None:
    asker = Asker.over(rows, likes=data.draw(st.lists(st.sampled_from([row["item_id"] for row in rows]), max_size=1)))
    catalogue = asker.serving.catalogue
    row = data.draw(st.sampled_from(rows))
    for intent in ("why_not", "why", "what_if"):
        explanation = asker.ask(intent, "?", row["item_id"], promised=promised, k=1)
        if explanation is None:
            continue
        assert_holds(explanation, catalogue)
        assert "not in this catalogue" not in explanation.text
        own = said_of(explanation.text, row["title"])
        for word in GENRES:
            stated = re.search(rf"is filed under (?:\w+ and )?{word}", own)
            assert not stated or word in row.get("categories", ())
        for minutes in re.findall(r"is (\d+) minutes long", own):
            assert row["runtime"] == int(minutes)
        for position, count in re.findall(r"position (\d+) among (\d+)", explanation.text):
            assert 1 <= int(position) <= int(count) <= len(rows)
    broken = [c for c in promised if not catalogue.satisfies(c)[catalogue.row_of[row["item_id"]]]]
    explanation = asker.ask("why_not", "why not?", row["item_id"], promised=promised, k=1)
    if broken and row["item_id"] not in asker.profile.known_items:
        assert explanation is not None
        assert re.search(r"you asked for|You asked for|ruled out|does not meet", explanation.text)


@quick
@given(records(), st.data())
def test_what_is_in_the_catalogue_is_never_denied(rows, data) -> None:
    asker = Asker.over(rows)
    row = data.draw(st.sampled_from(rows))
    change = data.draw(st.sampled_from([str.upper, str.lower, str.title, lambda t: f"The {t}", lambda t: f"“{t}”!"]))
    intent = data.draw(st.sampled_from(["why_not", "about", "why", "what_if"]))
    explanation = asker.ask(intent, "why not?", unknown=[change(row["title"])])
    if explanation is not None:
        assert "not in this catalogue" not in explanation.text
        assert_holds(explanation, asker.serving.catalogue)


@quick
@given(records(), titles.map(lambda title: f"{title} Unseen"))
def test_what_is_not_there_is_said_not_to_be_there(rows, title) -> None:
    asker = Asker.over(rows)
    explanation = asker.ask("why_not", f"why not {title}?", unknown=[title])
    assert explanation is not None
    assert f"“{title}” is not in this catalogue." in explanation.text
