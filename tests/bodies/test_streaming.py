"""The body of a stream, as a server iterates and closes it."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import errno
import os
import subprocess
import sys
import threading
import time

import gevent
import pytest
from bodies.drivers import PATIENCE, everywhere, in_greenlet, in_thread, on_the_spot, throw, turns, wait_until
from bodies.stories import Story
from gevent import socket as gevent_socket
from gevent.event import Event
from hypothesis import given, settings
from hypothesis import strategies as st
from responses.calls import environ

from wsgiresp._bodies import departures, stopping, streaming
from wsgiresp._bodies.mailbox import MOST, ROOM
from wsgiresp._bodies.manners import ENDING, PLAIN, Manner
from wsgiresp._bodies.sources import Source
from wsgiresp._bodies.streaming import StreamBody

EVENTS = Manner(opening=b"open|", ping=b"ping|", farewell=lambda: b"bye|")


@pytest.fixture(autouse=True)
def fresh():
    """A process in which no stream is open and nobody has said the word."""
    stopping._begin_anew()
    yield
    stopping._begin_anew()


def encode(chunk):
    return chunk if isinstance(chunk, bytes) else chunk.encode()


def begun(content, manner=PLAIN, *, steps=(), length=None, **more):
    """Return a stream of *content* that has begun."""
    body = StreamBody(environ(**more), source_of(content), steps, manner, length)
    body.begin()
    return body


def source_of(content):
    return Source(content, encode, contextvars.copy_context(), raw=bytes)


def read(content, manner=PLAIN, **more):
    """Return all chunks of a stream, which is closed then."""
    body = begun(content, manner, **more)
    with contextlib.closing(body):
        return list(body)


def raising(error):
    def step():
        raise error

    return step


class Client:
    """The connection of a client, as gunicorn shows it."""

    def __init__(self):
        self.here, self.there = gevent_socket.socketpair()
        self.shown = {"gunicorn.socket": self.here}

    def leave(self):
        self.there.close()

    def close(self):
        self.here.close()
        self.there.close()


@pytest.fixture
def client():
    found = Client()
    yield found
    found.close()


told = pytest.mark.parametrize(
    "tell", [pytest.param(Story.told, id="sync"), pytest.param(Story.told_async, id="async")]
)
manners = pytest.mark.parametrize("manner", [pytest.param(PLAIN, id="plain"), pytest.param(EVENTS, id="events")])


class TestWhatComesOut:
    @everywhere
    @told
    def test_the_chunks_of_the_source(self, run, tell):
        assert b"".join(run(read, tell(Story()))) == b"abc"

    @everywhere
    @told
    @manners
    def test_all_in_one_place_and_in_one_context(self, run, tell, manner):
        story = Story()
        run(read, tell(story), manner)
        assert story.in_one_place()

    @everywhere
    @told
    def test_an_opening_leaves_before_the_first_chunk_is_there(self, run, tell):
        def first():
            body = begun(tell(Story(waits_at=0)), EVENTS)
            with contextlib.closing(body):
                return next(body)

        assert run(first) == b"open|"

    @everywhere
    @told
    def test_an_opening_takes_the_first_chunk_along_where_that_is_there(self, run, tell):
        assert b"".join(run(read, tell(Story()), EVENTS)) == b"open|abc"

    @everywhere
    def test_nothing_comes_of_an_empty_source(self, run):
        assert run(read, []) == []

    @everywhere
    def test_an_empty_source_still_opens(self, run):
        assert run(read, [], EVENTS) == [b"open|"]

    def test_under_a_hub_what_is_ready_together_leaves_together(self):
        assert in_greenlet(read, [b"a", b"b", b"c"]) == [b"abc"]

    @pytest.mark.parametrize("run", [on_the_spot, in_thread])
    def test_in_a_plain_thread_each_chunk_leaves_alone(self, run):
        assert run(read, [b"a", b"b", b"c"]) == [b"a", b"b", b"c"]

    @everywhere
    def test_a_chunk_that_is_alone_leaves_at_once(self, run):
        def first():
            body = begun(Story(waits_at=1).told())
            with contextlib.closing(body):
                return next(body)

        assert run(first) == b"a"

    @everywhere
    @told
    @settings(max_examples=12, deadline=None)
    @given(
        chunks=st.lists(
            st.one_of(st.binary(max_size=30), st.text(max_size=5), st.sampled_from([b"x" * ROOM, b"y" * (MOST + 1)])),
            max_size=8,
        )
    )
    def test_whatever_the_chunks_the_bytes_are_the_same(self, run, tell, chunks):
        assert b"".join(run(read, tell(Story(chunks)))) == b"".join(map(encode, chunks))

    def test_it_is_its_own_iterator(self):
        body = begun([b"a"])
        assert iter(body) is body
        body.close()

    def test_where_steps_block_the_thread_what_is_made_is_out_already(self):
        taken: list[bytes] = []

        def block():
            yield b"a"
            assert taken == [b"a"]
            yield b"b"

        def read_each():
            body = begun(block())
            taken.extend(body)
            body.close()

        in_thread(read_each)
        assert taken == [b"a", b"b"]


class TestClosing:
    @everywhere
    @told
    @manners
    def test_the_source_is_closed_where_it_waits(self, run, tell, manner):
        story = Story(waits_at=1)

        def leave():
            body = begun(tell(story), manner)
            next(body)
            wait_until(lambda: story.is_waiting)
            body.close()

        run(leave)
        assert story.ends == ["GreenletExit" if tell is Story.told else "CancelledError"]
        assert story.in_one_place()

    @everywhere
    @told
    def test_the_source_is_closed_where_it_has_yielded(self, run, tell):
        story = Story([b"x" * MOST] * 5)

        def leave():
            body = begun(tell(story))
            wait_until(lambda: body._box.is_full)
            body.close()

        run(leave)
        assert story.ends == ["GeneratorExit"]
        assert story.in_one_place()

    @everywhere
    @told
    def test_the_steps_are_taken_once_and_after_the_source_is_closed(self, run, tell):
        story = Story()
        order = story.ends

        def close_twice():
            body = begun(tell(story), steps=[lambda: order.append("step")])
            list(body)
            body.close()
            body.close()

        run(close_twice)
        assert order == ["the end", "step"]

    def test_a_step_that_fails_is_logged_and_the_next_is_taken(self, caplog):
        taken: list[str] = []
        begun([b"a"], steps=[raising(LookupError()), lambda: taken.append("step")]).close()
        assert taken == ["step"]
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    def test_a_close_from_inside_a_step_repeats_nothing(self):
        taken: list[str] = []
        bodies: list[StreamBody] = []
        bodies.append(begun([b"a"], steps=[lambda: bodies[0].close(), lambda: taken.append("step")]))
        bodies[0].close()
        assert taken == ["step"]

    def test_a_source_may_close_the_stream_it_is_the_source_of(self):
        ends: list[str] = []
        bodies: list[StreamBody] = []

        def close_itself():
            try:
                yield b"a"
                wait_until(lambda: bodies and bodies[0]._box.is_awaited)
                bodies[0].close()
                yield b"b"
            finally:
                ends.append("closed")

        def run():
            bodies.append(begun(close_itself()))
            next(bodies[0])
            with pytest.raises(RuntimeError, match="closed by somebody else"):
                next(bodies[0])

        in_greenlet(run)
        wait_until(lambda: ends)
        assert ends == ["closed"]

    @everywhere
    def test_iterating_after_the_close_gives_nothing(self, run):
        def close_and_read():
            body = begun(Story().told())
            body.close()
            return list(body)

        assert run(close_and_read) == []

    @everywhere
    @told
    def test_a_source_that_fails_when_it_is_closed_is_told_of_once(self, run, tell, caplog):
        def failing():
            try:
                yield b"a"
                gevent.sleep(PATIENCE)
            finally:
                raise LookupError

        async def failing_async():
            try:
                yield b"a"
                await asyncio.sleep(PATIENCE)
            finally:
                raise LookupError

        def leave():
            body = begun(failing() if tell is Story.told else failing_async())
            next(body)
            gevent.sleep(0.005)
            body.close()

        run(leave)
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    @told
    def test_a_source_that_has_failed_when_its_client_leaves_is_told_of_once(self, tell, caplog):
        def leave():
            body = begun(tell(Story([b"a"], error=LookupError())))
            wait_until(lambda: body._box.has_ended)
            body.close()

        in_greenlet(leave)
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    def test_a_source_that_does_not_end_is_left_behind_and_told_of(self, caplog, monkeypatch):
        monkeypatch.setattr(streaming, "CLEANUP", 0.01)
        may_end = Event()

        def stubborn():
            yield b"a"
            with contextlib.suppress(gevent.GreenletExit):
                gevent.sleep(PATIENCE)
            may_end.wait(PATIENCE)

        def leave():
            body = begun(stubborn())
            next(body)
            gevent.sleep(0.002)
            body.close()

        in_greenlet(leave)
        may_end.set()
        turns()
        (message,) = caplog.messages
        assert message.startswith("the source of a stream, ")
        assert message.endswith("stubborn, is still open 0.01 s after it was to be closed")

    def test_a_source_that_blocks_its_thread_is_closed_when_its_step_is_done(self):
        may_go_on = threading.Event()
        ends: list[str] = []

        def block():
            try:
                yield b"a"
                may_go_on.wait(PATIENCE)
                yield b"b"
            finally:
                ends.append("closed")

        def leave():
            body = begun(block(), EVENTS)
            next(body)
            threading.Timer(0.01, may_go_on.set).start()
            body.close()

        in_thread(leave)
        assert ends == ["closed"]

    @everywhere
    @told
    def test_another_greenlet_may_close_while_it_is_read(self, run, tell):
        story = Story(waits_at=1)

        def close_from_outside():
            body = begun(tell(story))
            assert next(body) == b"a"
            reader = gevent.spawn(next, body)
            wait_until(lambda: story.is_waiting and body._box.is_awaited)
            body.close()
            reader.join(PATIENCE)
            return reader.exception

        error = run(close_from_outside)
        assert str(error) == "a stream was closed by somebody else while it was read"
        assert len(story.ends) == 1

    def test_one_who_reads_while_it_is_closed_is_told_so(self):
        slow_close = Event()

        class Slow:
            def __iter__(self):
                yield b"a"
                gevent.sleep(PATIENCE)

            def close(self):
                slow_close.wait(PATIENCE)

        def read_while_it_is_closed():
            body = begun(Slow())
            next(body)
            closer = gevent.spawn(body.close)
            turns()
            with pytest.raises(RuntimeError, match="closed by somebody else"):
                next(body)
            slow_close.set()
            closer.get(timeout=PATIENCE)

        in_greenlet(read_while_it_is_closed)

    @told
    def test_another_greenlet_may_close_before_there_is_a_chunk(self, tell):
        story = Story(waits_at=0)

        def close_from_outside():
            body = StreamBody(environ(), source_of(tell(story)), [])
            beginner = gevent.spawn(body.begin)
            wait_until(lambda: story.is_waiting)
            body.close()
            beginner.join(PATIENCE)
            return beginner.exception

        assert isinstance(in_greenlet(close_from_outside), RuntimeError)
        assert len(story.ends) == 1

    @everywhere
    @told
    @manners
    def test_one_that_was_not_begun_can_be_closed(self, run, tell, manner):
        story = Story()
        taken: list[str] = []

        def close():
            StreamBody(environ(), source_of(tell(story)), [lambda: taken.append("step")], manner).close()

        run(close)
        assert (story.ends, taken) == ([], ["step"])

    @pytest.mark.parametrize("error", [gevent.Timeout, gevent.GreenletExit, LookupError, BrokenPipeError])
    @told
    def test_what_is_thrown_into_the_reader_leaves_the_stream_whole(self, tell, error):
        story = Story([b"a", b"b"], waits_at=1)
        caught: list[BaseException] = []

        def read_on():
            body = begun(tell(story))
            try:
                list(body)
            except BaseException as raised:
                caught.append(raised)
            finally:
                body.close()

        reader = gevent.spawn(read_on)
        wait_until(lambda: story.is_waiting)
        throw(reader, error)
        reader.join(PATIENCE)
        assert [type(one) for one in caught] == [error]
        assert len(story.ends) == 1

    @told
    def test_what_is_thrown_into_the_reader_before_the_first_chunk_closes_the_stream(self, tell):
        story = Story(waits_at=0)
        taken: list[str] = []
        reader = gevent.spawn(begun, tell(story), steps=[lambda: taken.append("step")])
        wait_until(lambda: story.is_waiting)
        throw(reader, gevent.GreenletExit)
        reader.join(PATIENCE)
        assert (len(story.ends), taken) == (1, ["step"])

    def test_what_is_thrown_into_the_reader_while_it_closes_stops_no_step(self):
        taken: list[str] = []
        may_end = Event()

        def slow():
            try:
                yield b"x" * MOST
            finally:
                may_end.wait(PATIENCE)
                taken.append("source")

        def close():
            body = begun(slow(), steps=[lambda: taken.append("step")])
            body.close()

        closer = gevent.spawn(close)
        turns()
        throw(closer, gevent.GreenletExit)
        closer.join(PATIENCE)
        may_end.set()
        turns()
        assert taken == ["step", "source"]

    @pytest.mark.parametrize("manner", [EVENTS, EVENTS._replace(send_timeout=5)])
    def test_a_thread_that_is_not_to_be_had_leaves_nothing_open(self, monkeypatch, manner, client):
        def none(*arguments, **more):
            raise RuntimeError("can't start new thread")

        def begin():
            monkeypatch.setattr(streaming, "producer_for", none)
            with pytest.raises(RuntimeError, match="can't start new thread"):
                StreamBody(environ(**client.shown), source_of([b"a"]), [], manner)
            monkeypatch.undo()
            return gevent.get_hub().loop.activecnt

        assert in_thread(begin) == 0


class TestErrors:
    @pytest.fixture
    def moment(self, monkeypatch):
        """As long for a source to fail in as a busy machine may take."""
        monkeypatch.setattr(streaming, "MOMENT", PATIENCE)

    @pytest.mark.usefixtures("moment")
    @everywhere
    @told
    @manners
    @pytest.mark.parametrize("error", [LookupError("no"), OSError("no"), SystemExit(3), gevent.Timeout()])
    def test_one_before_the_first_chunk_is_raised_at_the_beginning(self, run, tell, manner, error):
        taken: list[str] = []

        def begin():
            with pytest.raises(type(error)) as raised:
                begun(tell(Story([], error=error)), manner, steps=[lambda: taken.append("step")])
            return raised.value

        assert run(begin) is error
        assert taken == ["step"]

    @everywhere
    @told
    @manners
    def test_a_later_one_is_raised_where_it_is_read_and_once(self, run, tell, manner, caplog):
        error = LookupError("no")

        def read_on():
            body = begun(tell(Story(error=error)), manner)
            made: list[bytes] = []
            with pytest.raises(LookupError) as raised:
                made.extend(body)
            rest = list(body)
            body.close()
            return raised.value, b"".join(made), rest

        assert run(read_on) == (error, manner.opening + b"abc", [])
        assert caplog.records == []

    @everywhere
    @told
    @pytest.mark.parametrize(
        "error",
        [
            OSError(errno.EPIPE, "a pipe of the source, not of the client"),
            ConnectionResetError(),
            SystemExit(3),
            gevent.GreenletExit(),
            gevent.Timeout(),
            asyncio.CancelledError(),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_one_that_servers_take_for_something_else_is_the_cause_of_one_that_they_do_not(self, run, tell, error):
        def read_on():
            body = begun(tell(Story([b"a"], error=error)))
            with contextlib.closing(body), pytest.raises(RuntimeError) as raised:
                list(body)
            return raised.value

        raised = run(read_on)
        assert str(raised) == f"a stream ended early: its source raised {error!r}"
        assert raised.__cause__ is error

    @told
    def test_an_interrupt_is_raised_as_it_is(self, tell):
        with pytest.raises(KeyboardInterrupt):
            read(tell(Story([b"a"], error=KeyboardInterrupt())))

    def test_a_stop_iteration_of_a_source_is_no_end(self):
        class Stopping:
            def __iter__(self):
                return self

            def __next__(self):
                raise StopAsyncIteration

        with pytest.raises(StopAsyncIteration):
            read(Stopping())

    @pytest.mark.usefixtures("moment")
    def test_an_encoder_that_raises_stop_iteration_does_not_end_the_stream_as_if_it_were_whole(self):
        def refuse(chunk):
            raise StopIteration

        body = StreamBody(environ(), Source(iter(["a"]), refuse, contextvars.copy_context()), [])
        with pytest.raises(RuntimeError, match="StopIteration"):
            body.begin()
        body = StreamBody(environ(), Source(iter(["a"]), refuse, contextvars.copy_context()), [], EVENTS)
        with pytest.raises(RuntimeError, match="StopIteration"):
            body.begin()

    def test_without_a_length_or_chunks_the_connection_is_reset(self, client):
        def break_off():
            body = begun(Story([b"a"], error=LookupError()).told(), SERVER_PROTOCOL="HTTP/1.0", **client.shown)
            with contextlib.closing(body), pytest.raises(LookupError):
                list(body)

        break_off()
        # Its descriptor is that of a connection whose other end is gone.
        assert client.here.recv(1) == b""

    @pytest.mark.parametrize("more", [{"SERVER_PROTOCOL": "HTTP/1.1"}, {"SERVER_PROTOCOL": "HTTP/1.0", "length": 5}])
    def test_a_transfer_that_tells_its_end_needs_no_reset(self, client, more):
        body = begun(Story([b"a"], error=LookupError()).told(), **client.shown, **more)
        with contextlib.closing(body), pytest.raises(LookupError):
            list(body)
        linger = client.here.getsockopt(gevent_socket.SOL_SOCKET, gevent_socket.SO_LINGER, 8)
        assert linger == b"\0\0\0\0\0\0\0\0"


class TestLength:
    @everywhere
    @told
    def test_a_body_of_the_length_that_was_announced_passes(self, run, tell):
        assert b"".join(run(read, tell(Story()), length=3)) == b"abc"

    @everywhere
    @told
    def test_a_body_that_is_too_short_raises_at_its_end(self, run, tell):
        def read_on():
            body = begun(tell(Story()), length=4)
            made: list[bytes] = []
            with contextlib.closing(body), pytest.raises(ValueError, match="4 bytes, got 1 less"):
                made.extend(body)
            return b"".join(made)

        assert run(read_on) == b"abc"

    @everywhere
    @told
    def test_a_body_that_is_too_long_raises_before_what_is_too_much(self, run, tell):
        def read_on():
            body = begun(tell(Story([b"x" * ROOM, b"y" * ROOM])), length=ROOM)
            made: list[bytes] = []
            with contextlib.closing(body), pytest.raises(ValueError, match="got 65536 more"):
                made.extend(body)
            return len(b"".join(made))

        assert run(read_on) <= ROOM


class TestAClientThatLeaves:
    @told
    @manners
    def test_is_noticed_while_the_source_waits(self, tell, manner, client):
        story = Story(waits_at=1)

        def serve():
            body = begun(tell(story), manner, **client.shown)
            with contextlib.closing(body):
                return b"".join(body)

        server = gevent.spawn(serve)
        wait_until(lambda: story.is_waiting)
        client.leave()
        assert server.get(timeout=PATIENCE) == manner.opening + b"a"
        assert len(story.ends) == 1

    def test_is_noticed_in_a_thread_too(self, client):
        story = Story(waits_at=1)

        def serve():
            body = begun(story.told(), **client.shown)
            with contextlib.closing(body):
                next(body)
                client.leave()
                return list(body)

        assert serve() == []
        assert story.ends == ["GreenletExit"]

    def test_is_noticed_before_the_first_chunk(self, client):
        story = Story(waits_at=0)

        def serve():
            body = begun(story.told(), **client.shown)
            with contextlib.closing(body):
                return list(body)

        server = gevent.spawn(serve)
        wait_until(lambda: story.is_waiting)
        client.leave()
        assert server.get(timeout=PATIENCE) == []

    def test_is_sent_nothing_more(self, client):
        story = Story(waits_at=1)
        body = begun(story.told(), **client.shown)
        next(body)
        client.there.shutdown(gevent_socket.SHUT_WR)
        assert list(body) == []
        with pytest.raises(OSError, match="Broken pipe"):
            client.here.sendall(b"0\r\n\r\n")
        body.close()

    def test_whose_connection_is_not_shown_just_ends(self, monkeypatch):
        monkeypatch.setattr(departures, "_LOOK_EVERY", 0.001)
        has_left: list[bool] = []
        story = Story(waits_at=1)
        body = begun(story.told(), **{"waitress.client_disconnected": lambda: bool(has_left)})
        next(body)
        has_left.append(True)
        assert list(body) == []
        body.close()


class TestPings:
    OFTEN = EVENTS._replace(ping_after=0.002)

    @everywhere
    @told
    def test_come_while_nothing_else_does(self, run, tell):
        def pings():
            body = begun(tell(Story(waits_at=0)), self.OFTEN)
            with contextlib.closing(body):
                return [next(body) for _ in range(4)]

        assert run(pings) == [b"open|", b"ping|", b"ping|", b"ping|"]

    def test_do_not_come_while_there_are_chunks(self):
        def read_slowly():
            body = begun(Story([b"x" * ROOM] * 8).told(), self.OFTEN)
            with contextlib.closing(body):
                made = []
                for chunk in body:
                    made.append(chunk)
                    gevent.sleep(0.003)
                return made

        assert b"ping|" not in in_greenlet(read_slowly)

    def test_count_from_the_last_chunk(self):
        rings: list[float] = []

        def chunk_then_ping():
            body = begun(Story([b"a", b"b"], waits_at=1).told(), EVENTS._replace(ping_after=0.02))
            with contextlib.closing(body):
                made = [next(body)]
                gevent.sleep(0.015)
                before = time.monotonic()
                made.append(next(body))
                rings.append(time.monotonic() - before)
                return made

        assert in_greenlet(chunk_then_ping) == [b"open|a", b"ping|"]
        assert rings[0] > 0.015

    def test_come_from_a_thread_whose_source_blocks(self):
        may_go_on = threading.Event()

        def block():
            may_go_on.wait(PATIENCE)
            yield b"a"

        def pings():
            body = begun(block(), self.OFTEN)
            with contextlib.closing(body):
                made = [next(body), next(body)]
                may_go_on.set()
                return made

        assert in_thread(pings) == [b"open|", b"ping|"]

    def test_never_come_where_none_were_asked_for(self):
        body = begun([b"a"], EVENTS)
        assert body._pings is None
        body.close()


class TestTheEnd:
    @everywhere
    @told
    def test_comes_by_itself_with_the_age(self, run, tell):
        story = Story(waits_at=1)
        assert b"".join(run(read, tell(story), EVENTS._replace(max_age=0.005))) == b"open|abye|"
        assert len(story.ends) == 1

    @everywhere
    @told
    def test_comes_by_word_of_another_thread(self, run, tell):
        story = Story(waits_at=1)

        def read_on():
            body = begun(tell(story), EVENTS)
            with contextlib.closing(body):
                made = [next(body)]
                wait_until(lambda: story.is_waiting)
                threading.Thread(target=stopping.stop_streams).start()
                return b"".join([*made, *body])

        assert run(read_on) == b"open|abye|"
        assert len(story.ends) == 1

    def test_takes_along_what_was_ready(self):
        def read_on():
            body = begun(iter([b"a", b"x" * MOST, b"b"]), EVENTS)
            with contextlib.closing(body):
                next(body)
                gevent.sleep(0)
                stopping.stop_streams()
                return b"".join(body)

        assert in_greenlet(read_on)[-4:] == b"bye|"

    def test_of_plain_streams_is_their_own(self):
        body = begun([b"a", b"b"])
        assert next(body) == b"a"
        stopping.stop_streams()
        assert list(body) == [b"b"]
        body.close()

    @everywhere
    def test_comes_at_once_for_a_stream_that_is_opened_after_the_word(self, run):
        stopping.stop_streams()
        story = Story(waits_at=0)
        assert b"".join(run(read, story.told(), EVENTS)) == b"open|bye|"
        assert len(story.ends) <= 1

    @everywhere
    @told
    def test_comes_without_a_word_where_a_stream_has_none(self, run, tell):
        stopping.stop_streams()
        assert run(read, tell(Story(waits_at=0)), ENDING) == []

    def test_comes_without_a_word_before_the_first_chunk(self):
        story = Story(waits_at=0)
        server = gevent.spawn(read, story.told(), ENDING)
        wait_until(lambda: story.is_waiting)
        stopping.stop_streams()
        assert server.get(timeout=PATIENCE) == []
        assert story.ends == ["GreenletExit"]

    def test_is_counted(self):
        body = begun([b"a"])
        assert stopping.stop_streams() == 1
        body.close()
        assert stopping.stop_streams() == 0


class TestAClientThatTakesNothing:
    SOON = EVENTS._replace(send_timeout=0.002)

    def test_is_dropped(self, client):
        def serve():
            body = begun([b"a"], self.SOON, **client.shown)
            with contextlib.closing(body):
                next(body)
                assert client.there.recv(1) == b""

        in_greenlet(serve)

    def test_is_not_dropped_while_there_is_nothing_to_take(self, client):
        def serve():
            body = begun(Story(waits_at=0).told(), self.SOON._replace(ping_after=0.005), **client.shown)
            with contextlib.closing(body):
                return [next(body), next(body), next(body)]

        assert in_greenlet(serve) == [b"open|", b"ping|", b"ping|"]

    def test_is_dropped_where_a_thread_is_blocked(self, client):
        with gevent_socket.socket(fileno=client.there.detach()) as there:

            def serve():
                body = begun([b"a"], self.SOON, **client.shown)
                with contextlib.closing(body):
                    next(body)
                    with gevent.Timeout(PATIENCE):
                        assert there.recv(1) == b""

            serve()


def test_streams_come_whole_in_a_process_that_gevent_has_patched():
    program = """
from gevent import monkey
monkey.patch_all()
import asyncio, gevent, time
from wsgiresp.responses import EventSourceResponse, StreamingResponse
closed = []
def told():
    try:
        for number in range(3):
            time.sleep(0.001)
            yield str(number)
    finally:
        closed.append("sync")
async def told_async():
    try:
        for number in range(3):
            await asyncio.sleep(0.001)
            yield str(number)
    finally:
        closed.append("async")
def read(response):
    body = response({"REQUEST_METHOD": "GET"}, lambda *arguments: None)
    try:
        return b"".join(body)
    finally:
        body.close()
events = b": open\\ndata: 0\\n\\ndata: 1\\n\\ndata: 2\\n\\n"
for run in (lambda response: read(response), lambda response: gevent.spawn(read, response).get()):
    for tell in (told, told_async):
        assert run(StreamingResponse(tell())) == b"012"
        assert run(EventSourceResponse(tell())) == events
assert closed == ["sync", "sync", "async", "async"] * 2, closed
"""
    path = os.pathsep.join(filter(None, sys.path))
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30, env={**os.environ, "PYTHONPATH": path})
