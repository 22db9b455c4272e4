"""The event loop of the asyncio thread: asyncio's own, with what gevent's patches take from it.

Theory of operation
-------------------
Without the patches the loop is what ``asyncio.new_event_loop()`` returns. Under them asyncio's selector loop is
replaced by :class:`PatchedLoop`, since there

* the selector is gevent's: while the loop waits in it, the hub of its thread runs other greenlets. Threads that code on
  the loop starts (``threading.Thread``, an own ``ThreadPoolExecutor``, anyio's worker threads) are such greenlets. They
  are in the thread of the loop, so ``asyncio.get_running_loop()`` is this loop, and CPython 3.13.12 and 3.14.3 end a
  future of theirs by ``call_soon()``, which does not wake the selector (gevent issue 2213). Here a callback that is
  scheduled in another greenlet than the loop's own wakes it;
* the names of ``socket`` are looked up by gevent's resolver, which would need a hub and a thread pool for each thread
  of the executor. Here the original functions are called;
* ``subprocess.Popen`` is gevent's. Here child processes are made by the original, see
  :mod:`~wsgiresp._runtime.asyncio_children`.

The default executor of either loop is a :class:`~wsgiresp._runtime.real_executor.RealThreadExecutor`.

Everything runs in the asyncio thread, but ``call_soon()``, ``call_at()`` and ``call_later()``, which run in any
greenlet of it. ``_greenlet`` is written when the loop starts to run.

Rejected: the original ``epoll`` as the selector. The greenlets of the thread would never run, and whoever awaits one of
them would hang.
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
        """Call *callback* soon; in another greenlet than the loop's, wake it."""
        handle = super().call_soon(callback, *args, context=context)
        if getcurrent() is not self._greenlet:
            self._wake()
        return handle

    def call_at(  # type: ignore[override]  # as above
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call *callback* at *when*; in another greenlet than the loop's, wake it."""
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
