"""Servers for the tests of this folder, started once for all of them."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers.framework_views import DATA, LARGE, Framework, options_of, serve_views
from servers.server_processes import Server, cases, serve


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


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the files that the views of the frameworks send."""
    found = tmp_path_factory.mktemp("files")
    (found / "data.bin").write_bytes(DATA)
    return found


@pytest.fixture(scope="session")
def views(folder: Path) -> Iterator[Callable[[Framework, str], Server]]:
    """Return ``views(framework, server)``: the running server of its views, the same one for the same two."""
    running: dict[tuple[Framework, str], Server] = {}
    with contextlib.ExitStack() as stack:

        def find(framework: Framework, name: str) -> Server:
            if (framework, name) not in running:
                serving = serve_views(framework, name, folder, *options_of(name))
                running[framework, name] = stack.enter_context(serving)
            return running[framework, name]

        yield find


@pytest.fixture
def large(folder: Path) -> Iterator[Path]:
    """A file of 64 MB in that folder."""
    path = folder / f"{uuid.uuid4()}.bin"
    with path.open("wb") as handle:
        handle.truncate(LARGE)
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def word() -> str:
    """A word that no other test has sent."""
    return str(uuid.uuid4())
