"""Fixtures for tests of what a process holds (streams, worker pool, connection), and of its time limits."""

from __future__ import annotations

import gevent
import pytest
from runtime.runners import PATIENCE

from wsgiresp._runtime import hubs
from wsgiresp._runtime.process import PROCESS, drop_hub_parts, hub_part
from wsgiresp._runtime.shutdown import ShutdownState
from wsgiresp._streams import greenlet_producer, task_producer, wsgi_stream
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._tasks import greenlet_pool
from wsgiresp._tasks.greenlet_pool import PoolLimit, WorkerPool
from wsgiresp._tasks.thread_tasks import ThreadTasks
from wsgiresp._tasks.worker_pool import PoolState


def forget(*kinds):
    """Forget these parts of the process, as if nothing had used them."""
    for kind in kinds:
        PROCESS.parts.pop(kind, None)
    if PoolState in kinds:
        PROCESS.parts.pop(PoolLimit, None)
        PROCESS.parts.pop(ThreadTasks, None)
        drop_hub_parts(WorkerPool)


def forget_event(event):
    """Forget that *event* was logged, so that it is logged again."""
    PROCESS.told.discard(event)


@pytest.fixture
def fresh_streams():
    """A process in which no stream is open and that is not shutting down."""
    forget(OpenStreams, ShutdownState)
    yield
    forget(OpenStreams, ShutdownState)


@pytest.fixture
def long_grace(monkeypatch):
    """The wait for the first step of a source before the preamble is long enough for a busy machine."""
    monkeypatch.setattr(wsgi_stream, "FIRST_STEP_GRACE", PATIENCE)


@pytest.fixture
def long_turn(monkeypatch):
    """A producer never gives way before it waits, however busy the machine is."""
    for module in (hubs, greenlet_producer, task_producer):
        monkeypatch.setattr(module, "TURN", PATIENCE)


@pytest.fixture
def client():
    """The connection of a client, as gunicorn shows it."""
    from streams.stream_bodies import Client

    found = Client()
    yield found
    found.close()


@pytest.fixture
def fresh_pool(monkeypatch):
    """A worker pool as at the start of the process: not used, drained or configured."""
    forget(PoolState)
    monkeypatch.setattr(greenlet_pool, "CLEANUP_TIMEOUT", 0.05)
    yield
    gevent.joinall(list(hub_part(gevent.get_hub(), WorkerPool)._running), timeout=PATIENCE)
    forget(PoolState)


@pytest.fixture
def blocking():
    """A task that waits until it may end; it may once the test has ended."""
    from tasks.fake_tasks import BlockingTask

    task = BlockingTask()
    yield task
    task.may_end.set()
