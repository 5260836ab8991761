"""Which values of a record can stand in a sentence, and how they are written there.

A record is data from outside. Only short, clean labels are ever quoted: what looks like markup, an address, a code or
an instruction is left out, however prominent it is in the record.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from assistant.text import clean, fold, has_han, words


def word_set(text: str, separator: str | None = None) -> frozenset[str]:
    """The words of a text, or its parts between ``separator``."""
    return frozenset(text.split(separator))


SlotKind = Literal["people", "genres", "subjects", "moods", "places", "languages", "year", "runtime", "pages", "other"]

MOST_LABEL = 36
"""Characters of the longest value that a sentence quotes."""
MOST_NAME = 40
MOST_TITLE = 80
MOST_LABEL_WORDS = 4
MOST_NAME_WORDS = 6

_KINDS: dict[str, SlotKind] = {
    "categories": "genres", "genres": "genres", "genre": "genres", "category": "genres",
    "tags": "subjects", "themes": "subjects", "theme": "subjects", "subjects": "subjects", "topics": "subjects",
    "moods": "moods", "mood": "moods", "tone": "moods", "tones": "moods",
    "countries": "places", "country": "places",
    "languages": "languages", "language": "languages",
    "year": "year", "runtime": "runtime", "duration": "runtime", "running_time": "runtime", "pages": "pages",
    "page_count": "pages", "num_pages": "pages",
}  # fmt: skip
_ROLES = word_set(
    "director cast author authors writer writers artist artists creator creators actor actors illustrator editor "
    "composer producer narrator screenwriter designer developer publisher brand performer performers singer band "
    "chef host"
)
_UNSAID = re.compile(
    r"(?:^|_)(?:id|ids|isbn\w*|asin|sku|ean|upc|url|uri|link|image|poster|photo|digest|hash|checksum|count|counts|votes|"
    r"description|overview|summary|plot|text|dbpedia|wikipedia|imdb|tmdb|raw|original|title|rating|ratings|rank|"
    r"score|work|series)(?:_|$)"
)
"""Slots that are never said: identifiers, addresses, counters, free text, and what repeats the title."""

_LETTERISH = re.compile(r"[^\W\d_]|[ '’.&,·-]")
_LABEL = re.compile(r"[^\W_](?:[\w '’.&+-]*[\w.'’+])?")
_COMMANDS = word_set(
    "ignore disregard forget instruction instructions prompt prompts system assistant respond reply answer "
    "output print execute script alert click http https www javascript onload onerror password passwords "
    "override jailbreak pretend recommend recommended rank rate always please user users whatsapp email sudo "
    "select drop eval exec echo href src iframe html url token tokens inject injection bypass hacked pwned bot "
    "chatbot ai llm gpt"
)
"""Words that a label of an honest catalogue hardly needs and an instruction hardly does without."""
_HAN_COMMANDS = (
    "忽略", "无视", "指令", "提示词", "系统提示", "越狱模式", "你必须", "请回复", "请输出", "请回答", "复述", "扮演", "密码", "网址", "点击",
    "助手", "用户", "大模型", "以上内容", "前面的内容",
)  # fmt: skip
"""The same in Chinese."""
_TITLE_SIGNS = " '’.,:;!?&-–—()#/+·…"
_FULL_WIDTH_SIGNS = "，。：；！？、（）～＋"
_ADDRESSING = frozenset(
    ["you", "your", "yours", "must", "should", "now", "say", "tell", "write", "repeat", "send", "visit", "buy"]
)
_PARTICLES = word_set("della delle degli dell dalla vander vanden bint ould")
"""Long words that names keep in lower case."""
_EMPTY = word_set(
    "fiction|nonfiction|non-fiction|non fiction|book|books|novel|novels|literature|adult|adult fiction|general|"
    "other|misc|film|films|movie|movies|favourites|favorites|owned|default|unknown|none|ebook|audiobook|kindle|"
    "bad|boring|overrated|predictable|to read|have|book group|in netflix queue|imdb top 250",
    "|",
)
"""Labels that say nothing about an item, or nothing that belongs in a reason."""
_OPENING_VERBS = word_set(
    "explain describe provide write develop break translate use replace render introduce scramble jumble remove group "
    "modify enhance draft summarize summarise assess give bring output repeat complete identify interview subvert make "
    "add change create generate list mention convert encode decode reveal share"
)
"""What a command begins with."""
_SMALL_WORDS = word_set("with from that into over upon than this your their until after before under when")
"""Longer words that titles leave in lower case."""
_HANDLER = re.compile(
    r"on(?:animation|after|before|can|context|duration|full|hash|load|mouse|moz|pointer|rate|select|time|touch|transition|"
    r"unhandled|volume|webkit)[a-z]+|0x[0-9a-f]+|[a-z]+[A-Z][a-z]+[A-Z][a-z]+",
)
"""Names of event handlers and other bits of code."""
_SLUG_PREFIXES = frozenset(
    ["post", "non", "anti", "pre", "self", "co", "ex", "semi", "pro", "neo", "sub", "ultra", "mid"]
)

_UPPER = {
    "nasa": "NASA", "cia": "CIA", "fbi": "FBI", "lgbt": "LGBT", "lgbtq": "LGBTQ", "ufo": "UFO", "ufos": "UFOs",
    "ii": "II", "iii": "III", "dna": "DNA", "aids": "AIDS", "kgb": "KGB", "hiv": "HIV", "tv": "TV", "uk": "UK",
    "usa": "USA", "us": "US", "3d": "3D", "dj": "DJ", "imax": "IMAX", "ya": "YA",
}  # fmt: skip
_PROPER = word_set(
    "african american asian australian austrian argentine arab arctic antarctic british belgian brazilian "
    "bosnian canadian chinese chilean cuban czech danish dutch egyptian english european finnish french georgian "
    "german greek hungarian indian indonesian iranian irish israeli italian jamaican japanese jewish korean "
    "latin lebanese mexican nigerian norwegian pakistani palestinian persian peruvian polish portuguese romanian "
    "roman russian scottish senegalese serbian soviet spanish swedish swiss taiwanese thai tibetan turkish "
    "ukrainian vietnamese welsh inuit maori māori navajo americans asians indians mexicans italians "
    "native-americans africa afghanistan alaska algeria america appalachia argentina asia athens atlanta "
    "australia austria baltimore bali bangkok barcelona beijing belfast belgium berlin bolivia bosnia boston "
    "brazil brooklyn britain brussels budapest cairo california cambodia canada chicago chile china copenhagen "
    "colombia cuba dakar delhi detroit dublin edinburgh egypt england ethiopia europe finland florida france "
    "georgia germany ghana glasgow greece greenland haiti harlem havana hawaii hokkaido hollywood hungary "
    "iceland india indonesia iran iraq ireland israel istanbul italy jamaica japan jerusalem kansas kenya korea "
    "kyoto lagos lebanon lisbon london louisiana madrid mali manhattan marseille massachusetts mexico miami "
    "milan minnesota mississippi mongolia montana montreal morocco moscow mumbai naples nebraska nepal nevada "
    "nigeria norway oakland ohio okinawa oregon oslo pakistan palestine paris pennsylvania peru poland portugal "
    "prague quebec rome romania russia rwanda scotland senegal serbia seoul shanghai siberia sicily singapore "
    "spain stockholm sweden switzerland sydney syria taiwan tehran texas thailand tibet tokyo toronto tunisia "
    "turkey tuscany ukraine uruguay vancouver venezuela venice vienna vietnam wales warsaw washington yugoslavia "
    "zurich christmas halloween easter hanukkah ramadan thanksgiving shakespeare christian christianity muslim "
    "islam buddhist buddhism hindu catholic victorian edwardian nazi nazis bible holocaust olympics napoleon"
)
_PHRASES = {
    "new york": "New York", "new york city": "New York City", "los angeles": "Los Angeles",
    "san francisco": "San Francisco", "new mexico": "New Mexico", "new jersey": "New Jersey",
    "new zealand": "New Zealand", "new orleans": "New Orleans", "nova scotia": "Nova Scotia", "hong kong": "Hong Kong",
    "south korea": "South Korea", "north korea": "North Korea", "east berlin": "East Berlin",
    "west germany": "West Germany", "east germany": "East Germany", "south africa": "South Africa",
    "las vegas": "Las Vegas", "rio de janeiro": "Rio de Janeiro", "buenos aires": "Buenos Aires",
    "american south": "the American South", "american west": "the American West", "soviet union": "the Soviet Union",
    "second world war": "the Second World War", "first world war": "the First World War",
    "world war ii": "World War II", "world war i": "World War I", "cold war": "the Cold War",
    "american civil war": "the American Civil War", "spanish civil war": "the Spanish Civil War",
    "vietnam war": "the Vietnam War", "korean war": "the Korean War", "day of the dead": "the Day of the Dead",
    "great depression": "the Great Depression", "new year's eve": "New Year's Eve", "middle ages": "the Middle Ages",
    "french revolution": "the French Revolution", "russian revolution": "the Russian Revolution",
    "sea": "the sea", "moon": "the moon", "apocalypse": "the apocalypse", "afterlife": "the afterlife",
    "countryside": "the countryside", "devil": "the devil", "bible": "the Bible", "mafia": "the mafia",
    "police": "the police", "theatre": "the theatre", "arctic": "the Arctic", "stars": "the stars",
    "meaning of life": "the meaning of life", "middle east": "the Middle East", "holocaust": "the Holocaust",
    "future": "the future", "supernatural": "the supernatural", "environment": "the environment",
    "military": "the military", "frontier": "the frontier", "wild west": "the Wild West",
}  # fmt: skip
"""Labels whose wording in a sentence the word rules would miss."""
_ARTICLE_PLACES = {
    "united states", "united kingdom", "netherlands", "soviet union", "philippines", "czech republic",
    "united arab emirates", "dominican republic", "usa", "uk", "us", "bahamas", "maldives", "ivory coast",
}  # fmt: skip
_AN = re.compile(
    r"(?:[aeioAEIO]|[uU](?!ni(?![mn])|s[aeiu]|t[aeio]|k\b|f)|8|11|18|[hH](?:our|onest|onour|eir)|[FLMNRSX][A-Z])"
)
_NOT_AN = re.compile(r"(?:[oO]n(?:e|ce)\b|[eE][uw]|[uU]nanim|US|UK|UFO|[uU]biq)")


@lru_cache(maxsize=1024)
def kind_of(slot: str) -> SlotKind | None:
    """What a slot's values are, by its name; None for slots that are never said (ids, addresses, free text)."""
    low = slot.casefold()
    if kind := _KINDS.get(low):
        return kind
    if low in _ROLES:
        return "people"
    return None if low == "creators:id" or _UNSAID.search(low) else "other"


