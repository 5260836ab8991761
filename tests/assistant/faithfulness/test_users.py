"""What a text says of the user, of another title and of people, in a domain that no rule was made on."""

from __future__ import annotations

import pytest

from assistant.faithfulness import ClaimChecker, Evidence, HistoryItem, is_supported

RECORD = {
    "title": "Whose Body?",
    "author": ("Dorothy L. Sayers",),
    "categories": ("Mystery", "Comedy"),
    "tags": ("detectives", "oxford", "space"),
    "moods": ("witty", "tense"),
    "cast": ("Ann Lee",),
    "director": ("Bo Ek",),
}
HISTORY = (
    HistoryItem(
        item_id="g",
        title="Gaudy Night",
        record={"categories": ("Mystery", "Romance"), "tags": ("oxford", "detectives"), "moods": ("witty",)},
    ),
    HistoryItem(
        item_id="r",
        title="Rebecca",
        record={"categories": ("Mystery",), "moods": ("dark", "tense"), "tags": ("marriage",)},
    ),
    HistoryItem(item_id="d", title="Dracula", relation="disliked", record={"categories": ("Horror",)}),
)
EVIDENCE = Evidence(item_id="w", record=RECORD, history=HISTORY, asked=("a witty mystery set in Oxford",))
STRANGER = Evidence(item_id="w", record=RECORD)


def _wrong(text, evidence=EVIDENCE):
    return [c.text for c in ClaimChecker().check(text, evidence) if c.verdict in ("absent", "contradicted")]


@pytest.mark.parametrize(
    "text",
    [
        "You asked for a mystery, and this one, set in Oxford, is by Dorothy L. Sayers.",
        "You asked for a witty mystery, and Whose Body? is one.",
        "You asked for a mystery, and a witty comedy it is.",
        "You wanted a mystery; this is a tense comedy.",
        "Like Gaudy Night, which you loved, this is a mystery.",
        "You often like mysteries, and this is one.",
        "You liked the wit of Gaudy Night, and this is witty too.",
        "If you like comedies, try this.",
        "You might like its comedy.",
        "You're in for a witty mystery.",
        "Your next read is a mystery.",
        "You enjoyed Gaudy Night, a mystery set in Oxford, and this one also has detectives.",
        "You loved how tense Rebecca was, and this is tense too.",
        "You liked Gaudy Night, which also has detectives, Oxford, and wit. This is a comedy.",
        "You liked Gaudy Night, and this is a comedy.",
        "Gaudy Night, which you liked, is also a mystery, and this is a comedy by Dorothy L. Sayers.",
        "With Ann Lee in the cast and Bo Ek directing, this is a witty mystery.",
        "You've enjoyed mysteries such as Rebecca, and this comedy has detectives.",
    ],
)
def test_what_the_evidence_bears_is_not_flagged(text):
    assert _wrong(text) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("You asked for a comedy.", "comedy"),  # the item is one, but the request does not say so
        ("You asked for a mystery, space, and this is witty.", "space"),
        ("You liked comedy, and this is a mystery.", "comedy"),  # no stated taste, and no liked item is one
        ("You often like space.", "space"),
        ("You like to knit.", "to knit"),
        ("You are a detective in Oxford.", "detective"),
        ("Your favourite book is a comedy.", "comedy"),
        ("You liked Rebecca, which also has tension, detectives, and a comedy.", "detectives"),
        ("Like Rebecca, this has detectives.", "detectives"),
        ("This is about Rebecca.", "Rebecca"),
        ("With Bo Ek in the cast, this is witty.", "Bo Ek"),
        ("Bo Ek directs, with Mystery in the cast.", "Mystery"),
        ("Bo Ek, who is a detective, directs.", "detective"),
        ("This has the comedy of Rebecca.", "comedy"),
    ],
)
def test_a_value_in_a_relation_it_does_not_have(text, wrong):
    assert wrong in _wrong(text)


def test_a_user_of_whom_nothing_is_known_cannot_be_judged():
    assert is_supported(ClaimChecker().check("You asked for a comedy, and this is one.", STRANGER))
    assert is_supported(ClaimChecker().check("You often like mysteries, and this is one.", STRANGER))


def test_a_taste_may_be_stated_by_a_fact():
    from assistant.types import Fact

    fact = Fact(
        fact_id="f1", source="profile", item_id="w", slot="often_likes", value="space", shared=(("tags", "space"),)
    )
    stated = Evidence(item_id="w", record=RECORD, history=HISTORY, facts=(fact,))
    assert _wrong("You often like space.", stated) == []
