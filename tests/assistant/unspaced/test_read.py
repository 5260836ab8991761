"""Messages in Chinese: what each says, on the sample films (in English, with a Chinese side) and on a small shop in English."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np
import pytest

from assistant.catalogue import Catalogue
from assistant.language import load_language
from assistant.records import item_from_row, item_to_record
from assistant.types import Constraint, Context, Held, Question
from assistant.understand import understand
from assistant.vocabulary import Vocabulary
from tests.assistant.goods import SHOES

FILMS = Path(__file__).resolve().parents[3] / "examples" / "data" / "films.jsonl"
TODAY = datetime.date(2026, 6, 1)
TABLE = ("alien-1979", "solaris-1972", "tampopo-1985", "the-godfather-1972", "amelie-2001")
COMEDY = Constraint(slot="categories", op="any", values=("Comedy",), words="喜剧")
RECENT = Constraint(slot="year", op="range", low=1990, words="1990年以后")
TALKED = Context(
    turn=3,
    held=(
        Held(held_id="h1", constraint=COMEDY, promised=True, turn=1),
        Held(held_id="h2", constraint=RECENT, promised=True, turn=2),
    ),
    table=TABLE,
    focus=("solaris-1972",),
    shown=frozenset(TABLE),
    language="zh",
)
ASKED = Context(turn=2, table=TABLE, question=Question(slot="categories", text="?"), language="zh")

FILMS_ASKED = [
    ("想看九十年代的喜剧", "recommend; year 1990..1999; categories Comedy"),
    ("推荐三部不超过100分钟的科幻片", "recommend; runtime ..100; categories Science fiction; k 3"),
    ("像《异形》那样的片子，但是不要太吓人的", "similar; ~not moods frightening; ~not categories Horror; like alien-1979"),
    ("诺兰导演的电影", "recommend; director Christopher Nolan"),
    ("不要恐怖片，想看点轻松的", "recommend; not categories Horror; ~categories Comedy; ~moods playful"),
    ("除了动画片以外都可以，要法国的", "recommend; not categories Animation; countries France"),
    ("2010年以后的韩国惊悚片", "recommend; year 2010..; countries South Korea; categories Thriller"),
    ("讲太空的喜剧", "recommend; categories Comedy; ~tags space"),
    ("有没有关于友情的动画", "recommend; categories Animation; ~tags friendship"),
    ("日本动画，宫崎骏的就算了", "recommend; not people Hayao Miyazaki; countries Japan; categories Animation"),
    ("两个半小时以上的战争片", "recommend; runtime 150..; categories War"),
    ("看过《教父》，想看类似的黑帮片", "similar; categories Crime; like the-godfather-1972"),
    ("我喜欢科幻片，从不看恐怖片", "profile; dislikes categories Horror; likes categories Science fiction"),
    ("欧洲的老电影，1960年以前", "recommend; year ..1959; countries Austria|Belgium|…"),
    ("近五年的纪录片", "recommend; year 2021..; categories Documentary"),
    ("你好", "small_talk"),
    ("黑白默片", "recommend; ~tags black and white; ~tags silent"),
    ("最好是希区柯克或者库布里克的悬疑片", "recommend; people Alfred Hitchcock|Stanley Kubrick; categories Mystery"),
    ("王家卫", "recommend; people Wong Kar-wai"),
    ("随便推荐几部", "recommend"),
    ("不是美国的科幻片", "recommend; not countries United States; categories Science fiction"),
    ("上世纪的中国电影", "recommend; year 1900..1999; countries China|Hong Kong|Taiwan"),
    ("女性导演的西部片", "recommend; categories Western; ~tags women directors"),
    ("有没有《黑客帝国5》", "recommend; unknown 黑客帝国5"),
    ("七八十年代的香港电影", "recommend; year 1970..1989; countries Hong Kong"),
    ("一九九四年的爱情片", "recommend; year 1994..1994; categories Romance"),
    ("2000年到2010年之间的动画", "recommend; year 2000..2010; categories Animation"),
    ("80年代末的恐怖片", "recommend; year 1987..1989; categories Horror"),
    ("一个半小时以内的喜剧", "recommend; runtime ..90; categories Comedy"),
    ("90分钟左右的悬疑片", "recommend; runtime 80..100; categories Mystery"),
    ("别给我推荐战争片和西部片", "recommend; not categories War; not categories Western"),
    ("不要1980年以前的", "recommend; year 1980.."),
    ("恐怖片就算了，来点温暖的", "recommend; not categories Horror; ~moods warm"),
    ("除了喜剧，还想看冒险片", "recommend; categories Comedy; categories Adventure"),
    ("喜欢《千与千寻》和《龙猫》，还有类似的吗", "similar; like spirited-away-2001|my-neighbor-totoro-1988"),
    ("跟楚门的世界差不多的", "similar; like the-truman-show-1998"),
    ("我看过《盗梦空间》了，换别的烧脑片", "recommend; ~moods mind-bending; ~categories Mystery|Science fiction; seen inception-2010"),
    ("Sigourney Weaver主演的科幻片", "recommend; cast Sigourney Weaver; categories Science fiction"),
    ("适合全家看的圣诞电影", "recommend; ~categories Family|Animation; ~tags family; ~tags christmas"),
    ("感人的父子故事", "recommend; ~moods moving|tender; ~tags fathers and sons"),
    ("在巴黎发生的浪漫爱情片", "recommend; categories Romance; ~tags paris"),
    ("说法语的惊悚片", "recommend; languages French; categories Thriller"),
    ("五部治愈的动画", "recommend; categories Animation; ~moods warm|gentle|hopeful; k 5"),
    ("给我推荐两部短一点的科幻片", "recommend; categories Science fiction; ~runtime ..94; k 2"),
    ("来一部黑色幽默的犯罪片", "recommend; categories Crime; ~moods deadpan|satirical"),
    ("韩国或者日本的恐怖片", "recommend; countries South Korea|Japan; categories Horror"),
    ("李安的片子，不要武侠", "recommend; people Ang Lee"),
    ("20世纪的意大利喜剧", "recommend; year 1900..1999; countries Italy; categories Comedy"),
    ("本世纪的音乐片", "recommend; year 2000..; categories Music|Musical"),
    ("讲一只老鼠想当厨师的动画", "recommend; categories Animation; ~tags mice; ~tags chef"),
    ("谢谢", "small_talk"),
    ("我从来不看恐怖片", "profile; dislikes categories Horror"),
    ("忘掉我喜欢科幻片", "profile; unsaid categories Science fiction"),
    ("我最喜欢黑泽明", "profile; likes people Akira Kurosawa"),
]  # fmt: skip
"""Requests and statements on the sample films, with nothing before them."""

FILMS_TALKED = [
    ("换一批", "refine"),
    ("第二个讲什么", "about; references solaris-1972"),
    ("为什么推荐第一个", "why; references alien-1979"),
    ("为什么没有《月球》", "why_not; references moon-2009"),
    ("第一个和第三个哪个更短", "compare; references alien-1979|tampopo-1985"),
    ("就看最后一部", "accept; references amelie-2001; accepted amelie-2001"),
    ("不喜欢第二个", "refine; references solaris-1972; rejected solaris-1972"),
    ("第三部看过了", "refine; seen tampopo-1985; references tampopo-1985"),
    ("短一点的", "refine; runtime ..118.5"),
    ("更老的", "refine; year ..1971"),
    ("太长了", "refine; runtime ..118.5"),
    ("同一个导演的", "refine; director Andrei Tarkovsky"),
    ("不限年代", "refine; take_back h2"),
    ("不用喜剧了", "refine; take_back h1"),
    ("重新开始", "refine; new"),
    ("要喜欢什么才会推荐《月球》", "what_if; references moon-2009"),
    ("再来点类似的", "similar; like solaris-1972"),
    ("那个怎么样", "about; references solaris-1972"),
    ("都看过了，还有吗", "refine; seen alien-1979|solaris-1972|tampopo-1985|the-godfather-1972|amelie-2001"),
    ("老的那部是谁导演的", "about; references solaris-1972"),
    ("不要黑白的", "refine; not tags black and white"),
    ("像第一个那样的", "similar; like alien-1979; references alien-1979"),
]  # fmt: skip
"""Messages about five films on the table, the second spoken of last; comedies from 1990 on were asked for."""

FILMS_ASKED_TOO = [
    ("六十年代的法国片，别太长", "recommend; year 1960..1969; countries France; ~runtime ..94"),
    ("有没有新一点的纪录片", "recommend; categories Documentary; ~year 2002.."),
    ("上一部太压抑了，来点轻快的", "recommend; ~not moods bleak|dark"),
    ("太血腥的不行，想看喜剧", "recommend; categories Comedy; ~not moods violent"),
    ("太阳底下的爱情故事", "recommend; ~categories Romance"),
    ("太空里的恐怖片", "recommend; categories Horror; ~tags space"),
    ("西班牙语、惊悚、2000年后", "recommend; year 2000..; languages Spanish; categories Thriller"),
    ("恐怖和喜剧都要沾边的", "recommend; categories Horror; categories Comedy"),
    ("一场战争让兄弟反目", "recommend; ~categories War; ~tags brothers"),
    ("非动画类的奇幻片", "recommend; not categories Animation; categories Fantasy"),
    ("科幻片，Christopher Nolan 执导", "recommend; director Christopher Nolan; categories Science fiction"),
    ("要Toshiro Mifune或者Takashi Shimura主演的", "recommend; cast Toshiro Mifune|Takashi Shimura"),
    ("恐怖片以外都行，日本的", "recommend; not categories Horror; countries Japan"),
    ("我对纪录片不感兴趣，法国的喜剧吧", "recommend; countries France; categories Comedy; dislikes categories Documentary"),
    ("我对武侠很感兴趣", "recommend"),
    ("我对西部片很感兴趣", "profile; likes categories Western"),
    ("和战争无关的历史片", "recommend; not categories War; categories History"),
    ("家庭片，动画也行", "recommend; categories Family|Animation"),
    ("波兰语的剧情片", "recommend; languages Polish; categories Drama"),
    ("克罗地亚语的", "recommend"),
    ("捷克斯洛伐克拍的喜剧，不要匈牙利语对白", "recommend; countries Czechoslovakia; categories Comedy; not languages Hungarian"),
    ("不要英语对白的科幻片", "recommend; not languages English; categories Science fiction"),
    ("没有爱情戏份的战争片", "recommend; not categories Romance; categories War"),
    ("美国片看够了，换法国的", "recommend; not countries United States; countries France"),
    ("动画我就不碰了", "recommend; not categories Animation"),
    ("导演：李安", "recommend; director Ang Lee"),
    ("李安导演的或者王家卫导演的", "recommend; director Ang Lee|Wong Kar-wai"),
    ("科幻片、西部片任选", "recommend; categories Science fiction|Western"),
    ("千禧年以后的短片", "recommend; year 2000.."),
    ("除日本以外的亚洲电影", "recommend; not countries Japan; countries Afghanistan|Bhutan|…"),
    ("英语的不要法语的也不要", "recommend; not languages English; not languages French"),
    ("既有科幻又有西部的", "recommend; categories Science fiction; categories Western"),
    ("科幻加喜剧", "recommend; categories Science fiction; categories Comedy"),
    ("Toshiro Mifune、Takashi Shimura主演", "recommend; cast Toshiro Mifune; cast Takashi Shimura"),
    ("主演不能是Tom Hanks，98年以后", "recommend; year 1998..; not cast Tom Hanks"),
    ("最老的动画片", "recommend; categories Animation; ~year ..1976"),
    ("《异形》的导演还有什么片子", "refine; director Ridley Scott"),
    ("别给我推荐1980年以前的", "recommend; year 1980.."),
    ("非日本的不看，动画片", "recommend; countries Japan; categories Animation"),
    ("不用法语的剧情片", "recommend; not languages French; categories Drama"),
    ("少不了机器人的科幻片", "recommend; categories Science fiction; ~tags robots|androids|artificial intelligence"),
    ("偏惊悚的韩国片", "recommend; categories Thriller; countries South Korea"),
    ("Clint Eastwood的电影，封顶两小时", "recommend; runtime ..120; cast Clint Eastwood"),
    ("我要的是非比利时出品的", "recommend; not countries Belgium"),
    ("告别故乡的人", "recommend"),
    ("三船敏郎演的", "recommend"),
    ("女导演的科幻片", "recommend; categories Science fiction; ~tags women directors"),
]  # fmt: skip
"""Requests whose words depend on what stands around them: degrees, lists, closed negations, names inside names."""

FILMS_TALKED_TOO = [
    ("最后那个太老了", "refine; year 2002..; references amelie-2001; rejected amelie-2001"),
    ("3号片长长了点", "refine; runtime ..113; references tampopo-1985; rejected tampopo-1985"),
    ("2号太长", "refine; references solaris-1972; rejected solaris-1972"),
    ("倒数第二部我没什么兴趣", "refine; references the-godfather-1972; rejected the-godfather-1972"),
    ("最上面那部不太合我胃口，跳过", "refine; references alien-1979; rejected alien-1979"),
    ("比第一个短的有吗", "refine; runtime ..116; references alien-1979"),
    ("那就第三个吧", "accept; references tampopo-1985; accepted tampopo-1985"),
    ("这些都没感觉", "refine; references alien-1979|solaris-1972|tampopo-1985|the-godfather-1972|amelie-2001; "
     "rejected alien-1979|solaris-1972|tampopo-1985|the-godfather-1972|amelie-2001"),
    ("唉，都不怎么样", "refine; rejected alien-1979|solaris-1972|tampopo-1985|the-godfather-1972|amelie-2001"),
    ("第四部里没有法国演员吧，我要法国的", "refine; countries France; ~tags actors; references the-godfather-1972; rejected the-godfather-1972"),
    ("第二个不是英语的，要英语的", "refine; languages English; references solaris-1972; rejected solaris-1972"),
    ("第一个是动画吗", "about; references alien-1979"),
    ("这里面最短的是哪部", "about; references tampopo-1985"),
    ("《教父》就免了", "refine; rejected the-godfather-1972"),
    ("把喜剧换成科幻片", "refine; categories Science fiction; take_back h1"),
    ("1990年以后这一条取消", "refine; take_back h2"),
    ("年份已经不那么重要了", "refine; take_back h2"),
    ("不必非得是喜剧", "refine; take_back h1"),
    ("动画也可以", "refine; categories Comedy|Animation; take_back h1"),
    ("第二部是什么时候拍的", "about; references solaris-1972"),
    ("那部多长啊", "about; references solaris-1972"),
    ("第一部之外还有什么", "refine; references alien-1979"),
    ("第一个不行，不是法国或者日本的，我要法国或者日本拍的", "refine; countries France|Japan; references alien-1979; rejected alien-1979"),
    ("《飞向太空》先别提了", "refine; rejected solaris-1972"),
    ("我不在乎这个。《飞向太空》年代太久", "refine; year 1973..; rejected solaris-1972"),
    ("能从喜剧换到澳大利亚的吗", "refine; countries Australia; take_back h1"),
    ("喜剧那条先不提了", "refine; take_back h1"),
    ("1990年以后那个条件收回", "refine; take_back h2"),
    ("第二个嘛，不太戳我", "refine; references solaris-1972; rejected solaris-1972"),
    ("第五部淘汰", "refine; references amelie-2001; rejected amelie-2001"),
    ("第五部不错，有没有法国的", "refine; countries France; references amelie-2001"),
    ("这几位大导演的片子通通没眼缘", "refine; rejected alien-1979|solaris-1972|tampopo-1985|the-godfather-1972|amelie-2001"),
    ("都没看过呢", "recommend"),
    ("避开九十年代，评分倒是没所谓", "recommend; not year 1990..1999"),
    ("评分这种东西无所谓", "recommend"),
    ("第二部的导演还拍过什么", "refine; director Andrei Tarkovsky; references solaris-1972"),
]  # fmt: skip
"""As above: places counted from either end, faults, what is replaced, released or joined."""

ANSWERED = [
    ("随便", "refine; no preference"),
    ("都可以", "refine; no preference"),
    ("剧情片", "refine; categories Drama"),
]  # fmt: skip
"""Answers to an open question about the kind."""

SHOES_ASKED = [
    ("100块以下的跑鞋", "recommend; price ..100; categories Running shoes"),
    ("红色的凉鞋，有货的", "recommend; in_stock yes; colour red; categories Sandals"),
    ("防水的靴子，不要皮的", "recommend; waterproof yes; categories Boots; not material leather"),
    ("9码的跑鞋，预算一百五", "recommend; price ..150; size 9; categories Running shoes"),
    ("五十到一百元的鞋", "recommend; price 50..100"),
    ("便宜点的，Fellwick的", "recommend; brand Fellwick; ~price ..57.3333"),
    ("不超过80元的白色休闲鞋", "recommend; price ..80; colour white; categories Sneakers"),
    ("10码，要有现货", "recommend; in_stock yes; size 10"),
]  # fmt: skip
"""Requests of a small shop."""


def catalogue_of(rows):
    """A catalogue in memory; nothing of understanding needs an index."""
    items = [(n, row["item_id"], item_to_record(item_from_row(row))) for n, row in enumerate(rows, 1)]
    return Catalogue.of_items(1, items, np.zeros((len(rows), 4), np.float32))


@pytest.fixture(scope="module")
def films():
    rows = [json.loads(line) for line in FILMS.read_text("utf-8").splitlines()]
    return Vocabulary(catalogue_of(rows), load_language())


@pytest.fixture(scope="module")
def shoes():
    return Vocabulary(catalogue_of(SHOES), load_language())


def shown(constraint, mark=""):
    if constraint.op in ("range", "outside"):
        low, high = ("" if end is None else f"{end:g}" for end in (constraint.low, constraint.high))
        return f"{mark}{'not ' if constraint.op == 'outside' else ''}{constraint.slot} {low}..{high}"
    values = constraint.values if len(constraint.values) <= 3 else (*constraint.values[:2], "…")
    return f"{mark}{'not ' if constraint.op == 'none' else ''}{constraint.slot} {'|'.join(values)}"


def told(said):
    """An utterance in a line: the intent, promises, wishes (~), and what else it says."""
    parts = [said.intent, *map(shown, said.constraints), *(shown(wish, "~") for wish in said.wishes)]
    for name in ("like", "seen", "references", "accepted", "rejected", "again", "take_back", "unknown"):
        if values := getattr(said, name):
            parts.append(f"{name} {'|'.join(values)}")
    if said.k:
        parts.append(f"k {said.k}")
    parts += [f"{'likes' if one.likes else 'dislikes'} {one.slot} {one.value}" for one in said.statements]
    parts += [f"unsaid {one.slot} {one.value}" for one in said.unsaid]
    return "; ".join(
        [*parts, *(["new"] if said.new_subject else []), *(["no preference"] if said.no_preference else [])]
    )


@pytest.mark.parametrize(("text", "expected"), [*FILMS_ASKED, *FILMS_ASKED_TOO])
def test_requests_on_films(films, text, expected):
    said = understand(text, films, today=TODAY)
    assert told(said) == expected
    assert said.language == "zh"


@pytest.mark.parametrize(("text", "expected"), [*FILMS_TALKED, *FILMS_TALKED_TOO])
def test_messages_about_what_was_shown(films, text, expected):
    assert told(understand(text, films, TALKED, today=TODAY)) == expected


@pytest.mark.parametrize(("text", "expected"), ANSWERED)
def test_answers_to_a_question(films, text, expected):
    assert told(understand(text, films, ASKED, today=TODAY)) == expected


@pytest.mark.parametrize(("text", "expected"), SHOES_ASKED)
def test_requests_of_a_shop(shoes, text, expected):
    assert told(understand(text, shoes, today=TODAY)) == expected


def test_there_are_eighty_messages():
    assert len(FILMS_ASKED) + len(FILMS_TALKED) + len(ANSWERED) + len(SHOES_ASKED) >= 80


def test_what_is_searched_by_is_what_says_something(films):
    """Names, numbers and promises that are no subject are gone; words of near meaning and English ones are added."""
    assert understand("想看诺兰导演的、两小时以内的科幻片", films).search_text.split() == [
        "科幻片",
        "Science",
        "fiction",
    ]
    searched = understand("有没有讲小偷潜入豪宅的电影", films).search_text
    assert "小偷潜入豪宅" in searched
    assert "窃贼" in searched
    assert "电影" not in searched


def test_a_chinese_catalogue_is_understood_by_its_own_labels():
    rows = [
        {"item_id": "1", "title": "霸王别姬", "year": 1993, "categories": ["剧情", "爱情"], "director": ["陈凯歌"],
         "cast": ["张国荣"], "countries": ["中国大陆", "中国香港"], "runtime": "171分钟", "description": "两个京剧演员的一生。"},
        {"item_id": "2", "title": "盗梦空间", "year": 2010, "categories": ["科幻", "悬疑"], "director": ["克里斯托弗·诺兰"],
         "countries": ["美国", "英国"], "runtime": "148分钟(公映版)", "description": "潜入梦境的人。"},
    ]  # fmt: skip
    renamed = [{**row, "creators:director": row["director"], "creators:cast": row.get("cast")} for row in rows]
    for row in renamed:
        del row["director"]
        row.pop("cast", None)
    chinese = Vocabulary(catalogue_of(renamed), load_language())
    assert told(understand("国产爱情片", chinese)) == "recommend; countries 中国大陆; categories 爱情"
    assert told(understand("诺兰的科幻片，150分钟以内", chinese)) == (
        "recommend; runtime ..150; people 克里斯托弗·诺兰; categories 科幻"
    )
    assert told(understand("像《霸王别姬》那样的", chinese)) == "similar; like 1"
    assert told(understand("不要美国的", chinese)) == "recommend; not countries 美国"


def test_both_scripts_and_wide_signs_are_one(films):
    """Traditional characters and full-width digits say what simplified ones and plain digits say."""
    for text, same in (
        ("想看九十年代的喜劇", "想看九十年代的喜剧"),
        ("２０１０年以後的韓國驚悚片", "2010年以后的韩国惊悚片"),
        ("給我一部紀錄片，語言是英語，２小時以下", "给我一部纪录片，语言是英语，2小时以下"),
        ("像《異形》那樣的片子，不要太嚇人的", "像《异形》那样的片子，不要太吓人的"),
    ):
        assert told(understand(text, films, today=TODAY)) == told(understand(same, films, today=TODAY))
    assert "小偷" in understand("講小偷潛入豪宅的電影", films).search_text


def test_an_english_message_with_the_same_vocabulary_is_english(films):
    said = understand("a comedy from the nineties", films, Context(language="zh"))
    assert said.language == "en"
    assert told(said).startswith("recommend; year 1990..1999")
