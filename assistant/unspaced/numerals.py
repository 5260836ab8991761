"""Numbers in digits and in Han numerals, and the words that make them limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNITS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}
HAN_DIGIT = "[零〇一二三四五六七八九]"
NUM = rf"(?:\d+(?:\.\d+)?[万千百]?|[零〇一二两三四五六七八九十百千万]+(?:点{HAN_DIGIT}+)?)"
TO = r"\s*(?:到|至|-|–|—|~|～|和|与)\s*"
_NOT = r"(?:不要|不能|不可|不得|不会|不|别)"
BELOW_BEFORE = (
    rf"(?:{_NOT}(?:超过|多于|高于|长于|大于|大过|超过?)|[没未]有?超过|最多|至多|最高|最长|顶多|上限(?:是|为)?|不到|不足|[不未]满"
    r"|少于|短于|低于|小于|控制在|便宜于|封顶|撑死|顶天|[≤<]=?)"
)
ABOVE_BEFORE = rf"(?:{_NOT}(?:少于|短于|低于|小于)|超过|多于|长于|高于|大于|高过|长过|好于|不止|至少|最少|起码|最低|最短|下限(?:是|为)?|[≥>]=?)"
STRICT_BEFORE = r"(?:不到|不足|[不未]满|少于|短于|低于|小于|超过|多于|长于|高于|大于|高过|长过|好于|不止|[<>])"
BELOW_BEHIND = r"(?:[及或](?:者|是)?)?(?:以内|之内|以下|之下|更低|更短|更少|更便宜|内|封顶|为限|以里)"
ABOVE_BEHIND = r"(?:[及或](?:者|是)?)?(?:以上|之上|更高|更长|更多|\+|起步|往上|打底|保底|开外|起|多)"
AROUND = r"(?:左右|上下|差不多|大概)"


def value_of(text: str) -> float:
    """The number that digits or Han numerals stand for: ``一百二十`` 120, ``两千零五`` 2005, ``1.5`` 1.5, ``一九九四`` 1994, ``八点五`` 8.5."""
    if match := re.fullmatch(r"(\d+(?:\.\d+)?)([万千百]?)", text):
        return float(match[1]) * _UNITS.get(match[2], 1)
    whole, _, behind = text.partition("点")
    if behind:
        return value_of(whole) + float("0." + "".join(str(DIGITS[character]) for character in behind))
    if not any(character in _UNITS for character in text):
        return float("".join(str(DIGITS[character]) for character in text))
    total = section = 0
    digit: int | None = None
    last = 1
    for character in text:
        if character in DIGITS:
            digit = DIGITS[character]
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


Limits = Iterator[tuple[re.Match[str], float | None, float | None]]


def bounded(text: str, amount: str, value: Callable[[re.Match[str]], float], step: float) -> Limits:
    """(match, low, high) of an amount with a bound before or behind it, strict ones a ``step`` away."""
    for m in re.finditer(rf"(?P<bound>{BELOW_BEFORE}|{ABOVE_BEFORE})\s*{amount}", text):
        found, strict = value(m), re.fullmatch(STRICT_BEFORE, m["bound"]) is not None
        if re.fullmatch(BELOW_BEFORE, m["bound"]):
            yield m, None, found - step if strict else found
        else:
            yield m, found + step if strict else found, None
    for m in re.finditer(rf"{amount}\s*(?P<bound>{BELOW_BEHIND}|{ABOVE_BEHIND})", text):
        below = re.fullmatch(BELOW_BEHIND, m["bound"]) is not None
        yield m, None if below else value(m), value(m) if below else None
