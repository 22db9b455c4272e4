"""The table of behaviours of every stream body: close, close steps, interruptions, and what the log tells of them."""

from __future__ import annotations

import logging

import pytest
from runtime.runners import PATIENCE
from streams.body_drivers import END
from streams.body_kinds import ASGI, WHERE_OTHERS_RUN, every_kind, of_kinds, set_limit
from streams.stream_bodies import EVENTS

from wsgiresp._streams.bounded_buffer import MAX_BUFFERED

pytestmark = pytest.mark.usefixtures("fresh_streams")


@pytest.fixture(autouse=True)
def long_close(monkeypatch):
    """The close of an aborted stream waits for the source long enough for a busy machine."""
    set_limit(monkeypatch, "CLOSE_TIMEOUT_ABORTED", PATIENCE)


def raising(error):
    def step():
        raise error

    return step


class TestClose:
    @every_kind
    def test_a_body_that_has_not_begun_closes_its_source_and_runs_its_steps(self, kind):
        with kind() as stream:
            stream.close()
            assert stream.record == ["source closed", "step"]

    @every_kind
    def test_a_body_that_was_closed_before_it_began_gives_no_chunk(self, kind):
        with kind() as stream:
            stream.close()
            with pytest.raises(RuntimeError, match="closed before its end"):
                stream.next()

    @every_kind
    def test_a_source_that_waits_is_interrupted_and_closed(self, kind):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.wait_until_source_waits()
            stream.close()
            assert stream.source.interrupted_by is kind.interruption
            assert stream.record == ["source closed", "step"]

    @every_kind
    def test_a_source_that_is_ahead_of_its_reader_is_closed_and_not_interrupted(self, kind):
        with kind() as stream:
            stream.begin(*[b"x" * MAX_BUFFERED] * 4)
            stream.close()
            assert stream.source.interrupted_by is None
            assert stream.record == ["source closed", "step"]

    @every_kind
    def test_a_source_with_a_chunk_that_nobody_reads_is_closed(self, kind):
        with kind() as stream:
            stream.begin(b"a")
            stream.close()
            assert stream.record == ["source closed", "step"]

    @every_kind
    def test_a_source_that_has_ended_is_closed_before_the_body(self, kind):
        with kind() as stream:
            stream.begin(b"a")
            stream.source.end()
            stream.rest()
            assert stream.record == ["source closed"]
            stream.close()
            assert stream.record == ["source closed", "step"]

    @every_kind
    def test_a_second_close_repeats_nothing(self, kind):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.close()
            stream.close()
            assert stream.record == ["source closed", "step"]

    @every_kind
    def test_a_close_by_a_close_step_repeats_nothing(self, kind):
        with kind(EVENTS, steps=[lambda: stream.body.close()]) as stream:
            stream.begin()
            stream.close()
            assert stream.record == ["source closed", "step"]

    @every_kind
    def test_the_steps_run_in_order_after_the_source_is_closed(self, kind):
        with kind(EVENTS, steps=[lambda: stream.record.append("first step")]) as stream:
            stream.begin()
            stream.close()
            assert stream.record == ["source closed", "first step", "step"]

    @every_kind
    def test_an_aborted_stream_that_nobody_reads_is_closed(self, kind):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.abort()
            stream.close()
            assert stream.record == ["source closed", "step"]

    @every_kind
    def test_after_the_close_no_ready_chunk_is_sent(self, kind):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.next()
            stream.source.put(b"a")
            stream.wait_until_source_waits()
            stream.close()
            for _ in range(2):
                with pytest.raises(RuntimeError, match="closed before its end"):
                    stream.next()

    @every_kind
    def test_a_body_that_was_closed_after_its_end_ends_again(self, kind):
        with kind() as stream:
            stream.begin(b"a")
            stream.source.end()
            stream.rest()
            stream.close()
            assert stream.next() is END

    @of_kinds(*WHERE_OTHERS_RUN)
    def test_a_reader_that_waits_when_another_closes_the_body_gets_a_runtime_error(self, kind):
        # Not the end of the iteration: the server must not take the part for the whole.
        with kind() as stream:
            stream.begin(b"a")
            stream.next()
            reading = stream.waiting_reader()
            stream.close_elsewhere_soon().get()
            with pytest.raises(RuntimeError, match="closed before its end"):
                reading.get()

    @of_kinds(*WHERE_OTHERS_RUN)
    def test_a_begin_that_waits_when_another_closes_the_body_raises_runtime_error(self, kind):
        with kind() as stream:
            beginning = stream.begin_soon()
            stream.wait_until_source_waits()
            stream.close_elsewhere_soon().get()
            with pytest.raises(RuntimeError, match="closed before its end"):
                beginning.get()

    @of_kinds(ASGI)
    def test_aclose_closes_the_source_and_the_close_after_it_runs_the_steps(self, kind):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.close_elsewhere_soon().get()
            assert stream.record == ["source closed"]
            assert not stream.is_registered
            stream.close()
            assert stream.record == ["source closed", "step"]


