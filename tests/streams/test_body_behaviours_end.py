"""The table of behaviours of every stream body: finish by maximum age or shutdown, abort, and both."""

from __future__ import annotations

import pytest
from runtime.runners import PATIENCE, in_thread
from streams.body_drivers import END
from streams.body_kinds import every_kind, set_limit
from streams.stream_bodies import EVENTS

from wsgiresp._runtime import shutdown
from wsgiresp._streams import open_streams
from wsgiresp._streams.bounded_buffer import MAX_BUFFERED
from wsgiresp._streams.policy import MAY_FINISH, StreamPolicy

pytestmark = pytest.mark.usefixtures("fresh_streams")

CLOSING = StreamPolicy(closing_bytes=lambda: b"bye|", ends_with_worker=True)


@pytest.fixture(autouse=True)
def long_close(monkeypatch):
    """The close of an aborted stream waits for the source long enough for a busy machine."""
    set_limit(monkeypatch, "CLOSE_TIMEOUT_ABORTED", PATIENCE)


class TestFinish:
    @every_kind
    def test_a_stream_that_is_finished_while_it_waits_sends_the_closing_bytes(self, kind):
        with kind(CLOSING) as stream:
            stream.begin(b"a")
            stream.next()
            reading = stream.waiting_reader()
            stream.finish()
            assert reading.get() == b"bye|"
            assert stream.next() is END

    @every_kind
    def test_a_finish_in_another_thread_wakes_the_reader(self, kind):
        with kind(CLOSING) as stream:
            stream.begin(b"a")
            stream.next()
            reading = stream.waiting_reader()
            in_thread(stream.finish)
            assert reading.get() == b"bye|"

    @every_kind
    def test_the_closing_bytes_of_a_finished_stream_follow_the_ready_chunks(self, kind):
        with kind(CLOSING) as stream:
            stream.begin(b"a")
            stream.finish()
            assert stream.rest() == b"abye|"

    @every_kind
    def test_a_finished_stream_without_closing_bytes_sends_the_ready_chunks(self, kind):
        with kind(MAY_FINISH) as stream:
            stream.begin(b"a")
            stream.finish()
            assert [stream.next(), stream.next()] == [b"a", END]

    @every_kind
    def test_a_finished_stream_with_nothing_to_send_ends_without_an_empty_chunk(self, kind):
        with kind(MAY_FINISH) as stream:
            stream.begin(b"a")
            stream.next()
            stream.finish()
            assert stream.next() is END

    @every_kind
    def test_the_source_of_a_finished_stream_that_is_ahead_is_closed(self, kind):
        with kind(EVENTS) as stream:
            stream.begin(*[b"x" * MAX_BUFFERED] * 4)
            stream.finish()
            assert stream.rest().endswith(b"xbye|")
            stream.close()
            assert stream.source.steps_left
            assert stream.record == ["source closed", "step"]

    @every_kind
    def test_no_chunk_follows_the_closing_bytes(self, kind):
        with kind(CLOSING) as stream:
            stream.begin(b"a")
            stream.finish()
            stream.next()
            stream.source.put(b"late")
            assert [stream.next(), stream.next()] == [END, END]

    @every_kind
    def test_two_finishes_send_the_closing_bytes_once(self, kind):
        with kind(CLOSING) as stream:
            stream.begin(b"a")
            stream.finish()
            stream.finish()
            assert stream.rest() == b"abye|"

    @every_kind
    def test_a_stream_that_may_not_finish_runs_to_its_end(self, kind):
        with kind() as stream:
            stream.begin(b"a")
            stream.finish()
            stream.source.put(b"b")
            stream.source.end()
            assert stream.rest() == b"ab"

    @every_kind
    def test_a_finish_while_begin_waits_for_the_first_chunk_ends_the_stream(self, kind):
        with kind(CLOSING) as stream:
            beginning = stream.begin_soon()
            stream.wait_until_source_waits()
            stream.finish()
            beginning.get()
            assert stream.rest() == b"bye|"

    @every_kind
    def test_a_finish_before_the_preamble_is_read_sends_both(self, kind):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.finish()
            assert stream.rest() == b"open|bye|"

    @every_kind
    def test_a_finish_before_begin_ends_the_stream(self, kind):
        with kind(EVENTS) as stream:
            stream.finish()
            stream.begin()
            assert stream.rest() == b"open|bye|"

    @every_kind
    def test_a_finish_after_the_end_sends_nothing(self, kind):
        with kind(CLOSING) as stream:
            stream.source.end()
            stream.begin()
            stream.rest()
            stream.finish()
            assert stream.next() is END

    @every_kind
    def test_a_stream_ends_at_its_maximum_age_with_the_closing_bytes(self, kind):
        with kind(EVENTS._replace(max_age=0.05)) as stream:
            stream.begin()
            assert stream.rest() == b"open|bye|"

    @every_kind
    def test_begin_returns_at_the_maximum_age(self, kind):
        with kind(CLOSING._replace(max_age=0.05)) as stream:
            stream.begin()
            assert stream.rest() == b"bye|"

    @every_kind
    def test_a_finished_stream_is_closed_and_its_steps_run_when_the_server_closes_it(self, kind):
        with kind(CLOSING) as stream:
            stream.begin(b"a")
            stream.finish()
            stream.rest()
            stream.close()
            assert stream.record == ["source closed", "step"]


