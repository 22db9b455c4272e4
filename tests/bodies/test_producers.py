"""Who steps a source: a greenlet, a greenlet in a thread of its own, a task of the asyncio loop."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time

import gevent
import pytest
from bodies.drivers import PATIENCE, in_greenlet, in_thread, turns, wait_until
from bodies.stories import STEPS, Story
from gevent.event import Event
from hypothesis import given, settings
from hypothesis import strategies as st

from wsgiresp._bodies import coroutines, hubs, producers
from wsgiresp._bodies.bells import Bell
from wsgiresp._bodies.hubs import Lease
from wsgiresp._bodies.mailbox import MOST, ROOM
from wsgiresp._bodies.producers import InCoroutine, InGreenlet, InThread, producer_for
from wsgiresp._bodies.sources import Source


class Reading:
    """A producer and its reader, which is the greenlet that made this."""

    def __init__(self, make, content, **more):
        self.lease = Lease()
        self._arrival = Bell(self.lease.hub)
        self.source = Source(content, bytes, contextvars.copy_context(), **more)
        self.producer = make(self.source, self.lease.hub, self._arrival)
        self.box = self.producer.box

    def next(self):
        """Return the next chunk, None at the end."""
        while not (self.box.chunks or self.box.has_ended):
            self._await()
        return self.box.take() if self.box.chunks else None

    def _await(self):
        self.box.is_awaited = True
        if not (self.box.chunks or self.box.has_ended):
            self._arrival.wait()
        self.box.is_awaited = False

    def rest(self):
        return b"".join(iter(self.next, None))

    def leave(self):
        """Leave, and wait until the source is closed."""
        self.box.close()
        self.producer.stop()
        with gevent.Timeout(PATIENCE):
            while not self.box.has_ended:
                self._arrival.wait()
        self.lease.close()


def in_hub(source, hub, arrival):
    return InGreenlet(source, hub, arrival.ring)


def in_plain_thread(source, hub, arrival):
    return InGreenlet(source, hub, arrival.ring, at_once=True)


def in_thread_of_its_own(source, hub, arrival):
    return InThread(source, arrival.ring_from_afar)


def in_coroutine(source, hub, arrival):
    return InCoroutine(source, arrival.ring_from_afar)


class Kind:
    """A kind of producer, with the kind of source that suits it."""

    def __init__(self, make, told, thrown_in):
        self.make = make
        self.told = told
        self.thrown_in = thrown_in

    def read(self, story, **more):
        return Reading(self.make, self.told(story), **more)


SYNC = [
    pytest.param(Kind(in_hub, Story.told, "GreenletExit"), id="a greenlet"),
    pytest.param(Kind(in_plain_thread, Story.told, "GreenletExit"), id="a greenlet in a plain thread"),
    pytest.param(Kind(in_thread_of_its_own, Story.told, "GreenletExit"), id="a thread of its own"),
]
ASYNC = pytest.param(Kind(in_coroutine, Story.told_async, "CancelledError"), id="a coroutine")


each_kind = pytest.mark.parametrize("kind", [*SYNC, ASYNC])
each_sync_kind = pytest.mark.parametrize("kind", SYNC)


@each_kind
def test_what_is_made_arrives_in_order(kind):
    reading = kind.read(Story([b"a", b"", b"b", b"c"]))
    reading.producer.begin()
    assert reading.rest() == b"abc"
    reading.lease.close()


@each_kind
def test_all_is_done_in_one_place_and_in_one_context(kind):
    story = Story()
    reading = kind.read(story)
    reading.producer.begin()
    reading.rest()
    reading.lease.close()
    assert story.in_one_place()


@each_kind
def test_the_context_is_a_copy_of_that_of_the_reader(kind):
    def read():
        STEPS.set(10)
        story = Story([b"a"])
        reading = kind.read(story)
        STEPS.set(20)
        reading.producer.begin()
        reading.rest()
        reading.lease.close()
        return story.counts, STEPS.get()

    assert in_greenlet(read) == ([11, 12], 20)


@each_kind
def test_the_source_is_closed_before_the_end_is_told(kind):
    story = Story()
    reading = kind.read(story)
    reading.producer.begin()
    reading.rest()
    assert story.ends == ["the end"]
    reading.lease.close()


@each_kind
def test_what_the_source_raises_is_told_and_the_source_is_closed(kind):
    error = LookupError("no")
    story = Story(error=error)
    reading = kind.read(story)
    reading.producer.begin()
    assert reading.rest() == b"abc"
    assert (reading.box.error, story.ends) == (error, ["LookupError"])
    reading.lease.close()


@each_kind
def test_what_cannot_be_encoded_closes_the_source(kind):
    story = Story([b"a", 5j])
    reading = kind.read(story)
    reading.producer.begin()
    assert reading.rest() == b"a"
    assert (type(reading.box.error), story.ends) == (TypeError, ["GeneratorExit"])
    reading.lease.close()


def test_chunks_of_the_raw_type_are_not_encoded():
    made: list[object] = []

    def encode(item):
        made.append(item)
        return b"?"

    reading = Reading(lambda source, *rest: in_hub(source._replace(encode=encode), *rest), [b"a", "b"], raw=bytes)
    reading.producer.begin()
    assert (reading.rest(), made) == (b"a?", ["b"])


@each_kind
def test_a_source_that_waits_gets_out_where_it_waits(kind):
    story = Story(waits_at=1)
    reading = kind.read(story)
    reading.producer.begin()
    assert reading.next() == b"a"
    wait_until(lambda: story.is_waiting)
    reading.leave()
    assert story.ends == [kind.thrown_in]
    assert story.in_one_place()


@each_kind
def test_a_source_that_has_yielded_is_closed_where_it_has(kind):
    story = Story([b"x" * MOST] * 3)
    reading = kind.read(story)
    reading.producer.begin()
    reading._await()
    wait_until(lambda: reading.box.is_full)
    reading.leave()
    assert story.ends == ["GeneratorExit"]
    assert story.in_one_place()


@each_kind
def test_a_source_is_left_while_nobody_waits(kind):
    story = Story([b"x" * MOST] * 3)
    reading = kind.read(story)
    reading.producer.begin()
    assert len(reading.next()) == MOST
    reading.leave()
    assert len(story.ends) == 1


@each_kind
@pytest.mark.parametrize("begins", [False, True], ids=["that nobody has begun", "that has just been begun"])
def test_a_source_is_closed_without_a_step(kind, begins):
    closed: list[str] = []

    class Content:
        def __iter__(self):
            raise AssertionError("not reached")

        __aiter__ = None

        def close(self):
            closed.append("closed")

    class AsyncContent(Content):
        def __aiter__(self):
            raise AssertionError("not reached")

        async def aclose(self):
            closed.append("closed")

    content = AsyncContent() if kind.make is in_coroutine else Content()
    reading = Reading(kind.make, content)
    if begins and kind.make is not in_thread_of_its_own:
        reading.producer.begin()
    reading.leave()
    assert closed == ["closed"]


def test_a_thread_that_was_begun_and_is_left_at_once_closes_its_source():
    story = Story([b"a"] * 3)
    reading = Reading(in_thread_of_its_own, story.told())
    reading.producer.begin()
    reading.leave()
    assert len(story.ends) <= 1


class Slow:
    """A source whose closing takes its time, unless it is thrown out."""

    def __init__(self):
        self.ends: list[str] = []

    def told(self):
        try:
            while True:
                yield b"x" * MOST
        finally:
            gevent.sleep(0.005)
            self.ends.append("closed")

    async def told_async(self):
        try:
            while True:
                yield b"x" * MOST
        finally:
            await asyncio.sleep(0.005)
            self.ends.append("closed")


@each_kind
def test_what_is_being_closed_has_all_the_time_it_takes(kind):
    slow = Slow()
    content = slow.told_async() if kind.make is in_coroutine else slow.told()
    reading = Reading(kind.make, content)
    reading.producer.begin()
    reading._await()
    wait_until(lambda: reading.box.is_full)
    reading.leave()
    assert slow.ends == ["closed"]


@each_kind
def test_a_source_that_closes_by_itself_is_not_thrown_out_by_a_late_stop(kind):
    ends: list[str] = []

    def once():
        yield b"a"

    async def once_async():
        yield b"a"

    class Content:
        def __iter__(self):
            return once()

        def close(self):
            gevent.sleep(0.005)
            ends.append("closed")

    class AsyncContent:
        def __aiter__(self):
            return once_async()

        async def aclose(self):
            await asyncio.sleep(0.005)
            ends.append("closed")

    reading = Reading(kind.make, AsyncContent() if kind.make is in_coroutine else Content())
    reading.producer.begin()
    assert reading.next() == b"a"
    reading.leave()
    assert ends == ["closed"]


@each_kind
def test_a_source_that_goes_on_though_it_was_thrown_out_is_closed_at_its_next_chunk(kind):
    ends: list[str] = []

    def stubborn():
        try:
            with contextlib.suppress(gevent.GreenletExit):
                yield b"a"
                gevent.sleep(PATIENCE)
            yield b"b"
        finally:
            ends.append("closed")

    async def stubborn_async():
        try:
            with contextlib.suppress(asyncio.CancelledError):
                yield b"a"
                await asyncio.sleep(PATIENCE)
            yield b"b"
        finally:
            ends.append("closed")

    reading = Reading(kind.make, stubborn_async() if kind.make is in_coroutine else stubborn())
    reading.producer.begin()
    assert reading.next() == b"a"
    turns()
    gevent.sleep(0.005)
    reading.leave()
    assert ends == ["closed"]


@each_sync_kind
def test_a_generator_that_yields_while_it_is_closed_is_told_of_once(kind, caplog):
    def stubborn():
        try:
            yield b"x" * MOST
        finally:
            yield b"more"

    reading = Reading(kind.make, stubborn())
    reading.producer.begin()
    reading._await()
    reading.leave()
    assert [record.exc_info[0] for record in caplog.records] == [RuntimeError]


@each_kind
def test_what_fails_when_it_is_closed_is_told_of_once(kind, caplog):
    def failing():
        try:
            yield b"a"
            gevent.sleep(PATIENCE)
        finally:
            raise LookupError("in the end")

    async def failing_async():
        try:
            yield b"a"
            await asyncio.sleep(PATIENCE)
        finally:
            raise LookupError("in the end")

    reading = Reading(kind.make, failing_async() if kind.make is in_coroutine else failing())
    reading.producer.begin()
    assert reading.next() == b"a"
    gevent.sleep(0.005)
    reading.leave()
    assert [record.exc_info[0] for record in caplog.records] == [LookupError]
    assert reading.box.error is None


@each_kind
def test_surroundings_are_entered_before_the_first_step_and_left_after_the_closing(kind):
    order: list[str] = []

    @contextlib.contextmanager
    def around():
        order.append("entered")
        yield
        order.append("left")

    story = Story([b"a"])
    story.ends = order
    reading = kind.read(story, around=around)
    reading.producer.begin()
    reading.rest()
    reading.lease.close()
    assert order == ["entered", "the end", "left"]


@each_kind
def test_surroundings_that_fail_are_told_of(kind):
    @contextlib.contextmanager
    def around():
        raise LookupError("no")
        yield

    reading = kind.read(Story(), around=around)
    reading.producer.begin()
    assert reading.rest() == b""
    assert isinstance(reading.box.error, LookupError)
    reading.lease.close()


CHUNKS = st.lists(
    st.one_of(st.binary(max_size=50), st.sampled_from([b"x" * ROOM, b"y" * (ROOM - 1), b"z" * MOST])), max_size=12
)


@each_kind
@settings(max_examples=30, deadline=None)
@given(chunks=CHUNKS)
def test_whatever_the_chunks_the_bytes_are_the_same(kind, chunks):
    reading = kind.read(Story(chunks))
    reading.producer.begin()
    assert reading.rest() == b"".join(chunks)
    reading.lease.close()


@each_kind
@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.one_of(st.integers(1, 5000), st.integers(1, 2 * MOST)), min_size=1, max_size=60))
def test_the_producer_is_never_further_ahead_than_it_may(kind, sizes):
    made, ahead = [0], [0]

    def chunk_of(size):
        made[0] += size
        # Its own number: that of a reader in another thread would come late.
        ahead[0] = max(ahead[0], made[0] - reading.box._taken)
        return b"x" * size

    def chunks():
        yield from map(chunk_of, sizes)

    async def chunks_async():
        for size in sizes:
            yield chunk_of(size)

    reading = Reading(kind.make, chunks_async() if kind.make is in_coroutine else chunks())
    reading.producer.begin()
    taken = 0
    while (chunk := reading.next()) is not None:
        taken += len(chunk)
        gevent.sleep(0)
    reading.lease.close()
    assert ahead[0] <= MOST + max(sizes)
    assert taken == made[0] == sum(sizes)


def test_in_a_plain_thread_each_chunk_is_taken_before_the_next_is_made():
    reading = Reading(in_plain_thread, Story([b"a", b"b"]).told())
    reading.producer.begin()
    assert [reading.next(), reading.next(), reading.next()] == [b"a", b"b", None]


def test_small_chunks_that_are_ready_together_leave_as_one():
    def read():
        reading = Reading(in_hub, Story([b"a", b"b", b"c"]).told())
        reading.producer.begin()
        return [reading.next(), reading.next()]

    assert in_greenlet(read) == [b"abc", None]


def hog(chunk, seconds=0.002):
    """A source that never waits, and takes its time for each chunk."""
    while True:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            pass
        yield chunk


@pytest.mark.parametrize("chunk", [b"a", b""], ids=["that makes chunks", "that makes none"])
def test_a_producer_that_hogs_the_hub_lets_the_others_go(chunk):
    def read():
        others = Event()
        reading = Reading(in_hub, hog(chunk))
        reading.producer.begin()
        gevent.spawn_later(0, others.set)
        assert others.wait(PATIENCE)
        reading.leave()

    in_greenlet(read)


def test_a_producer_that_hogs_the_hub_hands_over_what_it_has_made():
    def read():
        reading = Reading(in_hub, hog(b"a"))
        reading.producer.begin()
        first = reading.next()
        reading.leave()
        return first

    assert len(in_greenlet(read)) < 20


def test_a_producer_that_makes_nothing_notices_that_its_reader_has_gone():
    def read():
        reading = Reading(in_plain_thread, hog(b""))
        reading.producer.begin()
        turns()
        reading.leave()

    in_thread(read)


class TestChoice:
    def chosen(self, content, **more):
        lease = Lease()
        source = Source(content, bytes, contextvars.copy_context())
        more = {"is_prompt": False, "is_shared": True, **more}
        producer = producer_for(source, lease.hub, Bell(lease.hub), **more)
        producer.box.close()
        producer.stop()
        wait_until(lambda: producer.box.has_ended)
        lease.close()
        return type(producer), producer.box.put(b"a"), producer.is_near

    def test_what_is_asynchronous_is_stepped_by_a_coroutine(self):
        assert self.chosen(Story().told_async()) == (InCoroutine, False, False)

    def test_what_is_not_is_stepped_by_a_greenlet(self):
        assert in_greenlet(self.chosen, [b"a"]) == (InGreenlet, False, True)

    def test_where_a_step_could_block_the_reader_a_thread_makes_it(self):
        chosen, _, is_near = self.chosen([b"a"], is_prompt=True, is_shared=False)
        assert (chosen, is_near) == (InThread, False)

    def test_under_a_hub_no_thread_is_needed(self):
        assert in_greenlet(lambda: self.chosen([b"a"], is_prompt=True))[0] is InGreenlet

    def test_where_sleep_is_gevents_no_thread_is_needed(self, monkeypatch):
        monkeypatch.setattr(hubs.monkey, "is_module_patched", lambda name: name == "time")
        assert self.chosen([b"a"], is_prompt=True, is_shared=False)[0] is InGreenlet


def test_a_thread_that_can_have_no_hub_says_so(monkeypatch):
    def no_descriptor():
        raise OSError(24, "Too many open files")

    lease = Lease()
    monkeypatch.setattr(producers, "Lease", no_descriptor)
    source = Source([b"a"], bytes, contextvars.copy_context())
    with pytest.raises(OSError, match="Too many open files"):
        InThread(source, Bell(lease.hub).ring_from_afar)
    lease.close()


def test_a_thread_whose_source_has_ended_can_be_stopped():
    reading = Reading(in_thread_of_its_own, [b"a"])
    reading.producer.begin()
    assert reading.rest() == b"a"
    wait_until(lambda: "wsgiresp-producer" not in [thread.name for thread in threading.enumerate()])
    reading.producer.stop()
    reading.lease.close()


def test_steps_that_block_their_thread_do_not_block_the_reader():
    def block():
        yield b"a"
        time.sleep(0.02)
        yield b"b"

    def read():
        reading = Reading(in_thread_of_its_own, block())
        reading.producer.begin()
        assert reading.next() == b"a"
        before = time.monotonic()
        gevent.sleep(0)
        return time.monotonic() - before, reading.rest()

    elapsed, rest = in_thread(read)
    assert elapsed < 0.02
    assert rest == b"b"


def test_an_async_source_that_never_awaits_lets_other_tasks_run():
    ran = threading.Event()

    async def endless():
        coroutines.loop().call_soon(ran.set)
        while not ran.is_set():
            yield b""

    arrival = Bell(gevent.get_hub())
    producer = producers.InCoroutine(Source(endless(), bytes, contextvars.copy_context()), arrival.ring_from_afar)
    producer.begin()
    assert ran.wait(PATIENCE)
    wait_until(lambda: producer.box.has_ended)
