"""Years, decades, lengths, pages, prices and counts in a message without spaces, digits and Han numerals alike."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Collection, Iterator

from assistant.understanding.number_spans import NumberSpan

LENGTH_SLOTS = ("runtime", "duration", "length", "minutes", "runtime_minutes")
PAGE_SLOTS = ("pages", "num_pages", "page_count")
_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNITS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}
_NUM = r"(?:\d+(?:\.\d+)?[万千百]?|[零〇一二两三四五六七八九十百千万]+)"
_YEAR = r"(?:(?<!\d)(?:1[89]|20)\d\d(?!\d)|[一二][零〇一二三四五六七八九]{3})"
_TO = r"\s*(?:到|至|-|–|—|~|～|和|与)\s*"
_BELOW_BEFORE = (
    r"(?:不超过|不要超过|别超过|不能超过|最多|至多|不多于|不高于|不到|少于|短于|低于|小于|控制在|便宜于|不长于)"
)
_ABOVE_BEFORE = r"(?:超过|多于|长于|高于|大于|至少|最少|起码|不少于|不短于|不低于)"
_STRICT_BEFORE = r"(?:不到|少于|短于|低于|小于|超过|多于|长于|高于|大于)"
_BELOW_BEHIND = r"(?:以内|之内|以下|之下|内|封顶)"
_ABOVE_BEHIND = r"(?:以上|之上|起步|往上|起|多)"
_AROUND = r"(?:左右|上下|差不多|大概)"
_CENTURY = r"(?:20世纪|上世纪|上个世纪|二十世纪|19)"
_DECADE = r"(?:[1-9]0|[二三四五六七八九]十|零零|00|[12]0|一十|十)"
_PART = {"初": (0, 3), "初期": (0, 3), "前期": (0, 4), "早期": (0, 3), "中": (4, 6), "中期": (4, 6), "末": (7, 9), "末期": (7, 9), "后期": (5, 9), "晚期": (7, 9)}  # fmt: skip
_PARTS = "|".join(sorted(_PART, key=len, reverse=True))
_BEFORE = r"(?:以前|之前|前)"
_AFTER = r"(?:以后|之后|以来|后|起|至今|开始|往后)"
_NEGATED = re.compile(r"(?:不要|不想看|不看|别|不是|不在|不属于|非|除了|除去|排除)[^，。；,;]{0,3}$")
_COUNTED = r"(?:个|部|本|款|家|首|张|条|双|件|套|种)"


def value_of(text: str) -> float:
    """The number that digits or Han numerals stand for: ``一百二十`` 120, ``两千零五`` 2005, ``1.5`` 1.5, ``一九九四`` 1994."""
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)([万千百]?)", text):
        return float(match[1]) * _UNITS.get(match[2], 1)
    if not any(character in _UNITS for character in text):
        return float("".join(str(_DIGITS[character]) for character in text))
    total = section = 0
    digit: int | None = None
    last = 1
    for character in text:
        if character in _DIGITS:
            digit = _DIGITS[character]
            continue
        unit = _UNITS[character]
        if unit == 10_000:
            total += (section + (digit or 0)) * unit
            section = 0
        else:
            section += (1 if digit is None else digit) * unit
        digit, last = None, unit
    if digit is not None:  # 一百五 is 150, 一百零五 is 105
        section += digit * (last // 10 if last > 10 and "零" not in text[-2:] and "〇" not in text[-2:] else 1)
    return float(total + section)


def _year(text: str) -> int:
    return int(value_of(text.replace("〇", "零")))


def _decade(century: str | None, digits: str) -> int:
    """The first year of ``九十年代``, ``90年代``, ``00年代``, ``2010年代``."""
    start = {"零零": 0, "00": 0}.get(digits, -1)
    start = int(value_of(digits)) if start < 0 else start
    if century is not None:
        return (2000 if century == "20" else 1900) + start
    return (1900 if start >= 20 else 2000) + start


def find_numbers(text: str, numbers: Collection[str], *, today: datetime.date) -> list[NumberSpan]:
    """Every limit on one of the catalogue's ``numbers`` that ``text`` states, and how many items it asks for."""
    spans: list[NumberSpan] = []

    def take(match: re.Match[str], slot: str | None, low: float | None = None, high: float | None = None) -> None:
        start, end = match.span()
        if any(span.start < end and start < span.end for span in spans):
            return
        negated = slot is not None and _NEGATED.search(text, 0, start) is not None
        if negated and (low is None) != (high is None):  # 不要2000年以前的 is from 2000
            step = 0 if slot == "price" else 1
            low, high, negated = (None, low - step, False) if low is not None else ((high or 0) + step, None, False)
        spans.append(NumberSpan(start=start, end=end, slot=slot, low=low, high=high, negated=negated))

    if "year" in numbers:
        _years(text, take, today)
    if length := next((slot for slot in LENGTH_SLOTS if slot in numbers), None):
        _lengths(text, lambda match, low, high: take(match, length, low, high))
    if pages := next((slot for slot in PAGE_SLOTS if slot in numbers), None):
        for match, low, high in _bounded(text, rf"(?P<v>{_NUM})\s*页", lambda m: value_of(m["v"]), 1):
            take(match, pages, low, high)
    if "price" in numbers:
        _prices(text, lambda match, low, high: take(match, "price", low, high))
    _count(text, take)
    return sorted(spans, key=lambda span: span.start)


