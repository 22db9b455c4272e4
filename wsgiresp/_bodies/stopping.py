"""The end of a worker: which streams are open in this process, and the word to end them."""

from __future__ import annotations

import os
from typing import Protocol


class Stoppable(Protocol):
    """A stream that may be asked to end, from any thread."""

    def stop(self) -> None:
        """Say what is to be said at the end, soon, and end."""
        ...


_open: set[Stoppable] = set()
_has_stopped = False


def enter(stream: Stoppable) -> None:
    """Count *stream* as open, until :func:`leave`; where the worker stops already it is asked to end at once."""
    _open.add(stream)
    if _has_stopped:
        stream.stop()


def leave(stream: Stoppable) -> None:
    """Count *stream* as closed."""
    _open.discard(stream)


def stop_streams() -> int:
    """Ask all open streams to end, and those that are opened from now on; return how many were open."""
    global _has_stopped
    _has_stopped = True
    streams = list(_open)
    for stream in streams:
        stream.stop()
    return len(streams)


def _begin_anew() -> None:
    global _has_stopped
    _has_stopped = False
    _open.clear()


# A child serves streams of its own. Windows does not fork.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_begin_anew)
