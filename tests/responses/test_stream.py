"""StreamingResponse: its arguments, its content, its length, its subclasses."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os

import pytest
from responses.close_counters import CLASSES, AsyncCloseCounter, CloseCounter
from responses.wsgi_calls import call, start
from runtime.runners import everywhere, wait_until
from streams.fake_sources import RecordingSource

from wsgiresp.responses import JSONLinesResponse, StreamingResponse, content_disposition

pytestmark = pytest.mark.usefixtures("fresh")


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
def test_reading_async_content_on_the_loop_that_steps_it_raises_and_closes_it(run):
    inner = AsyncCloseCounter()

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


def test_a_stream_can_be_saved_by_a_name_of_any_letters():
    # Kludex/starlette#1019 and #1163: its FileResponse alone could make the field.
    headers = {"Content-Disposition": content_disposition("報告.csv")}
    answer = call(StreamingResponse([b"a"], headers=headers, media_type="text/csv"))
    assert answer.values("Content-Disposition") == [
        "attachment; filename=\"__.csv\"; filename*=UTF-8''%E5%A0%B1%E5%91%8A.csv"
    ]


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
def test_text_or_bytes_are_one_chunk(content, body):
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
def test_content_that_yields_no_chunks_is_refused(response_class, content, got):
    with pytest.raises(TypeError, match=f"content of {response_class.__name__} must be an iterable.*, got {got}"):
        response_class(content)


@pytest.mark.parametrize("response_class", [StreamingResponse, JSONLinesResponse])
def test_a_generator_function_is_refused_with_a_hint(response_class):
    with pytest.raises(TypeError, match=r"got function \(call the generator function\)"):
        response_class(RecordingSource.generator)


@pytest.mark.parametrize("chunk", [5, None, ["a"], 1.5])
@everywhere
def test_a_chunk_of_another_type_raises_type_error(run, chunk):
    source = RecordingSource([chunk])
    with pytest.raises(TypeError, match="a chunk of StreamingResponse must be bytes or str, got"):
        run(call, StreamingResponse(source.generator()))
    assert source.ends == ["GeneratorExit"]


@pytest.mark.parametrize("response_class", CLASSES)
@pytest.mark.parametrize("status_code", [99, 1000, "abc", True])
def test_an_invalid_status_is_refused(response_class, status_code):
    with pytest.raises(ValueError, match="status"):
        response_class([], status_code)


@pytest.mark.parametrize("response_class", CLASSES)
def test_a_background_that_cannot_be_called_is_refused(response_class):
    with pytest.raises(TypeError, match="background must be callable"):
        response_class([], background=5)


class TestLength:
    def test_the_right_length_is_sent(self):
        answer = call(StreamingResponse([b"ab", "c"], headers={"Content-Length": "3"}))
        assert (answer.body, answer.values("Content-Length")) == (b"abc", ["3"])

    @pytest.mark.parametrize(("length", "fault"), [("4", "got 1 less"), ("2", "got 1 more")])
    @everywhere
    def test_a_wrong_length_ends_the_transfer_early(self, run, length, fault):
        def respond():
            answer = start(StreamingResponse(iter([b"ab", b"c"]), headers={"Content-Length": length}))
            with contextlib.closing(answer), pytest.raises(ValueError, match=fault):
                list(answer.iterable)

        run(respond)

    def test_a_length_that_is_no_number_is_refused_at_once(self):
        with pytest.raises(ValueError, match="Content-Length must be a number of bytes"):
            StreamingResponse([], headers={"Content-Length": "many"})

    def test_two_different_lengths_close_the_content(self):
        content = CloseCounter()
        response = StreamingResponse(content, headers={"Content-Length": "3"})
        response.headers.add("Content-Length", "4")
        with pytest.raises(ValueError, match="Content-Length must be given once"):
            call(response)
        assert content.closed == 1


class TestSubclasses:
    def test_a_subclass_may_render_its_chunks(self):
        class Upper(StreamingResponse):
            media_type = "text/upper"

            def render_chunk(self, chunk):
                return super().render_chunk(chunk).upper()

        answer = call(Upper([b"a", "b"]))
        assert (answer.body, answer.values("Content-Type")) == (b"AB", ["text/upper; charset=utf-8"])

    def test_a_subclass_of_one_that_renders_renders_too(self):
        class Upper(StreamingResponse):
            def render_chunk(self, chunk):
                return chunk.upper()

        class Louder(Upper):
            pass

        assert call(Louder([b"a"])).body == b"A"

    def test_a_subclass_may_have_a_charset(self):
        class Latin(StreamingResponse):
            charset = "latin-1"
            media_type = "text/plain"

        answer = call(Latin(["é"]))
        assert (answer.body, answer.values("Content-Type")) == (b"\xe9", ["text/plain; charset=latin-1"])

    @everywhere
    @pytest.mark.parametrize(
        "content_of", [RecordingSource.generator, RecordingSource.async_generator], ids=["sync", "async"]
    )
    def test_a_subclass_may_enter_a_context_around_its_content(self, run, content_of):
        order: list[str] = []

        @contextlib.contextmanager
        def around():
            order.append("entered")
            yield
            order.append("left")

        class Surrounded(StreamingResponse):
            pass

        Surrounded.around = staticmethod(around)
        source = RecordingSource()
        source.ends = order
        run(call, Surrounded(content_of(source)))
        assert order == ["entered", "the end", "left"]