def is_role(slot: str, roles: frozenset[str]) -> bool:
    """Whether a slot holds people: a role of the record's creators, or a name that says so."""
    return slot in roles or kind_of(slot) == "people"


def instructs(text: str) -> bool:
    """Whether a text has words of an instruction to a model, or a piece of code for a name."""
    if has_han(text) and any(command in text for command in _HAN_COMMANDS):
        return True
    return bool(set(words(text)) & _COMMANDS) or _HANDLER.fullmatch(text) is not None


def _disguised(text: str) -> bool:
    """Letters that only look like ASCII ones, which filters of words would miss."""
    plain = unicodedata.normalize("NFKC", text)
    return plain != text and plain.isascii()


def _sentence(text: str) -> bool:
    """Cased like a sentence and put like one: a command or question, not a title."""
    parts = text.split()
    lower = [part for part in parts[1:] if len(part) > 3 and part.islower() and part not in _SMALL_WORDS]
    return len(parts) > 2 and bool(lower) and (text[-1] in ".?!:" or parts[0].casefold() in _OPENING_VERBS)


@lru_cache(maxsize=65536)
def clean_label(value: str) -> str | None:
    """A value of a record as it may be quoted, or None when it may not.

    Not longer than ``MOST_LABEL`` characters and four words, nine tenths of it letters (decades and centuries aside), no
    markup, nothing that addresses the reader.
    """
    text = clean(value)
    if text.islower() and "-" in text and " " not in text:
        text = _spaced(text)
    if fold(text) in _EMPTY:
        return None
    if not 2 <= len(text) <= MOST_LABEL and not (len(text) == 1 and not text.isascii()):
        return None
    if not _LABEL.fullmatch(text) or len(text.split()) > MOST_LABEL_WORDS:
        return None
    if any(mark in text for mark in (". ", " - ", "--", "..", "''")) or _disguised(text):
        return None
    numbered = re.fullmatch(r"(?:early |mid |late )?(?:\d{3,4}s|\d{1,2}(?:st|nd|rd|th) century)(?: [a-z]+)*", text)
    letters = sum(1 for character in text if _LETTERISH.fullmatch(character))
    if not numbered and letters < 0.9 * len(text):
        return None
    if instructs(text) or (set(words(text)) & _ADDRESSING and " " in text):
        return None
    return text


