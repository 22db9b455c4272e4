"""What a stream may be made of, and how it is closed."""

from __future__ import annotations

import codecs
import contextlib
import contextvars
import io
import os
import pickle
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._streams.stream_source import READ_SIZE, StreamContent, StreamSource, require_streamable


def source_of(content, **more):
    return StreamSource(content, bytes, contextvars.copy_context(), **more)


def chunks_of(content):
    return list(source_of(content).iterator())


class Closings:
    """An iterable that counts how often it was closed, and its iterators too."""

    def __init__(self, chunks=(b"a",), error=None):
        self.closed = self.iterators_closed = 0
        self._chunks = chunks
        self._error = error

    def __iter__(self):
        outer = self

        class Iterator:
            def __init__(self):
                self._rest = iter(outer._chunks)

            def __iter__(self):
                return self

            def __next__(self):
                return next(self._rest)

            def close(self):
                outer.iterators_closed += 1

        return Iterator()

    def close(self):
        self.closed += 1
        if self._error is not None:
            raise self._error


class AsyncClosings:
    """An asynchronous iterator that notes how it was closed."""

    def __init__(self, error=None):
        self.closed = 0
        self._error = error

    def __aiter__(self):
        return self

    async def __anext__(self):
        raise StopAsyncIteration

    async def aclose(self):
        self.closed += 1
        if self._error is not None:
            raise self._error


class TestChunks:
    def test_an_iterator_gives_its_items(self):
        assert chunks_of(iter(["a", b"b"])) == ["a", b"b"]

    def test_a_list_gives_its_items_again_and_again(self):
        content = [b"a", b"b"]
        assert [chunks_of(content), chunks_of(content)] == [content, content]

    @given(content=st.binary(max_size=3 * READ_SIZE))
    def test_a_binary_file_gives_blocks(self, content):
        chunks = chunks_of(io.BytesIO(content))
        assert b"".join(chunks) == content
        assert all(0 < len(chunk) <= READ_SIZE for chunk in chunks)

    def test_an_unbuffered_file_gives_blocks(self, tmp_path):
        (tmp_path / "file").write_bytes(b"x" * (READ_SIZE + 1))
        with (tmp_path / "file").open("rb", buffering=0) as file:
            assert list(map(len, chunks_of(file))) == [READ_SIZE, 1]

    @pytest.mark.parametrize("kind", [io.StringIO, lambda text: io.TextIOWrapper(io.BytesIO(text.encode()))])
    def test_a_text_file_gives_lines(self, kind):
        assert chunks_of(kind("a\nb\n")) == ["a\n", "b\n"]

    @pytest.mark.parametrize("mode", ["w+b", "w+"])
    def test_a_spooled_file_gives_all_it_has(self, mode):
        with tempfile.SpooledTemporaryFile(mode=mode) as file:
            file.write(b"a\nb" if "b" in mode else "a\nb")
            file.seek(0)
            assert "".join(chunk if isinstance(chunk, str) else chunk.decode() for chunk in chunks_of(file)) == "a\nb"

    def test_a_pipe_gives_what_it_has_by_now(self):
        read, write = os.pipe()
        with open(read, "rb") as file, open(write, "wb", buffering=0) as other_end:
            chunks = source_of(file).iterator()
            other_end.write(b"now")
            assert next(chunks) == b"now"
            other_end.write(b"later")
            assert next(chunks) == b"later"
            other_end.close()
            assert next(chunks, "the end") == "the end"

    @pytest.mark.parametrize("blocks", [[b"a", b""], ["a", ""]], ids=["no bytes", "no text"])
    def test_what_can_only_be_read_ends_where_nothing_comes(self, blocks):
        class Reader:
            def read(self, size):
                return blocks.pop(0)

        assert len(chunks_of(Reader())) == 1

    def test_a_file_that_would_have_to_wait_is_no_file_at_its_end(self):
        class NotReady:
            def read(self, size):
                return None

        assert next(source_of(NotReady()).iterator()) is None


class TestClosing:
    def test_the_iterator_and_the_iterable_are_closed(self):
        content = Closings()
        source = source_of(content)
        source.close(source.iterator())
        assert (content.closed, content.iterators_closed) == (1, 1)

    def test_an_iterator_is_closed_once(self):
        closed: list[int] = []

        class Iterator:
            def __iter__(self):
                return self

            def __next__(self):
                raise StopIteration

            def close(self):
                closed.append(1)

        source = source_of(Iterator())
        source.close(source.iterator())
        assert closed == [1]

    def test_a_file_is_closed(self):
        file = io.BytesIO(b"abc")
        source = source_of(file)
        source.close(source.iterator())
        assert file.closed

    def test_a_list_needs_no_closing(self):
        source_of([b"a"]).close()

    def test_a_close_that_fails_is_logged_once_and_the_other_is_made(self, caplog):
        content = Closings(error=LookupError("stuck"))
        source = source_of(content)
        source.close(source.iterator())
        assert content.iterators_closed == 1
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]


