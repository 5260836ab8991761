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
_STORIES = word_set("story tale stories tales drama comedy thriller mystery saga portrait account")
_TALES = word_set("story tale stories tales saga portrait account")
_UNTOLD = word_set(
    "the and his her its their our your this that these those from into onto over under after before between during "
    "while when where which who whom whose what how why for than then also both each every other another one ones some "
    "same such very more most less film movie book novel game show series story tale title life lives world people person "
    "man woman men women young old new group young set follows tells have has been being are was were will would can "
    "could not who's it's himself herself themselves something someone everything things thing way about as of off well just nearly almost too"
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
    plots = _plots(reading)
    for i, token in enumerate(tokens):
        plot = i in plots
        if reading.covered[i] or token.kind != "word" or len(token.low) < 3 or "'" in token.low:
            continue
        if plot and not reading.covered[i] and token.stem not in known and token.low not in _UNTOLD:
            found.append((i, i + 1))
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


def _plots(reading: Reading) -> set[int]:
    """Tokens of what a story is said to be about, up to the end of the clause: ordinary words make claims there."""
    found: set[int] = set()
    tokens = reading.tokens
    for i in range(1, len(tokens)):
        word, previous = tokens[i].low, tokens[i - 1].low
        if tokens[i].first or not (
            (word == "about" and previous in _STORIES)
            or (word == "of" and previous in _TALES)
            or (word == "about" and previous in {"is", "it's", "was"})
            or (word in {"follows", "tells"} and previous not in {"that", "you", "i", "and"})
            or (word in {"on", "around"} and previous in {"centres", "centers", "revolves", "focuses"})
        ):
            continue
        for j in range(i + 1, len(tokens)):
            if tokens[j].first or tokens[j].low in {
                ",",
                ";",
                ":",
                "(",
                "but",
                "directed",
                "starring",
                "with",
                "by",
                "–",
            }:
                break
            if tokens[j].kind == "word" and not tokens[j].low.endswith("ly"):
                found.add(j)
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
