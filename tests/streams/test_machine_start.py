"""The stream machine before the first chunk, and with a Content-Length."""

from __future__ import annotations

import pytest
from streams.machines import fake_buffer, machine_in

from wsgiresp._streams.machine import Action, StreamMachine
from wsgiresp._streams.phases import Phase
from wsgiresp._streams.policy import RUN_TO_END, StreamPolicy


class TestStart:
    @pytest.mark.parametrize(
        ("buffer", "waits"),
        [
            pytest.param(fake_buffer(), True, id="nothing"),
            pytest.param(fake_buffer(b"a"), False, id="a chunk"),
            pytest.param(fake_buffer(ends=True), False, id="the end"),
            pytest.param(fake_buffer(error=LookupError()), False, id="an error"),
        ],
    )
    def test_the_start_waits_for_a_first_chunk_or_the_end(self, buffer, waits):
        machine = StreamMachine(RUN_TO_END)
        machine.begin(buffer)
        assert machine.must_wait_for_start() is waits

    @pytest.mark.parametrize(
        "happened", [StreamMachine.request_abort, StreamMachine.note_disconnect, StreamMachine.close]
    )
    def test_the_start_does_not_wait_for_a_client_that_gets_nothing(self, happened):
        machine = StreamMachine(RUN_TO_END)
        machine.begin(fake_buffer())
        happened(machine)
        assert not machine.must_wait_for_start()

    def test_an_error_before_the_first_chunk_is_raised_as_it_is(self):
        error = LookupError()
        machine = StreamMachine(RUN_TO_END)
        machine.begin(fake_buffer(error=error))
        with pytest.raises(LookupError) as raised:
            machine.open()
        assert raised.value is error
        assert machine.buffer.error is None

    def test_a_stream_that_has_failed_to_start_does_not_end_well_when_it_is_read(self):
        machine = StreamMachine(RUN_TO_END)
        machine.begin(fake_buffer(error=LookupError()))
        with pytest.raises(LookupError):
            machine.open()
        machine.close()
        with pytest.raises(RuntimeError, match="closed before its end"):
            machine.next_action()

    @pytest.mark.parametrize("error", [StopIteration(), StopAsyncIteration()], ids=lambda error: type(error).__name__)
    def test_an_error_that_would_end_the_callers_iteration_becomes_a_runtime_error(self, error):
        machine = StreamMachine(RUN_TO_END)
        machine.begin(fake_buffer(error=error))
        with pytest.raises(RuntimeError, match=f"a stream raised {type(error).__name__}") as raised:
            machine.open()
        assert raised.value.__cause__ is error

    def test_an_error_behind_a_ready_chunk_breaks_the_transfer_and_not_the_call(self):
        machine = StreamMachine(RUN_TO_END)
        machine.begin(fake_buffer(b"a", error=LookupError()))
        machine.open()
        assert machine.next_action() == b"a"
        with pytest.raises(LookupError):
            machine.next_action()

    def test_a_stream_that_was_closed_meanwhile_does_not_open(self):
        machine = StreamMachine(RUN_TO_END)
        machine.begin(fake_buffer())
        machine.close()
        with pytest.raises(RuntimeError, match="closed before its end"):
            machine.open()


class TestLength:
    @pytest.mark.parametrize(
        ("length", "message"),
        [
            pytest.param(1, "got 1 more", id="too long"),
            pytest.param(3, "got 1 less", id="too short"),
        ],
    )
    def test_a_body_of_another_length_breaks_the_transfer(self, length, message):
        machine = machine_in(Phase.OPEN, fake_buffer(b"ab", ends=True), length=length)
        with pytest.raises(ValueError, match=message):
            list(iter(machine.next_action, Action.STOP))
        assert machine.phase is Phase.OVER
        assert machine.next_action() is Action.STOP

    def test_a_body_of_the_announced_length_is_complete(self):
        machine = machine_in(Phase.OPEN, fake_buffer(b"ab", ends=True), length=2)
        assert [machine.next_action(), machine.next_action()] == [b"ab", Action.STOP]

    def test_a_finished_body_that_is_too_short_breaks_the_transfer_after_its_last_bytes(self):
        machine = machine_in(Phase.OPEN, fake_buffer(b"a"), StreamPolicy(closing_bytes=bytes), length=9)
        machine.request_finish()
        assert machine.next_action() == b"a"
        with pytest.raises(ValueError, match="got 8 less"):
            machine.next_action()


class RacingBuffer:
    """A buffer whose producer, in another thread, puts its last chunk and ends while the reader looks at ``chunks``."""

    reader_waits = is_closed = has_ended = False
    error = None

    def __init__(self):
        self.last = [b"last"]
        self.looks = 0

    @property
    def chunks(self):
        self.looks += 1
        self.has_ended = True
        return self.last if self.looks > 1 else []

    def take(self):
        return self.last.pop()


def test_a_last_chunk_that_comes_while_the_reader_looks_is_not_lost():
    buffer = RacingBuffer()
    machine = machine_in(Phase.OPEN)
    machine.buffer = buffer
    assert [machine.next_action() for _ in range(3)] == [Action.WAIT, b"last", Action.STOP]
