"""Years, decades, lengths, pages, prices and counts in a message without spaces, digits and Han numerals alike."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Collection, Sequence

from assistant.understanding.number_spans import NumberSpan
from assistant.unspaced.amounts import Amount
from assistant.unspaced.numerals import AROUND, DIGITS, HAN_DIGIT, NUM, TO, bounded, value_of

LENGTH_SLOTS = ("runtime", "duration", "length", "minutes", "runtime_minutes")
YOUNG = 50
"""Years of two digits from here on are of the last century."""
NEAR_YEARS = 3
"""How far "1968年前后" reaches to either side."""
_YEAR = rf"(?:(?<!\d)(?:1[89]|20)\d\d(?!\d)|[一二]{HAN_DIGIT}{{3}}|两千(?:零?[一二三四五六七八九])?(?=年)|千禧(?=年)|(?<![\d近])(?:[5-9]\d|0\d)(?=年))"
_CENTURY = r"(?:20世纪|上世纪|上个世纪|二十世纪|19|21世纪|二十一世纪|本世纪)"
_DECADE = r"(?:[1-9]0|[五六七八九]零|[二三四五六七八九]十|零零|00|[12]0|一十|十)"
_PART = {"初": (0, 3), "初期": (0, 3), "前期": (0, 4), "早期": (0, 3), "中": (4, 6), "中期": (4, 6), "末": (7, 9), "末期": (7, 9), "后期": (5, 9), "晚期": (7, 9)}  # fmt: skip
_PARTS = "|".join(sorted(_PART, key=len, reverse=True))
_BEFORE = r"(?:以前|之前|前(?!后))"
_AFTER = r"(?:以后|之后|以来|后|起|至今|开始|往后)"
_NEGATED = re.compile(
    r"(?:不要|不想看|不想要|不看|不选|不含|不包括|不考虑|别|不是|不在|不属于|非|除了|除去|除开|排除|避开|绕开|跳过|(?<!有)没有|拒绝|去掉|剔除)(?:再?推荐|给我(?:推荐|看)?|再看?|来|选|要|是|在|看|出|拍的?|那[种些]|什么|任何|片长|时长|长度|年代|评分)?$"
)
_NEGATED_BEHIND = re.compile(
    r"(?:拍)?的?(?:片子|电影|片)?(?:以外|之外|除外|就算了|就免了|就不用了|免了|免谈|不考虑|不看|就不看了|排除|跳过|不在考虑|(?:都|就)?不要(?=了?(?:$|[，。；！,;!\s])))"
)
_COUNTED = r"(?:个|部|本|款|家|首|张|条|双|件|套|种)"


def _year(text: str) -> int:
    if text == "千禧":
        return 2000
    year = int(value_of(text.replace("〇", "零")))
    return year + (2000 if year < YOUNG else 1900) if len(text) == 2 and text.isdigit() else year  # 98年, 08年


def _decade(century: str | None, digits: str) -> int:
    """The first year of ``九十年代``, ``90年代``, ``00年代``, ``2010年代``."""
    start = {"零零": 0, "00": 0}.get(digits, -1)
    start = int(value_of(digits)) if start < 0 else start
    if century is not None:
        return (2000 if century == "20" or century.startswith(("21", "二十一", "本")) else 1900) + start
    return (1900 if start >= 20 else 2000) + start


def find_numbers(
    text: str, numbers: Collection[str], *, today: datetime.date, amounts: Sequence[Amount] = ()
) -> list[NumberSpan]:
    """Every limit on one of the catalogue's ``numbers`` that ``text`` states, and how many items it asks for."""
    spans: list[NumberSpan] = []

    def take(
        match: re.Match[str], slot: str | None, low: float | None = None, high: float | None = None, step: float = 1
    ) -> None:
        start, end = match.span()
        if any(span.start < end and start < span.end for span in spans):
            return
        negated = False
        if slot is not None:
            behind = _NEGATED_BEHIND.match(text, end)
            negated = (
                behind is not None or bool(match.groupdict().get("no")) or _NEGATED.search(text, 0, start) is not None
            )
            end = behind.end() if behind is not None else end
        if negated and (low is None) != (high is None):  # 不要2000年以前的 is from 2000
            low, high, negated = (None, low - step, False) if low is not None else ((high or 0) + step, None, False)
        spans.append(NumberSpan(start=start, end=end, slot=slot, low=low, high=high, negated=negated))

    for amount in amounts:
        if named := next((slot for slot in amount.slots if slot in numbers), None):
            for match, low, high in amount.limits(text):
                take(match, named, low, high, amount.step)
    if "year" in numbers:
        _years(text, take, today)
    if length := next((slot for slot in LENGTH_SLOTS if slot in numbers), None):
        _lengths(text, lambda match, low, high: take(match, length, low, high))
    if "price" in numbers:
        _prices(text, lambda match, low, high: take(match, "price", low, high, 0))
    _count(text, take)
    return sorted(spans, key=lambda span: span.start)


