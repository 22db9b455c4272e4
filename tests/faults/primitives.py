"""Primitives that can fail: each is replaced by one that asks the injector first.

:func:`install` comes before wsgiresp is imported, since its modules take many names when they are imported;
:func:`bind` afterwards, for the names that must be replaced in a module itself. The process is one for faults alone.
"""

from __future__ import annotations

import asyncio
import contextvars
import errno
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from faults.injector import INJECTOR, our_caller, our_caller_behind

Error = Callable[[], BaseException]


def os_error(number: int) -> Error:
    """Return what makes the ``OSError`` of *number*."""
    return lambda: OSError(number, f"{os.strerror(number)} (injected)")


def no_memory() -> MemoryError:
    return MemoryError("injected")


no_descriptor = os_error(errno.EMFILE)
_IO = os_error(errno.EIO)

SYSTEM_CALLS = {
    "open": no_descriptor,
    "fstat": _IO,
    "stat": _IO,
    "pread": _IO,
    "preadv": _IO,
    "readlink": _IO,
    "unlink": _IO,
    "dup": no_descriptor,
    "dup2": no_descriptor,
}
"""Functions of ``os``, and the error of each."""

ON_LOOP = ("call_soon_threadsafe", "call_later")
"""Methods of an asyncio loop. Not ``call_soon``: where it fails in ``Task.cancel()``, asyncio's future stays half
cancelled, and nobody can mend that; wsgiresp itself does not call it."""

OF_USER = (
    "start_response",
    "wsgi.file_wrapper",
    "server.write",
    "source.step",
    "source.close",
    "around.enter",
    "around.leave",
    "input.read",
    "content.call",
    "close step",
    "task",
)
"""What belongs to the user or the server."""

ALL = (
    *(f"os.{name}" for name in SYSTEM_CALLS),
    "openat2",
    "socketpair",
    "getsockopt",
    "epoll",
    "epoll.register",
    "hub loop",
    "loop.timer",
    "loop.io",
    "loop.async_",
    "loop.run_callback",
    "loop.run_callback_threadsafe",
    "Thread.start",
    "greenlet()",
    "greenlet.switch, first",
    "Greenlet()",
    "Greenlet.start",
    "asyncio.new_event_loop",
    "asyncio.create_task",
    *(f"asyncio.{name}" for name in ON_LOOP),
    "copy_context",
    "slice of chunks",
    *OF_USER,
)
"""The names of all primitives."""


