"""The server's half of a request: what a WSGI or an ASGI server does with an application, and nothing more.

A request is: call the application, keep status and headers, take every block of the body, close it. The request
itself is made once and used again, so that its making is in nobody's time. Seconds are CPU time of this process: no
candidate waits for anything, and what else runs on the machine does not count.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Coroutine, Mapping
from time import process_time
from typing import Any, Protocol
from wsgiref.types import WSGIApplication, WSGIEnvironment

from .answers import Answer

Fields = list[tuple[str, str]]
Message = dict[str, Any]
ASGIApplication = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]  # each framework has types of its own for these

_FIELDS = {
    "Host": "127.0.0.1:8000",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept": "text/html,application/json;q=0.9,*/*;q=0.8",
    "Accept-Language": "en",
}

_WAITS = "the application waits: it needs an event loop"


class Driver(Protocol):
    """One application under one kind of server."""

    def answer(self) -> Answer:
        """Return what a client sees of one request."""

    def seconds(self, calls: int) -> float:
        """Return the seconds that *calls* requests took, one after the other."""


class WSGI:
    """A WSGI server (PEP 3333) that neither reads a request nor writes an answer.

    *fields* of the request come beside those that a browser sends.
    """

    def __init__(
        self, app: WSGIApplication, method: str = "GET", path: str = "/", fields: Mapping[str, str] | None = None
    ) -> None:
        self._app = app
        self._environ = _environ(method, path, {**_FIELDS, **(fields or {})})

    def answer(self) -> Answer:
        """Return what a client sees of one request."""
        started: list[tuple[str, Fields]] = []

        def start_response(status: str, headers: Fields, exc_info: object = None) -> Callable[[bytes], None]:
            started.append((status, headers))
            return _write

        body = self._app(self._environ, start_response)
        content = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        [(status, headers)] = started
        return Answer(int(status[:3]), list(headers), content)

    def seconds(self, calls: int) -> float:
        """Return the seconds that *calls* requests took, one after the other."""
        app, environ = self._app, self._environ
        kept: tuple[str, Fields]

        def start_response(status: str, headers: Fields, exc_info: object = None) -> Callable[[bytes], None]:
            nonlocal kept
            kept = status, headers
            return _write

        began = process_time()
        for _ in range(calls):
            body = app(environ, start_response)
            for _block in body:
                pass
            close = getattr(body, "close", None)
            if close is not None:
                close()
        return process_time() - began


class ASGI:
    """An ASGI server without an event loop: no candidate here waits, so one step takes a request to its end."""

    def __init__(self, app: ASGIApplication, method: str = "GET", path: str = "/") -> None:
        self._app = app
        self._scope = _scope(method, path)

    def answer(self) -> Answer:
        """Return what a client sees of one request."""
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        _run(self._app(self._scope, _receive, send))
        start, *blocks = sent
        # An ASGI application may send content with an answer to HEAD: the server does not pass it on.
        content = b"" if self._scope["method"] == "HEAD" else b"".join(block.get("body", b"") for block in blocks)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
        return Answer(start["status"], headers, content)

    def seconds(self, calls: int) -> float:
        """Return the seconds that *calls* requests took, one after the other."""
        app, scope = self._app, self._scope
        kept: Message

        async def send(message: Message) -> None:
            nonlocal kept
            kept = message

        began = process_time()
        for _ in range(calls):
            try:
                app(scope, _receive, send).send(None)
            except StopIteration:
                continue
            raise RuntimeError(_WAITS)
        return process_time() - began


def _write(block: bytes) -> None:
    raise RuntimeError("no candidate uses the write() of PEP 3333")


async def _receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError(_WAITS)


def _environ(method: str, path: str, fields: Mapping[str, str]) -> WSGIEnvironment:
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "50000",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    environ.update({"HTTP_" + name.upper().replace("-", "_"): value for name, value in fields.items()})
    return environ


def _scope(method: str, path: str) -> Message:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in _FIELDS.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }
