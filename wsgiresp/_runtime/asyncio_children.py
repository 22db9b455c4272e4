"""Child processes of the asyncio loop under gevent's patches, made by the original ``subprocess.Popen``.

Theory of operation
-------------------
Under the patches ``asyncio.create_subprocess_exec()`` and ``asyncio.create_subprocess_shell()`` would use gevent's
``subprocess.Popen``, and would wait for the child in a greenlet instead of a thread. Here the original class makes the
child, and a :class:`~wsgiresp._runtime.child_reaper.ChildReaper`, a real thread, waits for it without a signal. All
else runs on the loop.

The thread of the reaper writes ``returncode`` of the child before it calls the loop. So no signal is sent to the
process id once the system may have given that to another process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from asyncio.base_subprocess import BaseSubprocessTransport
from types import FunctionType, SimpleNamespace
from typing import Any

from gevent import monkey

from wsgiresp._runtime.child_reaper import ChildReaper


class _ChildTransport(BaseSubprocessTransport):
    _proc: Any

    def _start(self, args: Any, shell: bool, stdin: Any, stdout: Any, stderr: Any, bufsize: int, **kwargs: Any) -> None:
        self._proc = _original_popen()(
            args, shell=shell, stdin=stdin, stdout=stdout, stderr=stderr, bufsize=bufsize, **kwargs
        )


def _original_popen() -> Any:
    """Return a class ``Popen`` without gevent's patches, for a child that a :class:`ChildReaper` waits for.

    The original class alone is not enough: its methods find gevent's functions in the modules ``subprocess`` and
    ``os``, whose ``close()`` leaves a pipe open until the hub runs. So they are copied, with the originals of both as
    their globals.
    """
    original: Any = monkey.get_original("subprocess", "Popen")
    names = {name: monkey.get_original("subprocess", name) for name in vars(subprocess)}
    names["os"] = SimpleNamespace(**{name: monkey.get_original("os", name) for name in vars(os)})

    def poll(self: Any, *_: object, **__: object) -> int | None:
        # Only the reaper calls waitpid(): a second call would find no child.
        code: int | None = self.returncode
        return code

    methods = {
        name: _copy(method, names)
        for name, method in vars(original).items()
        if type(method) is FunctionType and method.__globals__ is vars(subprocess)  # not a wrapper made by contextlib
    }
    return type("Popen", (original,), {**methods, "poll": poll, "_internal_poll": poll})


def _copy(method: FunctionType, names: dict[str, Any]) -> FunctionType:
    copy = FunctionType(method.__code__, names, method.__name__, method.__defaults__, method.__closure__)
    copy.__kwdefaults__ = method.__kwdefaults__
    return copy


async def child_transport(
    loop: asyncio.AbstractEventLoop,
    protocol: asyncio.SubprocessProtocol,
    args: Any,
    shell: bool,
    stdin: Any,
    stdout: Any,
    stderr: Any,
    bufsize: int,
    extra: Any = None,
    **kwargs: Any,
) -> BaseSubprocessTransport:
    """Return the transport of a new child process, as ``_make_subprocess_transport()`` of asyncio's loops does.

    Raises what ``Popen`` raises, and ``RuntimeError`` if no thread can be started to wait for the child.
    """
    made: list[_ChildTransport] = []

    def end(status: int) -> None:
        (transport,) = made
        code = os.waitstatus_to_exitcode(status)
        transport._proc.returncode = code
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(transport._process_exited, code)

    reaper = ChildReaper(end)
    waiter = loop.create_future()
    try:
        transport = _ChildTransport(
            loop, protocol, args, shell, stdin, stdout, stderr, bufsize, waiter=waiter, extra=extra, **kwargs
        )
        made.append(transport)
    except BaseException:
        reaper.cancel()
        raise
    reaper.wait_for(transport._proc.pid)
    try:
        await waiter
    except BaseException:
        transport.close()
        await transport._wait()
        raise
    return transport