def _years(text: str, take: Callable[..., None], today: datetime.date) -> None:
    for m in re.finditer(rf"(?P<a>{_YEAR})年?{_TO}(?P<b>{_YEAR})年?(?:之间|期间|间)?", text):
        low, high = sorted((_year(m["a"]), _year(m["b"])))
        take(m, "year", low, high)
    for m in re.finditer(rf"(?P<c>{_CENTURY}|20)?(?P<a>{_DECADE})(?:年代)?(?:到|至|和|或|、|-|~)(?P<d>{_CENTURY}|20)?(?P<b>{_DECADE})年代(?P<how>{_BEFORE}|{_AFTER})?", text):  # fmt: skip
        first, last = _decade(m["c"], m["a"]), _decade(m["d"] or m["c"], m["b"])
        take(m, "year", min(first, last), max(first, last) + 9)
    for m in re.finditer(r"([二三四五六七八九])([二三四五六七八九])十年代", text):  # 七八十年代
        take(m, "year", 1900 + 10 * _DIGITS[m[1]], 1909 + 10 * _DIGITS[m[2]])
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
    for m in re.finditer(rf"(?:最近|过去|近)(?P<n>{_NUM})年(?:内|里|以来|之内|间)?", text):
        take(m, "year", today.year - int(value_of(m["n"])), None)
    for m in re.finditer(r"21世纪|二十一世纪|本世纪|新世纪", text):
        take(m, "year", 2000, None)
    for m in re.finditer(r"上世纪|上个世纪|20世纪|二十世纪", text):
        take(m, "year", 1900, 1999)
    for word, back in (("今年", 0), ("去年", 1), ("前年", 2)):
        for m in re.finditer(word, text):
            take(m, "year", today.year - back, today.year - back)
    for m in re.finditer(rf"(?P<y>{_YEAR})(?:年|(?=的|，|,|\s|$))", text):
        take(m, "year", _year(m["y"]), _year(m["y"]))


Limits = Iterator[tuple[re.Match[str], float | None, float | None]]


def _bounded(text: str, amount: str, value: Callable[[re.Match[str]], float], step: float) -> Limits:
    """(match, low, high) of an amount with a bound before or behind it, strict ones a ``step`` away."""
    for m in re.finditer(rf"(?P<bound>{_BELOW_BEFORE}|{_ABOVE_BEFORE})\s*{amount}", text):
        found, strict = value(m), re.fullmatch(_STRICT_BEFORE, m["bound"]) is not None
        if re.fullmatch(_BELOW_BEFORE, m["bound"]):
            yield m, None, found - step if strict else found
        else:
            yield m, found + step if strict else found, None
    for m in re.finditer(rf"{amount}\s*(?P<bound>{_BELOW_BEHIND}|{_ABOVE_BEHIND})", text):
        below = re.fullmatch(_BELOW_BEHIND, m["bound"]) is not None
        yield m, None if below else value(m), value(m) if below else None


