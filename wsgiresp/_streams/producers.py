"""Producers, which step the source of a stream: a greenlet, a thread with a hub of its own, or an asyncio task.

Each makes all steps of a source, and closes it, in one greenlet or task and in one context. So a context variable that
is set in one step is there in the next, and a resource that is bound to its task is closed in that task.
"""

from __future__ import annotations

import asyncio
import logging
from time import monotonic, time
from typing import Any, Protocol

import gevent
from gevent.hub import Hub
from greenlet import GreenletExit, greenlet

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.hubs import HubLease, may_block_thread
from wsgiresp._runtime.threads import allocate_lock, join_at_exit, start_thread
from wsgiresp._runtime.waiting_executor import ReaderExecutor, current_executor
from wsgiresp._runtime.wakeup_event import WakeupEvent
from wsgiresp._streams.bounded_buffer import BoundedBuffer
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._types import Callback

log = logging.getLogger("wsgiresp")

_TURN = 0.005  # s for which a producer may keep the hub from looking at what else there is
_SHORTEST = 1e-6  # s; not 0, with which the hub does not look


class Producer(Protocol):
    """What puts the chunks of a source into ``buffer``, and ends that when the source is closed."""

    buffer: BoundedBuffer
    shares_thread: bool
    """Whether the steps are made in the thread of the reader."""

    def begin(self) -> None:
        """Make the first step soon."""
        ...

    def stop(self) -> None:
        """Have the source closed soon, wherever it stands."""
        ...


def producer_for(source: StreamSource, hub: Hub, wakeup: WakeupEvent, *, is_prompt: bool, is_shared: bool) -> Producer:
    """Return the producer that suits *source* and this thread; *wakeup* wakes the reader, a greenlet of *hub*.

    *is_prompt*: the reader has something to say while a step blocks the thread, so steps that could are made in
    another. *is_shared*: the hub runs others while the reader is busy.
    """
    if source.is_async:
        return TaskProducer(source, wakeup.set_threadsafe, reader=ReaderExecutor(hub))
    if is_prompt and may_block_thread():
        return ThreadProducer(source, wakeup.set_threadsafe)
    return GreenletProducer(source, hub, wakeup.set, one_at_a_time=not is_shared)


class GreenletProducer:
    """Steps *source* in a greenlet of *hub*, which is that of this thread.

    With *one_at_a_time* it waits after each chunk until that is taken: for a thread in which nothing runs
    meanwhile.
    """

    __slots__ = ("_greenlet", "_has_begun", "_hub", "_is_shared", "_is_stepping", "_room", "_source", "buffer")

    shares_thread = True

    def __init__(
        self,
        source: StreamSource,
        hub: Hub,
        on_readable: Callback,
        *,
        one_at_a_time: bool = False,
        is_threadsafe: bool = False,
    ) -> None:
        self._source = source
        self._hub = hub
        # Near by made when it is needed: most never wait for room.
        self._room = WakeupEvent(hub) if is_threadsafe else None
        self.buffer = BoundedBuffer(
            on_readable, None if self._room is None else self._room.set_threadsafe, one_at_a_time
        )
        self._is_shared = not one_at_a_time
        self._has_begun = self._is_stepping = False
        # Not one of gevent's class, which takes 0.9 KiB more and does nothing here: nobody waits for it to end.
        self._greenlet = greenlet(GreenletProducer._run, hub)
        self._greenlet.gr_context = source.context

    def begin(self) -> None:
        """Make the first step soon."""
        self._hub.loop.run_callback(self._greenlet.switch, self)

    def stop(self) -> None:
        """Have the source closed soon: ``GreenletExit`` where it waits, ``GeneratorExit`` where it has yielded."""
        if self._has_begun:
            self._hub.loop.run_callback(self._interrupt)
            return
        self._source.context.run(self._source.close)
        self.buffer.end()

    def _interrupt(self) -> None:
        # What waits for room sees by itself that the buffer is closed; what is being closed has all the time it takes.
        if self._is_stepping:
            self._greenlet.throw(GreenletExit)

    def _run(self) -> None:
        if self.buffer.has_ended:  # before the first step
            return
        self._has_begun = True
        error: BaseException | None = None
        try:
            with self._source.enclosing_context():
                self._put_all()
        except BaseException as caught:
            error = caught
        try:
            end(self.buffer, error)
        finally:
            del error  # its traceback holds this frame: a circle that would keep all that the source has seen

    def _put_all(self) -> None:
        iterator: Any = None
        self._is_stepping = True
        try:
            iterator = self._source.iterator()
            self._put_each(iterator)
        finally:
            self._is_stepping = False
            self._source.close(iterator)

    def _put_each(self, iterator: Any) -> None:
        buffer, encode, raw = self.buffer, self._source.encode, self._source.raw
        turn_ends = 0.0
        for item in iterator:
            chunk = item if type(item) is raw else encode(item)
            must_wait = buffer.put(chunk) if chunk else False
            now = monotonic()
            if now > turn_ends:
                turn_ends = now + _TURN
                if (self._is_shared or not chunk) and self._keeps_others_waiting():
                    gevent.sleep(_SHORTEST)
            if must_wait:
                self._await_room()
            if buffer.is_closed:
                return

    def _keeps_others_waiting(self) -> bool:
        # The loop's own time stands still from one look at the world to the next.
        now: float = self._hub.loop.now()
        # Either way: a clock that was set back must not silence it.
        return abs(time() - now) > _TURN

    def _await_room(self) -> None:
        if self._room is None:
            self._room = WakeupEvent(self._hub)
            self.buffer.on_writable = self._room.set
        self._is_stepping = False
        while self.buffer.is_full:
            self._room.wait()
        self._is_stepping = True


