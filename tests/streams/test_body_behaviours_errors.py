"""The table of behaviours of every stream body: errors of the source, before its first chunk and after it."""

from __future__ import annotations

import pytest
from runtime.runners import PATIENCE
from streams.body_drivers import END
from streams.body_kinds import every_kind, set_limit
from streams.stream_bodies import EVENTS

from wsgiresp._streams.policy import RUN_TO_END

pytestmark = pytest.mark.usefixtures("fresh_streams")

both_policies = pytest.mark.parametrize(
    "policy", [pytest.param(RUN_TO_END, id="without a preamble"), pytest.param(EVENTS, id="with a preamble")]
)


@pytest.fixture(autouse=True)
def long_grace(monkeypatch):
    """A source has time to fail before the preamble is sent, also on a busy machine."""
    set_limit(monkeypatch, "FIRST_STEP_GRACE", PATIENCE)


def raising(error):
    """Return a function that raises *error*, whatever its arguments."""

    def raise_it(*arguments):
        raise error

    return raise_it


class TestBeforeTheFirstChunk:
    @every_kind
    @both_policies
    @pytest.mark.parametrize("error", [LookupError("no"), OSError("no"), KeyboardInterrupt("no")], ids=repr)
    def test_an_error_is_raised_unchanged_by_begin(self, kind, policy, error):
        with kind(policy) as stream:
            stream.source.fail(error)
            with pytest.raises(type(error)) as raised:
                stream.begin()
            assert raised.value is error

    @every_kind
    @both_policies
    def test_an_error_instead_of_an_iterator_is_raised_unchanged_by_begin(self, kind, policy):
        error = LookupError()
        with kind(policy) as stream:
            stream.source.refuse(error)
            with pytest.raises(LookupError) as raised:
                stream.begin()
            assert raised.value is error

    @every_kind
    @both_policies
    def test_a_begin_that_raises_closes_the_source_and_runs_the_steps(self, kind, policy):
        with kind(policy) as stream:
            stream.source.fail(LookupError())
            with pytest.raises(LookupError):
                stream.begin()
            assert stream.record == ["source closed", "step"]

    @every_kind
    @both_policies
    def test_a_body_whose_begin_raised_is_not_registered(self, kind, policy):
        with kind(policy) as stream:
            stream.source.fail(LookupError())
            with pytest.raises(LookupError):
                stream.begin()
            assert not stream.is_registered

    @every_kind
    def test_the_error_that_begin_raised_is_not_logged(self, kind, caplog):
        with kind() as stream:
            stream.source.fail(LookupError())
            with pytest.raises(LookupError):
                stream.begin()
            stream.close()
        assert caplog.messages == []

    @every_kind
    @both_policies
    def test_a_stop_iteration_of_iter_is_the_cause_of_a_runtime_error(self, kind, policy):
        with kind(policy) as stream:
            stream.source.refuse(StopIteration())
            with pytest.raises(RuntimeError, match="StopIteration"):
                stream.begin()

    @every_kind
    @both_policies
    def test_a_stop_iteration_of_the_encoder_is_the_cause_of_a_runtime_error(self, kind, policy):
        with (
            kind(policy, encode=raising(StopIteration())) as stream,
            pytest.raises(RuntimeError, match="StopIteration"),
        ):
            stream.begin(b"a")

    @every_kind
    @both_policies
    def test_a_stop_async_iteration_of_iter_is_the_cause_of_a_runtime_error(self, kind, policy):
        with kind(policy) as stream:
            stream.source.refuse(StopAsyncIteration())
            with pytest.raises(RuntimeError):
                stream.begin()

    @every_kind
    @both_policies
    def test_a_stop_async_iteration_of_the_encoder_is_the_cause_of_a_runtime_error(self, kind, policy):
        error = StopAsyncIteration()
        with kind(policy, encode=raising(error)) as stream:
            with pytest.raises(RuntimeError) as raised:
                stream.begin(b"a")
            assert raised.value.__cause__ is error


class TestAfterTheFirstChunk:
    @every_kind
    @pytest.mark.parametrize("error", [LookupError("no"), KeyboardInterrupt("no")], ids=repr)
    def test_an_error_is_raised_unchanged_to_the_reader(self, kind, error):
        with kind() as stream:
            stream.begin(b"a")
            stream.source.fail(error)
            assert stream.next() == b"a"
            with pytest.raises(type(error)) as raised:
                stream.next()
            assert raised.value is error

    @every_kind
    def test_an_error_is_raised_to_a_reader_that_waits(self, kind):
        error = LookupError()
        with kind() as stream:
            stream.begin(b"a")
            stream.next()
            reading = stream.waiting_reader()
            stream.source.fail(error)
            with pytest.raises(LookupError) as raised:
                reading.get()
            assert raised.value is error

    @every_kind
    @pytest.mark.parametrize("error", [OSError("no"), BrokenPipeError("no"), SystemExit(3)], ids=repr)
    def test_an_error_that_servers_misread_is_the_cause_of_a_runtime_error(self, kind, error):
        with kind() as stream:
            stream.begin(b"a")
            stream.source.fail(error)
            assert stream.next() == b"a"
            with pytest.raises(RuntimeError, match="ended early") as raised:
                stream.next()
            assert raised.value.__cause__ is error

    @every_kind
    @pytest.mark.parametrize("error", [StopIteration, StopAsyncIteration])
    def test_a_stop_iteration_of_the_encoder_is_no_end(self, kind, error):
        def encode(chunk):
            if chunk == b"b":
                raise error
            return chunk

        with kind(encode=encode) as stream:
            stream.begin(b"a", b"b")
            assert stream.next() == b"a"
            with pytest.raises(RuntimeError):
                stream.next()

    @every_kind
    def test_the_ready_chunks_are_sent_before_the_error(self, kind):
        with kind(EVENTS) as stream:
            stream.begin(b"a", b"b")
            stream.source.fail(LookupError())
            chunks = []
            with pytest.raises(LookupError):
                chunks.extend(iter(stream.next, END))
            assert b"".join(chunks) == b"open|ab"

    @every_kind
    def test_the_body_ends_after_the_error_was_raised(self, kind):
        with kind() as stream:
            stream.begin(b"a")
            stream.source.fail(LookupError())
            stream.next()
            with pytest.raises(LookupError):
                stream.next()
            assert stream.next() is END

    @every_kind
    def test_an_error_that_was_raised_to_the_reader_is_not_logged(self, kind, caplog):
        with kind() as stream:
            stream.begin(b"a")
            stream.source.fail(LookupError())
            stream.next()
            with pytest.raises(LookupError):
                stream.next()
            stream.close()
        assert caplog.messages == []
