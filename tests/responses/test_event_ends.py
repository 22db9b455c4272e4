"""How the events of EventSourceResponse end: by age, with the worker, with the client."""

from __future__ import annotations

import pytest
from responses.wsgi_calls import call
from runtime.runners import PATIENCE, everywhere, wait_until
from streams.fake_sources import RecordingSource

from wsgiresp._runtime import shutdown
from wsgiresp.responses import EventSourceResponse
from wsgiresp.responses import events as events_module
from wsgiresp.testing import visit

pytestmark = pytest.mark.usefixtures("fresh", "warned")


class TestFinish:
    @everywhere
    def test_a_stream_ends_at_its_maximum_age_with_a_retry(self, run):
        body = run(
            lambda: call(EventSourceResponse(RecordingSource(["a", "b"], waits_at=1).generator(), max_age=0.1)).body
        )
        before, _, retry = body.rpartition(b"retry: ")
        assert before == b": open\ndata: a\n\n"
        assert 3000 <= int(retry) < 6000

    @pytest.mark.parametrize(
        ("retry", "least", "most"), [(None, 3000, 6000), (100, 100, 1100), (0, 0, 1000), (10_000, 10_000, 20_000)]
    )
    def test_the_retry_spreads_the_reconnects(self, retry, least, most):
        response = EventSourceResponse([], retry=retry)
        said = {int(response._every.closing_bytes().removeprefix(b"retry: ")) for _ in range(200)}
        assert len(said) > 50
        assert all(least <= each < most for each in said)

    def test_a_stream_ends_when_the_worker_stops(self):
        source = RecordingSource(["a", "b"], waits_at=1)
        with visit(EventSourceResponse(source.generator(), retry=7)) as visitor:
            assert visitor.next_event().data == "a"
            wait_until(lambda: source.is_waiting)
            shutdown.stop()
            assert list(visitor.events()) == []
            assert 7 <= visitor.retry < 1007
            visitor.wait_closed()
        assert source.ends == ["GreenletExit"]

    def test_a_stream_that_begins_after_the_stop_ends_at_once(self):
        shutdown.stop()
        with visit(EventSourceResponse(RecordingSource(waits_at=0).generator())) as visitor:
            assert list(visitor.events()) == []
            assert visitor.comments == ["open"]
            assert visitor.retry >= 3000


def test_a_client_that_takes_no_bytes_is_disconnected():
    source = RecordingSource(["a"] * 10)
    with visit(EventSourceResponse(source.generator(), send_timeout=0.005)) as visitor:
        wait_until(lambda: visitor._connection.recv(1) == b"", PATIENCE)
    assert len(source.ends) == 1


@everywhere
def test_a_disconnect_interrupts_the_source_where_it_waits(run):
    source = RecordingSource(["a", "b"], waits_at=1)

    def leave():
        with visit(EventSourceResponse(source.generator())) as visitor:
            assert visitor.next_event().data == "a"
            wait_until(lambda: source.is_waiting)
            visitor.leave()

    run(leave)
    assert source.ends == ["GreenletExit"]
    assert source.ran_in_one_context()


def test_the_retry_is_random(monkeypatch):
    monkeypatch.setattr(events_module.random, "randrange", lambda stop: stop - 1)
    assert events_module._closing_bytes(5000) == b"retry: 9999\n"