def _spaced(slug: str) -> str:
    """``science-fiction`` as ``science fiction``, but ``post-apocalyptic`` as it is."""
    parts = slug.split("-")
    out = parts[0]
    for before, part in itertools.pairwise(parts):
        out += ("-" if before in _SLUG_PREFIXES else " ") + part
    return out.replace(" s ", "'s ")


@lru_cache(maxsize=65536)
def clean_name(value: str) -> str | None:
    """A person's name as it may be quoted, or None."""
    text = clean(value)
    if not 2 <= len(text) <= MOST_NAME or len(text.split()) > MOST_NAME_WORDS:
        return None
    if not all(_LETTERISH.fullmatch(character) for character in text) or not text[0].isalpha() or "--" in text:
        return None
    if text.isascii() and not text[0].isupper() and not any(part[:1].isupper() for part in text.split()):
        return None
    if text.isascii() and any(part.islower() and len(part) > 3 and part not in _PARTICLES for part in text.split()):
        return None
    return None if instructs(text) or _disguised(text) or {"you", "your", "must"} & set(words(text)) else text


@lru_cache(maxsize=65536)
def clean_title(value: str) -> str | None:
    """A title as it may be quoted, or None when it is too long, holds markup, or reads like an instruction."""
    text = clean(value)
    if not text or len(text) > MOST_TITLE or re.search(r"[<>{}\[\]`|\\^~$%@*=_\"“”]|https?:|www\.|//", text):
        return None
    signs = _TITLE_SIGNS + _FULL_WIDTH_SIGNS if has_han(text) else _TITLE_SIGNS
    if sum(character.isalnum() or character in signs for character in text) < len(text):
        return None
    if not (text[0].isalnum() or text[0] in "'’¡¿(#…") or re.search(r"\w\(|\.\./|;\S", text):
        return None
    if text.endswith(":") or _disguised(text) or _sentence(text) or _HANDLER.fullmatch(text):
        return None
    found = words(text)
    if len(set(found) & _COMMANDS) and (len(found) > 3 or len(set(found) & _COMMANDS) > 1):
        return None
    return text if any(character.isalpha() for character in text) or (text.isdigit() and len(text) < 6) else None


