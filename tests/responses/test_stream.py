"""StreamingResponse: its arguments, its content, its headers, its end."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import io
import os

import pytest
from bodies.drivers import everywhere, in_greenlet, in_thread, turns, wait_until
from bodies.stories import Story
from responses.calls import call, environ, start

from wsgiresp import BackgroundTask
from wsgiresp._bodies import stopping, streaming
from wsgiresp.responses import EventSourceResponse, JSONLinesResponse, StreamingResponse

CLASSES = [StreamingResponse, JSONLinesResponse, EventSourceResponse]


@pytest.fixture(autouse=True)
def fresh():
    """A process in which no stream is open and nobody has said the word."""
    stopping._begin_anew()
    yield
    stopping._begin_anew()


class Closing:
    """An iterable that counts its closings and fails when it is iterated."""

    def __init__(self):
        self.closed = 0

    def __iter__(self):
        raise AssertionError("not to be started")

    def close(self):
        self.closed += 1


class AsyncClosing:
    def __init__(self):
        self.closed = 0

    def __aiter__(self):
        raise AssertionError("not to be started")

    async def aclose(self):
        self.closed += 1


@everywhere
def test_the_async_example_of_fastapi(run):
    async def generate():
        for i in range(10):
            yield f"data: {i}\n"
            await asyncio.sleep(0)

    answer = run(call, StreamingResponse(generate(), media_type="text/plain"))
    assert answer.body == "".join(f"data: {i}\n" for i in range(10)).encode()
    assert answer.headers == [("Content-Type", "text/plain; charset=utf-8")]


@everywhere
def test_one_that_is_read_on_the_loop_that_would_make_it_says_so_and_is_closed(run):
    inner = AsyncClosing()

    async def outer():
        yield call(StreamingResponse(inner)).body

    with pytest.raises(RuntimeError, match="async for"):
        run(call, StreamingResponse(outer()))
    wait_until(lambda: inner.closed)
    assert inner.closed == 1


@everywhere
def test_the_file_example_of_fastapi(run, tmp_path):
    (tmp_path / "video.mp4").write_bytes(os.urandom(300_000))

    def iterfile():
        with (tmp_path / "video.mp4").open("rb") as f:
            yield from f

    answer = run(call, StreamingResponse(iterfile(), media_type="video/mp4"))
    assert answer.body == (tmp_path / "video.mp4").read_bytes()
    assert answer.headers == [("Content-Type", "video/mp4")]


def test_the_arguments_have_starlettes_order():
    ran: list[str] = []
    answer = call(StreamingResponse([b"a"], 201, {"X-A": "1"}, "image/png", lambda: ran.append("background")))
    assert (answer.status, answer.headers, ran) == (
        "201 Created",
        [("Content-Type", "image/png"), ("X-A", "1")],
        ["background"],
    )


@pytest.mark.parametrize(
    ("arguments", "content_type"),
    [
        pytest.param({}, "application/octet-stream", id="not given"),
        pytest.param({"media_type": "text/csv"}, "text/csv; charset=utf-8", id="text"),
        pytest.param({"headers": {"content-type": "a/b"}}, "a/b", id="among the headers"),
    ],
)
def test_the_content_type(arguments, content_type):
    assert call(StreamingResponse([b"a"], **arguments)).values("Content-Type") == [content_type]


@pytest.mark.parametrize(
    ("content", "body"),
    [
        pytest.param("Käse", "Käse".encode(), id="a text"),
        pytest.param(b"abc", b"abc", id="bytes"),
        pytest.param(bytearray(b"abc"), b"abc", id="a bytearray"),
        pytest.param(memoryview(b"abc"), b"abc", id="a memoryview"),
    ],
)
def test_what_could_be_a_body_is_one_chunk(content, body):
    assert call(StreamingResponse(content)).chunks == [body]


@everywhere
def test_chunks_may_be_of_many_types(run):
    content = [b"a", "ü", memoryview(b"bc")[::-1], bytearray(b"d"), b"", "", memoryview(b"")]
    assert run(call, StreamingResponse(content)).body == b"a\xc3\xbccbd"


@pytest.mark.parametrize("content", [io.BytesIO(b"a\nb"), io.StringIO("a\nb")], ids=["binary", "text"])
def test_a_file_is_sent_and_closed(content):
    assert call(StreamingResponse(content)).body == b"a\nb"
    assert content.closed


def test_a_pipe_is_sent_as_it_comes():
    read, write = os.pipe()
    os.write(write, b"now")
    answer = start(StreamingResponse(os.fdopen(read, "rb")))
    assert next(answer.iterable) == b"now"
    os.write(write, b"later")
    os.close(write)
    assert list(answer.iterable) == [b"later"]
    answer.close()


@pytest.mark.parametrize("response_class", CLASSES)
@pytest.mark.parametrize(
    ("content", "got"),
    [
        pytest.param({"a": 1}, "dict", id="a dict"),
        pytest.param(None, "NoneType", id="None"),
        pytest.param(5, "int", id="a number"),
    ],
)
def test_what_gives_no_chunks_is_refused(response_class, content, got):
    with pytest.raises(TypeError, match=f"content of {response_class.__name__} must be an iterable.*, got {got}"):
        response_class(content)


@pytest.mark.parametrize("response_class", [StreamingResponse, JSONLinesResponse])
def test_a_generator_function_is_refused_with_a_hint(response_class):
    with pytest.raises(TypeError, match=r"got function \(call the generator function\)"):
        response_class(Story.told)


@pytest.mark.parametrize("chunk", [5, None, ["a"], 1.5])
@everywhere
def test_a_chunk_of_another_type_is_told_of(run, chunk):
    story = Story([chunk])
    with pytest.raises(TypeError, match="a chunk of StreamingResponse must be bytes or str, got"):
        run(call, StreamingResponse(story.told()))
    assert story.ends == ["GeneratorExit"]


@pytest.mark.parametrize("response_class", CLASSES)
@pytest.mark.parametrize("status_code", [99, 1000, "abc", True])
def test_what_is_no_status_is_refused(response_class, status_code):
    with pytest.raises(ValueError, match="status"):
        response_class([], status_code)


@pytest.mark.parametrize("response_class", CLASSES)
def test_a_background_that_cannot_be_called_is_refused(response_class):
    with pytest.raises(TypeError, match="background must be callable"):
        response_class([], background=5)


WITHOUT_BODY = pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 205), ("GET", 304), ("HEAD", 204), ("POST", 304)]
)


class TestWithoutABody:
    @WITHOUT_BODY
    @pytest.mark.parametrize("response_class", CLASSES)
    @pytest.mark.parametrize("make", [Closing, AsyncClosing], ids=["sync", "async"])
    def test_nothing_is_started_and_all_is_closed(self, response_class, make, method, status):
        content = make()
        ran: list[str] = []
        answer = start(response_class(content, status, background=BackgroundTask(ran.append, "task")), method)
        assert (list(answer.iterable), content.closed, ran) == ([], 0, [])
        answer.close()
        answer.close()
        assert (content.closed, ran) == (1, ["task"])

    @WITHOUT_BODY
    @pytest.mark.parametrize("response_class", CLASSES)
    def test_a_generator_makes_no_step(self, response_class, method, status):
        story = Story()
        call(response_class(story.told(), status), method)
        assert story.places == []

    def test_head_has_the_headers_of_get(self):
        response = StreamingResponse([b"abc"], headers={"X-A": "1", "Content-Length": "3"})
        assert call(response, "HEAD").headers == call(response).headers

    def test_a_callable_is_not_called(self):
        called: list[object] = []
        call(EventSourceResponse(called.append), "HEAD")
        assert called == []

    def test_an_iterator_is_used_up(self):
        response = StreamingResponse(iter([b"a"]))
        call(response, "HEAD")
        with pytest.raises(RuntimeError, match="an iterator that was sent already"):
            call(response)


@pytest.mark.parametrize(
    "content", [lambda: iter([b"a"]), lambda: Story().told(), lambda: Story().told_async(), lambda: io.BytesIO(b"a")]
)
def test_what_gives_its_chunks_once_is_sent_once(content):
    response = StreamingResponse(content())
    call(response)
    with pytest.raises(RuntimeError, match="an iterator that was sent already: make a response for each request"):
        call(response)


def test_a_list_is_sent_again_and_again():
    response = StreamingResponse([b"a", "b"])
    assert [call(response).body for _ in range(3)] == [b"ab"] * 3


def test_a_list_is_sent_to_many_at_once():
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
def test_the_source_is_closed_before_the_callbacks_and_they_before_the_background(run, response_class):
    story = Story(["a"])
    order = story.ends

    def close():
        response = response_class(story.told(), background=BackgroundTask(order.append, "background"))
        response.call_on_close(lambda: order.append("callback"))
        answer = start(response)
        list(answer.iterable)
        answer.close()
        answer.close()
        turns()  # under a hub a greenlet of the pool does it

    run(close)
    assert order == ["the end", "callback", "background"]


def test_an_iterable_is_closed_once_though_the_response_is_closed_too():
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
    content = Closing()
    with StreamingResponse(content):
        pass
    assert content.closed == 1


class TestErrors:
    @everywhere
    def test_one_before_the_first_chunk_is_the_callers_and_nothing_is_begun(self, run):
        said: list[object] = []
        ran: list[str] = []
        error = LookupError("no")
        story = Story([], error=error)
        response = StreamingResponse(story.told(), background=BackgroundTask(ran.append, "task"))

        def respond():
            with pytest.raises(LookupError) as raised:
                response(environ(), lambda *arguments: said.append(arguments))
            turns()
            return raised.value

        assert run(respond) is error
        assert (said, story.ends, ran) == ([], ["LookupError"], ["task"])

    @everywhere
    def test_a_later_one_is_the_readers(self, run):
        def respond():
            answer = start(StreamingResponse(Story(error=LookupError("no")).told()))
            taken: list[bytes] = []
            with pytest.raises(LookupError, match="no"):
                taken.extend(answer.iterable)
            answer.close()
            return b"".join(taken)

        assert run(respond) == b"abc"

    def test_a_server_that_refuses_the_start_has_the_source_closed(self):
        def refuse(*arguments):
            raise ConnectionError("gone")

        story = Story(waits_at=1)
        ran: list[str] = []
        response = StreamingResponse(story.told(), background=BackgroundTask(ran.append, "task"))
        with pytest.raises(ConnectionError, match="gone"):
            response(environ(), refuse)
        assert (len(story.ends), ran) == (1, ["task"])

    def test_an_answer_that_is_dropped_can_be_closed(self):
        story = Story(waits_at=1)
        prepared = StreamingResponse(story.told()).prepare(environ())
        prepared.close()
        prepared.close()
        assert len(story.ends) == 1

    def test_a_stream_that_cannot_be_made_has_its_content_closed(self, monkeypatch):
        def no_thread(*arguments, **more):
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(streaming, "producer_for", no_thread)
        content = Closing()
        ran: list[str] = []
        with pytest.raises(RuntimeError, match="can't start new thread"):
            call(StreamingResponse(content, background=BackgroundTask(ran.append, "task")))
        assert (content.closed, ran) == (1, ["task"])


class TestLength:
    def test_a_true_one_is_sent(self):
        answer = call(StreamingResponse([b"ab", "c"], headers={"Content-Length": "3"}))
        assert (answer.body, answer.values("Content-Length")) == (b"abc", ["3"])

    @pytest.mark.parametrize(("length", "fault"), [("4", "got 1 less"), ("2", "got 1 more")])
    @everywhere
    def test_a_false_one_breaks_the_transfer_off(self, run, length, fault):
        def respond():
            answer = start(StreamingResponse(iter([b"ab", b"c"]), headers={"Content-Length": length}))
            with contextlib.closing(answer), pytest.raises(ValueError, match=fault):
                list(answer.iterable)

        run(respond)

    def test_one_that_is_no_number_is_refused_at_once(self):
        with pytest.raises(ValueError, match="Content-Length must be a number of bytes"):
            StreamingResponse([], headers={"Content-Length": "many"})

    def test_two_that_differ_close_the_content(self):
        content = Closing()
        response = StreamingResponse(content, headers={"Content-Length": "3"})
        response.headers.add("Content-Length", "4")
        with pytest.raises(ValueError, match="Content-Length must be given once"):
            call(response)
        assert content.closed == 1


class TestSubclasses:
    def test_may_render_their_chunks(self):
        class Upper(StreamingResponse):
            media_type = "text/upper"

            def render_chunk(self, chunk):
                return super().render_chunk(chunk).upper()

        answer = call(Upper([b"a", "b"]))
        assert (answer.body, answer.values("Content-Type")) == (b"AB", ["text/upper; charset=utf-8"])

    def test_of_those_that_render_are_still_rendered(self):
        class Upper(StreamingResponse):
            def render_chunk(self, chunk):
                return chunk.upper()

        class Louder(Upper):
            pass

        assert call(Louder([b"a"])).body == b"A"

    def test_may_have_a_charset(self):
        class Latin(StreamingResponse):
            charset = "latin-1"
            media_type = "text/plain"

        answer = call(Latin(["é"]))
        assert (answer.body, answer.values("Content-Type")) == (b"\xe9", ["text/plain; charset=latin-1"])

    @everywhere
    @pytest.mark.parametrize("tell", [Story.told, Story.told_async], ids=["sync", "async"])
    def test_may_have_surroundings_for_their_content(self, run, tell):
        order: list[str] = []

        @contextlib.contextmanager
        def around():
            order.append("entered")
            yield
            order.append("left")

        class Surrounded(StreamingResponse):
            pass

        Surrounded.around = staticmethod(around)
        story = Story()
        story.ends = order
        run(call, Surrounded(tell(story)))
        assert order == ["entered", "the end", "left"]


class TestWerkzeugsNames:
    def test_the_body_can_be_read_instead_of_sent(self):
        assert StreamingResponse(["a", b"b"]).get_data() == b"ab"

    def test_the_chunks_can_be_read(self):
        response = StreamingResponse(iter(["a", b"b"]))
        assert list(response.iter_encoded()) == [b"a", b"b"]
        with pytest.raises(RuntimeError, match="sent already"):
            list(response.response)

    def test_lines_of_json_are_read_as_such(self):
        assert JSONLinesResponse([1, {"a": 2}]).get_data() == b'1\n{"a":2}\n'

    def test_a_body_that_was_read_is_sent_from_there(self):
        response = StreamingResponse(iter(["a", b"b"]))
        response.freeze()
        answer = call(response)
        assert (answer.body, answer.values("Content-Length")) == (b"ab", ["2"])

    def test_another_body_may_be_assigned(self):
        response = StreamingResponse(iter(["a"]))
        response.response = [b"another"]
        assert list(response.iter_encoded()) == [b"another"]
        answer = call(response)
        assert (answer.body, answer.values("Content-Length")) == (b"another", ["7"])

    def test_it_is_streamed(self):
        response = StreamingResponse([b"a"])
        assert (response.is_streamed, response.is_sequence) == (True, False)

    def test_what_is_asynchronous_is_not_used_up_by_one_who_looks(self):
        response = StreamingResponse(Story().told_async())
        with pytest.raises(RuntimeError, match="can be sent, but not be read from here"):
            response.get_data()
        assert call(response).body == b"abc"

    def test_a_copy_shares_what_can_be_sent_once(self):
        response = StreamingResponse(iter([b"a"]))
        twin = copy.copy(response)
        assert call(twin).body == b"a"
        with pytest.raises(RuntimeError, match="sent already"):
            call(response)


class TestTheEndOfTheWorker:
    def test_lets_downloads_finish(self):
        answer = start(StreamingResponse([b"a", b"b"]))
        stopping.stop_streams()
        assert b"".join(answer.iterable) == b"ab"
        answer.close()

    def test_ends_events_that_are_made_by_hand(self):
        def read():
            answer = start(StreamingResponse(Story(waits_at=1).told(), media_type="text/event-stream"))
            taken = [next(answer.iterable)]
            stopping.stop_streams()
            with contextlib.closing(answer):
                return [*taken, *answer.iterable]

        assert in_thread(read) == [b"a"]


def test_to_ask_for_the_headers_starts_nothing():
    steps: list[str] = []

    def told():
        steps.append("begun")
        yield "a"

    response = StreamingResponse(told(), media_type="text/csv")
    assert list(response.get_wsgi_headers(environ())) == [("Content-Type", "text/csv; charset=utf-8")]
    assert steps == []
    assert call(response).body == b"a"


def test_the_headers_are_those_of_a_body_that_was_put_in_its_place():
    response = StreamingResponse(iter(["a"]), media_type="text/csv")
    response.set_data(b"known")
    assert response.get_wsgi_headers(environ())["Content-Length"] == "5"
