"""The socket that servers listen on."""

from __future__ import annotations

import socket

from assistant.commands.listening import listen


def test_an_answer_does_not_wait_for_its_first_piece_to_be_acknowledged():
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
