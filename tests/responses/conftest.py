"""Fixtures: the sample file, a count of leaked descriptors, and a process in which nothing has begun."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from process_fixtures import forget
from responses.sample_file import DATA, DescriptorCount

from wsgiresp._runtime.process import is_first
from wsgiresp._runtime.shutdown import ShutdownState
from wsgiresp._streams import blocking_warning
from wsgiresp._streams.open_streams import OpenStreams


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of 1024 bytes, last changed on 2 Jan 2001."""
    found = tmp_path / "photo.png"
    found.write_bytes(DATA)
    os.utime(found, (978393600, 978393600))
    return found


@pytest.fixture
def descriptors() -> DescriptorCount:
    return DescriptorCount()


@pytest.fixture
def fresh() -> Iterator[None]:
    """A process in which no stream is open and that is not shutting down."""
    forget(OpenStreams, ShutdownState)
    yield
    forget(OpenStreams, ShutdownState)


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has logged its one warning of blocking already."""
    is_first(blocking_warning.EVENT)
