"""Streams of chunks that are there at once, and how the users of each framework send them: one module for each.

The path of a request says what is sent: ``/64/20000`` is 20 000 chunks of 64 bytes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

OURS = "wsgiresp"
PINGED = "wsgiresp + pings"
DIRECT = "direct"

WAYS = {
    DIRECT: "bare",
    OURS: "wsgiresp",
    PINGED: "wsgiresp",
    "wsgiresp, async source": "wsgiresp",
    "flask app + wsgiresp": "flask",
    "flask app": "flask",
    "django app": "django",
    "baize": "baize",
    "starlette, sync source": "starlette",
    "starlette, async source": "starlette",
}
"""The module that has each way to send a stream."""


def path(size: int, count: int) -> str:
    """Return the path of a stream of *count* chunks of *size* bytes."""
    return f"/{size}/{count}"


def chunks(asked: str) -> Iterator[bytes]:
    """Return the stream of the path *asked*."""
    chunk, count = _stream(asked)
    for _ in range(count):
        yield chunk


async def chunks_later(asked: str) -> AsyncIterator[bytes]:
    """Return the stream of the path *asked* from an asynchronous generator, which never waits."""
    chunk, count = _stream(asked)
    for _ in range(count):
        yield chunk


def _stream(asked: str) -> tuple[bytes, int]:
    size, count = map(int, asked.strip("/").split("/"))
    return b"x" * size, count
