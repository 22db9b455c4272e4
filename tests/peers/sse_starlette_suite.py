"""A plugin for sse-starlette's own tests: our events in the place of its own, by its names and words.

``pytest -p peers.substitution -p peers.sse_starlette_suite --ours asis --outcomes FILE``
"""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterator
from typing import Any

import pytest
import sse_starlette
import sse_starlette.event
import sse_starlette.sse
import starlette.background
from peers.wsgi_over_asgi import Response

from wsgiresp import background, responses
from wsgiresp._protocol import event_stream
from wsgiresp._protocol.event_reader import EventReader

MODULES = (sse_starlette, sse_starlette.event, sse_starlette.sse)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--ours",
        choices=("asis", "read"),
        help="put wsgiresp's classes in the place of its own; to be compared by their bytes, or as they are read",
    )


def pytest_configure(config: pytest.Config) -> None:
    # Its tests import it, and its source distribution leaves it out.
    tests = sys.modules["tests"] = types.ModuleType("tests")
    tests.__path__ = []
    compat: Any = types.ModuleType("tests.anyio_compat")
    compat.collapse_excgroups = collapsed
    sys.modules["tests.anyio_compat"] = compat
    how = config.getoption("--ours")
    if how:
        Written.is_read = how == "read"
        for ours in (ServerSentEvent, JSONServerSentEvent, EventSourceResponse, ensure_bytes):
            for module in MODULES:
                if hasattr(module, ours.__name__):
                    setattr(module, ours.__name__, ours)
        starlette.background.BackgroundTask = background.BackgroundTask  # type: ignore[assignment, misc]


@contextlib.contextmanager
def collapsed() -> Iterator[None]:
    """Raise what is alone in its group without the group."""
    try:
        yield
    except BaseException as error:
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        raise error


class Written(bytes):
    """A block of ours; where it is to be read, it is equal to what tells a reader the same."""

    is_read = False
    __hash__ = bytes.__hash__

    def __eq__(self, other: object) -> bool:
        if not self.is_read or not isinstance(other, bytes):
            return super().__eq__(other)
        return as_read(self) == as_read(other)


def as_read(block: bytes) -> tuple[Any, ...]:
    """Return what a browser makes of *block*."""
    reader = EventReader()
    return reader.feed(block), reader.last_event_id, reader.retry, reader.comments


def ensure_bytes(item: Any, sep: str) -> bytes:
    if isinstance(item, dict):
        item = {name: value for name, value in item.items() if name != "sep"}
    return Written(event_stream.encode(item, responses.JSONResponse.encoder.encode))


class ServerSentEvent(responses.ServerSentEvent):
    """Of theirs, ``sep`` is a choice that ours does not have, nor a reader see."""

    def __init__(self, data: Any = None, *, sep: str | None = None, **fields: Any) -> None:
        super().__init__(data, **fields)

    def encode(self) -> bytes:
        return ensure_bytes(self, "\n")


class JSONServerSentEvent(ServerSentEvent):
    """The same: what is no text is JSON in ours."""


class EventSourceResponse(Response, responses.EventSourceResponse):
    _listen_for_exit_signal = None  # to be set by tests, also by those to which it means nothing

    def __init__(self, *args: Any, sep: str | None = None, **words: Any) -> None:
        responses.EventSourceResponse.__init__(self, *args, **words)
