"""The event loop of the asyncio thread: asyncio's own, also where gevent has patched the standard library.

Theory of operation
-------------------
Without the patches the loop is the one that ``asyncio.new_event_loop()`` returns. Under the patches asyncio's selector
loop is replaced by :class:`PatchedLoop`, for three reasons:

* The selector is gevent's: while the loop waits in it, the hub of its thread runs other greenlets. Threads that code on
  the loop starts (``threading.Thread``, a ``ThreadPoolExecutor`` of the application, anyio's worker threads) are such
  greenlets. They are in the thread of the loop, so ``asyncio.get_running_loop()`` returns this loop. CPython 3.13.12
  and 3.14.3 therefore call ``call_soon()`` when such a greenlet ends a future, and ``call_soon()`` does not wake the
  selector (gevent issue 2213). :class:`PatchedLoop` wakes it if a callback is scheduled in another greenlet than that
  of the loop.
* The functions of ``socket`` look names up by gevent's resolver, which would need a hub and a thread pool for each
  thread of the executor. :class:`PatchedLoop` calls the original functions.
* ``subprocess.Popen`` is gevent's. :class:`PatchedLoop` makes child processes by the original class, see
  :mod:`~wsgiresp._runtime.asyncio_children`.

The default executor of either loop is a :class:`~wsgiresp._runtime.real_executor.RealThreadExecutor`.

Everything runs in the asyncio thread. ``call_soon()``, ``call_at()`` and ``call_later()`` may be called in any greenlet
of that thread, all else in the greenlet of the loop. ``_greenlet`` is written when the loop starts to run.

Rejected: the original ``epoll`` as the selector. The other greenlets of the thread would never run, and a coroutine
that waits for one of them would hang.
"""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import Any

from gevent import monkey
from greenlet import getcurrent, greenlet

from wsgiresp._runtime.asyncio_children import child_transport
from wsgiresp._runtime.real_executor import RealThreadExecutor


def new_loop(executor: RealThreadExecutor) -> asyncio.AbstractEventLoop:
    """Return a new event loop for this thread with *executor* as its default; raises whatever making it raises."""
    loop = asyncio.new_event_loop()
    # A loop of another kind, for example uvloop's, uses neither the selector nor the patched modules.
    if monkey.is_module_patched("threading") and type(loop) is asyncio.SelectorEventLoop:
        loop.close()
        loop = PatchedLoop()
    loop.set_default_executor(executor)
    return loop


class PatchedLoop(asyncio.SelectorEventLoop):
    """asyncio's selector loop under gevent's patches."""

    _greenlet: greenlet | None = None

    def run_forever(self) -> None:
        """Run until ``stop()``."""
        self._greenlet = getcurrent()
        super().run_forever()

    def call_soon(  # type: ignore[override]  # typeshed ties the arguments to the callback by a TypeVarTuple
        self, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Schedule *callback*, and wake the loop if this is another greenlet than the loop's."""
        handle = super().call_soon(callback, *args, context=context)
        if getcurrent() is not self._greenlet:
            self._wake()
        return handle

    def call_at(  # type: ignore[override]  # as above
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Schedule *callback* for *when*, and wake the loop if this is another greenlet than the loop's."""
        handle = super().call_at(when, callback, *args, context=context)
        if getcurrent() is not self._greenlet:
            self._wake()
        return handle

    def _wake(self) -> None:
        self._write_to_self()  # type: ignore[attr-defined]  # what call_soon_threadsafe() does; not in typeshed

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,
        proto: int = 0,
        flags: int = 0,
    ) -> Any:
        """Return the addresses of *host* and *port*, looked up in a thread by the original function."""
        look_up = monkey.get_original("socket", "getaddrinfo")
        return await self.run_in_executor(None, look_up, host, port, family, type, proto, flags)

    async def getnameinfo(self, sockaddr: Any, flags: int = 0) -> Any:
        """Return the names of *sockaddr*, looked up in a thread by the original function."""
        return await self.run_in_executor(None, monkey.get_original("socket", "getnameinfo"), sockaddr, flags)

    async def _make_subprocess_transport(self, *args: Any, **kwargs: Any) -> Any:
        return await child_transport(self, *args, **kwargs)
