"""Numbers and dates in Chinese."""

from __future__ import annotations

import datetime

import pytest

from assistant.unspaced.numbers import find_numbers
from assistant.unspaced.numerals import value_of
from assistant.unspaced.words import load_phrases

SLOTS = ("year", "runtime", "pages", "price")
TODAY = datetime.date(2026, 6, 1)
AMOUNTS = tuple(load_phrases("zh").amounts.values())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("七", 7), ("十", 10), ("十二", 12), ("二十", 20), ("九十五", 95), ("一百", 100), ("一百零五", 105), ("一百五", 150),
        ("一百二十", 120), ("两百", 200), ("三百六十五", 365), ("两千零五", 2005), ("一九九四", 1994), ("二〇一〇", 2010),
        ("一万二千", 12000), ("1.5", 1.5), ("2万", 20000), ("120", 120),
        ("八点五", 8.5), ("两千", 2000),
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
        ("95年以后", "year", 1995, None), ("08年到12年之间", "year", 2008, 2012), ("九零年代", "year", 1990, 1999),
        ("二十年前的", "year", None, 2006), ("片长≤100", "runtime", None, 100), ("不要推荐2010年以前的", "year", 2010, None),
        ("1968年前后", "year", 1965, 1971), ("两千年之前", "year", None, 1999), ("21世纪头十年", "year", 2000, 2009),
        ("20世纪末", "year", 1980, 1999), ("本世纪以前", "year", None, 1999), ("21世纪以来", "year", 2000, None),
        ("一小时四十分钟到两小时之间", "runtime", 100, 120), ("一到两个小时", "runtime", 60, 120), ("最长100分钟", "runtime", None, 100),
        ("不能低于90分钟", "runtime", 90, None), ("最短两小时", "runtime", 120, None), ("片长100以内", "runtime", None, 100),
        ("时长不要超过95", "runtime", None, 95), ("片长在90到100之间", "runtime", 90, 100),
        ("2000年代以前", "year", None, 1999), ("2000年以前的就算了", "year", 2000, None),
    ],
)  # fmt: skip
def test_limits(text, slot, low, high):
    (span,) = find_numbers(text, SLOTS, today=TODAY, amounts=AMOUNTS)
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


@pytest.mark.parametrize(
    ("text", "slot", "low", "high"),
    [
        ("8.5分以上的动画", "rating", 8.5, None), ("评分不低于9分", "rating", 9, None), ("评分最高7.4的", "rating", None, 7.4),
        ("豆瓣评分要在7到8之间", "rating", 7, 8), ("六点五分以下", "rating", None, 6.5), ("评分低于8", "rating", None, 7.99),
        ("口碑8左右", "rating", 7.7, 8.3), ("评分8的", "rating", 8, None), ("不要评分低于7的", "rating", 7, None),
        ("评价人数超过10万", "ratings_count", 100001, None), ("至少五千人评价", "ratings_count", 5000, None),
    ],
)  # fmt: skip
def test_numbers_that_are_named_or_have_a_unit_of_their_own(text, slot, low, high):
    slots = ("year", "runtime", "rating", "ratings_count", "price")
    (span,) = find_numbers(text, slots, today=TODAY, amounts=AMOUNTS)
    assert (span.slot, span.negated) == (slot, False)
    assert (span.low, span.high) == pytest.approx((low, high))


@pytest.mark.parametrize("text", ["片长一个半小时以内", "时长在1小时到90分钟之间", "片长90分钟以内"])
def test_a_name_does_not_tear_a_length_apart(text):
    (span,) = find_numbers(text, SLOTS, today=TODAY, amounts=AMOUNTS)
    assert (span.slot, span.high) == ("runtime", 90)


@pytest.mark.parametrize("text", ["2000年代以外的", "除了2000年代", "2000年代的不考虑", "不是2000年代拍的"])
def test_a_stretch_of_years_is_ruled_out_before_or_behind_it(text):
    (span,) = find_numbers(text, SLOTS, today=TODAY)
    assert (span.low, span.high, span.negated) == (2000, 2009, True)


def test_a_negation_of_something_else_does_not_reach_a_number():
    spans = find_numbers("不要英语的2000年以后", SLOTS, today=TODAY)
    assert [(span.low, span.high, span.negated) for span in spans] == [(2000, None, False)]