def _years(text: str, take: Callable[..., None], today: datetime.date) -> None:
    for m in re.finditer(rf"(?P<a>{_YEAR})年?{TO}(?P<b>{_YEAR}|[12]\d(?=年))年?(?:之间|期间|间)?", text):
        low, high = sorted((_year(m["a"]), _year(m["b"])))
        take(m, "year", low, high)
    for m in re.finditer(rf"(?P<c>{_CENTURY}|20)?(?P<a>{_DECADE})(?:年代)?(?:到|至|和|或|、|-|~)(?P<d>{_CENTURY}|20)?(?P<b>{_DECADE})年代(?P<how>{_BEFORE}|{_AFTER})?", text):  # fmt: skip
        first, last = _decade(m["c"], m["a"]), _decade(m["d"] or m["c"], m["b"])
        take(m, "year", min(first, last), max(first, last) + 9)
    for m in re.finditer(r"([二三四五六七八九])([二三四五六七八九])十年代", text):  # 七八十年代
        take(m, "year", 1900 + 10 * DIGITS[m[1]], 1909 + 10 * DIGITS[m[2]])
    for m in re.finditer(
        rf"(?P<c>{_CENTURY}|20)?(?P<a>{_DECADE})年代(?P<part>{_PARTS})?(?P<how>{_BEFORE}|{_AFTER})?", text
    ):
        start = _decade(m["c"], m["a"])
        first, last = _PART.get(m["part"] or "", (0, 9))
        low, high = start + first, start + last
        if m["how"] and re.fullmatch(_BEFORE, m["how"]):
            take(m, "year", None, low - 1)
        elif m["how"]:
            take(m, "year", low, None)
        else:
            take(m, "year", low, high)
    for m in re.finditer(rf"(?:不早于|不老于|不晚于|不超过|不迟于|最早|最晚|最迟|最老|最新|至少|至多|从|自|截至|截止到)(?:是|到)?(?P<y>{_YEAR})年?(?:{_BEFORE}|{_AFTER})?", text):  # fmt: skip
        low = re.match(r"不早于|不老于|最早|最老|至少|从|自", m[0]) is not None
        take(m, "year", _year(m["y"]) if low else None, None if low else _year(m["y"]))
    for m in re.finditer(rf"(?P<y>{_YEAR})年?(?:或|及|以及|和|或者|以)?(?P<how>更早|以前|之前|前|为止|更老|更新|更晚|以后|之后|后|以来|起)(?:的)?", text):  # fmt: skip
        if re.search(r"年?(?:或|及|以及|和|或者)", m[0].removeprefix(m["y"])) is None and m["how"] != "为止":
            continue
        late = m["how"] in ("更新", "更晚", "以后", "之后", "后", "以来", "起")
        take(m, "year", _year(m["y"]) if late else None, None if late else _year(m["y"]))
    for m in re.finditer(rf"(?P<y>{_YEAR})年?(?P<how>{_BEFORE}|{_AFTER})", text):
        before = re.fullmatch(_BEFORE, m["how"]) is not None
        take(m, "year", None if before else _year(m["y"]), _year(m["y"]) - 1 if before else None)
    for m in re.finditer(rf"(?:早于|比)(?P<y>{_YEAR})年?(?:早|老|更早|还早|更老)?", text):
        take(m, "year", None, _year(m["y"]) - 1)
    for m in re.finditer(rf"(?:晚于)(?P<y>{_YEAR})年?", text):
        take(m, "year", _year(m["y"]) + 1, None)
    for m in re.finditer(rf"(?:最近|过去|近)(?P<n>{NUM})年(?:内|里|以来|之内|间)?", text):
        take(m, "year", today.year - int(value_of(m["n"])), None)
    for m in re.finditer(rf"(?P<n>{NUM}|上个?|本|这个?|新)世纪(?:(?:头|前|最初)(?P<years>十|二十|20|10)年|(?P<part>{_PARTS}))?(?P<how>{_BEFORE}|{_AFTER})?", text):  # fmt: skip
        _century(m, take)
    for m in re.finditer(rf"(?P<y>{_YEAR})年?(?:前后|左右|上下|附近|那几年)", text):
        take(m, "year", _year(m["y"]) - NEAR_YEARS, _year(m["y"]) + NEAR_YEARS)
    for m in re.finditer(rf"(?<![\d近到])(?P<n>{NUM})年(?:以前|之前|前)", text):
        if value_of(m["n"]) < 100:  # 十年前的 is at least ten years old
            take(m, "year", None, today.year - int(value_of(m["n"])))
    for word, back in (("今年", 0), ("去年", 1), ("前年", 2)):
        for m in re.finditer(word, text):
            take(m, "year", today.year - back, today.year - back)
    for m in re.finditer(rf"(?P<y>{_YEAR})(?:年|(?=的|，|,|\s|$))", text):
        take(m, "year", _year(m["y"]), _year(m["y"]))