class ThreadProducer:
    """Steps *source* in a real thread, for servers whose thread a step could block.

    The thread has a hub of its own, so a source that waits cooperatively does so there. One that blocks cannot be
    interrupted: it is closed when its step is done.
    """

    buffer: BoundedBuffer
    shares_thread = False

    def __init__(self, source: StreamSource, on_readable: Callback) -> None:
        self._source = source
        self._on_readable = on_readable
        self._is_ready = allocate_lock()
        self._is_ready.acquire()
        self._failure: BaseException | None = None
        thread = start_thread(self._run, "wsgiresp-producer")
        self._is_ready.acquire()
        if self._failure is not None:
            raise self._failure
        buffer = self.buffer  # alone: nobody is to hold the source
        join_at_exit(thread, lambda: buffer.has_ended)

    def begin(self) -> None:
        """Make the first step soon."""
        self._loop.run_callback_threadsafe(self._inner.begin)

    def stop(self) -> None:
        """Have the source closed soon, or once its step is done."""
        # The hub is gone where the source has ended meanwhile.
        try:
            self._loop.run_callback_threadsafe(self._inner.stop)
        except ValueError:
            return

    def _run(self) -> None:
        try:
            lease = HubLease()
            self._loop: Any = lease.hub.loop
            self._end = WakeupEvent(lease.hub)
            self._inner = GreenletProducer(self._source, lease.hub, self._tell, is_threadsafe=True)
            self.buffer = self._inner.buffer
        except BaseException as error:  # a hub needs descriptors
            self._failure = error
            return
        finally:
            self._is_ready.release()
        while not self.buffer.has_ended:
            self._end.wait()
        lease.close()

    def _tell(self) -> None:
        self._on_readable()
        if self.buffer.has_ended:
            self._end.set()


class TaskProducer:
    """Steps an asynchronous *source* in a task of *loop*, where none is given of the one asyncio loop of ours.

    *reader*: who makes the calls of :data:`waiting_executor.current_executor`.
    """

    shares_thread = False

    def __init__(
        self,
        source: StreamSource,
        on_readable: Callback,
        *,
        reader: ReaderExecutor | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._source = source
        self._reader = reader
        if reader is not None:
            source.context.run(current_executor.set, reader)
        self._loop = asyncio_thread.loop_for_waiting() if loop is None else loop
        self._has_room = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_stepping = False
        self.buffer = BoundedBuffer(on_readable, self._tell_of_room)

    def begin(self) -> None:
        """Make the first step soon."""
        self._loop.call_soon_threadsafe(self._start)

    def stop(self) -> None:
        """Have the source closed soon: ``CancelledError`` where it waits, ``aclose()`` where it has yielded."""
        self._loop.call_soon_threadsafe(self._cancel)

    def _start(self) -> None:
        self._task = self._loop.create_task(self._run(), context=self._source.context)

    def _cancel(self) -> None:
        if self._task is None:
            self._start()
        elif self._is_stepping:
            self._task.cancel()

    def _tell_of_room(self) -> None:
        self._loop.call_soon_threadsafe(self._has_room.set)

    async def _run(self) -> None:
        error: BaseException | None = None
        try:
            if self.buffer.is_closed:  # before the first step
                await self._source.aclose()
            else:
                with self._source.enclosing_context():
                    await self._put_all()
        except BaseException as caught:  # none must reach the loop, which is everybody's
            error = caught
        if self._reader is not None:
            self._reader.end()
        try:
            end(self.buffer, error)
        finally:
            del error  # its traceback holds this frame: a circle that would keep all that the source has seen

    async def _put_all(self) -> None:
        iterator: Any = None
        self._is_stepping = True
        try:
            iterator = aiter(self._source.content)
            await self._put_each(iterator)
        finally:
            self._is_stepping = False
            await self._source.aclose(iterator)

    async def _put_each(self, iterator: Any) -> None:
        turn_ends = monotonic() + _TURN
        async for item in iterator:
            chunk = self._source.encode(item)
            if chunk and self.buffer.put(chunk):
                self._is_stepping = False
                while self.buffer.is_full:
                    await self._has_room.wait()
                    self._has_room.clear()
                self._is_stepping = True
            elif monotonic() > turn_ends:
                # One that never awaits anything would keep the loop from all other streams.
                self._is_stepping = False
                await asyncio.sleep(0)
                self._is_stepping = True
                turn_ends = monotonic() + _TURN
            if self.buffer.is_closed:
                return


def end(buffer: BoundedBuffer, error: BaseException | None) -> None:
    """End *buffer* with *error*; one that comes after the reader has left is told to the log, since nobody else is."""
    if error is not None and buffer.is_closed:
        if not isinstance(error, GreenletExit | GeneratorExit | asyncio.CancelledError):
            log.error("the source of a stream failed when it was closed", exc_info=error)
        error = None
    buffer.end(error)
