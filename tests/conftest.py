"""What every test gets: no network but this machine's own, and the shared data sets where they are."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

_REAL_CONNECT = socket.socket.connect


def _connect(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
        raise AssertionError(f"a test tried to reach {address!r}; tests run without a network")
    return _REAL_CONNECT(self, address)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Connecting to anything but the loopback fails the test."""
    monkeypatch.setattr(socket.socket, "connect", _connect)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data sets beside the repository; skips where they are not."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared data sets are not beside the repository")
    return folder
