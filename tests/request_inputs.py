"""Inputs of a server for tests: they note where they are read."""

from __future__ import annotations

import contextvars
import io
import threading
from typing import Any

import gevent
from greenlet import getcurrent
from runtime.runners import PATIENCE

from wsgiresp._runtime import asyncio_thread, request_input
from wsgiresp._runtime.greenlet_coroutine import may_block
from wsgiresp._runtime.server_profile import ServerProfile


class NotedInput(io.BytesIO):
    """An input that notes the thread and the greenlet of each read, and lets the hub run as a socket would."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.readers: list[Any] = []
        self.error: BaseException | None = None
        """Raised by each read while it is set."""

    def _wait(self) -> None:
        self.readers.append((threading.get_ident(), getcurrent()))
        gevent.sleep(0)
        if self.error is not None:
            raise self.error

    def read(self, *size: Any) -> bytes:
        """Return bytes of the content."""
        self._wait()
        return super().read(*size)

    def readline(self, *size: Any) -> bytes:
        """Return a line of the content."""
        self._wait()
        return super().readline(*size)

    def readinto(self, buffer: Any) -> int:
        """Fill *buffer*."""
        self._wait()
        return super().readinto(buffer)


TEXT = b"first\nsecond\nthird"


class Body(NotedInput):
    def __init__(self, content=TEXT):
        super().__init__(content)


class GatedBody(Body):
    """An input whose bytes come when the test says so; *left* tells that the read has ended."""

    def __init__(self):
        super().__init__()
        self.is_asked, self.may_go_on = threading.Event(), threading.Event()

    def read(self, *size):
        self.is_asked.set()
        if not self.may_go_on.wait(PATIENCE):
            raise TimeoutError("nobody let the read go on")
        return super().read(*size)


def environ_of(body, **more):
    return {"wsgi.input": body, "CONTENT_LENGTH": str(len(TEXT)), "REQUEST_METHOD": "POST", **more}


def share_input(environ):
    return request_input.share_input(ServerProfile(environ))


def reads_of(environ):
    return request_input.reads_of(ServerProfile(environ))


def run(coroutine):
    """Run *coroutine* as an adapter does that has shared the input."""
    return contextvars.copy_context().run(lambda: (may_block.set(lambda: True), asyncio_thread.run(coroutine))[1])
