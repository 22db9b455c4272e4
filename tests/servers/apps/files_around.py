"""Middlewares that change the answer of a large file, or read the file themselves. See ``test_files_around.py``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.util import shift_path_info

from wsgiresp import FileResponse

PATH = os.environ["LARGE_FILE"]
FEWER = 300_000
PREFIX = b"prefix"


def file(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Send the file."""
    return FileResponse(PATH)(environ, start_response)


def with_length(start_response: StartResponse, length: Callable[[int], int]) -> Any:
    """Return a ``start_response`` that announces another length."""

    def start(status: str, fields: list[tuple[str, str]], *rest: Any) -> Any:
        changed = [(name, str(length(int(value))) if name == "Content-Length" else value) for name, value in fields]
        return start_response(status, changed, *rest)

    return start


def shorter(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Announce fewer bytes than the file has."""
    return file(environ, with_length(start_response, lambda _: FEWER))


def prefixed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Send bytes of our own before those of the file, which we have looked at."""
    body = file(environ, with_length(start_response, lambda length: length + len(PREFIX)))
    os.fstat(getattr(body, "filelike", body).fileno())  # type: ignore[union-attr]  # a body that is looked at here

    def both() -> Iterable[bytes]:
        yield PREFIX
        for block in body:
            yield block.swapcase()  # any change of the bytes

    return both()


def gathered(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Read the file before the head is sent."""
    body = file(environ, start_response)
    reader = getattr(body, "filelike", body)
    os.fstat(reader.fileno())  # type: ignore[union-attr]  # as above
    return list(iter(lambda: reader.read(8192), b""))  # type: ignore[union-attr]  # as above


def dropped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Look at the file, and answer that it has not changed."""
    body = file(environ, lambda *_: lambda _: None)
    os.fstat(getattr(body, "filelike", body).fileno())  # type: ignore[union-attr]  # as above
    body.close()  # type: ignore[attr-defined]  # as above
    start_response("304 Not Modified", [("ETag", '"as before"')])
    return []


ROUTES: dict[str | None, WSGIApplication] = {
    "file": file,
    "shorter": shorter,
    "prefixed": prefixed,
    "gathered": gathered,
    "dropped": dropped,
}


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer by one of the middlewares."""
    return ROUTES[shift_path_info(environ)](environ, start_response)
