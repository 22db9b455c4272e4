"""What memory a client costs that asks for a large file and does not read it."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing

from . import report
from .downloads import OURS
from .folder import LARGE, path
from .goals import Under
from .load import ask
from .measure import Rounds
from .servers import Command, Server

CLIENTS = 200
MOST = 300.0  # KiB
SETTLED = 0.3  # s without work, after which nothing more is to come
LONGEST = 15.0  # s to wait for that


def section(commands: Mapping[str, Command], clients: int = CLIENTS) -> str:
    """Return the table of the memory that *clients* cost a worker, each by a server of its own."""
    found = {name: _of_each(command, clients) for name, command in commands.items()}
    rounds = Rounds({name: [figure] for name, figure in found.items()})
    said = report.verdicts([Under(f"gevent: {OURS}", MOST, 1024, "KiB")], rounds)
    rows = [[name, f"{figure / 1024:.0f}", said.get(name, "")] for name, figure in found.items()]
    return f"## {clients} clients that do not read\n\n" + report.table(["", "KiB for each", "goal"], rows)


def _of_each(command: Command, clients: int) -> float:
    """Return the bytes of memory that the worker has more for each of *clients* that do not read."""
    with closing(Server(command)) as server, ExitStack() as connections:
        for _ in range(3):
            server.answer(path("1 KiB"))
        before = server.memory()
        for _ in range(clients):
            connection = connections.enter_context(socket.create_connection(("127.0.0.1", server.port), LONGEST))
            ask(connection, path(LARGE))
        _settle(server)
        return (server.memory() - before) / clients


def _settle(server: Server) -> None:
    """Wait until *server* has nothing to do; ``TimeoutError`` if that does not come."""
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        before = server.cpu_seconds()
        time.sleep(SETTLED)
        if server.cpu_seconds() - before < SETTLED / 100:
            return
    raise TimeoutError(f"the server still works after {LONGEST} s")
