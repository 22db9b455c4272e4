"""gunicorn, told how streams and tasks end well: ``gunicorn -c python:wsgiresp.adapters.gunicorn app:app``.

A configuration of one's own imports the hooks, all five, and calls them from those it has itself:

    from wsgiresp.adapters.gunicorn import (
        post_request, post_worker_init, pre_request, worker_class, worker_exit, worker_int
    )

All of it works with sync and gthread workers too; what those can do for streams is little.
"""

from __future__ import annotations

import socket
from typing import Any
from weakref import WeakSet

from wsgiresp._bodies.departures import shut
from wsgiresp._bodies.pool import drain, drain_limit
from wsgiresp._bodies.stopping import cut_streams, follow, seconds_since_stop, stop_streams

worker_class = "gevent"

_RESERVE = 1.0  # s before gunicorn kills the worker
_FAREWELL = 1.0  # s for the sources of the streams that are left

_idle: WeakSet[Any] = WeakSet()  # sockets between two requests


def post_worker_init(worker: Any) -> None:
    """Follow *worker*: its streams end when it is to stop, by SIGTERM, by a reload or by ``max_requests``."""
    follow(lambda: _is_wanted(worker))


def worker_int(worker: Any) -> None:
    """End the streams of a *worker* that is to stop at once (SIGINT, SIGQUIT)."""
    stop_streams()


def pre_request(worker: Any, request: Any) -> None:
    """Note that a connection is no longer idle; log the request as gunicorn's own hook does."""
    worker.log.debug("%s %s", request.method, request.path)
    _idle.discard(getattr(request.unreader, "sock", None))


def post_request(worker: Any, request: Any, environ: dict[str, Any], response: Any) -> None:
    """Note that a connection is idle; end it where the worker stops."""
    connection = environ.get("gunicorn.socket")
    if connection is None:
        return
    if worker.alive:
        _idle.add(connection)
    else:
        shut(connection, socket.SHUT_RD)


def worker_exit(server: Any, worker: Any) -> None:
    """Close the sources that are left, and let the tasks come to their end, for as long as gunicorn grants."""
    stop_streams()
    cut_streams(_FAREWELL)
    left = worker.cfg.graceful_timeout - seconds_since_stop() - _RESERVE
    drain(max(min(drain_limit(), left), 0))


def _is_wanted(worker: Any) -> bool:
    if worker.alive:
        return True
    # A client may keep a connection that has nothing to say, and with it the worker, for as long as --keep-alive says.
    for connection in list(_idle):
        shut(connection, socket.SHUT_RD)
    return False
