"""A fake of a language model's server with OpenAI's API, on the loopback: the name of the model says what it does."""

from __future__ import annotations

import contextlib
import json
import select
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKENS = [
    f"token-{number}\u2028" for number in range(8)
]  # httpx takes it for the end of a line, JSON and events do not
USAGE = {"prompt_tokens": 3, "completion_tokens": len(TOKENS), "total_tokens": 3 + len(TOKENS)}
PACE = 0.2  # s between two tokens of the model "steady"
PATIENCE = 20  # s


class FakeModel(ThreadingHTTPServer):
    """The server; ``left`` is set when the client of the model "endless" has left."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.left = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeModel

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        getattr(self, question["model"])()

    def log_message(self, *arguments: Any) -> None:
        pass

    def steady(self) -> None:
        self._begin()
        for token in TOKENS:
            self._send(_chunk([{"index": 0, "delta": {"content": token}, "finish_reason": None}]))
            time.sleep(PACE)
        self._send(_chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
        self._send(_chunk([], usage=USAGE))
        self._send("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def breaks(self) -> None:
        self._begin()
        self._send(_chunk([{"index": 0, "delta": {"content": TOKENS[0]}, "finish_reason": None}]))
        self.close_connection = True

    def endless(self) -> None:
        self._begin()
        self._send(_chunk([{"index": 0, "delta": {"content": TOKENS[0]}, "finish_reason": None}]))
        # Readable: its client has closed the connection.
        if select.select([self.connection], [], [], PATIENCE)[0]:
            self.server.left.set()
        self.close_connection = True

    def refuses(self) -> None:
        body = b'{"error": {"message": "too many questions"}}'
        self.send_response(429)
        self.send_header("Retry-After", "7")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def dies(self) -> None:
        self.close_connection = True

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _send(self, data: str) -> None:
        event = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))


def _chunk(choices: list[dict[str, Any]], **more: Any) -> str:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "steady"}
    return json.dumps({**head, "choices": choices, **more}, ensure_ascii=False)


@contextlib.contextmanager
def fake_model() -> Iterator[FakeModel]:
    with FakeModel() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
