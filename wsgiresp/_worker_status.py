"""Worker status: how many streams, subscribers and background tasks this process holds, for health pages and gauges.

This module imports neither streams nor tasks. Their parts of the process state override
:meth:`process.ProcessPart.counts`, which returns numbers by the names of the fields of :class:`WorkerStatus`. A part
that this process has not used does not exist yet, and its fields are 0. The fork hook empties the parts, so a child
process starts with zeros.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._runtime.process import counts


# A dataclass and not a NamedTuple: JSONResponse writes it as an object, and a field that a later version adds does not
# break code that unpacks a tuple of five.
@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """What one process holds at one moment; returned by :func:`worker_status`.

    *streams*: responses whose stream is open; a stream is open until its content is closed. *subscribers*: open streams
    of channel subscriptions. *subscribers_direct*: those of them to which the channel itself writes. This version has
    no channels, so both are 0. *tasks_running*: background tasks that run. *tasks_waiting*: background tasks that wait
    for a slot of a worker pool or for a worker thread. The tasks of one response count as one.

    .. versionadded:: 0.2
    """

    streams: int = 0
    subscribers: int = 0
    subscribers_direct: int = 0
    tasks_running: int = 0
    tasks_waiting: int = 0


def worker_status() -> WorkerStatus:
    """Return the numbers of streams, subscribers and tasks that this worker process holds now.

    Any thread or greenlet may call it. It takes no lock and never waits. The numbers are read one after the other while
    other threads go on, so a task that another thread starts meanwhile may be missing from both numbers of tasks.
    Other worker processes are not counted. In a child process all numbers are 0 after the fork.

    .. versionadded:: 0.2
    """
    return WorkerStatus(**counts())
