"""Flask and Django, whose apps have the same views of files, streams and tasks, and the servers that each runs on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from servers.server_processes import Server, cases, serve

DATA = bytes(range(256)) * 4096
LARGE = 64 * 1024 * 1024
KEPT = ["--keep-alive", "60", "--graceful-timeout", "5"]


class Framework(NamedTuple):
    """One of them: the module of its app, what a task says there when it is done, and on which servers it is asked."""

    name: str
    module: str
    done: str
    servers: tuple[str, ...]


FLASK = Framework("Flask", "flask_views", "in flask_views", ("gunicorn:gevent", "gunicorn:gthread"))
DJANGO = Framework("Django", "django_views", "1", ("gunicorn:gevent", "gunicorn:gthread", "runserver", "uvicorn"))


def pairs(*servers: str) -> list[Any]:
    """Return a case for each framework on each of its servers, or on those of *servers* alone."""
    return [
        pytest.param((framework, case.values[0]), marks=case.marks, id=f"{framework.name} on {case.values[0]}")
        for framework in (FLASK, DJANGO)
        for case in cases(*framework.servers)
        if not servers or case.values[0] in servers
    ]


@contextlib.contextmanager
def serve_views(framework: Framework, name: str, folder: Path, *options: str) -> Iterator[Server]:
    """Run the app of *framework*, with the files of *folder*, until the ``with`` ends."""
    app = f"{framework.module}:{'asgi' if name == 'uvicorn' else 'app'}"
    with serve(name, app, *options, environ={"FILES": str(folder)}) as server:
        yield server


def options_of(name: str) -> list[str]:
    """Return the options with which a server serves many tests."""
    if not name.startswith("gunicorn"):
        return []
    return [*KEPT, "--threads", "8"] if name.endswith("gthread") else KEPT


def leave(server: Server, route: str, word: str) -> None:
    """Read how the stream of *route* begins, and leave; return once its source has said that it is closed."""
    with server.connect() as connection:
        connection.request("GET", f"/{route}/{word}")
        head = connection.head()
        first = next(iter(connection.pieces(head)))
        assert f"/{route}/{word}".encode() in first or first.startswith(b":")
        connection.reset()
    server.log.wait_for(f"closed /{route}/{word}\n")
