"""Contents of a stream that are not to be started and count their closings, and the classes that stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from wsgiresp.responses import EventSourceResponse, JSONLinesResponse, StreamingResponse

CLASSES = [StreamingResponse, JSONLinesResponse, EventSourceResponse]


class Closing:
    """An iterable that counts its closings and fails when it is iterated."""

    def __init__(self) -> None:
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        raise AssertionError("not to be started")

    def close(self) -> None:
        self.closed += 1


class AsyncClosing:
    """The same of an asynchronous one."""

    def __init__(self) -> None:
        self.closed = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("not to be started")

    async def aclose(self) -> None:
        self.closed += 1
