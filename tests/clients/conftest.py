"""The folder that real clients read, and the servers that publish it, started once for all of them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from clients.browser import Browser, browse
from clients.website import Website, publish
from servers.server_processes import cases

MARKS = itertools.count(1)


@pytest.fixture(scope="session")
def big() -> bytes:
    """20 MB that are the same in every run, and in which no part is like another."""
    return random.Random(20).randbytes(20_000_000)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, big: bytes) -> Path:
    """The folder that is published."""
    folder = tmp_path_factory.mktemp("published")
    (folder / "big.bin").write_bytes(big)
    return folder


@pytest.fixture(scope="session", params=cases("gunicorn:gevent", "gunicorn:gthread"))
def website(request: pytest.FixtureRequest, folder: Path) -> Iterator[Website]:
    """The folder, published by each server in turn."""
    with publish(folder, request.param) as website:
        yield website


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests; each opens a page of its own first."""
    with browse(tmp_path_factory.mktemp("home")) as browser:
        yield browser


@pytest.fixture
def mark() -> str:
    """A word that no other test puts in its URLs."""
    return f"mark-{next(MARKS)}"
