"""Producers, which step the source of a stream: in a greenlet, in a thread with its own hub, or in an asyncio task.

Theory of operation
-------------------
A producer makes all steps of a source, and closes it, in one greenlet or task and in one context. So a context variable
that is set in one step is there in the next, and a resource that is bound to its task is closed in that task.

The reader (``wsgi_body``, ``asgi_body``) calls :meth:`Producer.begin` and :meth:`Producer.stop` in its own thread; an
abort, which may come from any thread, goes through the reader's runtime. Both return at once. Chunks go through the
bounded buffer of the producer: ``bounded_buffer`` lists which side writes which attribute, ``producer_stage`` the
effect of ``stop()`` in each stage.

=================  =====================  ============================================================================
producer           thread of the steps    when
=================  =====================  ============================================================================
GreenletProducer   that of the reader     any other synchronous source
ThreadProducer     its own                a synchronous source of a stream with a preamble and keep-alive pings, if a
                                          step could block the reader's thread (no hub, and gevent has not patched
                                          ``time``)
TaskProducer       that of its loop       an asynchronous source
brought            the producer's choice  content whose class has the method ``__wsgiresp_producer__``
=================  =====================  ============================================================================

Rejected: stepping the source in the reader itself. While it waits inside of ``next()``, a WSGI body cannot yield a
ping, cannot send the headers before the first event, and does not see a disconnect.

A source that is bound to the thread of the view, such as a cursor of ``sqlite3``, fails in a ThreadProducer. So a
stream without keep-alive pings, where nothing must be sent while a step blocks, is stepped in the reader's thread.
Rejected: pings from another thread while the source runs in the reader's thread. The server sends only the chunks that
the body returns, in the thread that iterates it.

See docs/explanation/streams.md and docs/explanation/greenlets.md.
"""

from __future__ import annotations

from typing import Protocol

from wsgiresp._runtime.greenlet_coroutine import may_block
from wsgiresp._runtime.hubs import may_block_thread
from wsgiresp._runtime.interface import BlockingWakeup, GreenletRuntime, Runtime, Wakeup
from wsgiresp._runtime.request_input import reads_of
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._runtime.waiting_executor import ReaderExecutor
from wsgiresp._streams.bounded_buffer import ReadableBuffer
from wsgiresp._streams.greenlet_producer import GreenletProducer, ThreadProducer
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.task_producer import TaskProducer
from wsgiresp._types import Callback


class Producer(Protocol):
    """Puts the chunks of a source into :attr:`buffer`, and ends it once the source is closed."""

    @property
    def buffer(self) -> ReadableBuffer:
        """The ready chunks, for the reader."""
        ...

    @property
    def shares_thread(self) -> bool:
        """Whether the steps are made in the thread of the reader."""
        ...

    def begin(self) -> None:
        """Make the first step soon."""
        ...

    def stop(self) -> None:
        """Request that the source is closed, and return at once; a second call has no effect."""
        ...


class ProvidesProducer(Protocol):
    """Content that creates its own producer, for example a subscription whose messages are pushed to it."""

    def __wsgiresp_producer__(self, source: StreamSource, runtime: Runtime[Wakeup], on_readable: Callback) -> Producer:
        """Return a producer for one reader on *runtime*. Called in the reader's thread.

        The producer calls *on_readable* to wake the reader, in the reader's thread only.
        """
        ...


def producer_for(
    source: StreamSource, runtime: GreenletRuntime, wakeup: BlockingWakeup, server: ServerProfile, *, is_prompt: bool
) -> Producer:
    """Return the producer for *source* and a reader on *runtime*, which *wakeup* wakes.

    An asynchronous source can read the body of the request to *server* afterwards.
    *is_prompt*: the preamble and pings must be sent even while a step blocks. Synchronous steps that could block the
    reader's thread then run in another thread.
    """
    if source.brings_producer:
        brought: Producer = source.content.__wsgiresp_producer__(source, runtime, wakeup.set)
        return brought
    if source.is_async:
        source.context.run(may_block.set, reads_of(server))
        return TaskProducer(source, wakeup.set_threadsafe, reader=ReaderExecutor(runtime))
    if is_prompt and may_block_thread():
        return ThreadProducer(source, wakeup.set_threadsafe)
    return GreenletProducer(source, runtime, wakeup.set, one_at_a_time=not runtime.runs_others)
