"""What StreamingResponse closes: its content, its callbacks, its background, each once and in order."""

from __future__ import annotations

import contextlib
import io

import pytest
from responses.close_counters import CLASSES, AsyncCloseCounter, CloseCounter
from responses.wsgi_calls import call, environ, start
from runtime.runners import everywhere, in_greenlet, in_thread, run_others
from streams.fake_sources import RecordingSource

from wsgiresp import BackgroundTask
from wsgiresp._runtime import shutdown
from wsgiresp._streams import wsgi_stream
from wsgiresp.responses import EventSourceResponse, StreamingResponse

pytestmark = pytest.mark.usefixtures("fresh")
WITHOUT_BODY = pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 205), ("GET", 304), ("HEAD", 204), ("POST", 304)]
)


class TestWithoutABody:
    @WITHOUT_BODY
    @pytest.mark.parametrize("response_class", CLASSES)
    @pytest.mark.parametrize("make", [CloseCounter, AsyncCloseCounter], ids=["sync", "async"])
    def test_without_a_body_the_content_is_closed_and_not_iterated(self, response_class, make, method, status):
        content = make()
        ran: list[str] = []
        answer = start(response_class(content, status, background=BackgroundTask(ran.append, "task")), method)
        assert (list(answer.iterable), content.closed, ran) == ([], 0, [])
        answer.close()
        answer.close()
        assert (content.closed, ran) == (1, ["task"])

    @WITHOUT_BODY
    @pytest.mark.parametrize("response_class", CLASSES)
    def test_without_a_body_a_generator_is_not_stepped(self, response_class, method, status):
        source = RecordingSource()
        call(response_class(source.generator(), status), method)
        assert source.runners == []

    def test_head_has_the_headers_of_get(self):
        response = StreamingResponse([b"abc"], headers={"X-A": "1", "Content-Length": "3"})
        assert call(response, "HEAD").headers == call(response).headers

    def test_head_does_not_call_a_callable(self):
        called: list[object] = []
        call(EventSourceResponse(called.append), "HEAD")
        assert called == []

    def test_head_uses_an_iterator_up(self):
        response = StreamingResponse(iter([b"a"]))
        call(response, "HEAD")
        with pytest.raises(RuntimeError, match="an iterator that was sent already"):
            call(response)


@pytest.mark.parametrize(
    "content",
    [
        lambda: iter([b"a"]),
        lambda: RecordingSource().generator(),
        lambda: RecordingSource().async_generator(),
        lambda: io.BytesIO(b"a"),
    ],
)
def test_an_iterator_is_sent_once(content):
    response = StreamingResponse(content())
    call(response)
    with pytest.raises(RuntimeError, match="an iterator that was sent already: make a response for each request"):
        call(response)


def test_a_list_is_sent_repeatedly():
    response = StreamingResponse([b"a", "b"])
    assert [call(response).body for _ in range(3)] == [b"ab"] * 3


def test_a_list_is_sent_to_many_clients_concurrently():
    def all_at_once():
        response = StreamingResponse(["x" * 40_000] * 9)
        answers = [start(response) for _ in range(10)]
        chunks = [[] for _ in answers]
        for _ in range(12):
            for answer, taken in zip(answers, chunks, strict=True):
                taken.append(next(answer.iterable, b""))
        for answer in answers:
            answer.close()
        return {b"".join(taken) for taken in chunks}

    assert in_greenlet(all_at_once) == {b"x" * 360_000}


@everywhere
@pytest.mark.parametrize("response_class", CLASSES)
def test_the_source_is_closed_before_the_callbacks_run_and_then_the_background(run, response_class):
    source = RecordingSource(["a"])
    order = source.ends

    def close():
        response = response_class(source.generator(), background=BackgroundTask(order.append, "background"))
        response.call_on_close(lambda: order.append("callback"))
        answer = start(response)
        list(answer.iterable)
        answer.close()
        answer.close()
        run_others()  # under a hub a greenlet of the pool does it

    run(close)
    assert order == ["the end", "callback", "background"]


def test_an_iterable_is_closed_once_even_if_the_response_is_closed_too():
    class Chunks:
        closed = 0

        def __iter__(self):
            return iter([b"a"])

        def close(self):
            self.closed += 1

    content = Chunks()
    response = StreamingResponse(content)
    response.call_on_close(lambda: None)
    assert call(response).body == b"a"
    response.close()
    assert content.closed == 1


def test_a_response_that_is_never_called_closes_its_content():
    content = CloseCounter()
    with StreamingResponse(content):
        pass
    assert content.closed == 1


class TestErrors:
    @everywhere
    def test_an_error_before_the_first_chunk_is_raised_by_the_call(self, run):
        said: list[object] = []
        ran: list[str] = []
        error = LookupError("no")
        source = RecordingSource([], error=error)
        response = StreamingResponse(source.generator(), background=BackgroundTask(ran.append, "task"))

        def respond():
            with pytest.raises(LookupError) as raised:
                response(environ(), lambda *arguments: said.append(arguments))
            run_others()
            return raised.value

        assert run(respond) is error
        assert (said, source.ends, ran) == ([], ["LookupError"], ["task"])

    @everywhere
    def test_a_later_error_is_raised_to_the_reader(self, run):
        def respond():
            answer = start(StreamingResponse(RecordingSource(error=LookupError("no")).generator()))
            taken: list[bytes] = []
            with pytest.raises(LookupError, match="no"):
                taken.extend(answer.iterable)
            answer.close()
            return b"".join(taken)

        assert run(respond) == b"abc"

    def test_an_error_of_start_response_closes_the_source(self):
        def refuse(*arguments):
            raise ConnectionError("gone")

        source = RecordingSource(waits_at=1)
        ran: list[str] = []
        response = StreamingResponse(source.generator(), background=BackgroundTask(ran.append, "task"))
        with pytest.raises(ConnectionError, match="gone"):
            response(environ(), refuse)
        assert (len(source.ends), ran) == (1, ["task"])

    def test_a_prepared_answer_that_is_not_sent_can_be_closed(self):
        source = RecordingSource(waits_at=1)
        prepared = StreamingResponse(source.generator()).prepare(environ())
        prepared.close()
        prepared.close()
        assert len(source.ends) == 1

    def test_a_stream_whose_body_cannot_be_made_closes_its_content(self, monkeypatch):
        def no_thread(*arguments, **more):
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(wsgi_stream, "producer_for", no_thread)
        content = CloseCounter()
        ran: list[str] = []
        with pytest.raises(RuntimeError, match="can't start new thread"):
            call(StreamingResponse(content, background=BackgroundTask(ran.append, "task")))
        assert (content.closed, ran) == (1, ["task"])


class TestShutdown:
    def test_a_download_runs_to_its_end(self):
        answer = start(StreamingResponse([b"a", b"b"]))
        shutdown.stop()
        assert b"".join(answer.iterable) == b"ab"
        answer.close()

    def test_a_stream_with_the_media_type_of_events_is_finished(self):
        def read():
            answer = start(StreamingResponse(RecordingSource(waits_at=1).generator(), media_type="text/event-stream"))
            taken = [next(answer.iterable)]
            shutdown.stop()
            with contextlib.closing(answer):
                return [*taken, *answer.iterable]

        assert in_thread(read) == [b"a"]
