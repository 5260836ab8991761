"""Pictures through the server: only from where they may come, and only pictures."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest

from assistant.surfaces.web.pictures import MAX_BYTES, Pictures
from tests.assistant.turns import offline_settings

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
pytestmark = pytest.mark.anyio


def proxy(
    answer=None,
    addresses: Sequence[str] = ("93.184.215.14",),
    hosts: tuple[str, ...] = ("img.example",),
    on: str = "proxy",
) -> tuple[Pictures, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        made = answer(request) if callable(answer) else answer
        return made or httpx.Response(200, content=PNG, headers={"content-type": "image/png"})

    async def resolve(host: str) -> Sequence[str]:
        return addresses

    settings = offline_settings(pictures=on, picture_hosts=hosts)
    return Pictures(settings, transport=httpx.MockTransport(handle), resolve=resolve), asked


async def test_a_picture_comes_from_the_examined_address_by_its_name() -> None:
    pictures, asked = proxy()
    found = await pictures.fetch("https://img.example/a.png")
    assert found is not None
    assert (found.data, found.media_type) == (PNG, "image/png")
    (request,) = asked
    assert request.url.host == "93.184.215.14"
    assert request.headers["host"] == "img.example"
    assert request.extensions["sni_hostname"] == "img.example"
    assert "cookie" not in request.headers
    await pictures.fetch("https://img.example/a.png")
    assert len(asked) == 1  # kept


@pytest.mark.parametrize(
    "url",
    [
        "http://img.example/a.png", "https://other.example/a.png", "https://img.example.evil.example/a.png",
        "https://user@img.example/a.png", "https://img.example:8443/a.png", "ftp://img.example/a", "file:///etc/passwd",
        "//img.example/a.png", "https://img.example:x/a.png", "javascript:alert(1)", "data:image/png;base64,AAAA", "",
    ],
)  # fmt: skip
async def test_other_addresses_are_never_asked(url: str) -> None:
    pictures, asked = proxy()
    assert not pictures.allows(url)
    assert await pictures.fetch(url) is None
    assert asked == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "::1", "fe80::1", "fc00::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255", "2001:db8::1",
    ],
)  # fmt: skip
async def test_a_name_that_leads_into_a_private_network_is_refused(address: str) -> None:
    for addresses in ([address], ["93.184.215.14", address]):
        pictures, asked = proxy(addresses=addresses)
        assert await pictures.fetch("https://img.example/a.png") is None
        assert asked == []


async def test_redirects_are_examined_like_the_first_address() -> None:
    def to(location: str):
        def answer(request: httpx.Request) -> httpx.Response | None:
            return httpx.Response(302, headers={"location": location}) if request.url.path == "/a.png" else None

        return answer

    pictures, asked = proxy(to("/b.png"))
    assert await pictures.fetch("https://img.example/a.png") is not None
    assert len(asked) == 2
    for location in ("http://img.example/b.png", "https://169.254.169.254/latest", "https://other.example/b.png"):
        pictures, asked = proxy(to(location))
        assert await pictures.fetch("https://img.example/a.png") is None
        assert len(asked) == 1
    pictures, asked = proxy(lambda request: httpx.Response(302, headers={"location": "/a.png"}))
    assert await pictures.fetch("https://img.example/a.png") is None
    assert len(asked) < 10


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, content=b"<svg onload=alert(1)>", headers={"content-type": "image/svg+xml"}),
        httpx.Response(200, content=b"<script>", headers={"content-type": "text/html"}),
        httpx.Response(200, content=b"x"),
        httpx.Response(404, content=PNG, headers={"content-type": "image/png"}),
        httpx.Response(200, content=b"", headers={"content-type": "image/png"}),
        httpx.Response(200, content=b"0" * (MAX_BYTES + 1), headers={"content-type": "image/png"}),
    ],
)
async def test_what_is_no_picture_is_not_passed_on(response: httpx.Response) -> None:
    pictures, _ = proxy(response)
    assert await pictures.fetch("https://img.example/a.png") is None


async def test_a_host_that_fails_is_a_blank_and_no_error() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    pictures, _ = proxy(fail)
    assert await pictures.fetch("https://img.example/a.png") is None


async def test_off_by_default() -> None:
    pictures, asked = proxy(on="off")
    assert not pictures.allows("https://img.example/a.png")
    assert await pictures.fetch("https://img.example/a.png") is None
    assert asked == []