class TestShutdown:
    @every_kind
    def test_a_stream_that_waits_when_the_worker_stops_is_finished(self, kind):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.next()
            reading = stream.waiting_reader()
            shutdown.stop()
            assert reading.get() == b"bye|"

    @every_kind
    def test_a_stream_begun_while_the_worker_stops_is_finished_after_its_preamble(self, kind):
        shutdown.stop()
        with kind(EVENTS) as stream:
            stream.begin()
            assert stream.rest() == b"open|bye|"

    @every_kind
    def test_without_preamble_a_stream_begun_while_the_worker_stops_is_finished(self, kind):
        shutdown.stop()
        with kind(CLOSING) as stream:
            stream.begin()
            assert stream.rest() == b"bye|"

    @every_kind
    def test_a_stream_begun_while_the_worker_stops_closes_its_source(self, kind):
        shutdown.stop()
        with kind(EVENTS) as stream:
            stream.begin()
            stream.close()
            assert stream.record == ["source closed", "step"]

    @every_kind
    def test_the_log_of_aborted_streams_names_their_source(self, kind, caplog):
        with kind() as stream:
            stream.begin(b"a")
            open_streams.abort_streams(timeout=0)
        assert f"1 of {stream.source_name}" in caplog.messages[0]


class TestAbort:
    @every_kind
    def test_a_stream_that_is_aborted_while_it_waits_raises_broken_pipe(self, kind):
        with kind() as stream:
            stream.begin(b"a")
            stream.next()
            reading = stream.waiting_reader()
            stream.abort()
            with pytest.raises(BrokenPipeError):
                reading.get()

    @every_kind
    def test_an_abort_in_another_thread_wakes_the_reader(self, kind):
        with kind() as stream:
            stream.begin(b"a")
            stream.next()
            reading = stream.waiting_reader()
            in_thread(stream.abort)
            with pytest.raises(BrokenPipeError):
                reading.get()

    @every_kind
    def test_the_ready_chunks_of_an_aborted_stream_are_not_sent(self, kind):
        with kind() as stream:
            stream.begin(b"a")
            stream.abort()
            with pytest.raises(BrokenPipeError):
                stream.next()

    @every_kind
    def test_an_aborted_stream_sends_nothing_after_broken_pipe(self, kind):
        with kind(EVENTS) as stream:
            stream.begin(b"a")
            stream.abort()
            with pytest.raises(BrokenPipeError):
                stream.next()
            assert [stream.next(), stream.next()] == [END, END]

    @every_kind
    def test_an_abort_while_begin_waits_for_the_first_chunk_breaks_the_stream(self, kind):
        with kind() as stream:
            beginning = stream.begin_soon()
            stream.wait_until_source_waits()
            stream.abort()
            beginning.get()
            with pytest.raises(BrokenPipeError):
                stream.next()

    @every_kind
    def test_an_abort_before_begin_breaks_the_stream(self, kind):
        with kind() as stream:
            stream.abort()
            stream.begin()
            with pytest.raises(BrokenPipeError):
                stream.next()

    @every_kind
    def test_a_source_that_was_aborted_before_begin_is_closed_once(self, kind, caplog):
        with kind() as stream:
            stream.abort()
            stream.begin()
            stream.pass_turns()
            stream.close()
            assert stream.record == ["source closed", "step"]
        assert caplog.messages == []

    @every_kind
    def test_an_abort_interrupts_the_source_while_the_reader_waits(self, kind):
        with kind() as stream:
            stream.begin(b"a")
            stream.next()
            reading = stream.waiting_reader()
            stream.abort()
            with pytest.raises(BrokenPipeError):
                reading.get()
            stream.close()
            assert stream.record == ["source closed", "step"]
            assert stream.source.interrupted_by is kind.interruption

    @every_kind
    def test_a_source_that_is_ahead_of_its_reader_is_closed_by_an_abort(self, kind):
        with kind(EVENTS) as stream:
            stream.begin(*[b"x" * MAX_BUFFERED] * 4)
            stream.abort()
            with pytest.raises(BrokenPipeError):
                stream.next()
            stream.close()
            assert stream.record == ["source closed", "step"]

    @every_kind
    def test_an_abort_after_the_end_raises_nothing(self, kind):
        with kind() as stream:
            stream.source.end()
            stream.begin()
            stream.rest()
            stream.abort()
            assert stream.next() is END

    @every_kind
    def test_a_finish_after_an_abort_sends_no_closing_bytes(self, kind):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.next()
            stream.abort()
            stream.finish()
            with pytest.raises(BrokenPipeError):
                stream.next()

    @every_kind
    def test_an_abort_after_a_finish_does_not_cancel_the_closing_bytes(self, kind):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.next()
            stream.finish()
            stream.abort()
            assert stream.rest() == b"bye|"

    @every_kind
    def test_a_finish_after_the_close_changes_nothing(self, kind, caplog):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.close()
            stream.finish()
            assert stream.record == ["source closed", "step"]
        assert caplog.messages == []

    @every_kind
    def test_an_abort_after_the_close_changes_nothing(self, kind, caplog):
        # Those who abort the open streams list them first, so one may be closed in its thread meanwhile.
        with kind(EVENTS) as stream:
            stream.begin()
            stream.close()
            stream.abort()
            assert stream.record == ["source closed", "step"]
        assert caplog.messages == []
