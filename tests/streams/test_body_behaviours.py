"""The table of behaviours of every stream body, in test_body_behaviours*.py; here: chunks, preamble, pings, length."""

from __future__ import annotations

import time

import pytest
from runtime.runners import PATIENCE
from streams.body_drivers import END
from streams.body_kinds import WSGI, every_kind, of_kinds, set_limit
from streams.stream_bodies import EVENTS

from wsgiresp._streams.bounded_buffer import HIGH_WATERMARK, MAX_BUFFERED
from wsgiresp._streams.policy import RUN_TO_END

pytestmark = pytest.mark.usefixtures("fresh_streams")

WITH_PINGS = EVENTS._replace(ping_interval=0.01)

both_policies = pytest.mark.parametrize(
    "policy", [pytest.param(RUN_TO_END, id="without a preamble"), pytest.param(EVENTS, id="with a preamble")]
)


class TestChunks:
    @every_kind
    @both_policies
    def test_the_chunks_come_in_order_and_then_the_end(self, kind, policy):
        with kind(policy) as stream:
            stream.begin(b"a", b"b", b"c")
            stream.source.end()
            assert stream.rest() == policy.preamble + b"abc"

    @every_kind
    def test_a_chunk_is_sent_while_the_source_waits_for_the_next(self, kind):
        with kind() as stream:
            stream.begin(b"a")
            assert stream.next() == b"a"
            reading = stream.waiting_reader()
            stream.source.put(b"b")
            assert reading.get() == b"b"

    @every_kind
    def test_small_chunks_that_are_ready_together_are_joined(self, kind):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.next()
            stream.source.put(b"a", b"b", b"c")
            stream.wait_until_source_waits()
            assert stream.next() == b"abc"

    @every_kind
    def test_an_empty_chunk_is_not_sent(self, kind):
        with kind() as stream:
            stream.begin(b"", b"a", b"")
            stream.source.end()
            assert [stream.next(), stream.next()] == [b"a", END]

    @every_kind
    def test_begin_returns_when_the_first_chunk_is_ready(self, kind):
        with kind() as stream:
            beginning = stream.begin_soon()
            stream.wait_until_source_waits()
            assert not beginning.is_there
            stream.source.put(b"a")
            beginning.get()
            assert stream.next() == b"a"

    @every_kind
    def test_an_empty_source_yields_nothing(self, kind):
        with kind() as stream:
            stream.source.end()
            stream.begin()
            assert stream.next() is END

    @every_kind
    def test_after_the_end_the_body_ends_again(self, kind):
        with kind() as stream:
            stream.begin(b"a")
            stream.source.end()
            stream.rest()
            assert [stream.next(), stream.next()] == [END, END]

    @every_kind
    def test_a_chunk_that_comes_after_the_end_is_not_sent(self, kind):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.source.end()
            stream.rest()
            stream.source.put(b"late")
            assert stream.next() is END

    @every_kind
    def test_the_name_of_a_body_is_that_of_its_source(self, kind):
        with kind() as stream:
            assert str(stream.body.stream) == stream.source_name


class TestBackpressure:
    @every_kind
    def test_a_source_that_is_ahead_of_its_reader_makes_no_more_steps(self, kind):
        with kind(EVENTS) as stream:
            stream.begin(*[b"x" * MAX_BUFFERED] * 4)
            stream.pass_turns()
            assert stream.source.steps_left >= 2
            assert not stream.source.is_waiting

    @every_kind
    def test_a_source_that_was_ahead_goes_on_when_its_chunks_are_read(self, kind):
        with kind(EVENTS) as stream:
            stream.begin(*[b"x" * MAX_BUFFERED] * 4)
            stream.source.end()
            assert len(stream.rest()) == len(EVENTS.preamble) + 4 * MAX_BUFFERED

    @every_kind
    def test_large_chunks_that_are_ready_together_are_not_joined(self, kind):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.next()
            stream.source.put(b"x" * HIGH_WATERMARK, b"y" * HIGH_WATERMARK)
            stream.wait_until_source_waits()
            assert [stream.next(), stream.next()] == [b"x" * HIGH_WATERMARK, b"y" * HIGH_WATERMARK]


