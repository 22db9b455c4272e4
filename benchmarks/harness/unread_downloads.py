"""What memory a client costs that asks for a large file and does not read it."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing

from .downloads import BASELINE
from .goals import Under
from .load import ask
from .sample_files import LARGE, path
from .servers import Command, Server
from .tables import OURS, Column, Table, peers

CLIENTS = 200
MOST = 300.0  # KiB
SETTLED = 0.3  # s without work, after which nothing more is to come
LONGEST = 15.0  # s to wait for that


def measured(commands: Mapping[str, Command], clients: int = CLIENTS) -> list[Table]:
    """Return the table of the memory that *clients* cost a worker, each by a server of its own."""
    return [table({name: _of_each(command, clients) for name, command in commands.items()}, clients)]


def table(found: Mapping[str, float], clients: int) -> Table:
    """Return the table of the bytes *found* for each of so many *clients*; there is one round of them."""
    ours = f"gevent: {OURS}"
    column = Column(
        "KiB for each",
        {name: [figure] for name, figure in found.items()},
        per=1024,
        places=0,
        beside=BASELINE,
        baselines=dict.fromkeys(found, f"gevent: {BASELINE}"),
        goals=[Under(ours, MOST, 1024, "KiB")],
    )
    return Table(f"{clients} clients that do not read", [column], {ours: peers(found)})


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
