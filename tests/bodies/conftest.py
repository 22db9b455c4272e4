"""What tests of streams begin with, and what they leave behind."""

from __future__ import annotations

import pytest
from bodies.streams import Client

from wsgiresp._bodies import stopping


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
