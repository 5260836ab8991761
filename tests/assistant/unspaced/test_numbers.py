"""Numbers and dates in Chinese."""

from __future__ import annotations

import datetime

import pytest

from assistant.unspaced.numbers import find_numbers, value_of

SLOTS = ("year", "runtime", "pages", "price")
TODAY = datetime.date(2026, 6, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("七", 7), ("十", 10), ("十二", 12), ("二十", 20), ("九十五", 95), ("一百", 100), ("一百零五", 105), ("一百五", 150),
        ("一百二十", 120), ("两百", 200), ("三百六十五", 365), ("两千零五", 2005), ("一九九四", 1994), ("二〇一〇", 2010),
        ("一万二千", 12000), ("1.5", 1.5), ("2万", 20000), ("120", 120),
    ],
)  # fmt: skip
def test_numerals(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "slot", "low", "high"),
    [
        ("九十年代", "year", 1990, 1999), ("90年代", "year", 1990, 1999), ("1980年代", "year", 1980, 1989),
        ("20世纪60年代", "year", 1960, 1969), ("上世纪三十年代", "year", 1930, 1939), ("00年代", "year", 2000, 2009),
        ("2010年代", "year", 2010, 2019), ("八十年代初", "year", 1980, 1983), ("七十年代中期", "year", 1974, 1976),
        ("90年代末", "year", 1997, 1999), ("六七十年代", "year", 1960, 1979), ("八十年代以前", "year", None, 1979),
        ("九十年代以后", "year", 1990, None), ("2000年以前", "year", None, 1999), ("2010年之后", "year", 2010, None),
        ("2015年以来", "year", 2015, None), ("1994年", "year", 1994, 1994), ("二〇〇八年", "year", 2008, 2008),
        ("1990年到1995年", "year", 1990, 1995), ("近五年", "year", 2021, None), ("最近十年的", "year", 2016, None),
        ("去年", "year", 2025, 2025), ("今年的", "year", 2026, 2026), ("本世纪", "year", 2000, None),
        ("上世纪", "year", 1900, 1999), ("早于1960年", "year", None, 1959),
        ("90分钟以内", "runtime", None, 90), ("不到两小时", "runtime", None, 119), ("不超过100分钟", "runtime", None, 100),
        ("两个半小时以上", "runtime", 150, None), ("一个半小时以内", "runtime", None, 90), ("超过三小时", "runtime", 181, None),
        ("至少2小时", "runtime", 120, None), ("100分钟左右", "runtime", 90, 110), ("1小时40分钟以内", "runtime", None, 100),
        ("半小时以内", "runtime", None, 30), ("三百页以内", "pages", None, 300), ("不少于500页", "pages", 500, None),
        ("100元以下", "price", None, 100), ("五十块以内", "price", None, 50), ("不超过¥200", "price", None, 200),
        ("一百到两百元", "price", 100, 200), ("50-80块", "price", 50, 80), ("预算三百", "price", None, 300),
        ("500元以上", "price", 500, None),
    ],
)  # fmt: skip
def test_limits(text, slot, low, high):
    (span,) = find_numbers(text, SLOTS, today=TODAY)
    assert (span.slot, span.low, span.high, span.negated) == (slot, low, high, False)


def test_a_negated_limit_is_turned_round():
    (span,) = find_numbers("不要2000年以前的", SLOTS, today=TODAY)
    assert (span.low, span.high, span.negated) == (2000, None, False)
    (span,) = find_numbers("不要九十年代的", SLOTS, today=TODAY)
    assert (span.low, span.high, span.negated) == (1990, 1999, True)


@pytest.mark.parametrize(
    ("text", "k"),
    [("推荐三部电影", 3), ("给我5个", 5), ("来两本小说", 2), ("找十部纪录片", 10), ("五部动画", 5), ("只要一部", 1)],
)
def test_how_many(text, k):
    (span,) = find_numbers(text, SLOTS, today=TODAY)
    assert (span.slot, span.low or span.high) == (None, k)


@pytest.mark.parametrize("text", ["推荐一部电影", "来个喜剧", "两个小偷闯进豪宅", "十二个人的故事", "第二部", "一家人"])
def test_a_number_that_limits_nothing(text):
    assert not find_numbers(text, SLOTS, today=TODAY)


def test_a_slot_that_the_catalogue_does_not_have_is_not_limited():
    assert not find_numbers("90分钟以内，100元以下", ("year",), today=TODAY)