_MINUTES = rf"(?:(?P<h>{_NUM})\s*个?(?P<half>半)?\s*(?:小时|钟头)(?:(?P<half2>半)|零?(?P<m>{_NUM})\s*分钟?)?|(?P<half3>半)\s*个?小时|(?P<m2>{_NUM})\s*分钟)"


def _minutes(m: re.Match[str]) -> float:
    if m["half3"]:
        return 30.0
    if m["m2"]:
        return value_of(m["m2"])
    return 60 * value_of(m["h"]) + (30 if m["half"] or m["half2"] else 0) + (value_of(m["m"]) if m["m"] else 0)


def _lengths(text: str, take: Callable[[re.Match[str], float | None, float | None], None]) -> None:
    for m in re.finditer(rf"(?P<a>{_NUM})\s*(?:分钟)?(?:到|至|和|与|-|–|~|～)(?P<b>{_NUM})\s*分钟(?:之间|间)?", text):
        take(m, *sorted((value_of(m["a"]), value_of(m["b"]))))
    for match, low, high in _bounded(text, _MINUTES, _minutes, 1):
        take(match, low, high)
    for m in re.finditer(rf"(?:{_AROUND})?{_MINUTES}(?:{_AROUND})?", text):
        take(m, _minutes(m) - 10, _minutes(m) + 10)


def _prices(text: str, take: Callable[[re.Match[str], float | None, float | None], None]) -> None:
    unit = r"(?:元|块钱|块|美元|欧元|人民币|刀)"
    for m in re.finditer(rf"[¥￥$€]?(?P<a>{_NUM}){unit}?{_TO}[¥￥$€]?(?P<b>{_NUM}){unit}(?:之间)?", text):
        take(m, *sorted((value_of(m["a"]), value_of(m["b"]))))
    amount = rf"(?:[¥￥$€]\s*(?P<v>{_NUM})|(?P<w>{_NUM})\s*{unit})"

    def value(m: re.Match[str]) -> float:
        return value_of(m["v"] or m["w"])

    for match, low, high in _bounded(text, amount, value, 0):
        take(match, low, high)
    for m in re.finditer(rf"预算(?:是|为|在|大概|只有)?[¥￥$€]?(?P<v>{_NUM}){unit}?(?:{_AROUND}|以内)?", text):
        take(m, None, value_of(m["v"]))
    for m in re.finditer(rf"{amount}(?:{_AROUND})", text):
        take(m, 0.8 * value(m), 1.2 * value(m))
    for m in re.finditer(rf"(?P<bound>便宜于|低于|不超过|不到)(?P<v>{_NUM})(?!\s*(?:分|小时|页|年|%))", text):
        take(m, None, value_of(m["v"]))
    for m in re.finditer(amount, text):
        take(m, None, value(m))


def _count(text: str, take: Callable[..., None]) -> None:
    """How many are wanted: ``推荐三部``, ``给我5个``, ``来两本``; "一部" is the article "a" unless "只" stands before it."""
    verbs = r"(?:推荐|介绍|来|给我|给|找|要|想看|看|列出|列|选|挑)(?:我|一下)?"
    for m in re.finditer(rf"{verbs}(?P<n>{_NUM})(?={_COUNTED}|(?:电影|片))", text):
        number = int(value_of(m["n"]))
        if 1 < number <= 99:
            take(m, None, number)
            return
    for m in re.finditer(
        rf"(?:^|[，,])(?P<n>{_NUM})(?={_COUNTED}[^，。,;；]{{0,8}}?(?:电影|影片|片|剧|动画|小说|书|鞋|餐厅|游戏))", text
    ):
        number = int(value_of(m["n"]))
        if 1 < number <= 99:
            take(m, None, number)
            return
    for m in re.finditer(rf"(?:只要|就要|只推荐|只给我|只来)(?P<n>{_NUM})(?={_COUNTED})", text):
        take(m, None, int(value_of(m["n"])))
        return