def quoted_title(title: str) -> str:
    """The title as a sentence names it: in quotation marks where it would run into the words around it.

    What stands in brackets at its end (a series and a number) is left out.
    """
    title = re.sub(r"(?<=\S)\s*[(\[][^()\[\]]*[)\]]$", "", title)
    plain = title.replace(" ", "").replace("'", "").replace("’", "").replace("-", "").replace("&", "")
    runs_in = not plain.isalnum() or len(title) < 3 or not (title[0].isupper() or title[0].isdigit())
    return f"“{title}”" if runs_in or title.isdigit() else title


def written(label: str) -> str:
    """A clean label inside a sentence: lower case, but names of places and peoples capitalised."""
    low = fold(label) if label.isascii() else label.casefold()
    if phrase := _PHRASES.get(low):
        return phrase
    out = []
    for word in label.split(" "):
        bare = word.casefold()
        if bare in _UPPER:
            out.append(_UPPER[bare])
        elif bare in _PROPER or bare.removesuffix("'s") in _PROPER:
            out.append(bare[:1].upper() + bare[1:])
        elif (word.isupper() and len(word) > 1 and not label.isupper()) or (
            any(character.isupper() for character in word[1:]) and not word.isupper()
        ):
            out.append(word)
        else:
            out.append(bare)
    return " ".join(out)


def place(label: str) -> str:
    """A country inside a sentence: ``Japan``, ``the Netherlands``."""
    text = label if not label.islower() else " ".join(word.capitalize() for word in label.split())
    return f"the {text}" if fold(text) in _ARTICLE_PLACES else text


def article(phrase: str) -> str:
    """``a`` or ``an``, by how the phrase sounds."""
    return "an" if _AN.match(phrase) and not _NOT_AN.match(phrase) else "a"


def listed(parts: Sequence[str], joiner: str = "and") -> str:
    """``A``, ``A and B``, ``A, B and C``."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {joiner} {parts[-1]}"