class TestPreamble:
    @every_kind
    def test_the_preamble_is_sent_before_the_first_chunk_is_ready(self, kind):
        with kind(EVENTS) as stream:
            stream.begin()
            assert stream.next() == b"open|"
            stream.source.put(b"a")
            assert stream.next() == b"a"

    @every_kind
    def test_the_preamble_is_sent_with_a_first_chunk_that_is_ready(self, kind, monkeypatch):
        set_limit(monkeypatch, "FIRST_STEP_GRACE", PATIENCE)
        with kind(EVENTS) as stream:
            stream.begin(b"a")
            assert stream.next() == b"open|a"

    @every_kind
    def test_the_preamble_of_an_empty_source_is_sent(self, kind):
        with kind(EVENTS) as stream:
            stream.source.end()
            stream.begin()
            assert [stream.next(), stream.next()] == [b"open|", END]

    @every_kind
    def test_the_preamble_is_sent_before_an_error_that_comes_after_begin(self, kind):
        error = LookupError()
        with kind(EVENTS) as stream:
            stream.begin()
            stream.source.fail(error)
            stream.wait_until(lambda: stream.record)
            assert stream.next() == b"open|"
            with pytest.raises(LookupError) as raised:
                stream.next()
            assert raised.value is error


class TestPings:
    @every_kind
    def test_pings_are_sent_while_the_source_waits(self, kind):
        with kind(WITH_PINGS) as stream:
            stream.begin()
            assert [stream.next() for _ in range(3)] == [b"open|", b"ping|", b"ping|"]

    @every_kind
    def test_no_ping_is_sent_where_a_chunk_is_ready(self, kind):
        with kind(WITH_PINGS) as stream:
            stream.begin()
            stream.next()
            due = time.monotonic() + 2 * WITH_PINGS.ping_interval
            stream.source.put(b"a")
            stream.wait_until_source_waits()
            stream.wait_until(lambda: time.monotonic() > due)
            assert [stream.next(), stream.next()] == [b"a", b"ping|"]

    @every_kind
    def test_a_chunk_follows_the_pings(self, kind):
        with kind(WITH_PINGS) as stream:
            stream.begin()
            assert [stream.next(), stream.next()] == [b"open|", b"ping|"]
            stream.source.put(b"a")
            assert b"a" in iter(stream.next, END)

    @of_kinds(*WSGI)
    def test_a_second_ping_follows_each_ping_where_the_server_hides_the_socket(self, kind):
        with kind(WITH_PINGS._replace(second_ping=b"again|"), SERVER_SOFTWARE="hidden/1.0") as stream:
            stream.begin()
            assert b"".join(stream.next() for _ in range(5)) == b"open|ping|again|ping|again|"

    @of_kinds(*WSGI)
    def test_no_second_ping_is_sent_where_the_server_shows_the_socket(self, kind, client):
        with kind(WITH_PINGS._replace(second_ping=b"again|"), **client.environ) as stream:
            stream.begin()
            assert b"".join(stream.next() for _ in range(3)) == b"open|ping|ping|"


class TestLength:
    @every_kind
    @both_policies
    def test_a_body_of_the_announced_length_is_sent(self, kind, policy):
        with kind(policy, length=len(policy.preamble) + 2) as stream:
            stream.begin(b"a", b"b")
            stream.source.end()
            assert stream.rest() == policy.preamble + b"ab"

    @every_kind
    def test_a_body_that_is_too_short_raises_value_error_at_its_end(self, kind):
        with kind(length=2) as stream:
            stream.begin(b"a")
            stream.source.end()
            assert stream.next() == b"a"
            with pytest.raises(ValueError, match="2 bytes, got 1 less"):
                stream.next()

    @every_kind
    def test_a_body_that_is_too_long_raises_value_error_in_place_of_the_excess(self, kind):
        with kind(length=1) as stream:
            stream.begin(b"a")
            assert stream.next() == b"a"
            stream.source.put(b"b")
            with pytest.raises(ValueError, match="1 bytes, got 1 more"):
                stream.next()
