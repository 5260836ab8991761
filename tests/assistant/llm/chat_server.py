"""A server on loopback that speaks just enough of the OpenAI chat protocol, and misbehaves on request."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def chunk(text=None, finish=None, usage=None):
    choices = [] if usage else [{"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}]
    body = {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "m",
        "choices": choices,
        "usage": usage,
    }
    return f"data: {json.dumps(body)}\n\n".encode()


def answer(*pieces, finish="stop", usage=(11, 5), done=True):
    """The body of a good stream."""
    parts = [chunk(piece) for piece in pieces] + [chunk(finish=finish)]
    if usage:
        parts.append(
            chunk(usage={"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)})
        )
    return parts + ([b"data: [DONE]\n\n"] if done else [])


class Reply:
    """What to send: a status with a JSON error, or parts of a stream, each sent at once."""

    def __init__(self, parts=(), *, status=200, error=None, headers=(), stall=False):
        self.parts, self.status, self.error, self.headers, self.stall = parts, status, error, dict(headers), stall


class ChatServer:
    """``replies`` are used up in order, the last one again and again; or a function of the request body."""

    def __init__(self, *replies: Reply, choose: Callable[[dict], Reply] | None = None) -> None:
        self.requests: list[dict] = []
        self.headers: list[dict] = []
        self.hung_up = threading.Event()
        self.released = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append(body)
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                server._send(self, choose(body) if choose else replies[min(len(server.requests), len(replies)) - 1])

            def log_message(self, *_: object) -> None:
                """Keep the output of the tests clean."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._http.server_port}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        try:
            handler.send_response(reply.status)
            for name, value in reply.headers.items():
                handler.send_header(name, value)
            if reply.error is not None:
                body = json.dumps({"error": reply.error}).encode()
                handler.send_header("Content-Type", "application/json")
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)
                return
            handler.send_header("Content-Type", "text/event-stream")
            handler.end_headers()  # HTTP/1.0: the end of the connection ends the body
            for part in reply.parts:
                handler.wfile.write(part)
                handler.wfile.flush()
            while reply.stall and not self.released.wait(0.02):
                handler.wfile.write(b": still here\n\n")
                handler.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            self.hung_up.set()

    def __enter__(self) -> ChatServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
