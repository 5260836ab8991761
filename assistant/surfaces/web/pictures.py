"""Pictures of items through this server: from allow-listed hosts over https, never from an address of a private network.

A name is resolved once, every address it has is examined, and the connection goes to an examined address: a name that
resolves to something else a moment later gains nothing. Redirects are examined like the first address.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from assistant.settings import Settings

if TYPE_CHECKING:
    import httpx  # takes a tenth of a second to import, and most servers never need it

TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"})
"""What a picture may be. Not SVG, which can hold script."""
MAX_BYTES = 2_000_000
MAX_REDIRECTS = 3
SECONDS = 5.0
KEPT = 200
"""Pictures kept in memory."""

Resolve = Callable[[str], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Picture:
    data: bytes
    media_type: str


class Pictures:
    """The proxy of one server."""

    def __init__(
        self,
        settings: Settings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        """``transport`` and ``resolve`` replace the network."""
        self.on = settings.pictures == "proxy"
        self._hosts = frozenset(host.casefold().rstrip(".") for host in settings.picture_hosts)
        self._transport = transport
        self._resolve = resolve or _addresses
        self._kept: OrderedDict[str, Picture] = OrderedDict()

    def allows(self, url: str | None) -> bool:
        """Whether a picture would be fetched from there."""
        return self.on and url is not None and self._host(url) is not None

    async def fetch(self, url: str) -> Picture | None:
        """The picture, None when there is none that may be shown. Never raises for what lies on the other side."""
        if not self.on:
            return None
        import httpx

        if url in self._kept:
            self._kept.move_to_end(url)
            return self._kept[url]
        try:
            async with asyncio.timeout(SECONDS):
                picture = await self._follow(url)
        except (TimeoutError, httpx.HTTPError, OSError, UnicodeError):
            return None
        if picture is not None:
            self._kept[url] = picture
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return picture

    def _host(self, url: str) -> str | None:
        """The host of an address that may be asked."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return None
        host = (parts.hostname or "").rstrip(".")
        fine = parts.scheme == "https" and port in (None, 443) and parts.username is None and host in self._hosts
        return host if fine else None

    async def _follow(self, url: str) -> Picture | None:
        import httpx

        async with httpx.AsyncClient(
            transport=self._transport, timeout=SECONDS, follow_redirects=False, trust_env=False, cookies=None
        ) as client:
            for _ in range(MAX_REDIRECTS + 1):
                host = self._host(url)
                address = None if host is None else await self._address(host)
                if host is None or address is None:
                    return None
                target = httpx.URL(url).copy_with(host=address)
                request = client.build_request(
                    "GET", target, headers={"Host": host, "Accept": ", ".join(sorted(TYPES))}
                )
                request.extensions["sni_hostname"] = host
                response = await client.send(request, stream=True)
                try:
                    if response.is_redirect:
                        url = urljoin(url, response.headers.get("location", ""))
                        continue
                    return await _read(response)
                finally:
                    await response.aclose()
        return None

    async def _address(self, host: str) -> str | None:
        """An address of a host, None unless all that it has are public."""
        found = [ipaddress.ip_address(address) for address in await self._resolve(host)]
        mapped = [getattr(address, "ipv4_mapped", None) or address for address in found]
        if not mapped or not all(address.is_global and not address.is_multicast for address in mapped):
            return None
        return str(found[0])


async def _read(response: httpx.Response) -> Picture | None:
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if response.status_code != 200 or media_type not in TYPES:
        return None
    data = bytearray()
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > MAX_BYTES:
            return None
    return Picture(bytes(data), media_type) if data else None


async def _addresses(host: str) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return [str(address[0]) for _, _, _, _, address in found]
