"""Bodies of streams that are dropped where nothing can run at once: no thread, a forked child, the exit, a busy hub."""

from __future__ import annotations

import contextvars
import gc
import os
import subprocess
import sys

import gevent
import pytest
from responses.wsgi_calls import environ
from runtime.runners import PATIENCE, in_greenlet, in_thread
from streams.fake_producer import ManualContent
from streams.fake_runtime import FakeRuntime
from streams.fake_sources import RecordingSource
from streams.stream_bodies import EVENTS, await_steps, begun_body, dropped_body, open_count

from wsgiresp._runtime.process import part
from wsgiresp._runtime.server_profile import ServerProfile
from wsgiresp._streams import dropped_stream
from wsgiresp._streams.open_streams import OpenStreams
from wsgiresp._streams.stream_source import StreamSource
from wsgiresp._streams.wsgi_body import WSGIStreamBody

pytestmark = pytest.mark.usefixtures("fresh_streams")


def no_thread(steps):
    raise RuntimeError("can't start new thread")


class TestElsewhere:
    def test_steps_for_which_no_thread_is_granted_run_with_the_next_stream(self, monkeypatch):
        ran = []

        def serve():
            monkeypatch.setattr(dropped_stream, "run_each_in_thread", no_thread)
            dropped_body(RecordingSource(waits_at=2).generator(), steps=[lambda: ran.append("step")])
            monkeypatch.undo()
            left = list(ran)
            begun_body([b"a"]).close()
            await_steps(ran, 1)
            return left

        assert in_thread(serve) == []
        assert ran == ["step"]

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    @pytest.mark.parametrize("end", ["del", "close"])
    def test_a_forked_child_ends_no_stream_of_its_parent(self, end):
        source, ran = RecordingSource(waits_at=2), []

        def serve():
            body = begun_body(source.generator(), EVENTS, steps=[lambda: ran.append("step")])
            body.note_answered()
            next(body)
            child = os.fork()
            if child == 0:
                if end == "close":
                    body.close()
                del body
                gc.collect()
                gevent.sleep(0)
                os._exit(len(source.ends) + len(ran))
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            left = list(source.ends), open_count()
            body.close()
            return status, left, len(source.ends)

        assert in_greenlet(serve) == (0, ([], 1), 1)
        assert ran == ["step"]

    @pytest.mark.skipif(
        int(gevent.__version__.partition(".")[0]) < 25,
        reason="older gevent may crash if a thread is in its hub when Python ends",
    )
    @pytest.mark.parametrize("patch", ["", "from gevent import monkey; monkey.patch_all()"])
    def test_a_body_that_is_dropped_by_the_exit_of_the_interpreter_writes_no_traceback(self, patch):
        program = f"""
{patch}
from werkzeug.test import create_environ
from wsgiresp.responses import EventSourceResponse, JSONLinesResponse

def rows():
    while True:
        yield "x"

async def later():
    while True:
        yield "x"

bodies = [kind(rows())(create_environ(), print) for kind in (JSONLinesResponse, EventSourceResponse)]
bodies.append(JSONLinesResponse(later())(create_environ(), print))
for body in bodies:
    next(body)
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE)
        assert (done.returncode, done.stderr.replace(WARNING, "")) == (0, "")


WARNING = (
    "an event stream blocks the whole worker as long as it is open; serve it with: "
    "gunicorn --worker-class gevent MODULE:APP\n"
)


class HubAtWork(FakeRuntime):
    """A runtime of a thread server whose hub calls what a finalizer posts while that still runs."""

    def __init__(self):
        super().__init__(runs_others=False)

    def call_soon_in_finalizer(self, callback):
        self.call_soon(callback)
        self.run()
        return True


def test_a_stream_that_its_hub_releases_at_once_is_not_released_again():
    ran: list[str] = []
    content = ManualContent()
    source = StreamSource(content, bytes, contextvars.copy_context())
    body = WSGIStreamBody(ServerProfile(environ()), source, [lambda: ran.append("step")], runtime=HubAtWork())
    content.put(b"first")
    body.begin()
    body.note_answered()
    next(body)
    del body
    await_steps(ran, 1)
    assert not part(OpenStreams).lost
    in_thread(lambda: begun_body([b"a"]).close())
    assert (ran, content.ends) == (["step"], ["closed"])
