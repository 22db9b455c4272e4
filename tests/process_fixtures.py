"""What tests of streams and of the pool begin with, and what they leave behind."""

from __future__ import annotations

import gevent
import pytest
from runtime.runners import PATIENCE
from streams.begun_streams import Client
from tasks.fake_tasks import Blocking

from wsgiresp._runtime import shutdown
from wsgiresp._tasks import worker_pool


@pytest.fixture
def fresh_streams():
    """A process in which no stream is open and nobody has said the word."""
    shutdown._begin_anew()
    yield
    shutdown._begin_anew()


@pytest.fixture
def client():
    """The connection of a client, as gunicorn shows it."""
    found = Client()
    yield found
    found.close()


@pytest.fixture
def fresh_pool(monkeypatch):
    """A pool that nobody has used, drained or configured."""
    monkeypatch.setattr(worker_pool, "_settings", worker_pool._Settings())
    monkeypatch.setattr(worker_pool, "CLEANUP_TIMEOUT", 0.05)
    yield
    if own := worker_pool._pools.get(gevent.get_hub()):
        gevent.joinall(list(own._running), timeout=PATIENCE)
    worker_pool._pools.clear()


@pytest.fixture
def blocking():
    """A step that waits until it may end, and then may."""
    step = Blocking()
    yield step
    step.may_end.set()
