"""Holdings of a process: what wsgiresp keeps registered, and the descriptors, threads, greenlets and hubs there are."""

from __future__ import annotations

import asyncio
import gc
import os
from typing import Any

from gevent.hub import Hub
from greenlet import greenlet

from wsgiresp._files.block_budget import _UNITS, BlockBudget
from wsgiresp._runtime.asyncio_thread import AsyncioThread
from wsgiresp._runtime.disconnect import _DisconnectWatcher
from wsgiresp._runtime.gevent_runtime import _Leases
from wsgiresp._runtime.process import hub_parts, part
from wsgiresp._runtime.timer_queue import TimerQueues
from wsgiresp._runtime.wakeup_event import WakeQueue
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._tasks.thread_tasks import ThreadTasks
from wsgiresp._tasks.worker_pool import WorkerPool

Holdings = dict[str, int]


def registered() -> Holdings:
    """Return how many things wsgiresp has registered: none, while it serves nothing."""
    pools = [pool for _, pool in hub_parts(WorkerPool)]
    return {
        "open streams": len(part(OpenStreams).streams),
        "lost streams": len(part(OpenStreams).lost),
        "blocks taken": _UNITS - len(part(BlockBudget).free),
        "timeouts armed": sum(len(queue._due) for _, queues in hub_parts(TimerQueues) for queue in queues.values()),
        "clients watched": sum(len(watcher._callbacks) for _, watcher in hub_parts(_DisconnectWatcher)),
        "hubs leased": sum(leases.count for _, leases in hub_parts(_Leases)),
        "wakeups queued": sum(len(queue) + queue.in_loop for _, queue in hub_parts(WakeQueue)),
        "tasks running": sum(len(pool._running) for pool in pools) + len(part(ThreadTasks).running),
        "tasks waiting": sum(len(pool._waiting) for pool in pools) + len(part(ThreadTasks).waiting),
        "tasks on the loop": _tasks_on_loop(),
    }


def resources() -> Holdings:
    """Return how many resources this process has, which are compared with those after an undisturbed run."""
    things = _live()
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        # An executor keeps its threads, and starts another one if a call comes before the last has quite ended.
        "threads": len(os.listdir("/proc/self/task")) - _threads_of_executor(),
        "greenlets": sum(
            isinstance(thing, greenlet) and not isinstance(thing, Hub) and bool(thing) for thing in things
        ),
        "hubs": sum(isinstance(thing, Hub) for thing in things),
    }


def _live() -> list[Any]:
    gc.collect()
    # By type(): a lazy object imports its module when its __class__ is read.
    return [thing for thing in gc.get_objects() if issubclass(type(thing), greenlet)]


def _threads_of_executor() -> int:
    running: Any = part(AsyncioThread)._running
    return 0 if running is None else running._executor._started


def _tasks_on_loop() -> int:
    running: Any = part(AsyncioThread)._running
    loop = getattr(running, "loop", None)
    try:
        return len(part(AsyncioThread).scheduled) + (len(asyncio.all_tasks(loop)) if loop is not None else 0)
    except RuntimeError:  # the set has changed meanwhile
        return 1
