"""Listening on an address: who may reach it, and how it is called."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

from assistant.errors import UserError


def check_reach(data: Path, host: str) -> bool:
    """Whether only this machine reaches an address. Raises ``UserError`` where others do and the folder has no keys."""
    from assistant.surfaces.web.accounts import Keys

    loopback = is_loopback(host)
    if not loopback and not Keys(data).all():
        raise UserError(
            f"Others can reach {host!r}, and there are no keys yet. Make one with: assistant keys add --tenant NAME "
            f"--user NAME --data {data}, or listen on 127.0.0.1."
        )
    return loopback


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises ``UserError`` when the port is taken, or the address is not this machine's."""
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise UserError(
            f"{host}:{port} cannot be listened on: {error.strerror}. Choose another with: --port"
        ) from error
    # Connections inherit it. An answer is sent in two pieces, and without it the second would wait for the first to be
    # acknowledged, which takes 40 ms on a connection that is kept. The event loop sees to it for sockets of its own only.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    return listening


def address(host: str, listening: socket.socket) -> str:
    """``http://localhost:8000``: what a person opens."""
    shown = "localhost" if is_loopback(host) else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listening.getsockname()[1]}"
