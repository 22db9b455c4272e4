"""Stream sources: iterators, iterables, file objects, and the asynchronous ones, made iterators and closed."""

from __future__ import annotations

import contextlib
import contextvars
import inspect
import logging
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.close_order import Step, run_each
from wsgiresp._types import Around

log = logging.getLogger("wsgiresp")

READ_SIZE = 65536
"""Bytes read from a file object at a time."""

Encode = Callable[[Any], bytes]

_NO_CONTEXT = contextlib.nullcontext()


class StreamSource(NamedTuple):
    """Where the chunks of one answer come from.

    *encode* makes bytes of what *content* gives, but for what is of the type *raw*: that is bytes already. *around* is
    entered before the first step and left once the content is closed. All of it happens in *context*.
    """

    content: Any
    encode: Encode
    context: contextvars.Context
    around: Around | None = None
    raw: type[bytes] | None = None

    @property
    def is_async(self) -> bool:
        """Whether the content is stepped by an asyncio loop."""
        return isinstance(self.content, AsyncIterable)

    @property
    def name(self) -> str:
        """What to call the content in a log: the function of a generator, the class of anything else."""
        return str(getattr(self.content, "__qualname__", type(self.content).__qualname__))

    def enclosing_context(self) -> AbstractContextManager[object]:
        """Return what the steps are made in."""
        return _NO_CONTEXT if self.around is None else self.around()

    def iterator(self) -> Iterator[Any]:
        """Return the chunks, not yet encoded."""
        return iter(_blocks(self.content) if hasattr(self.content, "read") else self.content)

    def close(self, iterator: object = None) -> None:
        """Close *iterator*, made of the content, and the content itself; the log tells of what fails."""
        run_each(_closers("close", iterator, self.content))

    async def aclose(self, iterator: object = None) -> None:
        """Do what :meth:`close` does with what is asynchronous, in its loop."""
        for close in _closers("aclose", iterator, self.content):
            try:
                done = close()
                if inspect.isawaitable(done):
                    await done
            except BaseException:
                log.exception("%r failed after a response", close)

    def close_unused(self) -> None:
        """Close the content, of which no step was made, from outside of the loop."""
        if self.is_async:
            asyncio_thread.run_or_schedule(self.aclose())
        else:
            self.close()


def _closers(name: str, *things: object) -> list[Step]:
    distinct = {id(thing): thing for thing in things}
    closers: list[Step | None] = [
        getattr(thing, name, None) or getattr(thing, "close", None) for thing in distinct.values()
    ]
    return [close for close in closers if close is not None]


def _blocks(file: Any) -> Iterable[Any]:
    # A text file gives lines: its read() waits until it has as much as it was asked for.
    return file if hasattr(file, "encoding") else _read_blocks(file)


def _read_blocks(file: Any) -> Iterator[Any]:
    # read1() gives what a pipe has by now. One that is not of the class is that of what a wrapper wraps.
    read = file.read1 if hasattr(type(file), "read1") else file.read
    # Also where what reads text does not say so. None is no end: it stands for what is not there yet.
    while (block := read(READ_SIZE)) or block is None:
        yield block


class StreamContent:
    """*content* as the body of a response, for whoever reads it without a stream: its chunks, as *encode* makes them.

    ``mark_used()`` comes before each use, also before one by a :class:`StreamSource`: content that gives its chunks
    once is used once.
    """

    __slots__ = ("_is_used", "content", "encode")

    def __init__(self, content: Any) -> None:
        self.content = content
        self.encode: Encode = bytes
        self._is_used = False

    def mark_used(self) -> None:
        """Raise ``RuntimeError`` where the content gives its chunks only once, and has."""
        if self._is_used and (isinstance(self.content, Iterator | AsyncIterator) or hasattr(self.content, "read")):
            raise RuntimeError("the content is an iterator that was sent already: make a response for each request")
        self._is_used = True

    def __iter__(self) -> Iterator[bytes]:
        source = self._source()
        if source.is_async:
            raise RuntimeError("the content is asynchronous: it can be sent, but not be read from here")
        self.mark_used()
        iterator: Any = None
        try:
            iterator = source.iterator()
            yield from filter(None, map(self.encode, iterator))
        finally:
            source.close(iterator)

    def close(self) -> None:
        """Close the content, unless somebody uses it, who closes it then."""
        if not self._is_used:
            self.close_unused()

    def close_unused(self) -> None:
        """Close the content, of which no step was made."""
        self._source().close_unused()

    def _source(self) -> StreamSource:
        return StreamSource(self.content, self.encode, contextvars.copy_context())


def unwrap_stream_with_context(content: Any) -> Any:
    """Return the generator inside of one that ``flask.stream_with_context`` made; anything else as it is.

    That one pushes the contexts of the request itself, while the view has them pushed in another context: neither could
    be popped. They are in the context that a :class:`StreamSource` is stepped in anyway.
    """
    code = getattr(content, "gi_code", None)
    if code is None or code.co_qualname != _OF_FLASK:
        return content
    frame = content.gi_frame  # not of every generator: it would keep the object, of 0.2 KiB
    if frame is None or "gen" not in frame.f_locals:
        return content
    inner = frame.f_locals["gen"]
    content.close()  # it has pushed nothing yet, and leaves the inner one open
    return inner


_OF_FLASK = "stream_with_context.<locals>.generator"


def require_streamable(name: str, content: object) -> None:
    """Raise ``TypeError`` where *content*, given to the class of this *name*, is nothing that gives chunks."""
    if isinstance(content, Mapping) or not (isinstance(content, Iterable | AsyncIterable) or hasattr(content, "read")):
        hint = " (call the generator function)" if callable(content) else ""
        raise TypeError(
            f"content of {name} must be an iterable, an async iterable or a file, got {type(content).__name__}{hint}"
        )
