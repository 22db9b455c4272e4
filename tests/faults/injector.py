"""Injector of faults: counts the calls of named primitives, and has the k-th call of one of them fail.

Theory of operation
-------------------
A *primitive* is a function of the system, of gevent or of asyncio that wsgiresp calls, or a part of the user's own that
may raise. ``primitives`` replaces each by a function that calls :meth:`Injector.visit` first. Only calls that wsgiresp
makes itself are counted and may fail: the frame of the caller decides. One run of a scenario counts, and each further
run has one call fail (:meth:`Injector.arm`). A call fails once, so what follows finds the system in order again,
and a function that makes the same call again need not tell of it.

Calls come from several threads. The counter is changed under a lock that is made before gevent could replace it.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from types import CodeType, FrameType

OURS = "wsgiresp"
FIRED = "fault injected at"


class Injector:
    """The counts of the calls, and the one call that is to fail: the *k*-th of a primitive, 1 for the first."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.has_fired = False
        self.place = ""
        """The line of wsgiresp whose call failed, or who else called."""
        self.function = ""
        """The function of wsgiresp whose call failed."""
        self.is_repeated = False
        """Whether the function whose call failed has made that call again."""
        self.is_counting = False
        self._failed: CodeType | None = None
        self._armed: tuple[str, int] | None = None
        self._lock = threading.Lock()

    def arm(self, primitive: str, k: int) -> None:
        """Have the *k*-th call of *primitive* fail."""
        self._armed = primitive, k

    def visit(
        self, primitive: str, error: Callable[[], BaseException], caller: FrameType | str = "the user's part"
    ) -> None:
        """Count a call of *primitive* by *caller*; raise what *error* returns if it is the one that is to fail."""
        if not self.is_counting:
            return
        with self._lock:
            self.calls[primitive] += 1
            fails = self._armed == (primitive, self.calls[primitive]) and not self.has_fired
            self.has_fired = self.has_fired or fails
            code = None if isinstance(caller, str) else caller.f_code
            if fails:
                self._failed = code
                self.function = "" if code is None else code.co_name
            elif code is not None and self._failed is code and self._armed and primitive == self._armed[0]:
                self.is_repeated = True
        if fails:
            self.place = caller if isinstance(caller, str) else f"{caller.f_globals['__name__']}:{caller.f_lineno}"
            # Also for a run that hangs, of which there is nothing but its standard error.
            print(FIRED, self.place, file=sys.stderr, flush=True)
            raise error()


def our_caller() -> FrameType | None:
    """Return the frame of the caller of the primitive, which calls this, if it is one of wsgiresp's, else None."""
    frame = sys._getframe(1).f_back  # None: gevent's C code has no frame
    return None if frame is None else _ours(frame)


def our_caller_behind(*packages: str) -> FrameType | None:
    """Return the first frame that is not one of *packages* if it is one of wsgiresp's, else None."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _package(frame) in (*packages, "faults"):
        frame = frame.f_back
    return None if frame is None else _ours(frame)


def _ours(frame: FrameType) -> FrameType | None:
    return frame if _package(frame) == OURS else None


def _package(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0]


INJECTOR = Injector()
"""The injector of this process, in which one scenario runs at a time."""