def _century(m: re.Match[str], take: Callable[..., None]) -> None:
    """ "20世纪", "上世纪末", "21世纪头十年", "本世纪以前"."""
    named = {"上": 20, "上个": 20}.get(m["n"]) or (
        21 if m["n"] in ("本", "这", "这个", "新") else int(value_of(m["n"]))
    )
    start = 100 * (named - 1)
    if not 1800 <= start <= 2000:
        return
    low, high = start, start + 99
    if m["years"]:
        high = start + int(value_of(m["years"])) - 1
    elif m["part"]:
        first, last = {"初": (0, 1), "末": (8, 9)}.get(m["part"]) or _PART[m["part"]]
        low, high = start + 10 * first, start + 10 * last + 9
    if m["how"] and re.fullmatch(_BEFORE, m["how"]):
        take(m, "year", None, low - 1)
    else:
        take(m, "year", low, None if m["how"] or high >= 2099 else high)


def _length(name: str) -> str:
    """A pattern for a length in hours and minutes, its groups beginning with a name."""
    hours = rf"(?P<{name}h>{NUM})\s*个?(?P<{name}half>半)?\s*(?:小时|钟头)"
    return (
        rf"(?:{hours}(?:(?P<{name}over>半)|零?(?P<{name}m>{NUM})\s*(?:分钟?)?)?"
        rf"|(?P<{name}alone>半)\s*个?(?:小时|钟头)|(?P<{name}minutes>{NUM})\s*分钟)"
    )


def _minutes(m: re.Match[str], name: str = "l") -> float:
    if m[f"{name}alone"]:
        return 30.0
    if m[f"{name}minutes"]:
        return value_of(m[f"{name}minutes"])
    half = m[f"{name}half"] or m[f"{name}over"]
    return 60 * value_of(m[f"{name}h"]) + (30 if half else 0) + (value_of(m[f"{name}m"]) if m[f"{name}m"] else 0)