class TestInterruption:
    """A timeout, or a server that ends, raises an exception where the reader waits."""

    @of_kinds(*WHERE_OTHERS_RUN)
    def test_a_body_whose_reader_was_interrupted_can_be_closed(self, kind):
        with kind() as stream:
            stream.begin(b"a")
            stream.next()
            reading = stream.waiting_reader()
            reading.interrupt()
            with pytest.raises(kind.reader_interruption):
                reading.get()
            stream.close()
            assert stream.record == ["source closed", "step"]

    @of_kinds(*WHERE_OTHERS_RUN)
    def test_a_body_whose_reader_was_interrupted_can_be_read_on(self, kind):
        with kind() as stream:
            stream.begin(b"a")
            stream.next()
            reading = stream.waiting_reader()
            reading.interrupt()
            with pytest.raises(kind.reader_interruption):
                reading.get()
            stream.source.put(b"b")
            assert stream.next() == b"b"

    @of_kinds(*WHERE_OTHERS_RUN)
    def test_a_begin_that_is_interrupted_closes_the_body(self, kind):
        with kind() as stream:
            beginning = stream.begin_soon()
            stream.wait_until_source_waits()
            beginning.interrupt()
            with pytest.raises(kind.reader_interruption):
                beginning.get()
            assert not stream.is_registered
            assert stream.record == ["source closed", "step"]


class TestLog:
    @every_kind
    def test_an_error_of_the_close_of_a_source_is_logged_and_the_steps_run(self, kind, caplog):
        with kind(EVENTS) as stream:
            stream.source.fail_at_close(LookupError())
            stream.begin()
            stream.close()
            assert stream.record == ["source closed", "step"]
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    @every_kind
    def test_an_error_of_a_source_that_is_interrupted_is_logged(self, kind, caplog):
        with kind(EVENTS) as stream:
            stream.source.fail_when_interrupted(LookupError())
            stream.begin()
            stream.wait_until_source_waits()
            stream.close()
            assert stream.record == ["source closed", "step"]
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    @every_kind
    def test_an_error_that_nobody_read_is_logged_at_the_close(self, kind, caplog):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.next()
            stream.source.put(b"a")
            stream.source.fail(LookupError())
            stream.wait_until(lambda: stream.record)
            stream.close()
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    @every_kind
    def test_an_error_of_a_close_step_is_logged_and_the_next_step_runs(self, kind, caplog):
        with kind(steps=[raising(LookupError())]) as stream:
            stream.begin(b"a")
            stream.close()
            assert stream.record == ["source closed", "step"]
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    @every_kind
    def test_a_close_that_interrupts_its_source_logs_nothing(self, kind, caplog):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.wait_until_source_waits()
            stream.close()
        assert caplog.messages == []

    @of_kinds(*WHERE_OTHERS_RUN)
    def test_the_interruption_of_an_aborted_source_is_not_logged(self, kind, caplog):
        with kind(EVENTS) as stream:
            stream.begin()
            stream.wait_until_source_waits()
            stream.abort()
            stream.wait_until(lambda: stream.record)
            stream.pass_turns()
            stream.close()
        assert caplog.messages == []

    @of_kinds(*WHERE_OTHERS_RUN)
    def test_an_error_of_an_aborted_source_is_logged_once(self, kind, caplog):
        with kind(EVENTS) as stream:
            stream.source.fail_when_interrupted(LookupError())
            stream.begin()
            stream.wait_until_source_waits()
            stream.abort()
            stream.wait_until(lambda: stream.record)
            stream.close()
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    @every_kind
    def test_a_source_that_is_not_closed_in_time_is_abandoned_with_a_warning(self, kind, caplog, monkeypatch):
        set_limit(monkeypatch, "CLOSE_TIMEOUT", 0.05)
        with kind(EVENTS) as stream:
            stream.source.hold_close()
            stream.begin()
            stream.close()
            assert stream.record == ["step"]
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        assert "did not close within 0.05 s of the close of its stream" in record.getMessage()

    @every_kind
    def test_the_warning_of_a_source_that_is_not_closed_in_time_names_it(self, kind, caplog, monkeypatch):
        set_limit(monkeypatch, "CLOSE_TIMEOUT", 0.05)
        with kind(EVENTS) as stream:
            stream.source.hold_close()
            stream.begin()
            stream.close()
        assert stream.source_name in caplog.messages[0]

    @every_kind
    def test_an_aborted_source_that_goes_on_is_soon_abandoned_with_an_error(self, kind, caplog, monkeypatch):
        set_limit(monkeypatch, "CLOSE_TIMEOUT_ABORTED", 0.05)
        with kind(EVENTS) as stream:
            stream.source.hold_close()
            stream.begin()
            stream.abort()
            stream.close()
            assert stream.record == ["step"]
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert stream.source_name in record.getMessage()
