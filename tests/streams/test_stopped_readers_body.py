"""A source that reads the request's body when its reader stops: it is cancelled, and not told that the body is over."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import gevent
from request_inputs import Body, environ_of, share_input
from runtime.runners import PATIENCE, in_greenlet

from wsgiresp._runtime import asyncio_thread
from wsgiresp._runtime.gevent_runtime import GeventRuntime
from wsgiresp._runtime.greenlet_coroutine import may_block
from wsgiresp._runtime.waiting_executor import ReaderExecutor
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.task_producer import TaskProducer


class SlowRefusal(ReaderExecutor):
    """An executor after whose refusals the loop goes on before anything else happens."""

    def refuse_calls(self):
        super().refuse_calls()
        if asyncio_thread.running_loop() is None:  # the reader itself refuses them
            for _ in range(3):
                asyncio.run_coroutine_threadsafe(asyncio.sleep(0), asyncio_thread.loop()).result(PATIENCE)


def test_a_source_whose_read_waits_is_cancelled():
    def read():
        environ = environ_of(Body())
        share_input(environ)
        seen = []
        is_asking = threading.Event()

        async def content():
            is_asking.set()
            try:
                yield environ["wsgi.input"].read()
            except BaseException as error:
                seen.append(type(error))
                raise

        runtime = GeventRuntime()
        reader = SlowRefusal(runtime)
        arrival = runtime.wakeup()
        context = contextvars.copy_context()
        context.run(may_block.set, lambda: True)
        producer = TaskProducer(StreamSource(content(), bytes, context), arrival.set_threadsafe, reader=reader)
        producer.begin()
        assert is_asking.wait(PATIENCE)  # this blocks the hub, which makes the read
        producer.buffer.close()
        producer.stop()
        with gevent.Timeout(PATIENCE):
            while not producer.buffer.has_ended:
                arrival.wait()
        runtime.close()
        return seen

    assert in_greenlet(read) == [asyncio.CancelledError]