_LENGTH = _length("l")


def _lengths(text: str, take: Callable[[re.Match[str], float | None, float | None], None]) -> None:
    for m in re.finditer(rf"(?P<a>{NUM})\s*(?:分钟)?{TO}(?P<b>{NUM})\s*分钟(?:之间|间)?", text):
        take(m, *sorted((value_of(m["a"]), value_of(m["b"]))))
    for m in re.finditer(rf"{_length('a')}{TO}{_length('b')}(?:之间|间)?", text):
        take(m, *sorted((_minutes(m, "a"), _minutes(m, "b"))))
    for m in re.finditer(rf"(?P<a>{NUM}){TO}(?P<b>{NUM})个?(?P<half>半)?(?:小时|钟头)(?:之间|间)?", text):
        take(m, *sorted((60 * value_of(m["a"]), 60 * value_of(m["b"]) + (30 if m["half"] else 0))))
    for match, low, high in bounded(text, _LENGTH, _minutes, 1):
        take(match, low, high)
    for m in re.finditer(rf"(?:{AROUND})?{_LENGTH}(?:{AROUND})?", text):
        take(m, _minutes(m) - 10, _minutes(m) + 10)


def _prices(text: str, take: Callable[[re.Match[str], float | None, float | None], None]) -> None:
    unit = r"(?:元|块钱|块|美元|欧元|人民币|刀)"
    for m in re.finditer(rf"[¥￥$€]?(?P<a>{NUM}){unit}?{TO}[¥￥$€]?(?P<b>{NUM}){unit}(?:之间)?", text):
        take(m, *sorted((value_of(m["a"]), value_of(m["b"]))))
    amount = rf"(?:[¥￥$€]\s*(?P<v>{NUM})|(?P<w>{NUM})\s*{unit})"

    def value(m: re.Match[str]) -> float:
        return value_of(m["v"] or m["w"])

    for match, low, high in bounded(text, amount, value, 0):
        take(match, low, high)
    for m in re.finditer(rf"预算(?:是|为|在|大概|只有)?[¥￥$€]?(?P<v>{NUM}){unit}?(?:{AROUND}|以内)?", text):
        take(m, None, value_of(m["v"]))
    for m in re.finditer(rf"{amount}(?:{AROUND})", text):
        take(m, 0.8 * value(m), 1.2 * value(m))
    for m in re.finditer(rf"(?P<bound>便宜于|低于|不超过|不到)(?P<v>{NUM})(?!\s*(?:分|小时|页|年|%))", text):
        take(m, None, value_of(m["v"]))
    for m in re.finditer(amount, text):
        take(m, None, value(m))


def _count(text: str, take: Callable[..., None]) -> None:
    """How many are wanted: ``推荐三部``, ``给我5个``, ``来两本``; "一部" is the article "a" unless "只" stands before it."""
    verbs = r"(?:推荐|介绍|来|给我|给|找|要|想看|看|列出|列|选|挑)(?:我|一下)?"
    for m in re.finditer(rf"{verbs}(?P<n>{NUM})(?={_COUNTED}|(?:电影|片))", text):
        number = int(value_of(m["n"]))
        if 1 < number <= 99:
            take(m, None, number)
            return
    for m in re.finditer(
        rf"(?:^|[，,])(?P<n>{NUM})(?={_COUNTED}[^，。,;；]{{0,8}}?(?:电影|影片|片|剧|动画|小说|书|鞋|餐厅|游戏))", text
    ):
        number = int(value_of(m["n"]))
        if 1 < number <= 99:
            take(m, None, number)
            return
    for m in re.finditer(rf"(?:只要|就要|只推荐|只给我|只来)(?P<n>{NUM})(?={_COUNTED})", text):
        take(m, None, int(value_of(m["n"])))
        return