def test_surroundings_are_entered_where_there_are_any():
    entered: list[str] = []

    @contextlib.contextmanager
    def around():
        entered.append("in")
        yield
        entered.append("out")

    with source_of([], around=around).enclosing_context():
        entered.append("between")
    with source_of([]).enclosing_context():
        pass
    assert entered == ["in", "between", "out"]


class TestReading:
    """The chunks of a response, for those who read it instead of sending it."""

    def test_chunks_are_encoded_and_empty_ones_left_out(self):
        chunks = StreamContent(["a", "", "b"])
        chunks.encode = str.encode
        assert list(chunks) == [b"a", b"b"]

    def test_the_content_is_closed_at_the_end(self):
        content = Closings()
        assert list(StreamContent(content)) == [b"a"]
        assert (content.closed, content.iterators_closed) == (1, 1)

    def test_the_content_is_closed_where_its_reader_stops(self):
        content = Closings()
        reading = iter(StreamContent(content))
        next(reading)
        reading.close()
        assert content.closed == 1

    def test_the_content_is_closed_where_it_cannot_begin(self):
        class Broken(Closings):
            def __iter__(self):
                raise LookupError

        content = Broken()
        with pytest.raises(LookupError):
            list(StreamContent(content))
        assert content.closed == 1

    @pytest.mark.parametrize("content", [iter([b"a"]), (b"a" for _ in "a"), io.BytesIO(b"a")])
    def test_what_gives_its_chunks_once_is_used_once(self, content):
        chunks = StreamContent(content)
        assert list(chunks) == [b"a"]
        with pytest.raises(RuntimeError, match="an iterator that was sent already"):
            list(chunks)

    def test_a_list_may_be_used_again(self):
        chunks = StreamContent([b"a"])
        assert [list(chunks), list(chunks)] == [[b"a"], [b"a"]]

    def test_what_is_asynchronous_cannot_be_read_and_is_still_to_be_sent(self):
        chunks = StreamContent(AsyncClosings())
        with pytest.raises(RuntimeError, match="can be sent, but not be read from here"):
            list(chunks)
        chunks.mark_used()

    def test_content_that_nobody_used_is_closed(self):
        content = Closings()
        StreamContent(content).close()
        assert content.closed == 1

    @pytest.mark.parametrize("again", [iter, list, Closings], ids=["an iterator", "a list", "an iterable"])
    def test_content_that_somebody_uses_is_left_to_him(self, again):
        content = again([b"a"])
        chunks = StreamContent(content)
        chunks.mark_used()
        chunks.close()
        assert getattr(content, "closed", 0) == 0

    def test_asynchronous_content_that_nobody_used_is_closed(self):
        content = AsyncClosings()
        StreamContent(content).close_unused()
        assert content.closed == 1

    def test_asynchronous_content_may_have_a_plain_close(self):
        class Plain(AsyncClosings):
            aclose = None

            def close(self):
                self.closed += 1

        content = Plain()
        StreamContent(content).close_unused()
        assert content.closed == 1

    def test_an_asynchronous_close_that_fails_is_logged_once(self, caplog):
        StreamContent(AsyncClosings(error=LookupError("stuck"))).close_unused()
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    def test_an_asynchronous_iterable_without_a_close_needs_none(self):
        class Bare:
            def __aiter__(self):
                return self

        StreamContent(Bare()).close_unused()

    def test_chunks_of_a_list_can_be_pickled(self):
        assert list(pickle.loads(pickle.dumps(StreamContent([b"a"])))) == [b"a"]


async def asynchronous():
    yield b"a"


def generate():
    yield b"a"


@pytest.mark.parametrize("content", [[], (), iter(()), generate(), asynchronous(), io.BytesIO(), io.StringIO(), {1}])
def test_what_gives_chunks_is_streamable(content):
    require_streamable("Some", content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "got NoneType", id="None"),
        pytest.param(5, "got int", id="a number"),
        pytest.param({"a": 1}, "got dict", id="a dict"),
        pytest.param(generate, r"got function \(call the generator function\)", id="a generator function"),
        pytest.param(asynchronous, r"got function \(call the gen", id="an asynchronous generator function"),
        pytest.param(object(), "got object", id="an object"),
    ],
)
def test_what_gives_no_chunks_is_refused(content, message):
    expected = f"content of Some must be an iterable, an async iterable or a file, {message}"
    with pytest.raises(TypeError, match=expected):
        require_streamable("Some", content)


def test_a_wrapper_that_changes_what_it_reads_is_asked_itself():
    file = codecs.getreader("latin-1")(io.BytesIO(b"\xe9"))
    assert list(StreamSource(file, str.encode, contextvars.copy_context()).iterator()) == ["\xe9"]
