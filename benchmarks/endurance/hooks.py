"""gunicorn's configuration for the demo under endurance: that of ``examples/serve``, and what is in the worker.

Whoever connects to the socket at COUNTS of the environment and sends a line gets a JSON object; after the line
``collect``, what no name holds any more is not in it.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
from typing import Any

from gevent import socket as gevent_socket
from gevent.server import StreamServer
from greenlet import greenlet

from wsgiresp.adapters import gunicorn
from wsgiresp.adapters.gunicorn import post_request, pre_request, worker_class, worker_exit, worker_int

__all__ = ["post_request", "post_worker_init", "pre_request", "worker_class", "worker_exit", "worker_int"]


def post_worker_init(worker: Any) -> None:
    gunicorn.post_worker_init(worker)
    listener = gevent_socket.socket(socket.AF_UNIX)
    listener.bind(os.environ["COUNTS"])
    listener.listen()
    StreamServer(listener, _tell).start()


def _tell(connection: Any, address: object) -> None:
    with connection:
        if connection.recv(16) == b"collect\n":
            gc.collect()
        connection.sendall(json.dumps(_counts()).encode())


def _counts() -> dict[str, int]:
    return {
        "process": os.getpid(),
        "greenlets": sum(isinstance(thing, greenlet) for thing in gc.get_objects()),
        "threads": len(os.listdir("/proc/self/task")),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "objects": sys.getallocatedblocks(),
    }
