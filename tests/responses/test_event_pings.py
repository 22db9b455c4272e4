"""The pings of EventSourceResponse while there are no events."""

from __future__ import annotations

import gevent.event
import pytest
from responses.wsgi_calls import start
from runtime.runners import everywhere
from streams.fake_sources import RecordingSource

from wsgiresp.responses import EventSourceResponse
from wsgiresp.testing import visit

pytestmark = pytest.mark.usefixtures("fresh", "warned")


class TestPings:
    @everywhere
    @pytest.mark.parametrize(
        "content_of", [RecordingSource.generator, RecordingSource.async_generator], ids=["sync", "async"]
    )
    def test_pings_are_sent_while_there_are_no_events(self, run, content_of):
        def pings():
            answer = start(EventSourceResponse(content_of(RecordingSource(["a", "b"], waits_at=1)), ping=0.002))
            taken = [next(answer.iterable) for _ in range(6)]
            answer.close()
            return taken

        assert run(pings)[-3:] == [b": ping\n"] * 3

    def test_without_a_ping_interval_no_ping_is_sent(self):
        with visit(
            EventSourceResponse(RecordingSource(["a", "b"], waits_at=1).generator(), ping=0), timeout=0.03
        ) as visitor:
            visitor.next_event()
            with pytest.raises(TimeoutError, match="no event came"):
                visitor.next_event()
            assert visitor.comments == ["open"]


def test_a_server_that_shows_no_socket_gets_a_second_ping_after_each():
    # The first write to a client that has left is answered by a reset, the second finds it.
    answer = start(EventSourceResponse(quiet(), ping=0.02), SERVER_SOFTWARE="hidden/1.0")
    body = iter(answer.iterable)
    chunks = [next(body) for _ in range(5)]
    answer.close()
    assert chunks == [b": open\n", b": ping\n", b":\n", b": ping\n", b":\n"]


def quiet():
    gevent.event.Event().wait()
    yield
