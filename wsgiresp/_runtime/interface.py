"""Runtime interface: the event loop functions that streams use of gevent or asyncio, as Protocols.

Theory of operation
-------------------
A stream is read in one thread, by a greenlet under a gevent hub or by a task of an asyncio loop. Everything that this
reader needs of its event loop stands behind :class:`Runtime`; ``gevent_runtime`` and ``asyncio_runtime`` implement it,
and tests implement it with a manual clock. A driver and a producer create their runtime; apart from that they use the
interface only.

Waiting has two forms, a greenlet switch and an ``await``. So the interface has two kinds of :class:`Wakeup`,
:class:`BlockingWakeup` and :class:`AsyncWakeup`. ``wait()``, ``wake_and_yield()`` and ``yield_turn()`` block their
caller; all other methods return at once.

Threads: a method may be called in the thread of the event loop only, unless its name ends in ``_threadsafe``.
``wakeup()`` and ``timers()`` of an asyncio runtime may be called in any thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._types import Callback

if TYPE_CHECKING:
    from greenlet import greenlet


class Wakeup(Protocol):
    """An auto-reset event with a single waiter.

    If it is set while nobody waits, the next wait ends once the event loop has delivered it; others may run first.
    """

    def set(self) -> None:
        """Wake the waiter soon."""
        ...

    def set_threadsafe(self) -> None:
        """Wake the waiter soon; from any thread. Without effect once the event loop is closed."""
        ...


class BlockingWakeup(Wakeup, Protocol):
    """A wakeup for a greenlet, which blocks while others run."""

    def wait(self) -> None:
        """Wait until it is set, and reset it; it may return without a reason."""
        ...

    def wake_and_yield(self) -> None:
        """Wake the waiter, if there is one, and return once it has run."""
        ...


class AsyncWakeup(Wakeup, Protocol):
    """A wakeup for coroutines."""

    async def wait(self) -> None:
        """Wait until it is set, and reset it; it may return without a reason."""
        ...


class Timers(Protocol):
    """Timeouts of one duration."""

    def arm(self, callback: Callback) -> None:
        """Call *callback* once, after the duration, or up to 5 % (at most 50 ms) earlier.

        If it is armed already, the duration starts again.
        """
        ...

    def cancel(self, callback: Callback) -> None:
        """Disarm *callback*; without effect if it is not armed."""
        ...


W_co = TypeVar("W_co", bound=Wakeup, covariant=True)


class Runtime(Protocol[W_co]):
    """The event loop of the reader of one stream; :meth:`close` releases it."""

    @property
    def runs_others(self) -> bool:
        """Whether other greenlets or tasks run while the reader is blocked in a write to its client."""
        ...

    def wakeup(self) -> W_co:
        """Return a new wakeup for one waiter on this loop."""
        ...

    def timers(self, seconds: float) -> Timers:
        """Return timeouts of *seconds*; they live as long as the caller references them."""
        ...

    def call_soon(self, callback: Callable[..., object], *arguments: object) -> None:
        """Call *callback* with *arguments* in a later iteration of the loop."""
        ...

    def call_soon_threadsafe(self, callback: Callback) -> None:
        """Call *callback* in a later iteration of the loop; from any thread. Without effect once the loop is closed."""
        ...

    def call_soon_in_finalizer(self, callback: Callback) -> bool:
        """Call *callback* in a later iteration of the loop; from any thread, in a finalizer.

        Takes no lock and never waits. Return False if the loop cannot be reached now.
        """
        ...

    @property
    def may_wait_in_finalizer(self) -> bool:
        """Whether a finalizer that runs now may wait on this loop, since its thread serves nothing else."""
        ...

    @property
    def has_ended(self) -> bool:
        """Whether the loop will not run again; from any thread."""
        ...

    def watch_disconnect(self, server: ServerProfile, callback: Callback) -> Callback:
        """Call *callback* on the loop when the client of *server* disconnects, if that can be seen.

        Returns a callable that ends the watch.
        """
        ...

    def is_turn_due(self) -> bool:
        """Return whether code that has just run without a pause should yield, since others wait."""
        ...

    def close(self) -> None:
        """Release the loop; a second call has no effect."""
        ...


class GreenletRuntime(Runtime[BlockingWakeup], Protocol):
    """A runtime whose reader is a greenlet, or a thread in which greenlets run while it waits."""

    @property
    def is_here(self) -> bool:
        """Whether the caller runs in the thread of the loop."""
        ...

    def new_greenlet(self, run: Callable[..., object]) -> greenlet:
        """Return a greenlet of the loop that has not started, and starts at the first switch to it."""
        ...

    def yield_turn(self) -> None:
        """Block the current greenlet until the loop has polled its sockets and run what is ready."""
        ...

    def interrupter(self) -> Callable[[BaseException], object]:
        """Return a callable that raises its argument in the caller's greenlet, wherever that waits then."""
        ...
