"""One application of one candidate, for a server's command line.

It is named there as ``benchmarks.harness.applications:app("baize", "text")``. Servers whose command line takes no such
expression are started from here:
``python -m benchmarks.harness.applications uvicorn FD files starlette starlette FOLDER``.
"""

from __future__ import annotations

import gc
import importlib
import logging
import socket
import sys
from collections.abc import Callable
from typing import Any

from ..candidates import Candidate
from ..candidates.bare import text
from .cases import SMALL
from .drive import ASGI
from .servers import IDLE

JSON = "json"


def app(name: str, case: str) -> Any:
    """Return the application of the candidate *name* for *case*, or its first JSON class for the small document."""
    candidate = _candidate(name)
    return next(iter(candidate.json.values()))(SMALL) if case == JSON else candidate.apps[case]


def files(name: str, way: str, folder: str) -> Any:
    """Return the application of the candidate *name* that sends the files in *folder* in this *way*.

    To ``/`` it answers with the 13 bytes of the text, at once.
    """
    candidate = _candidate(name)
    sent = candidate.files[way](folder)
    if candidate.driver is ASGI:
        small = candidate.apps["text"]
        return lambda scope, receive, send: (small if scope["path"] == "/" else sent)(scope, receive, send)
    return lambda env, start: (text if env["PATH_INFO"] == "/" else sent)(env, start)


def chunks(module: str, way: str) -> Any:
    """Return the application of ``benchmarks.chunked`` that sends streams in this *way*."""
    return importlib.import_module(f"benchmarks.chunked.{module}").APPS[way]


def broadcast(module: str, ping: str, collector: str) -> Any:
    """Return the application of ``benchmarks.broadcast`` that sends events with a *ping* after so many seconds.

    *collector*: whether this process collects cycles, ``on`` or ``off``.
    """
    if collector == "off":
        gc.disable()
    return importlib.import_module(f"benchmarks.broadcast.{module}").app(float(ping))


def _candidate(name: str) -> Candidate:
    candidate: Candidate = importlib.import_module(f"benchmarks.candidates.{name}").CANDIDATE
    return candidate


def _waitress(listener: socket.socket, application: Any) -> None:
    from waitress import serve

    # It warns of each request that waits for a thread.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    serve(application, sockets=[listener], channel_timeout=IDLE)


def _uvicorn(listener: socket.socket, application: Any) -> None:
    from uvicorn import Config, Server

    config = Config(
        application,
        loop="uvloop",
        http="httptools",
        interface="asgi3",
        lifespan="off",
        log_level="error",
        timeout_keep_alive=IDLE,
    )
    Server(config).run(sockets=[listener])


_SERVERS: dict[str, Callable[[socket.socket, Any], None]] = {"waitress": _waitress, "uvicorn": _uvicorn}

_MAKERS: dict[str, Callable[..., Any]] = {"files": files, "chunks": chunks, "broadcast": broadcast}

if __name__ == "__main__":
    server, descriptor, maker, *asked = sys.argv[1:]
    _SERVERS[server](socket.socket(fileno=int(descriptor)), _MAKERS[maker](*asked))
