"""What tests of streams and of the pool begin with, and what they leave behind."""

from __future__ import annotations

import gevent
import pytest
from bodies.drivers import PATIENCE
from bodies.streams import Client
from bodies.works import Blocking

from wsgiresp._bodies import pool, stopping


@pytest.fixture
def fresh_streams():
    """A process in which no stream is open and nobody has said the word."""
    stopping._begin_anew()
    yield
    stopping._begin_anew()


@pytest.fixture
def client():
    """The connection of a client, as gunicorn shows it."""
    found = Client()
    yield found
    found.close()


@pytest.fixture
def fresh_pool(monkeypatch):
    """A pool that nobody has used, drained or configured."""
    monkeypatch.setattr(pool, "_settings", pool._Settings())
    monkeypatch.setattr(pool, "LAST_WORDS", 0.05)
    yield
    if own := pool._pools.get(gevent.get_hub()):
        gevent.joinall(list(own._running), timeout=PATIENCE)
    pool._pools.clear()


@pytest.fixture
def blocking():
    """A step that waits until it may end, and then may."""
    step = Blocking()
    yield step
    step.may_end.set()
