"""Words that nothing explains, in places where words describe the item: claims about something unknown."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.faithfulness.evidence import HistoryItem
from assistant.faithfulness.lexicon import Lexicon
from assistant.faithfulness.mentions import neutral
from assistant.faithfulness.reading import Reading
from assistant.faithfulness.records import RecordView, view
from assistant.faithfulness.text import stems, word_set
from assistant.faithfulness.vocabulary import vocabulary

_OPENERS = word_set(
    "near beside opposite at by a an is are was with has have features offers includes serves about set made comes called featuring offering "
    "serving including no without lacks supports not its for in on of and or"
)
_LOOSE_ENDINGS = (
    "ly",
    "ful",
    "less",
    "ish",
    "some",
    "ity",
    "ness",
    "tion",
    "tions",
    "ment",
    "ments",
    "ance",
    "ence",
    "ility",
)
_USERS = word_set("i i'm i've me my we us our you your you're you'll")


def residue(
    reading: Reading, record: RecordView, asked: Sequence[str], history: Sequence[HistoryItem], lexicon: Lexicon
) -> list[tuple[int, int]]:
    """Token ranges of unexplained describing words, each run of neighbours as one range."""
    vocab = vocabulary()
    known = set(record.words).union(vocab.cues_before, vocab.cues_after, vocab.slot_families)
    for slot in record.slots:
        known |= slot.words
    for words in asked:
        known.update(stems(words))
    for item in history:
        known |= view(item.record).words
        known.update(stems(item.title))
    found: list[tuple[int, int]] = []
    tokens = reading.tokens
    for i, token in enumerate(tokens):
        if reading.covered[i] or token.kind != "word" or len(token.low) < 3 or "'" in token.low:
            continue
        if neutral(token.low, token.stem) or token.stem in known or token.low.endswith(_LOOSE_ENDINGS):
            continue
        if lexicon.categories.get(token.low) is None and not _describes(reading, i):
            continue
        if found and found[-1][1] == i:
            found[-1] = (found[-1][0], i + 1)
        else:
            found.append((i, i + 1))
    return found


def _describes(reading: Reading, i: int) -> bool:
    """Whether the word stands where an item is described, and not in what a speaker says of themselves."""
    low, _ = reading.sentence_range(i)
    before = [token.low for token in reading.tokens[low:i]]
    for word in reversed(before[-7:]):
        if word in _OPENERS:
            break
    else:
        return False
    return before[-1] == "by" or not (set(before) & _USERS)
