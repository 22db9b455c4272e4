"""Servers for the tests of this folder, started once for all of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from servers.serving import Server, cases, serve


@pytest.fixture(scope="session", params=cases())
def server_name(request: pytest.FixtureRequest) -> str:
    """The name of each server in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def served() -> Iterator[Callable[[str, str], Server]]:
    """Return ``served(server, app)``: a running server, the same one for the same two names."""
    running: dict[tuple[str, str], Server] = {}
    with contextlib.ExitStack() as stack:

        def find(name: str, app: str) -> Server:
            if (name, app) not in running:
                running[name, app] = stack.enter_context(serve(name, app))
            return running[name, app]

        yield find
