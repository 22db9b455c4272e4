"""Counts of the objects, threads and descriptors of this process; a test compares them to find leaks."""

from __future__ import annotations

import asyncio
import gc
import os
import types

import greenlet

from wsgiresp._runtime import asyncio_thread
from wsgiresp._streams.bounded_buffer import BoundedBuffer


def counts() -> dict[str, int]:
    """Return how many there are of each kind that a stream uses."""
    gc.collect()
    things = gc.get_objects()
    return {
        "greenlets": sum(isinstance(thing, greenlet.greenlet) for thing in things),
        "generators": sum(isinstance(thing, types.GeneratorType) for thing in things),
        "async generators": sum(isinstance(thing, types.AsyncGeneratorType) for thing in things),
        "coroutines": sum(isinstance(thing, types.CoroutineType) for thing in things),
        "buffers": sum(isinstance(thing, BoundedBuffer) for thing in things),
        "tasks": len(asyncio.all_tasks(asyncio_thread.loop())),
        "threads": len(os.listdir("/proc/self/task")),
        "descriptors": len(os.listdir("/proc/self/fd")),
    }
