"""Stream sources: which content can be streamed, what it yields, and how it is closed."""

from __future__ import annotations

import contextvars
import io
import pickle
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgiresp._streams.stream_source import READ_SIZE, StreamContent, StreamSource


def source_of(content, **more):
    return StreamSource(content, bytes, contextvars.copy_context(), **more)


def chunks_of(content):
    return list(source_of(content).iterator())


class CloseCounter:
    """An iterable that counts the closes of itself and of its iterators."""

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


class AsyncCloseCounter:
    """An asynchronous iterator that counts its closes."""

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
    def test_an_iterator_yields_its_items(self):
        assert chunks_of(iter(["a", b"b"])) == ["a", b"b"]

    def test_a_list_can_be_iterated_again(self):
        content = [b"a", b"b"]
        assert [chunks_of(content), chunks_of(content)] == [content, content]

    @given(content=st.binary(max_size=3 * READ_SIZE))
    def test_a_binary_file_yields_blocks(self, content):
        chunks = chunks_of(io.BytesIO(content))
        assert b"".join(chunks) == content
        assert all(0 < len(chunk) <= READ_SIZE for chunk in chunks)

    def test_an_unbuffered_file_yields_blocks(self, tmp_path):
        (tmp_path / "file").write_bytes(b"x" * (READ_SIZE + 1))
        with (tmp_path / "file").open("rb", buffering=0) as file:
            assert list(map(len, chunks_of(file))) == [READ_SIZE, 1]

    @pytest.mark.parametrize("kind", [io.StringIO, lambda text: io.TextIOWrapper(io.BytesIO(text.encode()))])
    def test_a_text_file_yields_lines(self, kind):
        assert chunks_of(kind("a\nb\n")) == ["a\n", "b\n"]

    @pytest.mark.parametrize("mode", ["w+b", "w+"])
    def test_a_spooled_file_yields_its_whole_content(self, mode):
        with tempfile.SpooledTemporaryFile(mode=mode) as file:
            file.write(b"a\nb" if "b" in mode else "a\nb")
            file.seek(0)
            assert "".join(chunk if isinstance(chunk, str) else chunk.decode() for chunk in chunks_of(file)) == "a\nb"

    @pytest.mark.parametrize("blocks", [[b"a", b""], ["a", ""]], ids=["no bytes", "no text"])
    def test_an_object_with_only_a_read_method_ends_at_an_empty_result(self, blocks):
        class Reader:
            def read(self, size):
                return blocks.pop(0)

        assert len(chunks_of(Reader())) == 1

    def test_a_non_blocking_file_without_data_is_not_at_its_end(self):
        class NotReady:
            def read(self, size):
                return None

        assert next(source_of(NotReady()).iterator()) is None


class TestClosing:
    def test_the_iterator_and_the_iterable_are_closed(self):
        content = CloseCounter()
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

    def test_content_without_a_close_method_is_accepted(self):
        source_of([b"a"]).close()

    def test_an_error_of_one_close_is_logged_once_and_the_other_close_runs(self, caplog):
        content = CloseCounter(error=LookupError("stuck"))
        source = source_of(content)
        source.close(source.iterator())
        assert content.iterators_closed == 1
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]


class TestReading:
    """The chunks of a response, for code that reads them instead of sending them."""

    def test_chunks_are_encoded_and_empty_chunks_are_left_out(self):
        chunks = StreamContent(["a", "", "b"])
        chunks.encode = str.encode
        assert list(chunks) == [b"a", b"b"]

    def test_the_content_is_closed_at_the_end(self):
        content = CloseCounter()
        assert list(StreamContent(content)) == [b"a"]
        assert (content.closed, content.iterators_closed) == (1, 1)

    def test_the_content_is_closed_when_its_reader_stops(self):
        content = CloseCounter()
        reading = iter(StreamContent(content))
        next(reading)
        reading.close()
        assert content.closed == 1

    def test_content_that_cannot_be_iterated_is_closed(self):
        class Broken(CloseCounter):
            def __iter__(self):
                raise LookupError

        content = Broken()
        with pytest.raises(LookupError):
            list(StreamContent(content))
        assert content.closed == 1

    @pytest.mark.parametrize("content", [iter([b"a"]), (b"a" for _ in "a"), io.BytesIO(b"a")])
    def test_an_iterator_can_be_used_once(self, content):
        chunks = StreamContent(content)
        assert list(chunks) == [b"a"]
        with pytest.raises(RuntimeError, match="an iterator that was sent already"):
            list(chunks)

    def test_a_list_may_be_used_again(self):
        chunks = StreamContent([b"a"])
        assert [list(chunks), list(chunks)] == [[b"a"], [b"a"]]

    def test_asynchronous_content_cannot_be_read_but_can_still_be_sent(self):
        chunks = StreamContent(AsyncCloseCounter())
        with pytest.raises(RuntimeError, match="can be sent, but not be read from here"):
            list(chunks)
        chunks.mark_used()

    def test_unused_content_is_closed(self):
        content = CloseCounter()
        StreamContent(content).close()
        assert content.closed == 1

    @pytest.mark.parametrize("again", [iter, list, CloseCounter], ids=["an iterator", "a list", "an iterable"])
    def test_used_content_is_not_closed(self, again):
        content = again([b"a"])
        chunks = StreamContent(content)
        chunks.mark_used()
        chunks.close()
        assert getattr(content, "closed", 0) == 0

    def test_unused_asynchronous_content_is_closed(self):
        content = AsyncCloseCounter()
        StreamContent(content).close_unused()
        assert content.closed == 1

    def test_asynchronous_content_may_have_a_synchronous_close(self):
        class Plain(AsyncCloseCounter):
            aclose = None

            def close(self):
                self.closed += 1

        content = Plain()
        StreamContent(content).close_unused()
        assert content.closed == 1

    def test_an_error_of_an_asynchronous_close_is_logged_once(self, caplog):
        StreamContent(AsyncCloseCounter(error=LookupError("stuck"))).close_unused()
        assert [record.exc_info[0] for record in caplog.records] == [LookupError]

    def test_an_asynchronous_iterable_without_a_close_method_is_accepted(self):
        class Bare:
            def __aiter__(self):
                return self

        StreamContent(Bare()).close_unused()

    def test_chunks_of_a_list_can_be_pickled(self):
        assert list(pickle.loads(pickle.dumps(StreamContent([b"a"])))) == [b"a"]
