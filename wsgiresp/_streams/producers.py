"""Producers, which step the source of a stream: in a greenlet, in a thread with its own hub, or in an asyncio task.

Theory of operation
-------------------
A producer makes all steps of a source, and closes it, in one greenlet or task and in one context. So a context variable
that is set in one step is there in the next, and a resource that is bound to its task is closed in that task.

The reader (``wsgi_body``, ``asgi_body``) calls :meth:`Producer.begin` and :meth:`Producer.stop` in its own thread, or
through its runtime; each returns at once. Chunks go through the bounded buffer of the producer, whose attributes say
which side writes them; ``producer_stage`` says what ``stop()`` does when.

=================  =====================  =============================================================
producer           thread of the steps    when
=================  =====================  =============================================================
GreenletProducer   that of the reader     a synchronous source, unless the reader's thread may block
ThreadProducer     its own                a synchronous source of a stream with a preamble, on a thread
TaskProducer       that of a loop         an asynchronous source
brought            as it says             content whose class has the method ``__wsgiresp_producer__``
=================  =====================  =============================================================

Rejected: stepping the source in the reader itself. While it waits inside of ``next()``, a WSGI body cannot yield a
ping, cannot send the headers before the first event, and does not see a disconnect.

See docs/explanation/streams.md and docs/explanation/greenlets.md.
"""

from __future__ import annotations

from typing import Protocol

from wsgiresp._runtime.hubs import may_block_thread
from wsgiresp._runtime.interface import BlockingWakeup, GreenletRuntime, Runtime, Wakeup
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
        """Have the source closed soon, wherever it stands; again changes nothing."""
        ...


class ProvidesProducer(Protocol):
    """Content that brings its own producer, as a channel subscription does, which has nothing to step."""

    def __wsgiresp_producer__(self, source: StreamSource, runtime: Runtime[Wakeup], on_readable: Callback) -> Producer:
        """Return a producer for one reader on *runtime*, which *on_readable* wakes; called in the reader's thread."""
        ...


def producer_for(
    source: StreamSource, runtime: GreenletRuntime, wakeup: BlockingWakeup, *, is_prompt: bool
) -> Producer:
    """Return the producer for *source* and a reader on *runtime*, which *wakeup* wakes.

    *is_prompt*: the reader has something to send while a step blocks the thread, so synchronous steps that could block
    it are made in another thread.
    """
    if source.brings_producer:
        brought: Producer = source.content.__wsgiresp_producer__(source, runtime, wakeup.set)
        return brought
    if source.is_async:
        return TaskProducer(source, wakeup.set_threadsafe, reader=ReaderExecutor(runtime))
    if is_prompt and may_block_thread():
        return ThreadProducer(source, wakeup.set_threadsafe)
    return GreenletProducer(source, runtime, wakeup.set, one_at_a_time=not runtime.runs_others)