def guarded(name: str, error: Error, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function* as the primitive *name*, which fails with *error* if wsgiresp itself calls it."""

    def primitive(*arguments: Any, **named: Any) -> Any:
        frame = our_caller()
        if frame is not None:
            INJECTOR.visit(name, error, frame)
        return function(*arguments, **named)

    return primitive


def install() -> None:
    """Replace what wsgiresp takes from other modules when it is imported."""
    _install_system()
    _install_gevent()
    _install_asyncio()
    contextvars.copy_context = guarded("copy_context", no_memory, contextvars.copy_context)


def _install_system() -> None:
    import _socket
    import select

    for name, error in SYSTEM_CALLS.items():
        function = getattr(os, name)
        replaced = guarded(f"os.{name}", error, function)
        setattr(os, name, replaced)
        for supported in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
            if function in supported:
                supported.add(replaced)
    _socket.socketpair = guarded("socketpair", no_descriptor, _socket.socketpair)
    epoll = select.epoll

    def primitive(*arguments: Any) -> Any:
        frame = our_caller()
        if frame is None:
            return epoll(*arguments)
        INJECTOR.visit("epoll", no_descriptor, frame)
        return _Epoll(epoll)

    select.epoll = primitive
    start = threading.Thread.start
    threading.Thread.start = guarded("Thread.start", _no_thread, start)


def _no_thread() -> RuntimeError:
    return RuntimeError("can't start new thread (injected)")


class _Epoll:
    """An epoll object of wsgiresp's; the class itself cannot be derived from."""

    def __init__(self, kind: Any) -> None:
        self._epoll = kind()
        for name in ("fileno", "poll", "unregister", "modify", "close"):
            setattr(self, name, getattr(self._epoll, name))

    def register(self, *arguments: Any) -> None:
        INJECTOR.visit("epoll.register", os_error(errno.ENOMEM), sys._getframe(1))
        self._epoll.register(*arguments)


def _install_gevent() -> None:
    import gevent

    class Loop(gevent.config.loop):
        """gevent's loop, whose watchers and callbacks can fail."""

        def __new__(cls, *arguments: Any, **named: Any) -> Any:
            frame = our_caller_behind("gevent")
            if frame is not None:
                INJECTOR.visit("hub loop", no_descriptor, frame)
            return super().__new__(cls, *arguments, **named)

    for name in ("timer", "io", "async_", "run_callback", "run_callback_threadsafe"):
        setattr(Loop, name, guarded(f"loop.{name}", no_memory, getattr(gevent.config.loop, name)))
    gevent.config.loop = Loop

    class Greenlet(gevent.Greenlet):
        """gevent's greenlet, which can fail to be made, and to be started."""

        def __init__(self, *arguments: Any, **named: Any) -> None:
            frame = our_caller_behind("gevent")
            if frame is not None:
                INJECTOR.visit("Greenlet()", no_memory, frame)
            super().__init__(*arguments, **named)

        def start(self) -> None:
            frame = our_caller_behind("gevent")
            if frame is not None:
                INJECTOR.visit("Greenlet.start", no_memory, frame)
            super().start()

    gevent.Greenlet = Greenlet
    gevent.spawn = Greenlet.spawn
    gevent.spawn_later = Greenlet.spawn_later


def _install_asyncio() -> None:
    asyncio.new_event_loop = guarded("asyncio.new_event_loop", no_descriptor, asyncio.new_event_loop)
    base: Any = asyncio.BaseEventLoop
    create_task = base.create_task

    def primitive(self: Any, *arguments: Any, **named: Any) -> Any:
        frame = our_caller_behind("asyncio")
        if frame is not None:
            INJECTOR.visit("asyncio.create_task", no_memory, frame)
        return create_task(self, *arguments, **named)

    base.create_task = primitive
    for name in ON_LOOP:
        setattr(base, name, guarded(f"asyncio.{name}", no_memory, getattr(base, name)))


def bind() -> None:
    """Replace, in the modules of wsgiresp that are imported, the names that nothing outside of them can replace."""
    import greenlet

    class FirstSwitch(greenlet.greenlet):
        """A plain greenlet that can fail to be made, and to be switched to for the first time."""

        def __new__(cls, *arguments: Any, **named: Any) -> Any:
            INJECTOR.visit("greenlet()", no_memory, sys._getframe(1))
            return super().__new__(cls, *arguments, **named)

        def switch(self, *arguments: Any, **named: Any) -> Any:
            if not self and not self.dead:
                INJECTOR.visit("greenlet.switch, first", no_memory, "the hub")
            return super().switch(*arguments, **named)

    for name, module in list(sys.modules.items()):
        if name.startswith("wsgiresp") and vars(module).get("greenlet") is greenlet.greenlet:
            module.greenlet = FirstSwitch
        if name.startswith("wsgiresp") and "_start_new_thread" in vars(module):
            module._start_new_thread = guarded("Thread.start", _no_thread, module._start_new_thread)
        if name.startswith("wsgiresp") and "openat2" in vars(module):
            module.openat2 = _refusing(module.openat2)
    _bind_chunks()


def _refusing(function: Callable[..., int]) -> Callable[..., int]:
    """Return *function* as the primitive ``openat2``, which tells a failure by -1."""

    def primitive(*arguments: Any) -> int:
        frame = our_caller()
        try:
            if frame is not None:
                INJECTOR.visit("openat2", no_descriptor, frame)
        except OSError:
            return -1
        return function(*arguments)

    return primitive


class _Chunks(list[bytes]):
    """The ready chunks of a buffer: a copy of some of them needs memory."""

    def __getitem__(self, place: Any) -> Any:
        frame = our_caller()
        if frame is not None and isinstance(place, slice):
            INJECTOR.visit("slice of chunks", no_memory, frame)
        return super().__getitem__(place)


def _bind_chunks() -> None:
    from wsgiresp._streams.bounded_buffer import BoundedBuffer

    init = BoundedBuffer.__init__

    def primitive(self: BoundedBuffer, *arguments: Any, **named: Any) -> None:
        init(self, *arguments, **named)
        if type(self.chunks) is list:
            self.chunks = _Chunks()

    BoundedBuffer.__init__ = primitive


def user_part(name: str, error: Error | None = None) -> None:
    """Let the part *name* of the user, or of the server, fail; a ``LookupError`` unless *error* says otherwise."""
    INJECTOR.visit(name, error or partial(LookupError, f"{name} (injected)"))
