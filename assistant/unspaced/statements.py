"""What users say of themselves: what they like or dislike in general, and what is to be forgotten."""

from __future__ import annotations

from dataclasses import replace

from assistant.language import Language
from assistant.types import Statement
from assistant.unspaced.gazetteer import Gazetteer, key
from assistant.unspaced.marks import Notes, Talk


def find_statements(notes: Notes, gazetteer: Gazetteer, language: Language, talk: Talk) -> None:
    found: list[Statement] = []
    for name, likes, confidence, unsaid in (
        ("unsaid", True, 1.0, True), ("likes_always", True, 1.0, False), ("dislikes_always", False, 1.0, False),
        ("dislikes", False, 0.7, False), ("likes", True, 0.8, False),
    ):  # fmt: skip
        for cue in language.words(name):
            at = notes.plain.find(cue)
            if at < 0 or not notes.free(at, at + len(cue)):
                continue
            _, end = notes.clause(at)
            refused = any(refusal in notes.plain[at:end] for refusal in gazetteer.phrases.refusals)
            keen = not refused and any(word in notes.plain[at:end] for word in language.words("keen"))
            if cue in language.words("towards") and not (keen if likes else refused):
                continue  # 我对科幻片很感兴趣 is said of what is liked
            said = _stated(notes, gazetteer, at + len(cue), end, likes, confidence, notes.text[at:end].strip())
            if not said:
                continue
            if unsaid:
                talk.unsaid = tuple(replace(one, likes="讨厌" not in cue and "不喜欢" not in cue) for one in said)
                notes.use(at, end)
                talk.intent = "profile"
                continue
            found.extend(said)
            asks = notes.has(language.words("asks")) or notes.has(("类似", "差不多", "那样"))
            if likes or not asks:
                if not any(one.slot == "item" for one in said) or not asks:
                    notes.use(at, end)
                if not asks and not notes.has(("？", "?")):
                    talk.intent = "profile"
    talk.statements = tuple(dict.fromkeys(found))


def _stated(
    notes: Notes, gazetteer: Gazetteer, start: int, end: int, likes: bool, confidence: float, words: str
) -> list[Statement]:
    """What a stretch of the message names, as statements."""
    found: list[Statement] = []
    for mark in notes.marks:
        if mark.rows and start <= mark.start < end:
            found.append(Statement(slot="item", value=gazetteer.catalogue.ids[mark.rows[0]], likes=likes, words=words, confidence=confidence))  # fmt: skip
    at = start
    while at < end:
        for size in range(min(16, end - at), 1, -1):
            phrase = notes.plain[at : at + size]
            if people := gazetteer.people.get(key(phrase)):
                pairs = [("people", people[0][1])]
            else:
                pairs = list((gazetteer.labels.get(phrase) or gazetteer.wishes.get(phrase, ()))[:1])
            if pairs:
                found += [Statement(slot=s, value=v, likes=likes, words=words, confidence=confidence) for s, v in pairs]
                at += size - 1
                break
        at += 1
    return found
