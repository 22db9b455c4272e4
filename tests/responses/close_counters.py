"""Content of a stream that must not be iterated and counts its closes, and the classes that stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from wsgiresp.responses import EventSourceResponse, JSONLinesResponse, StreamingResponse

CLASSES = [StreamingResponse, JSONLinesResponse, EventSourceResponse]


class CloseCounter:
    """An iterable that counts its closes and fails when it is iterated."""

    def __init__(self) -> None:
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("not to be started")

    def close(self) -> None:
        self.closed += 1


class AsyncCloseCounter:
    """An asynchronous iterable that counts its closes and fails when it is iterated."""

    def __init__(self) -> None:
        self.closed = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("not to be started")

    async def aclose(self) -> None:
        self.closed += 1
