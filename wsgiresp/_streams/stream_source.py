"""Stream source: turns the content of a response (iterable, async iterable, file object) into an iterator; closes it.

A producer uses a source in one greenlet, thread or task only; ``close_unused()`` comes instead of all steps.
"""

from __future__ import annotations

import contextvars
import inspect
import io
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any, NamedTuple

from wsgiresp._protocol.one_line import qualified_name
from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.close_order import Step, log_failure, run_each
from wsgiresp._types import Around

READ_SIZE = 65536
"""Bytes read from a file object at a time."""

Encode = Callable[[Any], bytes]


class StreamSource(NamedTuple):
    """The content of one response, and how a producer steps it.

    *encode* converts each item to bytes. A synchronous producer skips it for items of exactly the type *raw*. *around*
    returns a context manager that is entered before the first step and exited after the content is closed; it is not
    used for content that brings its own producer. All of this runs in *context*.
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
    def brings_producer(self) -> bool:
        """Whether the content makes its own producer, see ``producers.ProvidesProducer``."""
        return hasattr(type(self.content), PRODUCER)

    @property
    def suits_loop(self) -> bool:
        """Whether a reader on an asyncio loop needs no other thread for it."""
        return suits_loop(self.content)

    @property
    def name(self) -> str:
        """The name of the content for the log: the function of a generator, the class of anything else."""
        return qualified_name(self.content)

    def iterator(self) -> Iterator[Any]:
        """Return an iterator of the items, which are not encoded yet."""
        return iter(_blocks(self.content) if hasattr(self.content, "read") else self.content)

    def close(self, iterator: object = None) -> None:
        """Close *iterator*, which was made of the content, and the content itself; failures are logged."""
        run_each(_closers("close", iterator, self.content))

    async def aclose(self, iterator: object = None) -> None:
        """Close an asynchronous *iterator* and the content, in the loop that steps them; failures are logged."""
        for close in _closers("aclose", iterator, self.content):
            try:
                done = close()
                if inspect.isawaitable(done):
                    await done
            except BaseException:
                log_failure(close)

    def close_unused(self) -> None:
        """Close the content before any step was made; to be called outside of the loop that would step it."""
        if self.is_async:
            asyncio_thread.run_or_schedule(self.aclose())
        else:
            self.close()


def _closers(name: str, iterator: object, content: object) -> list[Step]:
    closers: list[Step] = []
    for thing in (content,) if iterator is content else (iterator, content):
        close: Step | None = getattr(thing, name, None) or getattr(thing, "close", None)
        if close is not None:
            closers.append(close)
    return closers


def _blocks(file: Any) -> Iterable[Any]:
    # A text file is read by lines: its read() blocks until it has as many characters as requested.
    return file if hasattr(file, "encoding") else _read_blocks(file)


def _read_blocks(file: Any) -> Iterator[Any]:
    # read1() returns what a pipe or a connection has at the moment; read() may wait for as many bytes as requested. An
    # unbuffered file (io.RawIOBase) has no read1(): its read() makes one system call.
    is_partial = _reads_partially(file)
    read = file.read1 if is_partial else file.read
    while True:
        try:
            block = read(READ_SIZE)
        except io.UnsupportedOperation:  # a subclass of io.BufferedIOBase has not implemented read1()
            if not is_partial:
                raise
            is_partial, read = False, file.read
            continue
        if is_partial and not block:
            # Without bytes, read1() of a non-blocking file returns b"" as at the end; read() returns None.
            block = file.read(1)
        # An empty str ends it too, of a text file without an encoding. None is not the end: no bytes are available yet.
        if not block and block is not None:
            return
        yield block


def _reads_partially(file: Any) -> bool:
    """Return whether ``read1()`` of *file* returns bytes of the same kind as its ``read()``.

    A wrapper that passes unknown attributes on may have a ``read()`` of its own, which decodes or decompresses, and
    pass on the ``read1()`` of the wrapped file, which does not: ``codecs.StreamReader`` is one.
    """
    if hasattr(type(file), "read1"):
        return True
    own = getattr(file, "__dict__", {})  # the file objects of gevent put the methods of the wrapped file there
    return hasattr(file, "read1") and ("read1" in own or not (hasattr(type(file), "read") or "read" in own))


class StreamContent:
    """*content* as the body of a response that is read without a stream: its items, converted by *encode*.

    ``mark_used()`` must precede each use, by a :class:`StreamSource` too: content that can be iterated once is used
    once.
    """

    __slots__ = ("_is_used", "content", "encode")

    def __init__(self, content: Any) -> None:
        self.content = content
        self.encode: Encode = bytes
        self._is_used = False

    def mark_used(self) -> None:
        """Raise ``RuntimeError`` if the content can be iterated only once, and was."""
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
        """Close the content, unless it was used: then its user closes it."""
        if not self._is_used:
            self.close_unused()

    def close_unused(self) -> None:
        """Close the content before any step was made."""
        self._source().close_unused()

    def _source(self) -> StreamSource:
        return StreamSource(self.content, self.encode, contextvars.copy_context())


PRODUCER = "__wsgiresp_producer__"
"""The method of a content's class that makes its own producer, see ``producers.ProvidesProducer``."""


def suits_loop(content: object) -> bool:
    """Return whether a reader on an asyncio loop needs no other thread: *content* is async or brings its producer."""
    return isinstance(content, AsyncIterable) or hasattr(type(content), PRODUCER)


def unwrap_stream_with_context(content: Any) -> Any:
    """Return the generator inside of one that ``flask.stream_with_context`` made; any other *content* as it is.

    The outer generator pushes the contexts of the request in its first step, in another context (``contextvars``) than
    the view has pushed them in, so neither could be popped. A :class:`StreamSource` is stepped in a copy of the view's
    context, which has them.
    """
    code = getattr(content, "gi_code", None)
    if code is None or code.co_qualname != _OF_FLASK:
        return content
    frame = content.gi_frame  # only of this generator: reading it makes a frame object of 0.2 KiB that stays
    if frame is None or "gen" not in frame.f_locals:
        return content
    inner = frame.f_locals["gen"]
    content.close()  # it has pushed nothing yet, and does not close the inner generator
    return inner


_OF_FLASK = "stream_with_context.<locals>.generator"
